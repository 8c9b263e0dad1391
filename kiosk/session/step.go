package session

import (
	"fmt"
	"strings"
	"time"

	"tiepdan/drivers/printer"
)

// Step returns the state that follows s when ev happens at now, and what must
// be done about it. An event that means nothing in s leaves s as it is.
func (s State) Step(ev Event, now time.Time) (State, []Effect) {
	t := step{State: s, now: now}
	t.take(ev)
	t.settle()
	return t.State, t.effects
}

// A step is a State in the making: its own copy, and the effects so far.
type step struct {
	State
	now     time.Time
	effects []Effect
}

func (t *step) do(e ...Effect) { t.effects = append(t.effects, e...) }

func (t *step) take(ev Event) {
	switch ev := ev.(type) {
	case Told:
		t.Coming = ev.Env
	case CardLevel:
		t.cardLevel(ev.Level)
	case PrinterLevel:
		t.Levels.Printer = ev.Level
	case LinkLevel:
		t.Levels.Link = ev.State
	case ClockLevel:
		t.Levels.Clock = ev.State
	case QueueFigures:
		t.Levels.Queue = ev
	case Unfit:
		t.Levels.Unfit = ev.Why
	case Identify:
		t.identify(ev)
	case Pressed:
		t.pressed(ev)
	case Touched:
		t.touch()
	case Hello:
		t.hello(ev.Visit)
	case Scanned:
		t.scanned(ev.Text)
	case Progress:
		if t.awaits(ev.Asked) && t.Visit.At == AtReading {
			t.Visit.Stage, t.Visit.Percent, t.Visit.Since = string(ev.Stage), ev.Percent, t.now
			t.touch()
		}
	case CardRead:
		t.cardRead(ev)
	case CardFailed:
		t.cardFailed(ev)
	case TicketRecorded:
		t.ticketRecorded(ev)
	case DossierRecorded:
		t.dossierRecorded(ev)
	case RecordFailed:
		t.recordFailed(ev)
	case PrintDone:
		t.printDone(ev)
	case ReceiptArrived:
		t.receiptArrived(ev)
	case LookedUp:
		t.lookedUp(ev)
	case VisitFound:
		t.visitFound(ev)
	case Timeout:
		t.timeout()
	}
}

// identify shows and sounds which kiosk this is, if nobody stands there.
func (t *step) identify(ev Identify) {
	if t.Visit.At == AtAttract {
		t.Visit.Notice = Notice{Code: "identify", Kind: "calm", Args: map[string]string{"kiosk": ev.Kiosk}}
		t.touch()
		t.do(Beep{soundGood})
	}
}

// awaits says whether an answer is to the question this visit waits for.
func (t *step) awaits(asked uint64) bool { return asked != 0 && asked == t.Visit.Pending }

// ask numbers a question to the outside; the one before is no longer waited for.
func (t *step) ask() uint64 {
	t.Asked++
	t.Visit.Pending = t.Asked
	return t.Asked
}

// touch notes a sign of life; it also ends a countdown.
func (t *step) touch() { t.Visit.Touched = t.now }

// settle brings to rest what depends on everything: the waiting screen, the
// epoch, the next timer.
func (t *step) settle() {
	if t.AtRest() {
		if t.Coming != nil {
			t.Env, t.Coming = t.Coming, nil
			t.Visit.Comfort = t.Env.comfort()
		}
		if at := t.resting(); at != t.Visit.At {
			if at != AtTakeCard {
				t.Visit.Comfort = t.Env.comfort()
			}
			t.Visit.At, t.Visit.Since = at, t.now
			if at == AtTakeCard {
				t.do(Beep{"take-card"})
			}
		}
	}
	if face := t.face(t.now); face != t.Face {
		t.Face = face
		t.Epoch++
	}
	t.Next = t.due(t.now)
}

// AtRest says that nobody's visit has begun.
func (s State) AtRest() bool {
	return s.Visit.At == AtAttract || s.Visit.At == AtTakeCard || s.Visit.At == AtOut
}

// resting is the screen that waits for the next person.
func (s State) resting() Screen {
	switch {
	case s.Env == nil || s.Env.Catalogue == nil:
		return AtOut
	case s.Levels.Stale && s.Levels.Present():
		return AtTakeCard
	case s.Env.Locked:
		return AtOut
	}
	return AtAttract
}

// begin turns waiting into a visit at the given screen.
func (t *step) begin(at Screen) {
	if t.AtRest() {
		t.Visit.Tries = digitTries
		t.Visit.Pending = 0
		t.do(Journey{"visit"})
	}
	t.touch()
	t.goTo(at)
}

// goTo moves on; what was said about the screen left behind is not repeated.
func (t *step) goTo(at Screen) {
	t.Visit.At, t.Visit.Since = at, t.now
	t.Visit.Notice, t.Visit.Ask = Notice{}, ""
}

// forget ends the visit. Nothing of it is left in the state but its number; a
// card still lying there opens nothing until it has been lifted.
func (t *step) forget() {
	if t.Visit.At == AtReading || t.Visit.Ask == askCardRemoved {
		t.do(CancelRead{})
	}
	comfort := t.Env.comfort()
	t.Levels.Stale = t.Levels.Present()
	if t.Levels.Stale {
		comfort = t.Visit.Comfort // the words that ask to take the card are still for this person
		t.do(Beep{"take-card"})
	}
	t.Visit = Visit{N: t.Visit.N + 1, Comfort: comfort, Since: t.now, Touched: t.now}
	t.Visit.At = t.resting()
}

// Codes of the sorry screen.
const (
	sorryRemoved  = "card-removed"
	sorryReader   = "no-reader"
	sorryBroken   = "card-broken"
	sorryDigits   = "wrong-digits"
	sorryNotSaved = "not-saved"
)

// sorry says what went wrong and what can be done instead.
func (t *step) sorry(code string) {
	back := t.Visit.At
	t.goTo(AtSorry)
	t.Visit.Sorry, t.Visit.Return = code, back
	t.Visit.Busy = false
	t.Visit.Pending = 0
	t.touch()
}

// face describes what may be pressed. Progress, figures and late news are not in it.
func (s State) face(now time.Time) string {
	v := &s.Visit
	var at string
	switch v.At {
	case AtReadCard:
		at = v.Lay
	case AtServices:
		at = v.For
	case AtProcedures:
		at = fmt.Sprint(v.Filing.Service, v.Filing.Searches)
	case AtProcedure, AtCase, AtPapers, AtReview:
		at = v.Filing.Procedure
	case AtQuestion:
		at = v.Filing.Question
	case AtLookup:
		at = v.Lookup.State
	}
	return fmt.Sprint(v.N, v.At, "/", at, v.Ask, v.Busy, " ", strings.Join(s.Actions(now), " "))
}

// TicketsOffered says whether numbers are given now, and if not, why.
func (s State) TicketsOffered(now time.Time) (ok bool, why string) {
	if s.Env == nil || s.Env.Catalogue == nil {
		return false, "closed"
	}
	if ok, why, _ = s.Env.open(now); ok && s.Levels.Queue.Closed != "" {
		return false, s.Levels.Queue.Closed
	}
	return ok, why
}

func (s State) readerGone() bool { return s.Levels.ReaderGone() }

// WhyNoPaper is the code of a printer level that prints nothing.
func WhyNoPaper(l printer.Level) string {
	switch l {
	case printer.PaperOut, printer.CoverOpen:
		return string(l)
	}
	return "offline"
}
