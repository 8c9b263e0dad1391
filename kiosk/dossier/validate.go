package dossier

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"tiepdan/drivers/card/cccd"
)

// Limits of one visit (house.md) and of one dossier. The encoded form is small
// enough to travel, sealed and in base64, in one message of 1 MiB.
const (
	MaxPages     = 30
	MaxPageBytes = 20 << 20 // of all parts together
	MaxEncoded   = 512 << 10

	maxAnswers     = 300
	maxAnswer      = 4000
	maxPapers      = 60
	maxConsents    = 20
	maxEvidence    = 64 << 10
	maxPartsPerDoc = MaxPages
)

// ErrInvalid is wrapped by every error of [Dossier.Validate].
var ErrInvalid = errors.New("dossier is not valid")

var (
	kioskPattern     = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	procedurePattern = regexp.MustCompile(`^[0-9]\.[0-9]{6}$`)
	pinPattern       = regexp.MustCompile(`^[0-9]{12}$`)
	namePattern      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,63}$`)

	channels = []string{"direct", "online", "postal"}
	clocks   = []string{"synced", "unsynced", "unknown"}
	langs    = []string{"vi", "en"}
	hows     = []string{"pages", "e-certificate", "counter"}
	methods  = []string{"touch", "officer"}
	mimes    = []string{"image/jpeg", "image/png", "application/pdf"}
	grades   = []cccd.Grade{cccd.GradeFailed, cccd.GradeRead, cccd.GradeSigned, cccd.GradeAnchored, cccd.GradeGenuine}
)

// ValidKiosk reports whether s may be a kiosk's id: a token of NATS subjects.
func ValidKiosk(s string) bool { return kioskPattern.MatchString(s) }

// Validate checks form and lengths, the same at the kiosk before sealing and
// at the gateway after opening. Whether the answers fit the procedure is the
// catalogue's to say. Errors name the field, never its value: they are logged.
func (d Dossier) Validate() error {
	c := checker{}
	c.is("version", d.Version == Version)
	c.is("receipt", d.Receipt.Valid())
	c.is("kiosk", ValidKiosk(d.Kiosk))
	c.text("site", d.Site, 0, 200)
	c.text("unit", d.Unit, 1, 32)
	c.is("agency", ValidAgency(d.Agency))
	c.is("channel", slices.Contains(channels, d.Channel))
	c.text("assisted_by", d.AssistedBy, 0, 64)
	c.is("submitted_at", validTime(d.SubmittedAt.Year()))
	c.is("clock", slices.Contains(clocks, d.Clock))
	c.text("catalogue", d.Catalogue, 1, 128)
	c.is("procedure", procedurePattern.MatchString(d.Procedure))
	c.text("case", d.Case, 0, 64)
	c.text("form", d.Form, 1, 64)
	c.text("form_version", d.FormVersion, 1, 64)
	c.is("lang", slices.Contains(langs, d.Lang))

	c.is("applicant.pin", pinPattern.MatchString(d.Applicant.PIN))
	c.text("applicant.name", d.Applicant.Name, 1, 200)
	c.text("applicant.dob", d.Applicant.DOB, 0, 10)
	c.text("applicant.sex", d.Applicant.Sex, 0, 20)
	c.text("applicant.nationality", d.Applicant.Nationality, 0, 100)
	c.text("applicant.residence", d.Applicant.Residence, 0, 500)

	c.is("answers", len(d.Answers) <= maxAnswers)
	for name, v := range d.Answers {
		c.is("answers: the name of a field", namePattern.MatchString(name))
		c.text("answers: a value", v, 0, maxAnswer)
	}
	d.validatePapers(&c)
	d.validateConsents(&c)

	c.is("verdict.grade", slices.Contains(grades, d.Verdict.Grade))
	for _, s := range []cccd.Check{d.Verdict.Hashes, d.Verdict.Signature, d.Verdict.Anchor, d.Verdict.Chip} {
		c.text("verdict", string(s), 0, 20)
	}
	c.text("verdict.why", d.Verdict.Why, 0, 500)
	c.is("sod", len(d.SOD) <= maxEvidence)
	c.is("dg1", len(d.DG1) <= maxEvidence)
	c.is("dg13", len(d.DG13) <= maxEvidence)
	return c.err
}

// validatePapers also holds that each page belongs to exactly one paper.
func (d Dossier) validatePapers(c *checker) {
	c.is("papers", len(d.Papers) <= maxPapers)
	taken := map[int]bool{}
	for _, p := range d.Papers {
		c.text("papers.code", p.Code, 1, 64)
		c.text("papers.name", p.Name, 1, 1000)
		c.is("papers.how", slices.Contains(hows, p.How))
		c.text("papers.kind", p.Kind, 0, 64)
		c.text("papers.number", p.Number, 0, 100)
		c.is("papers.number", (p.How == "e-certificate") == (p.Number != ""))
		c.is("papers.kind", p.How == "e-certificate" || p.Kind == "")
		c.is("papers.parts", (p.How == "pages") == (len(p.Parts) > 0))
		for _, n := range p.Parts {
			c.is("papers.parts", 1 <= n && n <= MaxPages && !taken[n])
			taken[n] = true
		}
	}
}

// validateConsents holds that something was agreed to, purpose by purpose.
func (d Dossier) validateConsents(c *checker) {
	c.is("consents", len(d.Consents) <= maxConsents)
	given, purposes := false, map[string]bool{}
	for _, a := range d.Consents {
		c.text("consents.purpose", a.Purpose, 1, 64)
		c.is("consents.purpose", !purposes[a.Purpose])
		purposes[a.Purpose] = true
		c.text("consents.text", a.Text, 1, 64)
		c.is("consents.method", slices.Contains(methods, a.Method))
		c.is("consents.at", validTime(a.At.Year()))
		given = given || a.Given
	}
	c.is("consents: none given", given)
}

// validateParts holds the parts against the papers that name them.
func (d Dossier) validateParts(parts []Part) error {
	c, total := checker{}, 0
	c.is("parts: too many pages", len(parts) <= MaxPages)
	named := map[int]bool{}
	for _, p := range d.Papers {
		for _, n := range p.Parts {
			named[n] = true
		}
	}
	c.is("parts: a page is missing or belongs to no paper", len(named) == len(parts))
	for i, p := range parts {
		c.is("parts: a page belongs to no paper", named[p.N])
		c.is("parts: not in order", i == 0 || parts[i-1].N < p.N)
		c.is("parts: kind of file", slices.Contains(mimes, p.MIME))
		c.is("parts: empty page", len(p.Data) > 0)
		total += len(p.Data)
	}
	c.is("parts: too large together", total <= MaxPageBytes)
	return c.err
}

// validTime takes any clock's time, also one that lost its battery and stands
// in 1970: a dossier says beside it how far its clock may be believed.
func validTime(year int) bool { return 1970 <= year && year < 10000 }

// A checker keeps the first complaint.
type checker struct{ err error }

func (c *checker) is(field string, ok bool) {
	if !ok && c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrInvalid, field)
	}
}

// text holds that s is text of so many characters, without control characters.
func (c *checker) text(field, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	c.is(field, utf8.ValidString(s) && least <= n && n <= most &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }))
}
