package catalogue

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The closed lists of the format.
var (
	channelKinds   = []string{"direct", "online", "postal"}
	authorityKinds = []string{"commune-committee", "commune-police", "province", "other"}
	holderChecks   = []string{"none", "officer", "code", "face"}
	documentKinds  = []string{"cccd", "passport", "vneid", "other"}
	tones          = []string{"", "mourning"}
	kinds          = []string{"", "payment"}
	icons          = []string{"family", "home", "id-card", "land", "stamp", "shield", "road", "more"}

	// ChipFields are the names a form may prefill from, those that card readers
	// of provincial kiosks send: idCode is the personal number,
	// personalIdentification the distinguishing marks, wifeName husband or wife.
	// The caller fills a map with those the card gave.
	ChipFields = []string{
		"idCode", "oldIdCode", "personName", "dateOfBirth", "gender", "nationality", "race", "religion",
		"originPlace", "residencePlace", "personalIdentification", "issueDate", "expiryDate",
		"fatherName", "motherName", "wifeName",
		"unitCode", // not on the card: the new unit the caller proposes for its old address
	}
)

var (
	procedureCode = regexp.MustCompile(`^\d\.\d{6}$|^[a-z]+(-[a-z]+)+$`)
	slug          = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	fieldName     = regexp.MustCompile(`^[a-z][A-Za-z0-9]{1,39}$`)
	optionValue   = regexp.MustCompile(`^[^\s].{0,58}[^\s]$|^[^\s]$`)
	paperCode     = regexp.MustCompile(`^[0-9A-Z.]{5,24}-KQ[0-9]+$`)
	placeholder   = regexp.MustCompile(`\{[a-z]+\}`)
)

const maxText = 1500 // letters in one text for people

// at is a place in a file, for errors.
type at struct {
	l     *loader
	file  string
	field string
}

func (a at) in(format string, args ...any) at {
	f := fmt.Sprintf(format, args...)
	if a.field != "" {
		f = a.field + "." + f
	}
	return at{a.l, a.file, f}
}

func (a at) fail(value any, why string) { a.l.fail(a.file, a.field, value, why) }

func (a at) oneOf(value string, allowed []string) {
	if !slices.Contains(allowed, value) {
		a.fail(value, "not one of "+strings.Join(allowed, ", "))
	}
}

func (a at) match(value string, re *regexp.Regexp) {
	if !re.MatchString(value) {
		a.fail(value, "does not match "+re.String())
	}
}

// text wants both languages.
func (a at) text(t Text) {
	for _, s := range []struct{ lang, text string }{{"vi", t.VI}, {"en", t.EN}} {
		switch {
		case strings.TrimSpace(s.text) == "":
			a.in("%s", s.lang).fail(s.text, "missing")
		case utf8.RuneCountInString(s.text) > maxText:
			a.in("%s", s.lang).fail(s.text, fmt.Sprintf("longer than %d letters", maxText))
		}
	}
	if vi, en := placeholder.FindAllString(t.VI, -1), placeholder.FindAllString(t.EN, -1); !sameSet(vi, en) {
		a.fail(fmt.Sprint(vi, en), "the two languages have different placeholders")
	}
}

// optional text is in both languages or in none.
func (a at) optional(t Text) {
	if t != (Text{}) {
		a.text(t)
	}
}

func shareAny(x, y []string) bool {
	return slices.ContainsFunc(x, func(s string) bool { return slices.Contains(y, s) })
}

func sameSet(x, y []string) bool {
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(slices.Compact(x), slices.Compact(y))
}

func (a at) dates(from, to Date) {
	if !to.IsZero() && to.Before(from.Time) {
		a.in("effective_to").fail(to, "before effective_from "+from.String())
	}
}

