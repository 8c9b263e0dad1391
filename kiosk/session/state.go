// Package session is the kiosk's one state machine: one visit, from attract to
// attract.
//
// [State.Step] is pure: it takes no locks, reads no clock, logs nothing and
// touches no device. [Machine.Run] feeds it events and performs the effects it
// asks for. The session knows no centre and no database: what it needs of them
// are the small interfaces beside [Machine].
package session

import (
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/dossier"
)

// State is all the kiosk's screen depends on. Its maps and pointers are never
// written through: Step copies what it changes, so a State once published stays
// as it is.
type State struct {
	Env    *Env      // what the kiosk was told; nil: nothing, out of service
	Coming *Env      // what it was told during this visit, for the next
	Levels Levels    // what the devices say, in every phase
	Epoch  uint64    // names the interaction: changes exactly when what may be pressed changes
	Asked  uint64    // numbers questions put to the outside, so that late answers are known as late
	Next   time.Time // when a Timeout is due; zero: never
	Visit  Visit     // the person; a new value at the end of every visit
	Face   string    // what Epoch stands for: screen, question, buttons; never personal
}

// Levels outlive visits.
type Levels struct {
	Reader  card.Level // "": not reported yet
	Stale   bool       // what lies there was there before this visit and opens nothing until lifted
	Left    bool       // it has been forgotten: a minute has passed
	Printer printer.Level
	Link    string // up | down | forbidden; "": not reported yet, which is down
	Clock   string // synced | unsynced | unknown
	Queue   QueueFigures
	Unfit   []string // health codes of why there is nothing to offer
}

// Present says whether anything lies on the reader.
func (l Levels) Present() bool { return l.Reader == card.CardIn || l.Reader == card.CardMute }

// ReaderGone says that no card can be read now.
func (l Levels) ReaderGone() bool { return l.Reader == card.NoReader || l.Reader == "" }

// A Screen is where a visit is; its text is the wire's name of the screen.
type Screen string

const (
	AtAttract    Screen = "attract"
	AtReadCard   Screen = "read-card"
	AtReading    Screen = "reading"
	AtIdentity   Screen = "identity"
	AtMenu       Screen = "menu"
	AtServices   Screen = "services"
	AtProcedures Screen = "procedures"
	AtProcedure  Screen = "procedure"
	AtCase       Screen = "case"
	AtQuestion   Screen = "question"
	AtPapers     Screen = "papers"
	AtConsent    Screen = "consent"
	AtReview     Screen = "review"
	AtReceipt    Screen = "receipt"
	AtTicket     Screen = "ticket"
	AtLookup     Screen = "lookup"
	AtHelp       Screen = "help"
	AtTakeCard   Screen = "take-card"
	AtSorry      Screen = "sorry"
	AtOut        Screen = "out-of-service"
)

// Visit is everything the kiosk knows about the person standing at it. To end a
// visit is to put a fresh Visit in its place.
type Visit struct {
	N       uint64                // counts visits of this run of the daemon
	Token   string                // random; the page keeps it, the store knows committed ones by it
	Receipt dossier.ReceiptNumber // what a dossier of this visit will be called: the same on a second try

	At      Screen
	Return  Screen // where help, and sorry, go back to
	Quick   bool   // came straight from attract, without the menu, and goes back there
	Busy    bool   // a number is being recorded
	Ask     string // a question over the screen: restart | card-removed
	Notice  Notice
	Comfort Comfort

	Touched time.Time // last sign of life
	Since   time.Time // when the present wait began: for the QR, the chip, the card to be lifted

	Key     card.Key // opens the chip; from QR or digits
	Typed   bool     // Key is from digits
	Lay     string   // state of the read-card screen
	Tries   int      // digits left to try
	Pending uint64   // the outside question this visit waits for; 0: none
	Stage   string
	Percent int

	Holder *Holder // nil: no card read, or already recorded and forgotten
	Who    Who

	For    string // what services are shown for: ticket | file | checklist
	Filing Filing
	Filed  *Filed
	Ticket *Ticket
	Slip   *printer.Slip // as printed, to print it again
	Print  Print
	Lookup Lookup
	Sorry  string
}

// Holder is the card that was read. The portrait and the evidence stay with the
// Machine; Read says which reading they belong to.
type Holder struct {
	Identity cccd.Identity
	Verdict  cccd.Verdict
	Access   string
	Model    string // "2021", "2024", or ""
	Portrait string // media id, "" when there is none to show
	Read     uint64
}

// Who is how to address the person.
type Who struct {
	Title string // anh | chị | ông | bà | bạn | ""
	Given string
}

// Comfort is how the person wants to see the screens.
type Comfort struct {
	Lang, Size, Contrast string
	Reach                bool
}

// A Notice is a code the page has words for.
type Notice struct {
	Code, Kind string // kind: calm | warn | bad
	Args       map[string]string
}

// Filing is what has been chosen and answered so far.
type Filing struct {
	Service   string
	Procedure string
	Query     string // of a search; the list shows its results
	Searches  int
	Case      string
	Question  string // the one being asked
	Editing   bool   // came from the review and goes back there
	Answers   map[string]string
	Sources   map[string]string // chip | copied | typed | default, by question
	Papers    map[string]PaperChoice
	Problems  map[string]string // by paper
	Consents  map[string]bool
	Agreed    time.Time
}

// PaperChoice is how a paper comes.
type PaperChoice struct {
	How    string // counter | e-certificate
	Number string
}

// Filed is a dossier on its way, without anything personal.
type Filed struct {
	Receipt   dossier.ReceiptNumber
	Procedure string // code
	Case      string
	At        time.Time // zero: being recorded
	Bring     []catalogue.Text
	QR        string // media id of the receipt number as a QR code
	Outcome   string // of the gateway's receipt; "": none yet
	Code      string
	Status    int
	Reason    string
}

// Ticket is a number of the hall.
type Ticket struct {
	Number  string // A012
	Service string // code
	Ahead   int
	Wait    time.Duration
	At      time.Time
	QR      string // media id
}

// Print is how the paper of this screen is doing.
type Print struct {
	State string // "" | printing | printed | not-printed | unknown | unavailable
	Why   string // paper-out | cover-open | offline
	Job   int    // the last job of this visit
	Times int    // jobs begun for this paper
	Out   bool   // one of them may be out there: the next is marked
}

// Lookup is a question about a dossier sent earlier, or a queue number.
type Lookup struct {
	// ask | searching | found | not-found | offline | not-a-number | not-ours |
	// ticket-waiting | ticket-called | ticket-over
	State  string
	Number string
	Code   string
	Status int
	Kept   bool

	Procedure     string    // its code
	Received, Due time.Time // once accepted

	Ahead   int    // of a queue number that waits
	Counter string // that called it
}

// New is the state a daemon starts in.
func New(env *Env) State {
	s := State{Env: env, Levels: Levels{Printer: printer.Offline, Clock: "unknown"}}
	s.Visit = Visit{At: s.resting(), Comfort: env.comfort()}
	s.Face = s.face(time.Time{})
	return s
}
