package wire

import (
	"slices"
	"time"

	"tiepdan/drivers/card/cccd"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/queue"
	"tiepdan/kiosk/session"
)

// identity shows what the card says, and how far it is proven.
func identity(s session.State, now time.Time) *Identity {
	h := s.Visit.Holder
	return &Identity{
		Portrait: media(h.Portrait),
		Facts:    cardFacts(h.Identity, "personName", "idCode", "dateOfBirth", "gender", "residencePlace"),
		Verdict: Verdict{
			Words:   verdictWords(h.Verdict),
			Filing:  s.MayFile(now) == "",
			WhyNot:  s.MayFile(now),
			Expired: h.Verdict.Expired || h.Identity.ExpiredOn(now),
		},
		Labels: h.Model,
	}
}

// verdictWords is the code of the words for a verdict: its grade, and whether a
// chip whose signature could not be checked has at least shown that it is the
// one that was signed for.
func verdictWords(v cccd.Verdict) string {
	if v.Grade == cccd.GradeSigned && v.Chip == cccd.OK {
		return "verdict-signed-chip"
	}
	return "verdict-" + string(v.Grade)
}

// onCard are the card's fields by the names forms and screens know them by.
var onCard = map[string]string{
	"personName": "name", "idCode": "pin", "dateOfBirth": "dob", "gender": "sex",
	"residencePlace": "residence", "fatherName": "father", "motherName": "mother",
}

// cardFacts are fields of the card by name, without the empty ones. The
// personal number is masked.
func cardFacts(id cccd.Identity, names ...string) []Fact {
	facts := []Fact{}
	for _, name := range names {
		value := id.Get(onCard[name])
		if value == "" {
			continue
		}
		if name == "idCode" {
			value = cccd.MaskPIN(value)
		}
		facts = append(facts, Fact{Name: name, Value: value, Source: string(id.Source[onCard[name]])})
	}
	return facts
}

func services(s session.State) *Services {
	out := &Services{For: s.Visit.For, Items: []ServiceItem{}}
	if out.For == "ticket" && !s.Levels.Printer.CanPrint() {
		out.NoPaper = "printer"
	}
	for _, svc := range s.Services() {
		out.Items = append(out.Items, ServiceItem{
			Code: svc.Code, Name: svc.Name, Hint: svc.Hint, Icon: svc.Icon, Letter: svc.Letter,
			Ahead: s.Levels.Queue.Waiting[svc.Code],
		})
	}
	return out
}

func procedures(s session.State) *Procedures {
	out := &Procedures{Query: s.Visit.Filing.Query, Items: []ProcedureItem{}}
	if svc, ok := s.Env.Catalogue.Service(s.Visit.Filing.Service); ok {
		name := svc.Name
		out.Service = &name
	}
	for _, p := range s.Procedures() {
		out.Items = append(out.Items, procedureItem(s, p))
	}
	return out
}

func procedureItem(s session.State, p *catalogue.Procedure) ProcedureItem {
	return ProcedureItem{Code: p.Code, Name: p.Name, Official: p.Official, Files: s.Files(p) == ""}
}

func procedure(s session.State, now time.Time) *Procedure {
	p := s.Procedure()
	ch := s.ShownChannel(p)
	why := s.MayFileProcedure(p, now)
	out := &Procedure{
		Code: p.Code, Name: p.Name, Official: p.Official, Authority: s.Authority(p),
		Fee: ch.Fee, Time: ch.Time, Channel: ch.Kind,
		Papers: []Text{}, Notes: list(p.Notes),
		Files: why == "", WhyNot: why, Mourning: p.Tone == "mourning", Print: printing(s),
	}
	for _, paper := range p.PapersFor("", nil) {
		out.Papers = append(out.Papers, paper.Name)
	}
	offer := slices.Clone(p.Offer)
	if why == "expired" {
		offer = append(offer, session.RenewCard)
	}
	for _, code := range offer {
		if other, ok := s.Env.Catalogue.Procedure(code); ok && code != p.Code && s.Env.Offers(code) {
			out.Offer = append(out.Offer, procedureItem(s, other))
		}
	}
	return out
}

func cases(s session.State) *Case {
	p := s.Procedure()
	out := &Case{Procedure: p.Name, Chosen: s.Visit.Filing.Case, Items: []CaseItem{}}
	for _, c := range p.Cases {
		out.Items = append(out.Items, CaseItem{Code: c.Code, Name: c.Name, Hint: c.Hint, Time: c.Time, Fee: c.Fee})
	}
	return out
}

