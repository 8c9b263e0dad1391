// Package link is the one connection between a kiosk and its centre: subjects,
// message types and credentials, and the kiosk's end of the connection (NATS
// over a websocket at /nats). The centre imports it for the same names.
package link

import (
	"strconv"
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
//	event.<id>.<kind>         kiosk → EVENTS stream
//	cmd.<id>.<verb>           fleet → kiosk, request/reply
const (
	StreamDossiers = "DOSSIERS"
	StreamParts    = "PARTS"
	StreamEvents   = "EVENTS"
)

// PartSubject is where piece n of a dossier's papers goes; see [Pieces].
func PartSubject(kiosk string, r dossier.ReceiptNumber, n int) string {
	return "part." + kiosk + "." + string(r) + "." + strconv.Itoa(n)
}
func DossierSubject(kiosk string, r dossier.ReceiptNumber) string {
	return "dossier." + kiosk + "." + string(r)
}
func ReceiptSubject(kiosk string, r dossier.ReceiptNumber) string {
	return "receipt." + kiosk + "." + string(r)
}
func AskSubject(kiosk, what string) string { return "ask." + kiosk + "." + what }
func HealthSubject(kiosk string) string    { return "health." + kiosk }

// What a kiosk may ask its centre.
const (
	WhatReceipts  = "receipts"  // [AskReceipts] → [Receipts]
	WhatLookup    = "lookup"    // [AskLookup] → [Lookup]
	WhatReadiness = "readiness" // a [health.Diagnosis] to keep → [Answer]
	WhatUndo      = "undo"      // {}: this kiosk was enrolled at the wrong site → [Answer]
)

// MaxAskReceipts is how many numbers one [AskReceipts] holds at most.
const MaxAskReceipts = 500

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
	// Of the acceptance; zero until an officer gave them.
	Procedure string    `json:"procedure,omitempty"`
	Received  time.Time `json:"received,omitzero"`
	Due       time.Time `json:"due,omitzero"`
}

// Answer answers what only wants to be done. Error is a code, "" if it was: "late" to an
// undo, "malformed" to a report.
type Answer struct {
	Error string `json:"error,omitempty"`
}
