// Package printer lays out and prints what a kiosk hands out: queue tickets,
// submission slips and preparation lists, on ESC/POS printers over a serial line.
package printer

import (
	"errors"
	"log/slog"
	"time"
)

// A Kind names what a paper is.
type Kind string

const (
	KindTicket    Kind = "ticket"
	KindSlip      Kind = "slip"
	KindChecklist Kind = "checklist"
)

// A Document is what is printed: a ticket, slip or checklist laid out as blocks
// (text, big number, QR, rule, label-and-value row) by its Document method.
// Blocks are the one description that every encoding draws from.
type Document struct {
	Kind   Kind
	Number string // the queue number or receipt number, for the journal
	Blocks []Block
}

// A Block is one of [Text], [Number], [Badge], [Row], [Item], [QR], [Rule] and
// [Space].
type Block interface{ block() }

// Ticket is a queue ticket.
type Ticket struct {
	Unit    string // UBND phường Ba Đình
	Site    string // Điểm hỗ trợ dịch vụ công số 2
	Number  string // A012
	Service string
	Where   string // area or counter; may be empty
	Ahead   int
	Wait    time.Duration // estimate; zero: not said
	At      time.Time
	QR      string // an https address to follow the turn, or words to keep; may be empty
	Reason  string // why it has priority; may be empty
	Reprint bool
	Lang    string // "vi" or "en": English adds a second line, Vietnamese always stands
}

// Slip is the "Phiếu nộp hồ sơ": sent, waiting for an officer to accept it. It
// names no due date and carries no queue-style number (services.md, Slips).
type Slip struct {
	Authority string // the receiving authority heads it
	Site      string
	Receipt   string // grouped, as people read it
	Code      string // official code when known
	Kept      bool   // not sent yet: there is no network, and the paper must not say otherwise
	Procedure string
	Official  string // the procedure's code
	Applicant string
	PIN       string // masked
	Papers    []SlipPaper
	Next      []string // what happens next, a sentence each
	At        time.Time
	QR        string
	Reprint   bool
	Lang      string
}

// SlipPaper is one paper of a slip and how it gets there.
type SlipPaper struct{ Name, How string }

// Checklist is a preparation list: what to bring for a procedure.
type Checklist struct {
	Unit      string
	Procedure string
	Official  string
	Fee       string
	Time      string
	Papers    []string
	Where     string
	Next      []string
	At        time.Time
	Lang      string
}

// A Level is what the printer says of itself now.
type Level string

const (
	Ready     Level = "ready"
	PaperLow  Level = "paper-low"
	PaperOut  Level = "paper-out"
	CoverOpen Level = "cover-open"
	Fault     Level = "fault"   // cutter, overheated: the error beside it says which
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

// Papers carry names; logs never do. What may be logged of one is its kind.

func (d Document) String() string       { return "document " + string(d.Kind) }
func (d Document) GoString() string     { return d.String() }
func (d Document) LogValue() slog.Value { return slog.StringValue(d.String()) }

func (Slip) String() string       { return "slip" }
func (Slip) GoString() string     { return "slip" }
func (Slip) LogValue() slog.Value { return slog.StringValue("slip") }

func (Ticket) String() string       { return "ticket" }
func (Ticket) GoString() string     { return "ticket" }
func (Ticket) LogValue() slog.Value { return slog.StringValue("ticket") }

func (Checklist) String() string       { return "checklist" }
func (Checklist) GoString() string     { return "checklist" }
func (Checklist) LogValue() slog.Value { return slog.StringValue("checklist") }
