package session

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"tiepdan/kiosk/catalogue"
)

// What services are shown for.
const (
	forTicket    = "ticket"
	forFile      = "file"
	forChecklist = "checklist"
)

const maxQuery = 200 // letters of a search

// pressedFiling walks from services to confirm.
func (t *step) pressedFiling(p Pressed) {
	f := &t.Visit.Filing
	if p.Action == "back" {
		t.filingBack()
		return
	}
	if p.Action == "search" && (t.Visit.At == AtServices || t.Visit.At == AtProcedures) && t.Visit.For != forTicket {
		f.Query = strings.TrimSpace(cut(p.Value, maxQuery))
		f.Service = ""
		f.Searches++
		t.goTo(AtProcedures)
		return
	}
	switch t.Visit.At {
	case AtServices:
		if p.Action == "service" {
			t.chooseService(p.Value)
		}
	case AtProcedures:
		if p.Action == "procedure" {
			t.chooseProcedure(p.Value)
		}
	case AtProcedure:
		switch p.Action {
		case "procedure":
			t.chooseProcedure(p.Value)
		case "next":
			t.startFiling()
		case "ticket":
			if s, ok := t.Env.Catalogue.ServiceOf(f.Procedure); ok {
				t.orderTicket(s.Code, f.Procedure)
			}
		}
	case AtCase:
		if p.Action == "case" || p.Action == "next" {
			t.chooseCase(p.Value)
		}
	case AtQuestion:
		if p.Action == "next" {
			t.answer(p.Value)
		}
	case AtPapers:
		switch p.Action {
		case "paper":
			t.choosePaper(p.Values["code"], p.Values["how"], p.Values["number"])
		case "next":
			t.papersNext(p.Values)
		}
	case AtConsent:
		if p.Action == "next" {
			t.agree(p.Values)
		}
	case AtReview:
		switch p.Action {
		case "edit":
			t.edit(p.Value)
		case "confirm":
			t.confirm()
		}
	}
}

func (t *step) chooseService(code string) {
	if !slices.ContainsFunc(t.Services(), func(s *catalogue.Service) bool { return s.Code == code }) {
		return
	}
	if t.Visit.For == forTicket {
		t.orderTicket(code, "")
		return
	}
	t.Visit.Filing.Service, t.Visit.Filing.Query = code, ""
	t.goTo(AtProcedures)
}

// chooseProcedure keeps no answer of another procedure.
func (t *step) chooseProcedure(code string) {
	if _, ok := t.Env.Catalogue.Procedure(code); !ok || !t.Env.Offers(code) {
		return
	}
	f := &t.Visit.Filing
	if f.Procedure != code {
		*f = Filing{Service: f.Service, Query: f.Query, Searches: f.Searches, Procedure: code}
	}
	t.Visit.Print = Print{Job: t.Visit.Print.Job}
	t.goTo(AtProcedure)
}

func (t *step) startFiling() {
	p, f := t.Procedure(), &t.Visit.Filing
	switch len(p.Cases) {
	case 0:
		f.Case = ""
	case 1:
		f.Case = p.Cases[0].Code
	default:
		t.goTo(AtCase)
		return
	}
	t.firstQuestion()
}

func (t *step) chooseCase(code string) {
	f := &t.Visit.Filing
	if code == "" {
		code = f.Case
	}
	if _, ok := t.Procedure().Case(code); !ok {
		return
	}
	f.Case = code
	if f.Editing {
		t.afterAnswer()
		return
	}
	t.firstQuestion()
}

func (t *step) firstQuestion() {
	t.Visit.Filing.Editing = false
	if asked := t.AskedQuestions(); len(asked) > 0 {
		t.question(asked[0].Name)
		return
	}
	t.papers()
}

func (t *step) question(name string) {
	t.goTo(AtQuestion)
	t.Visit.Filing.Question = name
}

func (t *step) papers() {
	if len(t.Papers()) == 0 {
		t.consent()
		return
	}
	t.Visit.Filing.Problems = nil
	t.goTo(AtPapers)
}

func (t *step) consent() {
	if t.Visit.Filing.Editing {
		t.review()
		return
	}
	t.goTo(AtConsent)
}

func (t *step) review() {
	t.Visit.Filing.Editing = false
	if t.consentOpen() {
		t.goTo(AtConsent)
		return
	}
	t.goTo(AtReview)
}

// answer takes the value of the question on screen. A refused one stays in the
// page, which is not overwritten; only the reason is said.
func (t *step) answer(value string) {
	f := &t.Visit.Filing
	form := t.Procedure().Form
	q, ok := form.Question(f.Question)
	if !ok {
		return
	}
	canonical, err := q.Check(value, t.now)
	if err == nil && q.Type == catalogue.TypeUnit && canonical != "" {
		if _, known := t.Env.Catalogue.Unit(canonical); !known {
			err = &catalogue.AnswerError{Field: q.Name, Problem: catalogue.ErrUnit}
		}
	}
	if err != nil {
		t.Visit.Notice = problemNotice(err)
		return
	}
	source := "typed"
	if proposal, from := t.Proposal(q); proposal != "" && proposal == canonical {
		source = from
	}
	f.Answers, f.Sources = with(f.Answers, q.Name, canonical), with(f.Sources, q.Name, source)
	t.afterAnswer()
}

