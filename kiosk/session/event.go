package session

import (
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/dossier"
)

// An Event is anything that happens. One that means nothing changes nothing.
type Event interface{ event() }

// Levels, from the loops that watch devices: what is so now, never edges.
type (
	CardLevel    struct{ Level card.Level }
	PrinterLevel struct{ Level printer.Level }
	LinkLevel    struct{ State string } // up | down | forbidden
	ClockLevel   struct{ State string } // synced | unsynced | unknown
	QueueFigures struct {
		Waiting map[string]int           // by service code
		Wait    map[string]time.Duration // estimate for the next number, by service code
		Closed  string                   // why the hall gives no numbers; "": it does
	}
)

// Told brings a new configuration or catalogue. It waits for the visit to end.
type Told struct{ Env *Env }

func (Told) event() {}

// Unfit says, in health codes, why a kiosk that was told nothing usable offers nothing.
type Unfit struct{ Why []string }

func (Unfit) event() {}

// Identify asks a kiosk, from afar, which of those in a hall it is.
type Identify struct{ Kiosk string }

func (Identify) event() {}

// From the page and the scanner.
type (
	// Pressed names the epoch it was pressed on; one that is gone is dropped.
	Pressed struct {
		Action string
		Screen uint64
		Value  string
		Values map[string]string
	}
	Touched struct{}               // a sign of life
	Hello   struct{ Visit string } // a page came, with the token it kept
	Scanned struct{ Text string }
)

// Answers of the outside. Those with Asked belong to one question of one visit;
// Record's and Print's carry the visit's token, since they outlive it.
type (
	Progress struct {
		Asked   uint64
		Stage   cccd.Stage
		Percent int
	}
	CardRead struct {
		Asked    uint64
		Identity cccd.Identity
		Verdict  cccd.Verdict
		Access   string
		Model    string
		Portrait string // media id
	}
	CardFailed struct {
		Asked uint64
		Code  string // removed | wrong-key | mute | not-a-card | broken | no-reader
	}
	TicketRecorded struct {
		Visit  string
		Ticket Ticket
	}
	DossierRecorded struct {
		Visit string
		At    time.Time
		QR    string // media id
	}
	RecordFailed struct{ Visit string }
	PrintDone    struct {
		Visit   string
		Job     int // the Print.Job it was
		Outcome printer.Outcome
		Why     string // paper-out | cover-open | offline
	}
	// ReceiptArrived is the gateway's word about a dossier, whenever it comes.
	ReceiptArrived struct {
		Receipt dossier.ReceiptNumber
		Outcome string
		Code    string
		Status  int
		Reason  string
	}
	LookedUp struct {
		Asked  uint64
		Lookup Lookup
	}
	// VisitFound answers FindVisit: what was committed for a page's old token.
	VisitFound struct {
		Asked uint64
		Visit string
		Found
	}
	Timeout struct{}
)

func (CardLevel) event()       {}
func (PrinterLevel) event()    {}
func (LinkLevel) event()       {}
func (ClockLevel) event()      {}
func (QueueFigures) event()    {}
func (Pressed) event()         {}
func (Touched) event()         {}
func (Hello) event()           {}
func (Scanned) event()         {}
func (Progress) event()        {}
func (CardRead) event()        {}
func (CardFailed) event()      {}
func (TicketRecorded) event()  {}
func (DossierRecorded) event() {}
func (RecordFailed) event()    {}
func (PrintDone) event()       {}
func (ReceiptArrived) event()  {}
func (LookedUp) event()        {}
func (VisitFound) event()      {}
func (Timeout) event()         {}

// An Effect is what Step wants done. ReadCard, FindVisit and Find die with the
// visit; RecordTicket, RecordDossier and Print are finished whatever happens.
type Effect interface{ effect() }

type (
	// ReadCard replaces any reading under way.
	ReadCard struct {
		Asked uint64
		Key   card.Key
	}
	CancelRead   struct{}
	RecordTicket struct{ Order TicketOrder }
	// RecordDossier records what [BuildDossier] makes of the state.
	RecordDossier struct{ Visit string }
	PrintPaper    struct{ Job PrintJob }
	// PaperAnswered is what the person said when nobody knew whether a paper came out.
	PaperAnswered struct {
		Visit string
		Kind  printer.Kind
		Out   bool
	}
	// Find looks a dossier up, or the queue number drawn at Issued.
	Find struct {
		Asked  uint64
		Number string
		Issued time.Time
	}
	FindVisit struct {
		Asked uint64
		Visit string
	}
	Beep struct{ Code string } // take-card | card-left | read | scan | scan-bad
	// Journey is one step for the health report's count: a code, never personal.
	Journey struct{ Code string } // card-read | card-failed | ticket | dossier | abandoned | …
	// Condition raises or clears a health condition the session alone can see.
	Condition struct {
		Code string // card-left
		Held bool
	}
)

func (ReadCard) effect()      {}
func (CancelRead) effect()    {}
func (RecordTicket) effect()  {}
func (RecordDossier) effect() {}
func (PrintPaper) effect()    {}
func (PaperAnswered) effect() {}
func (Find) effect()          {}
func (FindVisit) effect()     {}
func (Beep) effect()          {}
func (Journey) effect()       {}
func (Condition) effect()     {}

// TicketOrder asks for the next number of a service.
type TicketOrder struct {
	Visit     string
	Service   string // code
	Procedure string // what it is for, when known
}

// Found is what was committed for a visit, nils when nothing was, and how far the
// newest paper of it came: "queued", "printed", "not-printed" or "unknown".
type Found struct {
	Filed  *Filed
	Ticket *Ticket
	Paper  string
}

// PrintJob is one paper.
type PrintJob struct {
	Visit string
	Job   int
	Paper printer.Paper
}
