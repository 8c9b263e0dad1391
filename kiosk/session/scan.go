package session

import (
	"regexp"
	"strings"
	"time"

	"tiepdan/drivers/card/cccd"
)

// Sounds of a scanner that has them.
const (
	soundGood = "scan"
	soundBad  = "scan-bad"
)

// scanned takes the text of a code. Where one is waited for it opens a chip, names a
// dossier or a queue number, or is said to be none of ours; elsewhere it is the early
// code of a card, or means nothing.
func (t *step) scanned(text string) {
	switch t.Visit.At {
	case AtAttract, AtReadCard, AtLookup:
	default:
		t.scannedEarly(text)
		return
	}
	sound := soundGood
	if !t.findScanned(text) && !t.openScanned(text) {
		t.notOurs(text)
		sound = soundBad
	}
	t.do(Beep{sound})
}

// findScanned looks up what a slip or a ticket names.
func (t *step) findScanned(text string) bool {
	number, isDossier := dossierNumber(text)
	ticket, issued, isTicket := t.ticketOf(text)
	if !isDossier && !isTicket {
		return false
	}
	if t.Visit.At != AtLookup {
		t.Visit.Quick = true
	}
	t.begin(AtLookup)
	if isDossier {
		t.find(number)
	} else {
		t.look(Lookup{State: searching, Number: ticket})
		t.do(Find{Asked: t.ask(), Number: ticket, Issued: issued})
	}
	return true
}

// openScanned takes the code of a card, where a card is asked for.
func (t *step) openScanned(text string) bool {
	if t.Visit.At == AtLookup {
		return false
	}
	qr, err := cccd.ParseQR(text)
	if err != nil {
		return false
	}
	if t.Visit.At == AtAttract {
		t.begin(AtReadCard)
	}
	t.touch()
	t.Visit.Key, t.Visit.Typed = qr.Key(), false
	t.laid()
	return true
}

// notOurs says that nothing can be made of a code, and what one could.
func (t *step) notOurs(text string) {
	t.touch()
	switch {
	case t.Visit.At == AtLookup:
		t.look(Lookup{State: notOurs})
	case isLikeCard(text):
		t.Visit.Notice = Notice{Code: "qr-unreadable", Kind: "warn"}
	default:
		t.Visit.Notice = Notice{Code: "not-ours", Kind: "warn"}
	}
}

// isLikeCard says that this was a card's code before the scanner damaged it.
func isLikeCard(text string) bool { return strings.Count(text, "|") >= 2 }

// scannedEarly takes the code of a card where only the card was expected: a
// combined reader may see the code before the chip.
func (t *step) scannedEarly(text string) {
	qr, err := cccd.ParseQR(text)
	if err != nil || !t.takesCard() {
		return
	}
	t.touch()
	t.goTo(AtReadCard)
	t.Visit.Key, t.Visit.Typed = qr.Key(), false
	t.laid()
}

// ticketForm is what TicketQR writes.
var ticketForm = regexp.MustCompile(`^([A-Z][0-9]{1,5}) · (.+) · ([0-9]{2}:[0-9]{2} [0-9]{2}/[0-9]{2}/[0-9]{4})$`)

// ticketOf reads the code of a queue number drawn at this unit.
func (t *step) ticketOf(text string) (number string, issued time.Time, ok bool) {
	m := ticketForm.FindStringSubmatch(text)
	if m == nil || m[2] != t.Env.Site.Unit {
		return "", time.Time{}, false
	}
	issued, err := time.ParseInLocation(ticketTime, m[3], vietnam)
	return m[1], issued, err == nil
}

// WantsCode says that the screen asks for a code: a scanner that has to be told may
// look for one.
func (s State) WantsCode() bool { return s.Visit.At == AtReadCard || s.Visit.At == AtLookup }