// afterAnswer goes to the next question, or in a change from the review to what
// the change newly asks for.
func (t *step) afterAnswer() {
	f := &t.Visit.Filing
	asked := t.AskedQuestions()
	if f.Editing {
		for _, q := range asked {
			if _, answered := f.Answers[q.Name]; !answered {
				t.question(q.Name)
				return
			}
		}
		if t.paperProblems() != nil { // an answer may ask for another paper
			t.papers()
			return
		}
		t.review()
		return
	}
	at := slices.IndexFunc(asked, func(q *catalogue.Question) bool { return q.Name == f.Question })
	if at+1 < len(asked) {
		t.question(asked[at+1].Name)
		return
	}
	t.papers()
}

// filingBack goes one step back and keeps what was answered.
func (t *step) filingBack() {
	v := &t.Visit
	f := &v.Filing
	if f.Editing && (v.At == AtQuestion || v.At == AtPapers || v.At == AtCase) {
		t.review() // confirm finds what a change left open
		return
	}
	switch v.At {
	case AtServices:
		if v.Quick {
			t.forget()
			return
		}
		t.goTo(AtMenu)
	case AtProcedures:
		f.Query = ""
		t.goTo(AtServices)
	case AtProcedure:
		t.goTo(AtProcedures)
	case AtCase:
		t.goTo(AtProcedure)
	case AtQuestion:
		asked := t.AskedQuestions()
		at := slices.IndexFunc(asked, func(q *catalogue.Question) bool { return q.Name == f.Question })
		if at > 0 {
			t.question(asked[at-1].Name)
			return
		}
		t.beforeQuestions()
	case AtPapers:
		t.lastQuestion()
	case AtConsent:
		if len(t.Papers()) > 0 {
			t.papers()
			return
		}
		t.lastQuestion()
	case AtReview:
		t.goTo(AtConsent)
	}
}

func (t *step) lastQuestion() {
	if asked := t.AskedQuestions(); len(asked) > 0 {
		t.question(asked[len(asked)-1].Name)
		return
	}
	t.beforeQuestions()
}

func (t *step) beforeQuestions() {
	if len(t.Procedure().Cases) > 1 {
		t.goTo(AtCase)
		return
	}
	t.goTo(AtProcedure)
}

// edit goes from the review to one question, to the papers or the consents.
func (t *step) edit(what string) {
	switch what {
	case "papers":
		t.Visit.Filing.Editing = true
		t.papers()
	case "case":
		t.Visit.Filing.Editing = true
		t.goTo(AtCase)
	case "consent":
		t.goTo(AtConsent)
	default:
		if slices.ContainsFunc(t.AskedQuestions(), func(q *catalogue.Question) bool { return q.Name == what }) {
			t.Visit.Filing.Editing = true
			t.question(what)
		}
	}
}

// refused is the first answer that the catalogue no longer takes, and why.
func (t *step) refused(p *catalogue.Procedure) (field string, why Notice) {
	f := &t.Visit.Filing
	err := p.ValidateAnswers(p.Form.Complete(f.Answers, t.Chip()), f.Case, t.now)
	for _, q := range t.AskedQuestions() {
		if _, err := q.Check(f.Answers[q.Name], t.now); err != nil {
			return q.Name, problemNotice(err)
		}
	}
	if asked := t.AskedQuestions(); err != nil && len(asked) > 0 { // nothing the person can see is wrong
		return asked[0].Name, problemNotice(err)
	}
	return "", Notice{}
}

// firstMissing is the first question that is asked and has no answer yet.
func (t *step) firstMissing() string {
	for _, q := range t.AskedQuestions() {
		if _, ok := t.Visit.Filing.Answers[q.Name]; !ok {
			return q.Name
		}
	}
	return ""
}

// with is m with one entry changed, in a new map.
func with[V any](m map[string]V, key string, v V) map[string]V {
	m = maps.Clone(m)
	if m == nil {
		m = map[string]V{}
	}
	m[key] = v
	return m
}

func problemNotice(err error) Notice {
	n := Notice{Code: "answer-pattern", Kind: "warn"}
	if e, ok := errors.AsType[*catalogue.AnswerError](err); ok {
		n.Code = string(e.Problem)
		if e.Limit != "" {
			n.Args = map[string]string{"limit": e.Limit}
		}
	}
	return n
}

// cut is s without what is no text, and no longer than n letters.
func cut(s string, n int) string {
	if len(s) > 4*n {
		s = s[:4*n]
	}
	s = strings.ToValidUTF8(s, "")
	for utf8.RuneCountInString(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
