package session

import (
	"slices"
	"time"

	"tiepdan/kiosk/catalogue"
)

// orderTicket asks for one number; the screen waits for it with its buttons dead.
func (t *step) orderTicket(service, procedure string) {
	if ok, _ := t.TicketsOffered(t.now); !ok || t.Visit.Ticket != nil {
		return
	}
	t.Visit.Busy, t.Visit.Since = true, t.now
	t.Visit.Notice = Notice{Code: "saving", Kind: "calm"}
	t.do(RecordTicket{TicketOrder{Visit: t.Visit.Token, Service: service, Procedure: procedure}})
}

func (t *step) ticketRecorded(ev TicketRecorded) {
	v := &t.Visit
	if ev.Visit != v.Token || v.Ticket != nil || (!v.Busy && v.At != AtSorry) {
		return
	}
	v.Busy = false
	ticket := ev.Ticket
	v.Ticket = &ticket
	t.forgetHolder()
	t.goTo(AtTicket)
	t.touch()
	t.do(Journey{"ticket"})
	t.Visit.Print = Print{Job: v.Print.Job}
	t.print()
}

// confirm records the dossier, once: the screen it was pressed on is gone.
func (t *step) confirm() {
	p := t.Procedure()
	if p == nil || t.MayFileProcedure(p, t.now) != "" {
		t.goTo(AtProcedure) // it says why not
		return
	}
	f := &t.Visit.Filing
	if name := t.firstMissing(); name != "" {
		f.Editing = true
		t.question(name)
		return
	}
	if problems := t.paperProblems(); problems != nil {
		f.Editing, f.Problems = true, problems
		t.goTo(AtPapers)
		return
	}
	if f.Agreed.IsZero() {
		t.goTo(AtConsent)
		return
	}
	if field, notice := t.refused(p); field != "" { // a date may have passed midnight on the review
		f.Editing = true
		t.question(field)
		t.Visit.Notice = notice
		return
	}
	t.goTo(AtReceipt)
	t.Visit.Filed = &Filed{Receipt: t.Visit.Receipt, Procedure: p.Code, Case: f.Case, Bring: t.bring()}
	t.Visit.Print = Print{Job: t.Visit.Print.Job}
	t.Visit.Pending = 0
	t.do(RecordDossier{t.Visit.Token})
}

// bring are the originals the person said they would bring.
func (t *step) bring() []catalogue.Text {
	var names []catalogue.Text
	for _, p := range t.Papers() {
		if t.Visit.Filing.Papers[p.Code].How == HowCounter {
			names = append(names, p.Name)
		}
	}
	return names
}

func (t *step) dossierRecorded(ev DossierRecorded) {
	v := &t.Visit
	if ev.Visit != v.Token || v.Filed == nil || !v.Filed.At.IsZero() {
		return
	}
	filed := *v.Filed
	filed.At, filed.QR = ev.At, ev.QR
	v.Filed = &filed
	slip := t.slip()
	v.Slip = &slip
	t.forgetHolder()
	if v.At != AtReceipt {
		t.goTo(AtReceipt) // it had been slow: sorry was said too soon
	}
	t.touch()
	t.do(Journey{"dossier"})
	t.print()
}

// forgetHolder purges what is no longer needed once the promise is on disk:
// the card's fields and the answers. How to address the person stays.
func (t *step) forgetHolder() {
	v := &t.Visit
	v.Holder, v.Pending = nil, 0
	v.Key.CAN, v.Key.MRZ = "", nil
	v.Filing = Filing{Procedure: v.Filing.Procedure, Case: v.Filing.Case}
	if v.Ask == askCardRemoved {
		v.Ask = ""
	}
}

// recordFailed: nothing is promised. The same receipt number goes with a second
// try, so that a first one that did arrive is not doubled.
func (t *step) recordFailed(ev RecordFailed) {
	v := &t.Visit
	if ev.Visit != v.Token || !t.saving() {
		return
	}
	t.do(Journey{"not-saved"})
	if v.Filed != nil {
		v.At, v.Filed = AtReview, nil // where back leads
	}
	t.sorry(sorryNotSaved)
}

// receiptArrived is late news: it fills in the code and kills no press.
func (t *step) receiptArrived(ev ReceiptArrived) {
	v := &t.Visit
	if v.Filed != nil && v.Filed.Receipt == ev.Receipt && ev.Receipt != "" {
		filed := *v.Filed
		filed.Outcome, filed.Code, filed.Status, filed.Reason = ev.Outcome, ev.Code, ev.Status, ev.Reason
		v.Filed = &filed
		if v.Slip != nil {
			slip := *v.Slip
			slip.Code, slip.Kept = ev.Code, false
			v.Slip = &slip
		}
	}
	if v.At == AtLookup && v.Lookup.State == found && v.Lookup.Number == ev.Receipt.Grouped() {
		v.Lookup.Code, v.Lookup.Status, v.Lookup.Kept = ev.Code, ev.Status, false
	}
}

// hello: a page came. Its own visit it sees anyway; of another it learns only
// what was committed for it, and only while nobody stands here.
func (t *step) hello(token string) {
	if token == "" || token == t.Visit.Token || !t.AtRest() || t.Visit.At == AtOut {
		return
	}
	t.do(FindVisit{Asked: t.ask(), Visit: token})
}

func (t *step) visitFound(ev VisitFound) {
	if !t.awaits(ev.Asked) { // a visit that has begun meanwhile waits for something else
		return
	}
	t.Visit.Pending = 0
	recent := func(at time.Time) bool { return t.now.Sub(at) < resumeWithin }
	switch {
	case ev.Filed != nil && recent(ev.Filed.At):
		t.begin(AtReceipt)
		filed := *ev.Filed
		filed.Bring = slices.Clone(filed.Bring)
		t.Visit.Filed = &filed
		t.Visit.Filing = Filing{Procedure: filed.Procedure, Case: filed.Case}
		slip := t.slip()
		t.Visit.Slip = &slip
	case ev.Ticket != nil && recent(ev.Ticket.At):
		t.begin(AtTicket)
		ticket := *ev.Ticket
		t.Visit.Ticket = &ticket
	default:
		if ev.Filed == nil && ev.Ticket == nil && t.Visit.N == 0 {
			// The daemon restarted in the middle of that visit: say that nothing came of it.
			t.Visit.Notice, t.Visit.Touched = Notice{Code: "visit-lost", Kind: "warn"}, t.now
		}
		return
	}
	t.Visit.Token = ev.Visit // the same visit still: a second reload finds it again
	t.paperFound(ev.Paper)
}

// paperFound goes on with the paper of a visit that was found again, as far as the
// journal knows: one that never began is printed now, one that was on the line
// when the daemon died is asked about.
func (t *step) paperFound(state string) {
	p := &t.Visit.Print
	switch state {
	case queued:
		t.print()
	case printed:
		*p = Print{State: printed, Times: 1, Out: true}
	case notPrinted:
		*p = Print{State: notPrinted, Times: 1}
	default:
		*p = Print{State: printUnknown, Times: 1, Out: true}
	}
}
