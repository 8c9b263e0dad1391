package session

import (
	"regexp"
	"strings"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
)

// States of the read-card screen.
const (
	layCard    = "lay"
	waitKey    = "wait-key"
	askDigits  = "ask-digits"
	wrongDigit = "wrong-digits"
	notACard   = "not-a-card"
	unreadable = "unreadable"
	noReader   = "no-reader"
)

const askCardRemoved = "card-removed"

// cardLevel takes what the reader sees now.
func (t *step) cardLevel(l card.Level) {
	was := t.Levels.Reader
	t.Levels.Reader = l
	if l == was {
		return
	}
	if was == "" && t.Levels.Present() {
		t.Levels.Stale = true // it lay there when the daemon started: whose it is can't be known
	}
	if l == card.NoCard {
		t.Levels.Stale = false
		if t.Levels.Left {
			t.Levels.Left = false
			t.do(Condition{"card-left", false})
		}
	}
	if t.Levels.Stale {
		return
	}
	switch {
	case t.Visit.At == AtSorry && t.Visit.Sorry == sorryRemoved && was == card.CardIn && l == card.NoReader:
		t.Visit.Sorry = sorryReader // the reading failed a moment before its reason was seen: nobody lifted the card
	case t.Visit.At == AtAttract:
		if t.Levels.Present() {
			t.begin(AtReadCard)
			t.laid()
		}
	case t.Visit.At == AtReadCard:
		t.touch()
		t.laid()
	case t.takesCard() && l == card.CardIn:
		t.touch()
		t.goTo(AtReadCard)
		t.laid()
	case t.Visit.At == AtReading && l != card.CardIn:
		t.do(CancelRead{}, Journey{"card-removed"})
		if l == card.NoReader {
			t.sorry(sorryReader)
		} else {
			t.sorry(sorryRemoved)
		}
	case t.Visit.Holder != nil && !t.committing():
		t.cardMoved(l)
	}
}

// takesCard says that a card laid on this screen is read, though it asks for
// none: the menu of somebody without one, and an apology, where laying it again
// says "retry" plainly enough.
func (s State) takesCard() bool {
	v := &s.Visit
	switch {
	case v.Holder != nil:
		return false
	case v.At == AtMenu:
		return true
	}
	return v.At == AtSorry && !s.committing() && v.Sorry != sorryNotSaved
}

// committing says that the visit's dossier or number is on its way to the disk
// or there already: a card taken now changes nothing.
func (s State) committing() bool {
	return s.Visit.Busy || s.Visit.Filed != nil || s.Visit.Ticket != nil
}

// laid brings the read-card screen in line with the reader and the key.
func (t *step) laid() {
	t.Visit.Notice = Notice{}
	switch l := t.Levels.Reader; {
	case t.readerGone():
		t.lay(noReader)
	case l == card.CardMute:
		t.lay(unreadable)
	case l == card.NoCard:
		t.lay(layCard)
		if t.Visit.Key != (card.Key{}) {
			t.Visit.Notice = Notice{Code: "qr-seen", Kind: "calm"}
		}
	case t.Visit.Key != (card.Key{}):
		t.read()
	default:
		t.lay(waitKey)
	}
}

func (t *step) lay(state string) {
	t.Visit.Lay, t.Visit.Since = state, t.now
}

// read opens the chip with the key there is.
func (t *step) read() {
	t.goTo(AtReading)
	t.Visit.Stage, t.Visit.Percent = string(cccd.StageAccess), 0
	t.do(ReadCard{Asked: t.ask(), Key: t.Visit.Key})
}

// cardMoved minds the card of a visit that knows its holder: taken away, it is
// asked for; laid again, it is read again, since it may be another.
func (t *step) cardMoved(l card.Level) {
	switch l {
	case card.NoCard, card.CardMute:
		if t.Visit.Ask != askCardRemoved {
			t.Visit.Ask, t.Visit.Since = askCardRemoved, t.now
			t.touch()
		}
		t.Visit.Pending = 0
		t.do(CancelRead{})
	case card.CardIn:
		t.do(ReadCard{Asked: t.ask(), Key: t.Visit.Key})
	case card.NoReader: // the person did nothing; what is there when it comes back is read again
	}
}

