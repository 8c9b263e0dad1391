package session

import "tiepdan/kiosk/dossier"

// States of the look-up screen.
const (
	askNumber  = "ask"
	searching  = "searching"
	found      = "found"
	notFound   = "not-found"
	offline    = "offline"
	notANumber = "not-a-number"
	notOurs    = "not-ours" // a code that is neither a slip's nor a ticket's
)

func (t *step) pressedLookup(p Pressed) {
	switch p.Action {
	case "back":
		if t.Visit.Quick {
			t.forget()
			return
		}
		t.goTo(AtMenu)
	case "next":
		if p.Value == "" && t.Visit.Lookup.State != askNumber { // another one
			t.look(Lookup{State: askNumber})
			return
		}
		number, ok := dossierNumber(p.Value)
		if !ok {
			t.look(Lookup{State: notANumber})
			return
		}
		t.find(number)
	}
}

// look puts a question or its answer on the screen, and no paper of the one before.
func (t *step) look(l Lookup) { t.Visit.Lookup, t.Visit.Print = l, Print{} }

// find asks for a dossier by its canonical number.
func (t *step) find(number string) {
	t.look(Lookup{State: searching, Number: shown(number)})
	t.do(Find{Asked: t.ask(), Number: number})
}

func (t *step) lookedUp(ev LookedUp) {
	if !t.awaits(ev.Asked) || t.Visit.Lookup.State != searching {
		return
	}
	t.Visit.Pending = 0
	number := t.Visit.Lookup.Number
	t.Visit.Lookup = ev.Lookup
	_, code := dossier.ParseCode(number)
	if t.Visit.Lookup.Number == "" && !(code && t.Visit.Lookup.State == found) { // a code found is not a slip number
		t.Visit.Lookup.Number = number
	}
	t.touch()
}

// dossierNumber reads a receipt number or an official code, typed or scanned.
func dossierNumber(text string) (string, bool) {
	if len(text) > 128 {
		return "", false
	}
	if r, err := dossier.ParseReceiptNumber(text); err == nil {
		return string(r), true
	}
	return dossier.ParseCode(text)
}

func shown(number string) string {
	if r := dossier.ReceiptNumber(number); r.Valid() {
		return r.Grouped()
	}
	return number
}
