package session

import (
	"strings"
	"time"

	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/catalogue"
)

// States of a paper, as the wire has them.
const (
	queued           = "queued" // in the journal: committed, and nothing was sent
	printing         = "printing"
	printed          = string(printer.Printed)
	notPrinted       = string(printer.NotPrinted)
	printUnknown     = string(printer.Unknown)
	printUnavailable = "unavailable"
)

// print sends the screen's paper to the printer, or says that none will come.
func (t *step) print() {
	v := &t.Visit
	v.Print.Why = ""
	if !t.Levels.Printer.CanPrint() {
		v.Print.State, v.Print.Why = printUnavailable, WhyNoPaper(t.Levels.Printer)
		return
	}
	paper := t.paper(v.Print.Out)
	if paper == nil {
		return
	}
	v.Print.State = printing
	v.Print.Job++
	v.Print.Times++
	t.do(PrintPaper{PrintJob{Visit: v.Token, Job: v.Print.Job, Paper: paper}})
}

// printAgain is a press: while a job runs it means nothing.
func (t *step) printAgain() {
	if t.Visit.Print.State != printing && t.mayPrint() {
		t.print()
	}
}

// paperAnswered: the person says whether the paper is out, and is not asked again.
// What somebody did not see may lie behind the machine: the next is marked all the same.
func (t *step) paperAnswered(out bool) {
	p := &t.Visit.Print
	p.State = notPrinted
	if out {
		p.State = printed
	}
	kind := printer.KindTicket
	switch t.Visit.At {
	case AtReceipt:
		kind = printer.KindSlip
	case AtLookup:
		kind = printer.KindAcceptance
	}
	t.do(PaperAnswered{Visit: t.Visit.Token, Kind: kind, Out: out})
}

func (t *step) printDone(ev PrintDone) {
	p := &t.Visit.Print
	if ev.Visit != t.Visit.Token || ev.Job != p.Job || p.State != printing {
		return
	}
	p.State, p.Why = string(ev.Outcome), ev.Why
	p.Out = p.Out || ev.Outcome != printer.NotPrinted
	t.touch()
	t.do(Journey{"print-" + string(ev.Outcome)})
}

// paper is what this screen prints; a repeated ticket or slip is marked.
func (t *step) paper(again bool) printer.Paper {
	switch t.Visit.At {
	case AtTicket:
		return t.ticketPaper(again)
	case AtReceipt:
		slip := *t.Visit.Slip
		slip.Reprint = again
		return slip
	case AtProcedure:
		return t.checklist()
	case AtLookup:
		return t.acceptance(again)
	}
	return nil
}

func (t *step) ticketPaper(again bool) printer.Ticket {
	k := t.Visit.Ticket
	p := printer.Ticket{
		Unit: t.Env.Site.Unit, Site: t.Env.Site.Name, Number: k.Number, Ahead: k.Ahead, Wait: k.Wait, At: k.At,
		QR: TicketQR(t.Env.Site, *k), Reprint: again, Lang: t.Visit.Comfort.Lang,
	}
	if s, ok := t.Env.Catalogue.Service(k.Service); ok {
		p.Service = s.Name.VI
	}
	return p
}

const ticketTime = "15:04 02/01/2006"

// TicketQR is what a phone keeps of a number: plain words, since no page of ours
// can be reached from outside.
func TicketQR(s Site, k Ticket) string {
	return k.Number + " · " + s.Unit + " · " + k.At.In(vietnam).Format(ticketTime)
}

// slip is the Phiếu nộp hồ sơ. Of the person it has the name, and the masked
// number when they are still known.
func (t *step) slip() printer.Slip {
	v := &t.Visit
	p := t.Procedure()
	slip := printer.Slip{
		Site: t.Env.Site.Name, Receipt: v.Filed.Receipt.Grouped(), Code: v.Filed.Code,
		At: v.Filed.At, QR: v.Filed.Receipt.QR(), Lang: v.Comfort.Lang,
		Kept: v.Filed.Outcome == "" && t.Levels.Link != "up",
	}
	if v.Holder != nil {
		slip.Applicant = v.Holder.Identity.Name
		slip.PIN = cccd.MaskPIN(v.Holder.Identity.PIN)
	}
	if p == nil {
		slip.Authority = t.Env.Site.Unit
		return slip
	}
	slip.Authority = t.Authority(p).VI
	slip.Procedure, slip.Official = p.Name.VI, p.Code
	for _, paper := range t.Papers() {
		switch c := v.Filing.Papers[paper.Code]; c.How {
		case HowCounter:
			slip.Papers = append(slip.Papers, printer.SlipPaper{Name: paper.Name.VI, How: "mang bản chính đến quầy"})
		case HowECert:
			slip.Papers = append(slip.Papers, printer.SlipPaper{Name: paper.Name.VI, How: "số " + c.Number})
		}
	}
	for _, text := range t.NextSteps(p, v.Filed.At) {
		slip.Next = append(slip.Next, text.VI)
	}
	return slip
}

// Accepted says that an officer has accepted the dossier that was looked up, and
// given a date: before that no paper may name one.
func (s State) Accepted() bool {
	l := s.Visit.Lookup
	return s.Visit.At == AtLookup && l.State == found && l.Status == 2 && !l.Due.IsZero()
}