func (t *step) cardRead(ev CardRead) {
	if !t.awaits(ev.Asked) {
		return
	}
	t.Visit.Pending = 0
	h := &Holder{
		Identity: ev.Identity, Verdict: ev.Verdict, Access: ev.Access, Model: ev.Model,
		Portrait: ev.Portrait, Read: ev.Asked,
	}
	switch before := t.Visit.Holder; {
	case t.Visit.At == AtReading:
		t.Visit.Holder = h
		t.Visit.Who = address(ev.Identity, t.now)
		t.goTo(AtIdentity)
		t.touch()
		t.do(Beep{"read"}, Journey{"card-read"})
	case before == nil || t.committing():
	case before.Identity.PIN != ev.Identity.PIN || ev.Verdict.Grade == cccd.GradeFailed && before.Verdict.Grade != cccd.GradeFailed:
		t.do(Journey{"other-card"})
		t.forget()
	default:
		t.Visit.Holder = h
		if t.Visit.Ask == askCardRemoved {
			t.Visit.Ask = ""
			t.Visit.Notice = Notice{Code: "card-returned", Kind: "calm"}
		}
		t.touch()
	}
}

// Codes of CardFailed.
const (
	failRemoved  = "removed"
	failWrongKey = "wrong-key"
	failMute     = "mute"
	failNotACard = "not-a-card"
	failReader   = "no-reader"
	failBroken   = "broken"
)

func (t *step) cardFailed(ev CardFailed) {
	if !t.awaits(ev.Asked) {
		return
	}
	t.Visit.Pending = 0
	if t.Visit.At != AtReading {
		t.rereadFailed(ev.Code)
		return
	}
	t.do(Journey{"card-failed"})
	t.touch()
	switch ev.Code {
	case failWrongKey:
		t.wrongKey()
	case failRemoved:
		t.sorry(sorryRemoved)
	case failReader:
		t.sorry(sorryReader)
	case failMute:
		t.goTo(AtReadCard)
		t.lay(unreadable)
	case failNotACard:
		t.goTo(AtReadCard)
		t.lay(notACard)
	default:
		t.sorry(sorryBroken)
	}
}

// wrongKey: typed digits have three tries; a QR code of another card has none
// of the person's fault in it, and is simply not used again.
func (t *step) wrongKey() {
	t.Visit.Key = card.Key{}
	if !t.Visit.Typed {
		t.goTo(AtReadCard)
		t.askForDigits()
		t.Visit.Notice = Notice{Code: "qr-other-card", Kind: "warn"}
		return
	}
	t.Visit.Typed = false
	if t.Visit.Tries--; t.Visit.Tries <= 0 {
		t.sorry(sorryDigits)
		return
	}
	t.goTo(AtReadCard)
	t.lay(wrongDigit)
}

// askForDigits asks only while there are tries left in this visit, however
// often the card is laid again.
func (t *step) askForDigits() {
	if t.Visit.Tries <= 0 {
		t.sorry(sorryDigits)
		return
	}
	t.lay(askDigits)
}

func (t *step) rereadFailed(code string) {
	switch {
	case t.Visit.Holder == nil || t.committing():
	case code == failWrongKey || code == failNotACard: // surely another card
		t.do(Journey{"other-card"})
		t.forget()
	case t.Visit.Ask != askCardRemoved:
		t.Visit.Ask, t.Visit.Since = askCardRemoved, t.now
	}
}

var digitsOnly = regexp.MustCompile(`^[0-9]+$`)

// digits takes the last six of the personal number; all twelve will do.
func (t *step) digits(value string) {
	value = strings.Join(strings.Fields(value), "")
	if n := len(value); (n != 6 && n != 12) || !digitsOnly.MatchString(value) {
		t.Visit.Notice = Notice{Code: "six-digits", Kind: "warn"}
		return
	}
	t.Visit.Key, t.Visit.Typed = card.Key{CAN: value[len(value)-6:]}, true
	t.laid()
}