func (l *loader) checkProcedure(file string, p *Procedure) {
	a := at{l, file, ""}
	a.in("code").match(p.Code, procedureCode)
	if p.Essential < 0 || p.Essential > 25 {
		a.in("essential").fail(p.Essential, "not 0 to 25")
	}
	a.in("name").text(p.Name)
	if p.Official == "" {
		a.in("official").fail("", "missing")
	}
	if p.Field.Name == "" {
		a.in("field.name").fail("", "missing")
	}
	a.in("authority.kind").oneOf(p.Authority.Kind, authorityKinds)
	a.in("authority.name").text(p.Authority.Name)
	if p.EffectiveFrom.IsZero() {
		a.in("effective_from").fail("", "missing")
	}
	a.dates(p.EffectiveFrom, p.EffectiveTo)
	a.in("tone").oneOf(p.Tone, tones)
	a.in("kind").oneOf(p.Kind, kinds)
	if p.Kind == "payment" && p.Form != nil {
		a.in("kind").fail(p.Kind, "a payment has no form")
	}
	for _, code := range p.Replaces {
		a.in("replaces").match(code, procedureCode)
	}
	channels := map[string]bool{}
	for i, c := range p.Channels {
		b := a.in("channels[%d]", i)
		b.in("kind").oneOf(c.Kind, channelKinds)
		if channels[c.Kind] {
			b.in("kind").fail(c.Kind, "twice")
		}
		channels[c.Kind] = true
		b.in("fee").optional(c.Fee)
		b.in("time").optional(c.Time)
	}
	cases := map[string]bool{}
	for i, c := range p.Cases {
		b := a.in("cases[%d]", i)
		if !strings.HasPrefix(c.Code, p.Code+".") {
			b.in("code").fail(c.Code, "does not start with "+p.Code+".")
		}
		if cases[c.Code] {
			b.in("code").fail(c.Code, "twice")
		}
		cases[c.Code] = true
		b.in("name").text(c.Name)
		b.in("hint").optional(c.Hint)
		b.in("time").optional(c.Time)
		b.in("fee").optional(c.Fee)
	}
	a.in("requester.holder_check").oneOf(p.Requester.HolderCheck, holderChecks)
	if p.Requester.MinAge < 0 || p.Requester.MinAge > 120 {
		a.in("requester.min_age").fail(p.Requester.MinAge, "not an age")
	}
	for _, d := range p.Requester.Documents {
		a.in("requester.documents").oneOf(d, documentKinds)
	}
	for i, n := range p.Notes {
		a.in("notes[%d]", i).text(n)
	}
	asked := map[string]*Question{}
	if p.Form != nil {
		asked = a.in("form").form(p.Form)
		if len(p.Channels) == 0 {
			a.in("channels").fail("", "a procedure with a form needs a channel")
		}
	}
	a.papers(p.Papers, cases, asked)
}

func (a at) papers(papers []Paper, cases map[string]bool, asked map[string]*Question) {
	for i, p := range papers {
		b := a.in("papers[%d]", i)
		b.in("code").match(p.Code, paperCode)
		for _, other := range papers[:i] {
			// One component may take another shape in another case.
			if other.Code == p.Code && (len(other.Cases) == 0 || len(p.Cases) == 0 || shareAny(other.Cases, p.Cases)) {
				b.in("code").fail(p.Code, "twice in one case")
			}
		}
		b.in("name").text(p.Name)
		b.in("hint").optional(p.Hint)
		for _, c := range p.Cases {
			if !cases[c] {
				b.in("cases").fail(c, "no such case")
			}
		}
		if p.When != nil {
			b.in("when").condition(p.When, asked, 0)
		}
		if e := p.ECertificate; e != nil {
			b.in("e_certificate.kind").match(e.Kind, slug)
			b.in("e_certificate.label").text(e.Label)
			if _, err := regexp.Compile(e.Pattern); err != nil || e.Pattern == "" {
				b.in("e_certificate.pattern").fail(e.Pattern, fmt.Sprint("not a pattern: ", err))
			}
		}
	}
}

// form checks a form and compiles its patterns. Conditions, copies and
// derivations may only look back: then one pass in order settles the form, and
// nothing can go round in circles.
func (a at) form(f *Form) (asked map[string]*Question) {
	a.in("name").match(f.Name, slug)
	if f.Version == "" {
		a.in("version").fail("", "missing")
	}
	if len(f.Questions) == 0 || len(f.Questions) > 200 {
		a.in("questions").fail(len(f.Questions), "not 1 to 200 questions")
	}
	sections := map[string]bool{}
	for i, s := range f.Sections {
		b := a.in("sections[%d]", i)
		b.in("code").match(s.Code, slug)
		b.in("name").text(s.Name)
		if sections[s.Code] {
			b.in("code").fail(s.Code, "twice")
		}
		sections[s.Code] = true
	}
	before := map[string]*Question{}
	for i := range f.Questions {
		q := &f.Questions[i]
		b := a.in("questions[%s]", q.Name)
		b.in("name").match(q.Name, fieldName)
		if before[q.Name] != nil {
			b.in("name").fail(q.Name, "twice")
		}
		if !sections[q.Section] {
			b.in("section").fail(q.Section, "no such section")
		}
		b.question(f, q, before)
		before[q.Name] = q
	}
	return before
}

