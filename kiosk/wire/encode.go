package wire

import (
	"maps"
	"slices"
	"time"

	"tiepdan/kiosk/health"
	"tiepdan/kiosk/session"
)

// MediaPath is where the page gets pictures: MediaPath + id, see
// [session.Machine.Media].
const MediaPath = "/media/"

// Encode is the View of a state. It is pure: the same state at the same time
// is the same View.
func Encode(s session.State, rev uint64, now time.Time) View {
	sv := &s.Visit
	v := View{
		Rev:     rev,
		Screen:  s.Epoch,
		Name:    string(sv.At),
		Comfort: Comfort(sv.Comfort),
		Actions: list(s.Actions(now)),
		Devices: devices(s.Levels),
		Steps:   steps(s),
	}
	if s.Env != nil {
		site := s.Env.Site
		v.Site = Site{Unit: site.Unit, Name: site.Name, Phone: site.Phone, Training: site.Training}
	}
	if !resting(sv.At) {
		v.Visit = sv.Token
		if sv.Who != (session.Who{}) {
			v.Who = &Who{Title: sv.Who.Title, Given: sv.Who.Given}
		}
	}
	if sv.Ask != "" {
		v.Ask = &Ask{sv.Ask}
	}
	if n, shown := s.Countdown(now); shown {
		v.Idle = &Idle{n}
	}
	if refusal(s) == nil { // which stands beside the field
		v.Notice = notice(sv.Notice)
	}
	body(&v, s, now)
	return v
}

func body(v *View, s session.State, now time.Time) {
	sv := &s.Visit
	switch sv.At {
	case session.AtAttract:
		tickets, why := s.TicketsOffered(now)
		v.Attract = &Attract{Tickets: tickets, WhyNot: why, Filing: s.FilesAnything(), Notice: word(s.Env)}
	case session.AtReadCard:
		v.ReadCard = &ReadCard{State: sv.Lay, Tries: sv.Tries}
	case session.AtReading:
		v.Reading = &Reading{Stage: sv.Stage, Percent: sv.Percent}
	case session.AtIdentity:
		v.Identity = identity(s, now)
	case session.AtMenu:
		tickets, _ := s.TicketsOffered(now)
		why := s.MayFile(now)
		v.Menu = &Menu{Tickets: tickets, Waiting: waiting(s), Filing: why == "", WhyNot: why}
	case session.AtServices:
		v.Services = services(s)
	case session.AtProcedures:
		v.Procedures = procedures(s)
	case session.AtProcedure:
		v.Procedure = procedure(s, now)
	case session.AtCase:
		v.Case = cases(s)
	case session.AtQuestion:
		v.Question = question(s)
	case session.AtPapers:
		v.Papers = papers(s)
	case session.AtConsent:
		v.Consent = consent(s)
	case session.AtReview:
		v.Review = review(s)
	case session.AtReceipt:
		v.Receipt = receipt(s)
	case session.AtTicket:
		v.Ticket = ticket(s)
	case session.AtLookup:
		v.Lookup = lookup(s)
	case session.AtHelp:
		v.Help = &Help{Topic: string(sv.Return)}
	case session.AtTakeCard:
		v.TakeCard = &TakeCard{Left: s.Levels.Left}
	case session.AtSorry:
		v.Sorry = &Sorry{Code: sv.Sorry}
	case session.AtOut:
		v.OutOf = &OutOf{Reasons: s.Levels.Unfit, Notice: word(s.Env)}
		switch {
		case s.Env != nil && s.Env.Locked:
			v.OutOf.Reasons = []string{health.Locked}
		case len(s.Levels.Unfit) == 0:
			v.OutOf.Reasons = []string{health.ConfigInvalid}
		}
	}
}

// word is what the centre wants people to read, if anything.
func word(env *session.Env) *Text {
	if env == nil || env.Notice == (Text{}) {
		return nil
	}
	return &env.Notice
}

func resting(at session.Screen) bool {
	return at == session.AtAttract || at == session.AtTakeCard || at == session.AtOut
}

func devices(l session.Levels) Devices {
	d := Devices{Reader: "ready", Card: l.Present(), Printer: string(l.Printer), Link: l.Link}
	if l.ReaderGone() {
		d.Reader = "gone"
	}
	if d.Link == "" {
		d.Link = "down"
	}
	return d
}

// steps say where in the visit the person is; a number alone takes two, a
// dossier six.
func steps(s session.State) *Steps {
	at := s.Visit.At
	if at == session.AtHelp || at == session.AtSorry {
		at = s.Visit.Return
	}
	if s.Visit.For == "ticket" {
		switch at {
		case session.AtServices:
			return &Steps{1, 2}
		case session.AtTicket:
			return &Steps{2, 2}
		}
	}
	switch at {
	case session.AtMenu, session.AtServices, session.AtProcedures, session.AtProcedure:
		if s.Visit.Holder == nil {
			return nil // nothing is filed without a card, so it is no way of six steps
		}
	}
	switch at {
	case session.AtReadCard, session.AtReading, session.AtIdentity:
		return &Steps{1, 6}
	case session.AtMenu:
		return &Steps{2, 6}
	case session.AtServices, session.AtProcedures, session.AtProcedure, session.AtCase:
		return &Steps{3, 6}
	case session.AtQuestion:
		return &Steps{4, 6}
	case session.AtPapers, session.AtConsent, session.AtReview:
		return &Steps{5, 6}
	case session.AtReceipt:
		return &Steps{6, 6}
	}
	return nil
}

// refusal is why a question, the papers or the consents do not go on as they
// are: all that is said there but calm words, such as of a card laid again.
func refusal(s session.State) *Notice {
	switch s.Visit.At {
	case session.AtQuestion, session.AtPapers, session.AtConsent:
		if n := s.Visit.Notice; n.Kind != "calm" {
			return notice(n)
		}
	}
	return nil
}

func notice(n session.Notice) *Notice {
	if n.Code == "" {
		return nil
	}
	return &Notice{Code: n.Code, Kind: n.Kind, Args: maps.Clone(n.Args)}
}

func media(id string) string {
	if id == "" {
		return ""
	}
	return MediaPath + id
}

func waiting(s session.State) int {
	n := 0
	for w := range maps.Values(s.Levels.Queue.Waiting) {
		n += w
	}
	return n
}

// list is never null on the wire.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return slices.Clone(l)
}
