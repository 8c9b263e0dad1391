package session

import (
	"slices"
	"time"
)

// Actions are the buttons of the screen: what may be pressed now. Choices of a
// list (service, procedure, case, option, paper, edit) are not buttons.
func (s State) Actions(now time.Time) []string {
	v := &s.Visit
	switch v.Ask {
	case "restart":
		return []string{"restart-yes", "restart-no"}
	case askCardRemoved:
		return []string{"end"}
	}
	if v.Busy {
		return nil
	}
	tickets, _ := s.TicketsOffered(now)
	var a []string
	add := func(when bool, actions ...string) {
		if when {
			a = append(a, actions...)
		}
	}
	switch v.At {
	case AtAttract:
		add(!s.readerGone(), "start")
		add(tickets, "quick-ticket")
		add(true, "lookup", "no-card", "help")
	case AtReadCard:
		add(v.Lay == askDigits || v.Lay == wrongDigit, "next")
		add(true, "back", "no-card", "help")
	case AtReading:
		add(true, "restart")
	case AtIdentity:
		add(true, "next", "not-me", "restart", "help")
	case AtMenu:
		add(tickets, "ticket")
		if s.MayFile(now) == "" {
			add(true, "file")
		} else {
			add(true, "checklist")
		}
		add(true, "lookup")
		add(v.Holder != nil, "back")
		add(true, "end", "help")
	case AtServices, AtProcedures:
		add(true, "back", "restart", "help")
	case AtProcedure:
		p := s.Procedure()
		files := p != nil && s.MayFileProcedure(p, now) == ""
		add(files, "next")
		add(!files && tickets, "ticket")
		add(s.mayPrint(), "print")
		add(true, "back", "restart", "help")
	case AtCase:
		add(v.Filing.Case != "", "next")
		add(true, "back", "restart", "help")
	case AtQuestion, AtPapers, AtConsent:
		add(true, "next", "back", "restart", "help")
	case AtReview:
		add(true, "confirm", "back", "restart", "help")
	case AtReceipt:
		if v.Filed == nil || v.Filed.At.IsZero() {
			return nil
		}
		add(v.Print.State == printUnknown, "printed-yes", "printed-no")
		add(s.mayPrint(), "reprint")
		add(true, "end", "help")
	case AtTicket:
		add(v.Print.State == printUnknown, "printed-yes", "printed-no")
		add(s.mayPrint(), "reprint")
		add(true, "end", "help")
	case AtLookup:
		add(v.Lookup.State != searching, "next")
		add(v.Print.State == printUnknown, "printed-yes", "printed-no")
		add(s.Accepted() && s.mayPrint(), "print")
		add(true, "back", "restart", "help")
	case AtHelp:
		add(true, "back")
	case AtTakeCard:
		add(s.Levels.Left && tickets, "quick-ticket")
	case AtSorry:
		switch v.Sorry {
		case sorryNotSaved:
			add(true, "retry")
		case sorryDigits:
		default:
			add(!s.readerGone(), "retry")
		}
		add(tickets, "ticket")
		add(v.Sorry != sorryNotSaved, "no-card")
		add(true, "end", "help")
	}
	return a
}

// mayPrint says whether a press on "print" gives paper.
func (s State) mayPrint() bool {
	return s.Levels.Printer.CanPrint() && s.Visit.Print.Times < maxPrints
}

// buttons are the actions that count only while Actions lists them.
var buttons = []string{
	"start", "quick-ticket", "no-card", "lookup", "ticket", "file", "checklist", "next", "back", "restart",
	"restart-yes", "restart-no", "confirm", "help", "end", "not-me", "retry", "print", "reprint", "printed-yes", "printed-no",
}

// pressed takes one press. One on a screen that is gone means nothing.
func (t *step) pressed(p Pressed) {
	if p.Screen != t.Epoch || t.Env == nil {
		return
	}
	if slices.Contains(buttons, p.Action) && !slices.Contains(t.Actions(t.now), p.Action) {
		return
	}
	if t.comfortPressed(p) {
		t.touch()
		return
	}
	if t.Visit.Busy || (t.Visit.Ask != "" && !slices.Contains(buttons, p.Action)) {
		return
	}
	if !t.AtRest() {
		t.touch()
	}
	switch p.Action {
	case "restart":
		t.Visit.Ask = "restart"
	case "restart-no":
		t.Visit.Ask = ""
	case "restart-yes", "end", "not-me":
		t.do(Journey{"ended"})
		t.forget()
	case "help":
		t.help()
	case "print", "reprint":
		t.printAgain()
	case "printed-yes":
		t.paperAnswered(true)
	case "printed-no":
		t.paperAnswered(false)
		t.printAgain()
	default:
		t.pressedHere(p)
	}
}

