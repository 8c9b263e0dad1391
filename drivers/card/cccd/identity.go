// Package cccd knows the Vietnamese chip ID card: the text of its QR code, its
// personal number (PIN), the fields of DG13, which key opens it, and how far a
// read card is proven.
package cccd

import (
	"io"
	"log/slog"
	"time"

	"tiepdan/drivers/card/trust"
)

// Identity is what a card says about its holder. Dates stand as the card
// prints them (dd/mm/yyyy); a field the card lacks is empty. It redacts itself
// wherever it might be printed: only [Identity.Fields] gives it away.
type Identity struct {
	PIN         string // 12 digits
	OldID       string // the former CMND, may be empty
	Name        string
	DOB         string
	Sex         string // "Nam", "Nữ"
	Nationality string
	Ethnicity   string
	Religion    string
	Origin      string // quê quán
	Residence   string // nơi thường trú (2021), nơi cư trú (2024)
	Features    string // đặc điểm nhận dạng
	Issued      string
	Expires     string // a date, or a text such as "Không thời hạn"
	Father      string
	Mother      string
	Spouse      string
	ChipID      string

	// Source tells where each field came from, keyed by the JSON name bars.md
	// gives it ("name", "dob"): chip or qr. Fields of DG13 are "chip".
	Source map[string]Source
}

// A Source says how far a field may be believed.
type Source string

const (
	FromChip Source = "chip"
	FromQR   Source = "qr"
)

const redacted = "[identity]"

func (Identity) String() string               { return redacted }
func (Identity) GoString() string             { return redacted }
func (Identity) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Identity) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// A Portrait is the face image of DG2. MIME is "image/jpeg", or "image/jp2"
// for pictures we recognise and cannot show; Data is nil when there is none.
type Portrait struct {
	MIME string
	Data []byte
}

func (Portrait) String() string               { return "[portrait]" }
func (Portrait) GoString() string             { return "[portrait]" }
func (Portrait) LogValue() slog.Value         { return slog.StringValue("[portrait]") }
func (Portrait) MarshalText() ([]byte, error) { return []byte("[portrait]"), nil }

// Evidence is what lets the gateway check a kiosk's word again.
type Evidence struct{ SOD, DG1, DG13 []byte }

func (Evidence) String() string               { return "[evidence]" }
func (Evidence) GoString() string             { return "[evidence]" }
func (Evidence) LogValue() slog.Value         { return slog.StringValue("[evidence]") }
func (Evidence) MarshalText() ([]byte, error) { return []byte("[evidence]"), nil }

// A Grade sums a verdict up. It never claims more than was checked.
type Grade string

const (
	// GradeFailed: a hash, the signature, or the chain to installed anchors
	// does not hold. Never called forged to the person.
	GradeFailed Grade = "failed"
	// GradeRead: read, but nothing could be checked (no SOD).
	GradeRead Grade = "read"
	// GradeSigned: hashes and signature hold; no anchor is installed.
	GradeSigned Grade = "signed"
	// GradeAnchored: signed, and the signer chains to an installed anchor.
	// The chip itself was not checked for being a copy.
	GradeAnchored Grade = "anchored"
	// GradeGenuine: anchored, and chip or active authentication succeeded.
	GradeGenuine Grade = "genuine"
)

// A Check is the result of one check of a verdict.
type Check string

const (
	OK        Check = "ok"
	Failed    Check = "failed"
	Unchecked Check = "unchecked"
	NoAnchors Check = "no-anchors" // Anchor only: the deployer installed none
)

// Verdict is how far a card is proven.
type Verdict struct {
	Grade     Grade  `json:"grade"`
	Hashes    Check  `json:"hashes"`
	Signature Check  `json:"signature"`
	Anchor    Check  `json:"anchor"`
	Chip      Check  `json:"chip"` // CA or AA
	Expired   bool   `json:"expired"`
	Why       string `json:"why,omitempty"` // for officer and log; never personal
}

// A Reading is one card, read.
type Reading struct {
	Identity Identity
	Portrait Portrait
	Evidence Evidence
	Verdict  Verdict
	CA, AA   Check    // chip and active authentication, of which Verdict.Chip is the sum
	Access   string   // "PACE-CAN", "PACE-MRZ", "BAC"
	Model    string   // "2021", "2024", or "" when unknown
	Warnings []string // codes such as "dg13-field-9-missing": never personal
	Stats    Stats
}

// Stats is what a reading cost.
type Stats struct {
	APDUs, BytesSent, BytesReceived int
	Access, Read, Verify, Total     time.Duration
}

// A Stage names progress while reading. Its order is the order of the screen.
type Stage string

const (
	StageAccess   Stage = "access"   // opening the chip
	StageRead     Stage = "read"     // reading data
	StagePortrait Stage = "portrait" // reading the picture, the long part
	StageVerify   Stage = "verify"
)

// Options steer [Read].
type Options struct {
	Trust    *trust.Store // nil: no anchors
	Now      time.Time
	Progress func(s Stage, done, total int) // bytes or steps; may be nil; must not block
	Portrait bool                           // read DG2 too
	Trace    io.Writer                      // what passes between reader and card, as [WriteTrace] has it; may be nil
	NoChip   bool                           // leave out what proves the chip: to read a card that chokes on it
}
