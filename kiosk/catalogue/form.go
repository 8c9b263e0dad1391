package catalogue

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// Channel returns how the procedure may be filed that way.
func (p *Procedure) Channel(kind string) (Channel, bool) {
	for _, c := range p.Channels {
		if c.Kind == kind {
			return c, true
		}
	}
	return Channel{}, false
}

// Case returns a case by its code.
func (p *Procedure) Case(code string) (Case, bool) {
	for _, c := range p.Cases {
		if c.Code == code {
			return c, true
		}
	}
	return Case{}, false
}

// PapersFor returns the papers of a case. With nil answers, which is before the
// form is filled, conditional papers are all there and their hints say when
// they are needed; an empty caseCode likewise stands for every case.
func (p *Procedure) PapersFor(caseCode string, answers map[string]string) []Paper {
	var out []Paper
	for _, paper := range p.Papers {
		if caseCode != "" && len(paper.Cases) > 0 && !slices.Contains(paper.Cases, caseCode) {
			continue
		}
		if answers != nil && !paper.When.Holds(answers) {
			continue
		}
		out = append(out, paper)
	}
	return out
}

// Question returns a question by its name.
func (f *Form) Question(name string) (*Question, bool) {
	for i := range f.Questions {
		if f.Questions[i].Name == name {
			return &f.Questions[i], true
		}
	}
	return nil, false
}

// walk goes through the form once, in order, and hands every visible question
// to visit with the value it has or would have: the answer given, or what is
// copied, read from the chip or computed. Conditions, copies and derivations
// only look back (the loader sees to it), so one pass settles everything, and
// the answer to a question that is no longer visible counts for nothing.
// visit returns the value that later questions see.
func (f *Form) walk(answers, chip map[string]string, visit func(q *Question, fixed bool, value string) string) {
	seen := make(map[string]string, len(f.Questions))
	for i := range f.Questions {
		q := &f.Questions[i]
		if !q.VisibleIf.Holds(seen) {
			continue
		}
		var value string
		fixed := q.Derive != ""
		if fixed {
			value = q.derived(seen, chip)
		} else {
			value = answers[q.Name]
			if p := q.lockedValue(seen, chip); p != "" {
				value, fixed = p, true
			}
		}
		seen[q.Name] = visit(q, fixed, value)
	}
}

// Asked returns the questions that are put to the person, in order, given the
// answers so far. Derived ones are not asked, nor are locked ones for which
// chip or copy has a value: those are only shown in the review.
func (f *Form) Asked(answers, chip map[string]string) []*Question {
	var asked []*Question
	f.walk(answers, chip, func(q *Question, fixed bool, value string) string {
		if !fixed {
			asked = append(asked, q)
		}
		return value
	})
	return asked
}

// Proposal is what stands in the field when question name is first shown: the
// copied answer, the chip's field, or the default; "" when there is none.
// Source is "copy", "chip" or "default".
func (f *Form) Proposal(name string, answers, chip map[string]string) (value, source string) {
	seen := map[string]string{}
	f.walk(answers, chip, func(q *Question, _ bool, v string) string {
		if q.Name == name {
			value, source = q.proposal(seen, chip)
		}
		seen[q.Name] = v
		return v
	})
	return value, source
}

// Complete returns the answers a dossier carries: those of visible questions
// and all derived ones, without empty values and without leftovers of questions
// that are no longer asked.
func (f *Form) Complete(answers, chip map[string]string) map[string]string {
	out := map[string]string{}
	f.walk(answers, chip, func(q *Question, _ bool, value string) string {
		if value != "" {
			out[q.Name] = value
		}
		return value
	})
	return out
}

// Review returns the visible questions with their final values, asked or not,
// in order: what the person sees before confirming.
func (f *Form) Review(answers, chip map[string]string) []Reviewed {
	var out []Reviewed
	f.walk(answers, chip, func(q *Question, fixed bool, value string) string {
		out = append(out, Reviewed{Question: q, Value: value, Fixed: fixed})
		return value
	})
	return out
}

// Reviewed is one line of the review. A fixed one can't be changed here.
type Reviewed struct {
	Question *Question
	Value    string
	Fixed    bool
}

// Display is the value in words: a choice's label, yes or no, else as it is.
func (q *Question) Display(value, lang string) string {
	switch q.Type {
	case TypeChoice:
		for _, o := range q.Options {
			if o.Value == value {
				return o.Label.In(lang)
			}
		}
	case TypeYesNo:
		switch value {
		case Yes:
			return Text{VI: "Có", EN: "Yes"}.In(lang)
		case No:
			return Text{VI: "Không", EN: "No"}.In(lang)
		}
	}
	return value
}

