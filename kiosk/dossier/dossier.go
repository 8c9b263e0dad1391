// Package dossier is what a visit produces (hồ sơ): the value, its validation,
// its canonical encoding, sealing to the gateway, and the nouns that kiosk and
// centre share: [ReceiptNumber], [Part], [Manifest], [Sealed], [Receipt].
package dossier

import (
	"crypto/ed25519"
	"time"

	"tiepdan/drivers/card/cccd"
)

// Version is the version of the encoding below. Readers accept all up to theirs.
const Version = 1

// A ReceiptNumber is the kiosk's own number of a dossier and its idempotency
// key at One-Stop (MaHoSoNguon): 12 Crockford base32 characters, of which the last checks
// the others; random, so that it can't be guessed. Grouped for people: K7QD-3M9X-V2TA.
type ReceiptNumber string

// A Dossier is one submission, in clear. It redacts itself everywhere; only
// Encode gives it away, and what it gives is sealed before it touches a disk.
type Dossier struct {
	Version     int           `json:"version"`
	Receipt     ReceiptNumber `json:"receipt"`
	Kiosk       string        `json:"kiosk"`       // the kiosk's id
	Site        string        `json:"site"`        // site name
	Unit        string        `json:"unit"`        // unit code
	Agency      string        `json:"agency"`      // One-Stop agency id, "000.00.06.H26"
	Channel     string        `json:"channel"`     // direct | online | postal
	AssistedBy  string        `json:"assisted_by"` // officer's id; empty: by themselves
	SubmittedAt time.Time     `json:"submitted_at"`
	Clock       string        `json:"clock"` // synced | unsynced | unknown
	Catalogue   string        `json:"catalogue"`
	Procedure   string        `json:"procedure"` // code
	Case        string        `json:"case"`
	Form        string        `json:"form"`
	FormVersion string        `json:"form_version"`
	Lang        string        `json:"lang"`

	Applicant Applicant `json:"applicant"`
	Answers   Answers   `json:"answers"` // by Question.Name, canonical values
	Papers    []Paper   `json:"papers"`
	Consents  []Consent `json:"consents"`

	Verdict cccd.Verdict `json:"verdict"`
	SOD     []byte       `json:"sod"`
	DG1     []byte       `json:"dg1"`
	DG13    []byte       `json:"dg13"`
}

// Answers are what was asked and answered, by the question's name.
type Answers map[string]string

// Applicant is who asks (chủ hồ sơ), as the card says.
type Applicant struct {
	PIN, Name, DOB, Sex, Nationality, Residence string
}

// A Paper of the dossier and how it comes: as parts (pages taken here), by the
// number of an e-certificate, or brought to the counter.
type Paper struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	How    string `json:"how"` // pages | e-certificate | counter
	Kind   string `json:"kind,omitempty"`
	Number string `json:"number,omitempty"`
	Parts  []int  `json:"parts,omitempty"`
}

// Consent is a record of what was agreed to.
type Consent struct {
	Purpose string    `json:"purpose"`
	Text    string    `json:"text"` // version of the text that was shown
	Given   bool      `json:"given"`
	Method  string    `json:"method"` // touch | officer
	At      time.Time `json:"at"`
}

// A Part is one page or file of a dossier, in clear, in memory only.
type Part struct {
	N    int
	MIME string
	Data []byte
}

// A Manifest lists a dossier's sealed parts; it travels with the sealed form.
type Manifest []ManifestPart

// ManifestPart names one sealed part by what was sealed.
type ManifestPart struct {
	N      int    `json:"n"`
	Size   int    `json:"size"`   // of the ciphertext
	SHA256 string `json:"sha256"` // of the ciphertext, hex
}

// Sealed is ciphertext only the gateway can open.
type Sealed struct {
	Receipt    ReceiptNumber
	Ciphertext []byte
	Manifest   Manifest
	Parts      map[int][]byte // ciphertexts by number
}

// A Receipt is the gateway's signed word about one dossier: it binds the hash
// of the ciphertext it answers. Later ones (status changes) have a higher Seq.
type Receipt struct {
	Receipt   ReceiptNumber `json:"receipt"`
	Kiosk     string        `json:"kiosk"`
	SHA256    string        `json:"sha256"`           // of the sealed form's ciphertext, hex
	Seq       int           `json:"seq"`              // from 1
	Outcome   string        `json:"outcome"`          // accepted-for-review | refused | quarantined
	Code      string        `json:"code"`             // official code, 000.00.06.H26-261122-0361
	Status    int           `json:"status"`           // One-Stop's, 1–10, never re-mapped
	Reason    string        `json:"reason,omitempty"` // for people; names nobody: it is kept in clear
	At        time.Time     `json:"at"`
	Signature []byte        `json:"signature"` // ed25519 over the canonical form without it
}

// ReceiptKey verifies receipts.
type ReceiptKey = ed25519.PublicKey

// Backlog is how much a kiosk still owes the centre, for its health report.
type Backlog struct {
	Queued      int       `json:"queued"`      // not yet handed over
	HandedOver  int       `json:"handed_over"` // handed over, no receipt yet
	Quarantined int       `json:"quarantined"`
	Oldest      time.Time `json:"oldest"` // submission of the oldest without a receipt; zero: none
}
