package session

import (
	"strings"
	"testing"

	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/catalogue"
)

// Every form the program is built with can be filed from the first question to
// the receipt, in every case, by somebody who answers each question in some way
// it takes; and what comes out passes the checks the gateway makes.
func TestEmbeddedFormsCanBeFiled(t *testing.T) {
	c, err := catalogue.Embedded(monday)
	if err != nil {
		t.Fatal(err)
	}
	forms := 0
	for _, p := range c.Procedures() {
		if p.Form == nil {
			continue
		}
		forms++
		cases := p.Cases
		if len(cases) == 0 {
			cases = []catalogue.Case{{}}
		}
		for _, k := range cases {
			for _, last := range []bool{false, true} { // the first option of each choice, and the last
				t.Run(p.Code+"/"+k.Code, func(t *testing.T) { fileEmbedded(t, c, p, k.Code, last) })
			}
		}
	}
	if forms < 2 {
		t.Errorf("%d forms", forms)
	}
}

func fileEmbedded(t *testing.T, c *catalogue.Catalogue, p *catalogue.Procedure, kase string, last bool) {
	env := testEnv(t)
	env.Catalogue = c
	env.Site.Channels = map[string]string{p.Code: p.Channels[0].Kind}
	svc, _ := c.ServiceOf(p.Code)
	w := begin(t, env).card(an, signed).press("next").press("file").press("service", svc.Code).press("procedure", p.Code).press("next")
	if w.s.Visit.At == AtCase {
		w.press("case", kase)
	}
	for range 200 {
		if w.s.Visit.At != AtQuestion {
			break
		}
		q, _ := p.Form.Question(w.s.Visit.Filing.Question)
		was := q.Name
		for _, try := range candidates(w.s, q, last) {
			if w.press("next", try); w.s.Visit.At != AtQuestion || w.s.Visit.Filing.Question != was {
				break
			}
		}
		if w.s.Visit.At == AtQuestion && w.s.Visit.Filing.Question == was {
			t.Fatalf("%s (%s) takes nothing: %s", was, q.Type, w.s.Visit.Notice.Code)
		}
	}
	if w.s.Visit.At == AtPapers {
		for _, paper := range w.s.Papers() {
			w.values("paper", map[string]string{"code": paper.Code, "how": HowCounter})
		}
		w.press("next")
	}
	agreed := map[string]string{}
	for _, consent := range c.Consents {
		agreed[consent.Purpose] = "true"
	}
	w.at(AtConsent).values("next", agreed).at(AtReview).press("confirm").at(AtReceipt)
	d := BuildDossier(w.s, cccd.Evidence{}, w.now)
	if err := p.ValidateAnswers(d.Answers, d.Case, w.now); err != nil {
		t.Error(err)
	}
	if err := p.Form.CheckChip(d.Answers, w.s.Chip()); err != nil {
		t.Error(err)
	}
	w.on(DossierRecorded{Visit: "token-1", At: w.now})
	layouts, err := printer.NewLayouts(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if doc := layouts.Document(must[PrintPaper](w).Job.Paper); doc.Number != w.s.Visit.Receipt.Grouped() {
		t.Errorf("the slip is of %q", doc.Number)
	}
}

// candidates are answers somebody might give, the proposed one first.
func candidates(s State, q *catalogue.Question, last bool) []string {
	var all []string
	if proposal, _ := s.Proposal(q); proposal != "" {
		all = append(all, proposal)
	}
	switch q.Type {
	case catalogue.TypeChoice:
		at := 0
		if last {
			at = len(q.Options) - 1
		}
		return append(all, q.Options[at].Value)
	case catalogue.TypeYesNo:
		if last {
			return append(all, catalogue.No)
		}
		return append(all, catalogue.Yes)
	case catalogue.TypeUnit:
		return append(all, s.Env.Catalogue.Units[0].Code)
	}
	if !q.Required && last {
		all = append(all, "")
	}
	for n := range 21 {
		all = append(all, strings.Repeat("1", n))
	}
	return append(all, "Nguyễn Thị Lý", "01/11/2026", "15/06/1998", "0912 345 678", "a@b.vn", "Số 1, ngõ 2", "1/2024")
}