// copied is the answer this question takes over, "" when there is none.
func (q *Question) copied(seen map[string]string) string {
	if q.CopyOf == "" || !q.CopyWhen.Holds(seen) {
		return ""
	}
	return q.acceptable(seen[q.CopyOf])
}

// read is what the chip gives for this question, "" when there is nothing.
func (q *Question) read(seen, chip map[string]string) string {
	if q.Prefill == "" || !q.FillWhen.Holds(seen) {
		return ""
	}
	return q.acceptable(chip[q.Prefill])
}

// acceptable keeps from proposing what the question itself would refuse (an old
// chip holds surprises). The bounds that move with the day are left for later:
// a proposal is checked again when it is confirmed.
func (q *Question) acceptable(value string) string {
	v, err := q.Check(value, time.Time{})
	if err != nil {
		return ""
	}
	return v
}

// lockedValue is the value that can't be edited here, "" when it can.
func (q *Question) lockedValue(seen, chip map[string]string) string {
	switch {
	case !q.Locked || !q.LockWhen.Holds(seen):
		return ""
	case q.CopyOf != "":
		return q.copied(seen)
	}
	return q.read(seen, chip)
}

func (q *Question) proposal(seen, chip map[string]string) (value, source string) {
	if v := q.copied(seen); v != "" {
		return v, "copy"
	}
	if v := q.read(seen, chip); v != "" {
		return v, "chip"
	}
	if q.Default != "" {
		return q.Default, "default"
	}
	return "", ""
}

// derived computes a question that is not asked:
//
//	date-words:<field>   that date in words
//	card:<chip name>     what the chip has under that name
//	card-kind:<field>    the name of a card issued on that date
//	card-issuer:<field>  who issued it
//	const:<text>         the text
func (q *Question) derived(seen, chip map[string]string) string {
	kind, arg, _ := strings.Cut(q.Derive, ":")
	switch kind {
	case "date-words":
		return DateWords(seen[arg])
	case "card-kind":
		return cardKind(seen[arg])
	case "card-issuer":
		return cardIssuer(seen[arg])
	case "card":
		return q.acceptable(chip[arg])
	case "const":
		return arg
	}
	return ""
}

// ValidateAnswers checks a whole set of answers as [Form.Complete] gives it, at
// the kiosk before it is recorded and again at the gateway. All problems are
// joined, each an [*AnswerError]. The chip's own fields are compared by
// [Form.CheckChip].
func (p *Procedure) ValidateAnswers(answers map[string]string, caseCode string, today time.Time) error {
	var errs []error
	refuse := func(field string, problem Problem) {
		errs = append(errs, &AnswerError{Field: field, Problem: problem})
	}
	if _, ok := p.Case(caseCode); !ok && (len(p.Cases) > 0 || caseCode != "") {
		refuse("case", ErrCase)
	}
	if p.Form == nil {
		if len(answers) > 0 {
			refuse("form", ErrUnknownField)
		}
		return errors.Join(errs...)
	}
	left := maps.Clone(answers)
	p.Form.walk(answers, nil, func(q *Question, fixed bool, value string) string {
		given := answers[q.Name]
		delete(left, q.Name)
		if fixed && !strings.HasPrefix(q.Derive, "card:") {
			if given != value {
				refuse(q.Name, ErrDerived)
			}
			return given
		}
		canonical, err := q.Check(given, today)
		switch {
		case err != nil:
			errs = append(errs, err)
		case canonical != given:
			refuse(q.Name, ErrNotCanonical)
		}
		return given
	})
	for _, name := range slices.Sorted(maps.Keys(left)) {
		if _, known := p.Form.Question(name); known {
			refuse(name, ErrNotAsked)
		} else {
			refuse("form", ErrUnknownField)
		}
	}
	return errors.Join(errs...)
}

// CheckChip compares what came from the chip and could not be edited with the
// chip itself: whoever re-reads the card's data groups calls it.
func (f *Form) CheckChip(answers, chip map[string]string) error {
	var errs []error
	f.walk(answers, chip, func(q *Question, fixed bool, value string) string {
		fromChip := strings.HasPrefix(q.Derive, "card:") || q.Locked && q.CopyOf == ""
		if fixed && fromChip && answers[q.Name] != value {
			errs = append(errs, &AnswerError{Field: q.Name, Problem: ErrDerived})
		}
		return answers[q.Name]
	})
	return errors.Join(errs...)
}
