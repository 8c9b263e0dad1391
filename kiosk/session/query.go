package session

import (
	"slices"
	"time"

	"tiepdan/drivers/card/cccd"
	"tiepdan/kiosk/catalogue"
)

// What the screens show, asked of the state. Nothing here changes it.

// Procedure is the chosen one, nil when none is.
func (s State) Procedure() *catalogue.Procedure {
	if s.Env == nil || s.Env.Catalogue == nil {
		return nil
	}
	p, ok := s.Env.Catalogue.Procedure(s.Visit.Filing.Procedure)
	if !ok {
		return nil
	}
	return p
}

// Services are those of the screen: all of the hall for a number, else those
// with a procedure offered here.
func (s State) Services() []*catalogue.Service {
	if s.Env == nil || s.Env.Catalogue == nil {
		return nil
	}
	if s.Visit.For == forTicket {
		return s.Env.Catalogue.Services
	}
	var some []*catalogue.Service
	for _, svc := range s.Env.Catalogue.Services {
		if slices.ContainsFunc(svc.Procedures, s.Env.Offers) {
			some = append(some, svc)
		}
	}
	return some
}

// Procedures are those of the list on screen: of a service, or found.
func (s State) Procedures() []*catalogue.Procedure {
	c, f := s.Env.Catalogue, s.Visit.Filing
	var list []*catalogue.Procedure
	if f.Service == "" {
		list = c.Search(f.Query)
	} else if svc, ok := c.Service(f.Service); ok {
		for _, code := range svc.Procedures {
			if p, ok := c.Procedure(code); ok {
				list = append(list, p)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(p *catalogue.Procedure) bool { return !s.Env.Offers(p.Code) })
}

// AskedQuestions are the form's questions given the answers so far.
func (s State) AskedQuestions() []*catalogue.Question {
	p := s.Procedure()
	if p == nil || p.Form == nil {
		return nil
	}
	return p.Form.Asked(s.Visit.Filing.Answers, s.Chip())
}

// Papers are those this case and these answers ask to hand in.
func (s State) Papers() []catalogue.Paper {
	p := s.Procedure()
	if p == nil {
		return nil
	}
	answers := map[string]string{}
	if p.Form != nil {
		answers = p.Form.Complete(s.Visit.Filing.Answers, s.Chip())
	}
	papers := p.PapersFor(s.Visit.Filing.Case, answers)
	return slices.DeleteFunc(papers, func(p catalogue.Paper) bool { return p.Present })
}

// Chip are the card's fields by the names forms know them by (services.md, Forms).
func (s State) Chip() map[string]string {
	if s.Visit.Holder == nil {
		return nil
	}
	id := s.Visit.Holder.Identity
	return map[string]string{
		"idCode": id.PIN, "oldIdCode": id.OldID, "personName": id.Name, "dateOfBirth": id.DOB, "gender": id.Sex,
		"nationality": id.Nationality, "race": id.Ethnicity, "religion": id.Religion, "originPlace": id.Origin,
		"residencePlace": id.Residence, "personalIdentification": id.Features, "issueDate": id.Issued,
		"expiryDate": id.Expires, "fatherName": id.Father, "motherName": id.Mother, "wifeName": id.Spouse,
		"unitCode": s.Env.Catalogue.UnitAt(id.Residence),
	}
}

// RenewCard is the procedure offered to the holder of an expired card.
const RenewCard = "1.014063"

// MayFile says why the person at the kiosk may file nothing here: no-card,
// under-age, expired, not-verified; "" when they may.
func (s State) MayFile(now time.Time) string {
	h := s.Visit.Holder
	if h == nil {
		return "no-card"
	}
	if !s.provenEnough(h.Verdict.Grade) {
		return "not-verified"
	}
	if h.Verdict.Expired || h.Identity.ExpiredOn(now) {
		return "expired"
	}
	if age, ok := h.Identity.AgeOn(now); !ok || age < 18 {
		return "under-age"
	}
	return ""
}

// provenEnough applies the site's policy. A failed check never files, and a
// policy we do not know is the strictest.
func (s State) provenEnough(g cccd.Grade) bool {
	order := []cccd.Grade{cccd.GradeRead, cccd.GradeSigned, cccd.GradeAnchored, cccd.GradeGenuine}
	least := cccd.GradeAnchored
	switch s.Env.Site.FilingRequires {
	case "read", "":
		least = cccd.GradeRead
	case "signed":
		least = cccd.GradeSigned
	}
	return slices.Index(order, g) >= slices.Index(order, least)
}

// MayFileProcedure says why this procedure is not filed here by this person:
// no-form, channel-off, officer-check, or what MayFile says.
func (s State) MayFileProcedure(p *catalogue.Procedure, now time.Time) string {
	if why := s.Files(p); why != "" {
		return why
	}
	if why := s.MayFile(now); why != "" {
		return why
	}
	if age, _ := s.Visit.Holder.Identity.AgeOn(now); age < p.Requester.MinAge {
		return "under-age"
	}
	return ""
}

// Files says why this kiosk does not file this procedure for anybody.
func (s State) Files(p *catalogue.Procedure) string {
	if p.Form == nil {
		return "no-form"
	}
	if _, ok := s.Env.Channel(p); !ok {
		return "channel-off"
	}
	if len(p.Requester.Documents) > 0 && !slices.Contains(p.Requester.Documents, "cccd") {
		return "officer-check"
	}
	switch p.Requester.HolderCheck {
	case "", "none":
		return ""
	case "officer":
		if s.Env.Site.Attended {
			return ""
		}
	}
	return "officer-check" // nobody stands by to check the holder; checks by code or face are not built
}

// Proposal is what stands in a question's field when it is first shown, and
// where that came from: chip, copied, derived, or "" for a default.
func (s State) Proposal(q *catalogue.Question) (value, source string) {
	value, source = s.Procedure().Form.Proposal(q.Name, s.Visit.Filing.Answers, s.Chip())
	switch source {
	case "copy":
		source = "copied"
	case "default":
		source = ""
	case "chip":
		if q.Prefill == "unitCode" {
			source = "derived" // the card does not say it
		}
	}
	return value, source
}

// FilesAnything says whether this kiosk can take a dossier of anybody now.
func (s State) FilesAnything() bool {
	if s.Env == nil || s.Env.Catalogue == nil || s.readerGone() {
		return false
	}
	return slices.ContainsFunc(s.Env.Catalogue.Procedures(), func(p *catalogue.Procedure) bool {
		return s.Env.Offers(p.Code) && s.Files(p) == ""
	})
}

// address finds the title: under 18 bạn, to 59 anh or chị, from 60 ông or bà;
// none when age or sex is not known.
func address(id cccd.Identity, now time.Time) Who {
	a := id.AddresseeOn(now)
	who := Who{Given: a.Given}
	switch man, woman := a.Sex == "Nam", a.Sex == "Nữ"; {
	case a.Age < 0:
	case a.Age < 18:
		who.Title = "bạn"
	case a.Age < 60 && man:
		who.Title = "anh"
	case a.Age < 60 && woman:
		who.Title = "chị"
	case man:
		who.Title = "ông"
	case woman:
		who.Title = "bà"
	}
	return who
}
