package session

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"tiepdan/kiosk/catalogue"
)

// How a paper comes.
const (
	HowCounter = "counter"
	HowECert   = "e-certificate"
)

// choosePaper says how one paper comes.
func (t *step) choosePaper(code, how, number string) {
	f := &t.Visit.Filing
	papers := t.Papers()
	i := slices.IndexFunc(papers, func(p catalogue.Paper) bool { return p.Code == code })
	if i < 0 {
		return
	}
	choice := PaperChoice{How: how}
	switch {
	case how == HowECert && papers[i].ECertificate != nil:
		choice.Number = tidy(number)
	case how != HowCounter && how != "":
		return
	}
	f.Papers = with(f.Papers, code, choice)
	if _, had := f.Problems[code]; had {
		f.Problems = maps.Clone(f.Problems)
		delete(f.Problems, code)
	}
	t.Visit.Notice = Notice{}
}

// papersNext goes on once every paper is settled. The numbers typed may come
// along, as ecert-<code>.
func (t *step) papersNext(values map[string]string) {
	for _, p := range t.Papers() {
		if number, ok := values["ecert-"+p.Code]; ok && t.Visit.Filing.Papers[p.Code].How == HowECert {
			t.choosePaper(p.Code, HowECert, number)
		}
	}
	if problems := t.paperProblems(); problems != nil {
		t.Visit.Filing.Problems = problems
		t.Visit.Notice = Notice{Code: "paper", Kind: "warn"}
		return
	}
	t.Visit.Filing.Problems = nil
	t.consent()
}

// paperProblems are the papers not settled yet, nil when all are: of a group
// one is enough, an optional one may stay open, a number must look like one.
func (t *step) paperProblems() map[string]string {
	chosen := t.Visit.Filing.Papers
	papers := t.Papers()
	settled := map[string]bool{}
	for _, p := range papers {
		if p.Group != "" && chosen[p.Code].How != "" {
			settled[p.Group] = true
		}
	}
	var problems map[string]string
	for _, p := range papers {
		c := chosen[p.Code]
		switch {
		case c.How == "" && !p.Optional && !settled[p.Group]:
			problems = with(problems, p.Code, "paper")
		case c.How == HowECert && (p.ECertificate == nil || c.Number == "" || p.ECertificate.Check(c.Number) != nil):
			problems = with(problems, p.Code, "ecert")
		}
	}
	return problems
}

// Consents are the purposes this dossier asks for.
func (s State) Consents() []catalogue.Consent {
	form := s.Procedure().Form
	return s.Env.Catalogue.ConsentsFor(form, form.Complete(s.Visit.Filing.Answers, s.Chip()))
}

// consentOpen tells whether a purpose was never put to the person: a phone
// number given only from the review brings one.
func (t *step) consentOpen() bool {
	return slices.ContainsFunc(t.Consents(), func(c catalogue.Consent) bool {
		_, asked := t.Visit.Filing.Consents[c.Purpose]
		return !asked
	})
}

func (t *step) agree(values map[string]string) {
	f := &t.Visit.Filing
	given := map[string]bool{}
	missing := false
	for _, c := range t.Consents() {
		v := values[c.Purpose]
		given[c.Purpose] = v == "true" || v == "yes"
		missing = missing || c.Required && !given[c.Purpose]
	}
	f.Consents = given
	if missing {
		t.Visit.Notice = Notice{Code: "consent", Kind: "warn"}
		return
	}
	f.Agreed = t.now
	t.review()
}

const maxNumber = 60 // letters of an e-certificate's number

func tidy(s string) string {
	return norm.NFC.String(strings.Join(strings.Fields(cut(s, maxNumber)), " "))
}
