// Package printer lays out and prints what a kiosk hands out: queue tickets,
// submission slips and preparation lists, on ESC/POS printers over a serial line.
package printer

import "errors"

// A Kind names what a paper is.
type Kind string

const (
	KindTicket     Kind = "ticket"
	KindSlip       Kind = "slip"
	KindChecklist  Kind = "checklist"
	KindAcceptance Kind = "acceptance" // Thông tin tiếp nhận và hẹn trả
	KindTest       Kind = "test"
	KindReadiness  Kind = "readiness"
)

// A Document is what is printed: a paper laid out as blocks (text, big number, QR,
// rule, label-and-value row). Blocks are the one description that every encoding
// draws from.
type Document struct {
	Kind   Kind
	Number string // the queue number or receipt number, for the journal
	Blocks []Block
}

// A Block is one of [Text], [Number], [Badge], [Row], [Item], [QR], [Rule],
// [Space] and [Image].
type Block interface{ block() }

// A Level is what the printer says of itself now.
type Level string

const (
	Ready     Level = "ready"
	PaperLow  Level = "paper-low"
	PaperOut  Level = "paper-out"
	CoverOpen Level = "cover-open"
	CutterJam Level = "cutter-jam"
	Hot       Level = "hot"     // the head; it recovers by itself
	Fault     Level = "fault"   // another error: the error beside it says what
	Offline   Level = "offline" // no line, or no answer
)

// CanPrint reports whether a paper offered now will come out.
func (l Level) CanPrint() bool { return l == Ready || l == PaperLow }

// An Outcome is how a job ended (printing.md, Exactly once).
type Outcome string

const (
	Printed    Outcome = "printed"
	NotPrinted Outcome = "not-printed" // the printer said so before ink
	Unknown    Outcome = "unknown"     // the line was cut in mid-job: never resend blindly
)

// What callers act on.
var (
	ErrPaperOut  = errors.New("paper out")
	ErrCoverOpen = errors.New("cover open")
	ErrFault     = errors.New("printer fault")
	ErrOffline   = errors.New("printer does not answer")
)