func question(s session.State) *Question {
	f := &s.Visit.Filing
	p := s.Procedure()
	asked := s.AskedQuestions()
	at := slices.IndexFunc(asked, func(q *catalogue.Question) bool { return q.Name == f.Question })
	if at < 0 {
		return nil
	}
	q := asked[at]
	out := &Question{
		Procedure: p.Name, Section: q.Section, SectionName: sectionName(p, q.Section), Index: at + 1, Of: len(asked),
		Name: q.Name, Label: q.Label, Hint: q.Hint, Type: q.Type, Required: q.Required,
		Options: options(s, q), Error: refusal(s),
		Skip: q.Skip, MaxLength: q.MaxLength, Partial: q.Partial,
	}
	if answer, ok := f.Answers[q.Name]; ok {
		out.Value, out.Source = answer, f.Sources[q.Name]
	} else {
		out.Value, out.Source = s.Proposal(q)
	}
	return out
}

func options(s session.State, q *catalogue.Question) []Option {
	var out []Option
	switch q.Type {
	case catalogue.TypeChoice:
		for _, o := range q.Options {
			out = append(out, Option{o.Value, o.Label})
		}
	case catalogue.TypeYesNo:
		for _, v := range []string{catalogue.Yes, catalogue.No} {
			out = append(out, Option{v, display(s, q, v)})
		}
	case catalogue.TypeUnit:
		for _, u := range s.Env.Catalogue.Units {
			out = append(out, Option{u.Code, Text{VI: u.Name, EN: u.Name}})
		}
	}
	return out
}

// display is a value in words, in both languages.
func display(s session.State, q *catalogue.Question, value string) Text {
	if q.Type == catalogue.TypeUnit {
		if u, ok := s.Env.Catalogue.Unit(value); ok {
			return Text{VI: u.Name, EN: u.Name}
		}
	}
	return Text{VI: q.Display(value, "vi"), EN: q.Display(value, "en")}
}

func papers(s session.State) *Papers {
	f := &s.Visit.Filing
	out := &Papers{Items: []PaperItem{}, Error: refusal(s)}
	for _, p := range s.Papers() {
		item := PaperItem{
			Code: p.Code, Name: p.Name, Hint: p.Hint, Group: p.Group, Optional: p.Optional,
			How: f.Papers[p.Code].How, Number: f.Papers[p.Code].Number, Error: f.Problems[p.Code],
		}
		if p.ECertificate != nil {
			label := p.ECertificate.Label
			item.ECert = &label
		}
		out.Items = append(out.Items, item)
	}
	return out
}

func consent(s session.State) *Consent {
	out := &Consent{Purposes: []Purpose{}, Error: refusal(s)}
	for _, c := range s.Consents() {
		out.Purposes = append(out.Purposes, Purpose{
			Code: c.Purpose, Text: c.Text, Required: c.Required, Given: s.Visit.Filing.Consents[c.Purpose],
			Consequence: c.Consequence,
		})
	}
	return out
}

// review is everything that will be sent: who asks, from the chip; the form's
// sections; the papers.
func review(s session.State) *Review {
	f := &s.Visit.Filing
	p := s.Procedure()
	out := &Review{Procedure: p.Name, Sections: []ReviewSection{{
		Code: "requester",
		Facts: cardFacts(s.Visit.Holder.Identity,
			"personName", "dateOfBirth", "idCode", "gender", "residencePlace", "fatherName", "motherName"),
	}}}
	add := func(section string, fact Fact) {
		i := slices.IndexFunc(out.Sections, func(r ReviewSection) bool { return r.Code == section })
		if i < 0 {
			i = len(out.Sections)
			out.Sections = append(out.Sections, ReviewSection{Code: section})
			if name := sectionName(p, section); name.VI != "" {
				out.Sections[i].Name = &name
			}
		}
		out.Sections[i].Facts = append(out.Sections[i].Facts, fact)
	}
	if c, ok := p.Case(f.Case); ok && len(p.Cases) > 1 {
		add("case", Fact{Name: "case", Text: &c.Name, Edit: "case"})
	}
	for _, r := range p.Form.Review(f.Answers, s.Chip()) {
		if r.Fixed && (r.Value == "" || r.Question.Section == "requester") {
			continue // who asks stands there already, as the chip says it
		}
		add(r.Question.Section, reviewFact(s, r))
	}
	for _, paper := range s.Papers() {
		name := paper.Name
		fact := Fact{Name: paper.Code, Label: &name, Edit: "papers"}
		switch c := f.Papers[paper.Code]; c.How {
		case session.HowCounter:
			fact.Text = &Text{VI: "Mang bản chính đến quầy", EN: "Bring the original to the counter"}
		case session.HowECert:
			fact.Value = c.Number
		default:
			continue
		}
		add("papers", fact)
	}
	for _, c := range s.Consents() {
		text, given := c.Text, catalogue.No
		if f.Consents[c.Purpose] {
			given = catalogue.Yes
		}
		words := display(s, &catalogue.Question{Type: catalogue.TypeYesNo}, given)
		add("consents", Fact{Name: c.Purpose, Label: &text, Value: given, Text: &words, Edit: "consent"})
	}
	return out
}