// pressedHere is what the buttons and lists of each screen do.
func (t *step) pressedHere(p Pressed) {
	switch t.Visit.At {
	case AtAttract, AtTakeCard:
		t.pressedAttract(p.Action)
	case AtReadCard:
		switch p.Action {
		case "next", "digits":
			if t.Visit.Lay == askDigits || t.Visit.Lay == wrongDigit {
				t.digits(p.Value)
			}
		case "no-card":
			t.goTo(AtMenu)
		case "back":
			t.forget()
		}
	case AtIdentity:
		if p.Action == "next" {
			t.goTo(AtMenu)
		}
	case AtMenu:
		t.pressedMenu(p.Action)
	case AtServices, AtProcedures, AtProcedure, AtCase, AtQuestion, AtPapers, AtConsent, AtReview:
		t.pressedFiling(p)
	case AtLookup:
		t.pressedLookup(p)
	case AtHelp:
		if p.Action == "back" {
			t.Visit.At, t.Visit.Since = t.Visit.Return, t.now
			if t.Visit.At == AtAttract && t.Levels.Present() && !t.Levels.Stale { // laid while help was read
				t.begin(AtReadCard)
				t.laid()
			}
		}
	case AtSorry:
		t.pressedSorry(p.Action)
	}
}

func (t *step) pressedAttract(action string) {
	switch action {
	case "start":
		t.begin(AtReadCard)
		t.laid()
	case "quick-ticket":
		t.begin(AtServices)
		t.Visit.Quick, t.Visit.For = true, forTicket
	case "no-card":
		t.begin(AtMenu)
	case "lookup":
		t.begin(AtLookup)
		t.Visit.Quick, t.Visit.Lookup = true, Lookup{State: askNumber}
	}
}

func (t *step) pressedMenu(action string) {
	switch action {
	case "ticket", "file", "checklist":
		t.goTo(AtServices)
		t.Visit.For = action
		t.Visit.Filing.Query = ""
	case "lookup":
		t.goTo(AtLookup)
		t.Visit.Lookup = Lookup{State: askNumber}
	case "back":
		t.goTo(AtIdentity)
	}
}

func (t *step) pressedSorry(action string) {
	switch action {
	case "ticket":
		t.goTo(AtServices)
		t.Visit.For = forTicket
	case "retry":
		if t.Visit.Sorry == sorryNotSaved {
			t.Visit.Filed = nil
			t.goTo(t.Visit.Return)
			return
		}
		t.Visit.Holder, t.Visit.Who = nil, Who{}
		t.goTo(AtReadCard)
		t.laid()
	case "no-card":
		t.Visit.Holder, t.Visit.Who = nil, Who{}
		t.goTo(AtMenu)
	}
}

// help is a screen of its own; back returns to where it was asked, with nothing lost.
func (t *step) help() {
	if t.AtRest() {
		at := t.Visit.At
		t.begin(AtHelp)
		t.Visit.Return = at
		return
	}
	t.Visit.Return = t.Visit.At
	t.Visit.At, t.Visit.Since = AtHelp, t.now
}

// comfortPressed changes how the screens look; what may be pressed stays.
func (t *step) comfortPressed(p Pressed) bool {
	c := &t.Visit.Comfort
	switch p.Action {
	case "language":
		lang := p.Value
		if lang == "" {
			lang = map[string]string{"vi": "en", "en": "vi"}[c.Lang]
		}
		if t.Env.speaks(lang) {
			c.Lang = lang
		}
	case "size":
		if slices.Contains([]string{"s", "m", "l", "xl"}, p.Value) {
			c.Size = p.Value
		}
	case "contrast":
		if slices.Contains([]string{"light", "dark", "black", "yellow"}, p.Value) {
			c.Contrast = p.Value
		}
	case "reach":
		switch p.Value {
		case "true", "false":
			c.Reach = p.Value == "true"
		case "":
			c.Reach = !c.Reach
		}
	default:
		return false
	}
	return true
}