func (a at) question(f *Form, q *Question, before map[string]*Question) {
	if _, known := maxLength[q.Type]; !known {
		a.in("type").oneOf(q.Type, slices.Sorted(maps.Keys(maxLength)))
	}
	a.in("short").text(q.Short)
	if q.Derive == "" {
		a.in("label").text(q.Label)
	} else {
		a.derive(q, before)
	}
	a.in("hint").optional(q.Hint)
	a.in("skip").optional(q.Skip)
	if q.Required && q.Skip != (Text{}) {
		a.in("skip").fail(q.Skip.VI, "a required question can't be skipped")
	}
	if q.MaxLength < 0 || q.MaxLength > longestAnswer {
		a.in("max_length").fail(q.MaxLength, fmt.Sprintf("not 1 to %d", longestAnswer))
	}
	if q.Pattern != "" {
		re, err := regexp.Compile(`^(?:` + q.Pattern + `)$`)
		if err != nil {
			a.in("pattern").fail(q.Pattern, err.Error())
		}
		q.pattern = re
	}
	a.options(q)
	a.bounds(q)
	if q.Prefill != "" {
		a.in("prefill").oneOf(q.Prefill, ChipFields)
	}
	if q.FillWhen != nil {
		if q.Prefill == "" {
			a.in("prefill_when").fail("", "without prefill")
		}
		a.in("prefill_when").condition(q.FillWhen, before, 0)
	}
	if q.Locked && q.Prefill == "" && q.CopyOf == "" {
		a.in("locked").fail(q.Locked, "without prefill or copy_of there is nothing to lock")
	}
	if q.LockWhen != nil {
		if !q.Locked {
			a.in("lock_when").fail("", "without locked")
		}
		a.in("lock_when").condition(q.LockWhen, before, 0)
	}
	if q.CopyOf != "" {
		if before[q.CopyOf] == nil {
			a.in("copy_of").fail(q.CopyOf, "no earlier question has this name")
		} else if from, _ := f.Question(q.CopyOf); from.Type != q.Type {
			a.in("copy_of").fail(q.CopyOf, "is of type "+from.Type+", this one of type "+q.Type)
		}
	}
	if q.CopyWhen != nil {
		if q.CopyOf == "" {
			a.in("copy_when").fail("", "without copy_of")
		}
		a.in("copy_when").condition(q.CopyWhen, before, 0)
	}
	if q.VisibleIf != nil {
		a.in("visible_when").condition(q.VisibleIf, before, 0)
	}
	if q.Default != "" {
		if _, err := q.Check(q.Default, time.Time{}); err != nil {
			a.in("default").fail(q.Default, "is refused by the question itself: "+err.Error())
		}
	}
}

func (a at) options(q *Question) {
	if (q.Type == TypeChoice) != (len(q.Options) > 0) {
		a.in("options").fail(len(q.Options), "a choice has options, other types have none")
	}
	values := map[string]bool{}
	for i, o := range q.Options {
		b := a.in("options[%d]", i)
		b.in("value").match(o.Value, optionValue)
		if values[o.Value] {
			b.in("value").fail(o.Value, "twice")
		}
		values[o.Value] = true
		b.in("label").text(o.Label)
	}
}

func (a at) bounds(q *Question) {
	for _, end := range []struct{ name, value string }{{"min", q.Min}, {"max", q.Max}} {
		name, value := end.name, end.value
		if value == "" {
			continue
		}
		switch q.Type {
		case TypeDate:
			if _, err := bound(value, Date{}); err != nil {
				a.in("%s", name).fail(value, err.Error())
			}
		case TypeNumber:
			if _, err := strconv.ParseUint(value, 10, 32); err != nil {
				a.in("%s", name).fail(value, "not a number")
			}
		default:
			a.in("%s", name).fail(value, "only numbers and dates have bounds")
		}
	}
	if q.Partial && q.Type != TypeDate {
		a.in("partial").fail(q.Partial, "only a date may be partial")
	}
}

func (a at) derive(q *Question, before map[string]*Question) {
	kind, arg, _ := strings.Cut(q.Derive, ":")
	switch kind {
	case "date-words", "card-kind", "card-issuer":
		if before[arg] == nil {
			a.in("derive").fail(q.Derive, "no earlier question has this name")
		}
	case "card":
		a.in("derive").oneOf(arg, ChipFields)
	case "const":
		if _, err := q.Check(arg, time.Time{}); err != nil || arg == "" {
			a.in("derive").fail(q.Derive, "is refused by the question itself")
		}
	default:
		a.in("derive").fail(q.Derive, `not "date-words:", "card-kind:", "card-issuer:<field>", "card:<chip name>" or "const:<text>"`)
	}
	if q.Required {
		a.in("required").fail(q.Required, "a derived question can't be required: nobody is asked")
	}
	if q.Locked || q.Prefill != "" || q.CopyOf != "" || q.Default != "" {
		a.in("derive").fail(q.Derive, "a derived question has no prefill, copy, default or lock")
	}
}
