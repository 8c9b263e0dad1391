// Package link is the one connection between a kiosk and its centre: subjects,
// message types and credentials, and the kiosk's end of the connection (NATS
// over a websocket at /nats). The centre imports it for the same names.
package link

import (
	"time"

	"tiepdan/kiosk/dossier"
)

// Subjects. Ids are [a-z0-9-]+; <n> is a piece number.
//
//	part.<id>.<receipt>.<n>   kiosk → PARTS stream, sealed pieces ≤ 256 KiB
//	dossier.<id>.<receipt>    kiosk → DOSSIERS stream, sent last: the only work item
//	receipt.<id>.<receipt>    gateway → kiosk, core
//	ask.<id>.<what>           kiosk → centre, request/reply
//	health.<id>               kiosk → fleet, core
const (
	StreamDossiers = "DOSSIERS"
	StreamParts    = "PARTS"
)

func DossierSubject(kiosk string, r dossier.ReceiptNumber) string {
	return "dossier." + kiosk + "." + string(r)
}
func ReceiptSubject(kiosk string, r dossier.ReceiptNumber) string {
	return "receipt." + kiosk + "." + string(r)
}
func AskSubject(kiosk, what string) string { return "ask." + kiosk + "." + what }
func HealthSubject(kiosk string) string    { return "health." + kiosk }

// Envelope is the body of a dossier message: what may be known without opening it.
type Envelope struct {
	Version  int                   `json:"version"`
	Receipt  dossier.ReceiptNumber `json:"receipt"`
	Sealed   []byte                `json:"sealed"`
	Manifest dossier.Manifest      `json:"manifest"`
}

// AskReceipts is what ask.<id>.receipts carries: the open receipt numbers. The
// answer holds the receipts the gateway knows.
type AskReceipts struct {
	Receipts []dossier.ReceiptNumber `json:"receipts"`
}

// Receipts answers [AskReceipts].
type Receipts struct {
	Receipts []dossier.Receipt `json:"receipts"`
}

// AskLookup is what ask.<id>.lookup carries: one receipt number or official
// code that a person holds a slip of. The answer has no personal data.
type AskLookup struct {
	Number string `json:"number"`
}

// Lookup answers [AskLookup].
type Lookup struct {
	Found   bool      `json:"found"`
	Receipt string    `json:"receipt,omitempty"`
	Code    string    `json:"code,omitempty"`
	Status  int       `json:"status,omitempty"`
	At      time.Time `json:"at"`
}

// Credentials are what enrolment gives a kiosk, kept in one file of mode 0600.
// The seed is made on the device and never leaves it.
type Credentials struct {
	Kiosk      string `json:"kiosk"`  // id
	Centre     string `json:"centre"` // base URL, https://… or http:// on loopback
	Seed       string `json:"seed"`   // nkey seed, U…
	JWT        string `json:"jwt"`    // user JWT
	Recipient  string `json:"recipient"`
	ReceiptKey []byte `json:"receipt_key"` // ed25519
}

// EnrolRequest is POSTed to the centre's /enrol.
type EnrolRequest struct {
	Code      string            `json:"code"`
	PublicKey string            `json:"public_key"` // nkey U…
	Hardware  map[string]string `json:"hardware"`
}

// EnrolReply answers it. Signature is by the receipt key over the rest: the
// code carries 75 bits of that key's fingerprint, so the kiosk knows whom it
// talks to even before any certificate.
type EnrolReply struct {
	Kiosk      string `json:"kiosk"`
	JWT        string `json:"jwt"`
	Recipient  string `json:"recipient"`
	ReceiptKey []byte `json:"receipt_key"`
	Config     []byte `json:"config"` // the kiosk's first configuration, YAML
	Signature  []byte `json:"signature"`
}