func sectionName(p *catalogue.Procedure, code string) Text {
	for _, s := range p.Form.Sections {
		if s.Code == code {
			return s.Name
		}
	}
	return Text{}
}

func reviewFact(s session.State, r catalogue.Reviewed) Fact {
	label := r.Question.Short
	if label.VI == "" {
		label = r.Question.Label
	}
	fact := Fact{Name: r.Question.Name, Label: &label, Value: r.Value}
	if r.Value == s.Visit.Holder.Identity.PIN {
		fact.Value = cccd.MaskPIN(r.Value) // wherever the form repeats it
	}
	if words := display(s, r.Question, r.Value); words.VI != r.Value {
		fact.Text = &words
	}
	if r.Fixed {
		fact.Source = "derived"
		if r.Question.Locked {
			fact.Source = "chip"
			if s.Visit.Filing.Sources[r.Question.CopyOf] == "typed" { // the card's word had been changed
				fact.Source = "copied"
			}
		}
		return fact
	}
	fact.Edit, fact.Source = r.Question.Name, s.Visit.Filing.Sources[r.Question.Name]
	return fact
}

func receipt(s session.State) *Receipt {
	f := s.Visit.Filed
	out := &Receipt{
		Number: f.Receipt.Grouped(), Code: f.Code, State: receiptState(s), Status: f.Status, Reason: f.Reason,
		Bring: f.Bring, Next: []Text{}, QR: media(f.QR), Print: printing(s),
	}
	if p := s.Procedure(); p != nil {
		out.Procedure, out.Authority, out.Mourning = p.Name, s.Authority(p), p.Tone == "mourning"
		if !f.At.IsZero() && f.Outcome != "refused" { // a refused one has no next steps but its reason
			out.Next = list(s.NextSteps(p, f.At))
		}
	}
	return out
}

// receiptState says only what is so: sent needs the gateway's signed word.
func receiptState(s session.State) string {
	f := s.Visit.Filed
	switch {
	case f.At.IsZero():
		return "recording"
	case f.Outcome == "refused":
		return "refused"
	case f.Outcome == "quarantined":
		return "looked-at"
	case f.Outcome != "":
		return "sent"
	case s.Levels.Link == "up":
		return "sending"
	}
	return "kept"
}

func ticket(s session.State) *Ticket {
	k := s.Visit.Ticket
	out := &Ticket{
		Number: k.Number, Ahead: k.Ahead, Minutes: int((k.Wait + time.Minute - 1) / time.Minute),
		QR: media(k.QR), Print: printing(s),
	}
	if svc, ok := s.Env.Catalogue.Service(k.Service); ok {
		out.Service = svc.Name
	}
	return out
}

func lookup(s session.State) *Lookup {
	l := s.Visit.Lookup
	out := &Lookup{State: l.State, Number: l.Number, Code: l.Code, Status: l.Status, Kept: l.Kept, Ahead: l.Ahead, Counter: l.Counter}
	if s.Accepted() {
		paper := printing(s)
		out.Received, out.Due, out.Print = day(l.Received), day(l.Due), &paper
	}
	return out
}

// day is a date as people write it here.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return queue.Hanoi(t).Format("02/01/2006")
}

// printing also says before the press that no paper will come.
func printing(s session.State) Print {
	p := s.Visit.Print
	if p.State == "" && !s.Levels.Printer.CanPrint() {
		return Print{State: "unavailable", Why: session.WhyNoPaper(s.Levels.Printer)}
	}
	return Print{State: p.State, Why: p.Why}
}