// acceptance is the Thông tin tiếp nhận và hẹn trả of the dossier that was looked up.
// Whoever holds its number may have it; it names nobody.
func (t *step) acceptance(again bool) printer.Paper {
	if !t.Accepted() {
		return nil
	}
	l := t.Visit.Lookup
	a := printer.Acceptance{Authority: t.Env.Site.Unit, Site: t.Env.Site.Name, Code: l.Code, Receipt: l.Number,
		Received: l.Received, Due: l.Due, Where: t.Env.Site.Unit, QR: l.Code, At: t.now, Reprint: again, Lang: t.Visit.Comfort.Lang}
	if p, ok := t.Env.Catalogue.Procedure(l.Procedure); ok {
		a.Authority, a.Procedure, a.Official = t.Authority(p).VI, p.Name.VI, p.Code
		a.Where = a.Authority
	}
	return a
}

// Authority receives the procedure here: a committee's name is the site's unit;
// the police's is its own with the place, "Công an phường Ba Đình", as officers write it.
func (s State) Authority(p *catalogue.Procedure) catalogue.Text {
	unit := s.Env.Site.Unit
	a := p.Authority
	if a.Kind != "commune-police" {
		if a.Kind == "commune-committee" {
			return catalogue.Text{VI: unit, EN: unit}
		}
		return a.Name
	}
	place := strings.TrimPrefix(unit, "UBND ")
	return catalogue.Text{VI: a.Name.VI + " " + place, EN: a.Name.EN + " of " + place}
}

// NextSteps are the sentences of the slip for whoever receives the procedure.
// Officers look at a dossier from the next opening of the office.
func (s State) NextSteps(p *catalogue.Procedure, at time.Time) []catalogue.Text {
	slip, ok := s.Env.Catalogue.Slip(p.Authority.Kind)
	if !ok {
		return nil
	}
	texts := slip.Next
	if s.Env.Site.Phone == "" && len(slip.NoPhone) > 0 {
		texts = slip.NoPhone
	}
	from, unit := s.Env.officeFrom(at), s.Authority(p)
	values := func(unit, day string) map[string]string {
		return map[string]string{"unit": unit, "site": s.Env.Site.Name, "phone": s.Env.Site.Phone, "from": from.Format("15:04 " + day + " 02/01/2006")}
	}
	vi, en := values(unit.VI, "ngày"), values(unit.EN, "on")
	filled := make([]catalogue.Text, 0, len(texts))
	for _, text := range texts {
		filled = append(filled, catalogue.Text{VI: text.Fill(vi).VI, EN: text.Fill(en).EN})
	}
	return filled
}

// officeFrom is when officers next look: now, in opening hours, else the next
// opening; Monday to Friday at 8:00 where no hours are configured.
func (e *Env) officeFrom(at time.Time) time.Time {
	hours := e.Site.Hours
	if len(hours) == 0 {
		hours = []Hours{{
			Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
			From: 8 * time.Hour, To: 17 * time.Hour,
		}}
	}
	site := Env{Site: Site{Counters: true, Hours: hours, LastTicket: time.Nanosecond}}
	ok, _, changes := site.open(at)
	for range 4 {
		if ok || changes.IsZero() {
			break
		}
		at = changes
		ok, _, changes = site.open(at)
	}
	return at.In(vietnam)
}

// checklist is the preparation list of the procedure on screen.
func (t *step) checklist() printer.Paper {
	p := t.Procedure()
	if p == nil {
		return nil
	}
	c := printer.Checklist{
		Unit: t.Env.Site.Unit, Procedure: p.Name.VI, Official: p.Code, Where: t.Authority(p).VI,
		At: t.now, Lang: t.Visit.Comfort.Lang,
	}
	ch := t.ShownChannel(p)
	c.Fee, c.Time = ch.Fee.VI, ch.Time.VI
	for _, paper := range p.PapersFor("", nil) {
		line := paper.Name.VI
		if paper.Hint.VI != "" {
			line += " (" + paper.Hint.VI + ")"
		}
		c.Papers = append(c.Papers, line)
	}
	for _, n := range p.Notes {
		c.Next = append(c.Next, n.VI)
	}
	return c
}

// ShownChannel is the way whose fee, time and papers are shown: the one filed
// here, else at the counter, else the first there is.
func (s State) ShownChannel(p *catalogue.Procedure) catalogue.Channel {
	c, ok := s.Env.Channel(p)
	if !ok {
		c, ok = p.Channel("direct")
	}
	if !ok && len(p.Channels) > 0 {
		c = p.Channels[0]
	}
	if c.Time == (catalogue.Text{}) {
		c.Time = inEveryCase(p, func(k catalogue.Case) catalogue.Text { return k.Time })
	}
	if c.Fee == (catalogue.Text{}) {
		c.Fee = inEveryCase(p, func(k catalogue.Case) catalogue.Text { return k.Fee })
	}
	return c
}

// inEveryCase is what all cases of a procedure say alike; else nothing is said
// before the case is chosen.
func inEveryCase(p *catalogue.Procedure, of func(catalogue.Case) catalogue.Text) catalogue.Text {
	if len(p.Cases) == 0 {
		return catalogue.Text{}
	}
	said := of(p.Cases[0])
	for _, k := range p.Cases {
		if of(k) != said {
			return catalogue.Text{}
		}
	}
	return said
}
