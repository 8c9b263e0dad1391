package catalogue

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A Problem is why an answer is not taken. Its text is a code that the UI
// translates; it never holds the answer.
type Problem string

func (p Problem) Error() string { return string(p) }

// Every reason an answer is refused for.
const (
	ErrRequired   Problem = "answer-required"
	ErrTooLong    Problem = "answer-too-long"
	ErrLetters    Problem = "answer-letters"     // a character that has no place there
	ErrNameDigits Problem = "answer-name-digits" // a name holds letters only
	ErrPattern    Problem = "answer-pattern"
	ErrDate       Problem = "answer-date-invalid"
	ErrDateFuture Problem = "answer-date-future"
	ErrDateEarly  Problem = "answer-date-early"
	ErrDateLate   Problem = "answer-date-late"
	ErrOption     Problem = "answer-option"
	ErrNumber     Problem = "answer-number"
	ErrTooSmall   Problem = "answer-too-small"
	ErrTooLarge   Problem = "answer-too-large"
	ErrDigits     Problem = "answer-digits"
	ErrPhone      Problem = "answer-phone"
	ErrEmail      Problem = "answer-email"
	ErrUnit       Problem = "answer-unit"

	ErrUnknownField Problem = "answer-unknown-field" // the form has no such question
	ErrNotAsked     Problem = "answer-not-asked"     // answered though it is not visible
	ErrNotCanonical Problem = "answer-not-canonical" // not in the form Check gives
	ErrDerived      Problem = "answer-derived-differs"
	ErrCase         Problem = "answer-case"
)

// An AnswerError says which question's answer is refused and why; the answer
// itself is not in it, so it may be logged.
type AnswerError struct {
	Field   string
	Problem Problem
	Limit   string // the bound that was missed: "100", "22/11/2026"
}

func (e *AnswerError) Error() string {
	if e.Limit != "" {
		return fmt.Sprintf("%s: %s (%s)", e.Field, e.Problem, e.Limit)
	}
	return e.Field + ": " + string(e.Problem)
}

// Unwrap gives the Problem: errors.Is(err, catalogue.ErrDateFuture).
func (e *AnswerError) Unwrap() error { return e.Problem }

// Question types.
const (
	TypeText   = "text"
	TypeName   = "name"
	TypeDate   = "date"
	TypeChoice = "choice"
	TypeNumber = "number"
	TypeDigits = "digits"
	TypePhone  = "phone"
	TypeEmail  = "email"
	TypeUnit   = "unit"
	TypeYesNo  = "yesno"
)

// maxLength caps every answer, in letters. A form may lower it, or raise text to [longestAnswer].
var maxLength = map[string]int{
	TypeText: 250, TypeName: 100, TypeDate: 10, TypeChoice: 60, TypeNumber: 9,
	TypeDigits: 20, TypePhone: 20, TypeEmail: 100, TypeUnit: 5, TypeYesNo: 3,
}

const longestAnswer = 1000

// The answers of a yesno.
const (
	Yes = "yes"
	No  = "no"
)

var (
	unitCode = regexp.MustCompile(`^\d{5}$`)
	phoneVN  = regexp.MustCompile(`^0\d{9,10}$`)
)

// Check reads an answer as a person typed it and returns it as the dossier
// keeps it: NFC, single spaces, dates dd/mm/yyyy, phones 0xxxxxxxxx. The error
// is an [*AnswerError]. What Check returned, Check returns again unchanged.
// A zero today leaves the bounds of dates out. Whether a unit code exists is
// the catalogue's to say, see [Catalogue.Unit].
func (q *Question) Check(value string, today time.Time) (string, error) {
	refuse := func(p Problem, limit string) (string, error) {
		return "", &AnswerError{Field: q.Name, Problem: p, Limit: limit}
	}
	limit := q.MaxLength
	if limit == 0 {
		limit = maxLength[q.Type]
	}
	// Before normalising, so that a megabyte costs nothing. NFC only shortens
	// what a keyboard makes; 8 bytes a letter is more than it needs.
	if len(value) > 8*longestAnswer {
		return refuse(ErrTooLong, strconv.Itoa(limit))
	}
	if !utf8.ValidString(value) {
		return refuse(ErrLetters, "")
	}
	value = norm.NFC.String(strings.Join(strings.Fields(norm.NFC.String(value)), " "))
	if value == "" {
		if q.Required {
			return refuse(ErrRequired, "")
		}
		return "", nil
	}
	if utf8.RuneCountInString(value) > limit {
		return refuse(ErrTooLong, strconv.Itoa(limit))
	}
	for _, r := range value {
		if !unicode.IsPrint(r) {
			return refuse(ErrLetters, "")
		}
	}

	canonical, problem, bounds := q.canonical(value, DateOf(today))
	if problem != "" {
		return refuse(problem, bounds)
	}
	if q.pattern != nil && !q.pattern.MatchString(canonical) {
		return refuse(ErrPattern, "")
	}
	return canonical, nil
}

// canonical applies the rules of the question's type to a tidy, non-empty value.
func (q *Question) canonical(value string, today Date) (canonical string, p Problem, limit string) {
	switch q.Type {
	case TypeText:
		return value, "", ""
	case TypeName:
		return checkName(value)
	case TypeDate:
		return q.checkDate(value, today)
	case TypeChoice:
		if !slices.ContainsFunc(q.Options, func(o Option) bool { return o.Value == value }) {
			return "", ErrOption, ""
		}
		return value, "", ""
	case TypeYesNo:
		if value != Yes && value != No {
			return "", ErrOption, ""
		}
		return value, "", ""
	case TypeNumber:
		return q.checkNumber(value)
	case TypeDigits:
		digits := strings.ReplaceAll(value, " ", "")
		if strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
			return "", ErrDigits, ""
		}
		return digits, "", ""
	case TypePhone:
		phone := strings.NewReplacer(" ", "", ".", "", "-", "").Replace(value)
		if rest, ok := strings.CutPrefix(phone, "+84"); ok {
			phone = "0" + rest
		}
		if !phoneVN.MatchString(phone) {
			return "", ErrPhone, ""
		}
		return phone, "", ""
	case TypeEmail:
		a, err := mail.ParseAddress(value)
		if err != nil || a.Address != value || a.Name != "" || strings.ContainsAny(value, "\" <>") {
			return "", ErrEmail, ""
		}
		if _, domain, _ := strings.Cut(value, "@"); !strings.Contains(strings.Trim(domain, "."), ".") {
			return "", ErrEmail, ""
		}
		return value, "", ""
	case TypeUnit:
		if !unitCode.MatchString(value) {
			return "", ErrUnit, ""
		}
		return value, "", ""
	}
	return "", ErrUnknownField, "" // a type the loader does not let through
}

// checkName takes letters with their marks, spaces, and the few signs names
// hold. A name typed all in small letters is given its capitals.
func checkName(value string) (string, Problem, string) {
	lower := true
	for _, r := range value {
		switch {
		case unicode.IsDigit(r):
			return "", ErrNameDigits, ""
		case unicode.IsLetter(r) || unicode.IsMark(r):
			lower = lower && !unicode.IsUpper(r) && !unicode.IsTitle(r)
		case !strings.ContainsRune(" '’-.", r):
			return "", ErrLetters, ""
		}
	}
	if !lower {
		return value, "", ""
	}
	start := true
	return strings.Map(func(r rune) rune {
		c := r
		if start {
			c = unicode.ToUpper(r)
		}
		start = r == ' ' || r == '-'
		return c
	}, value), "", ""
}

func (q *Question) checkDate(value string, today Date) (string, Problem, string) {
	canonical, first, last, ok := parseAnswerDate(value, q.Partial)
	if !ok {
		return "", ErrDate, ""
	}
	if q.Max != "" && !today.IsZero() {
		limit, _ := bound(q.Max, today) // the loader has read it once
		if first.After(limit) {
			if q.Max == "today" {
				return "", ErrDateFuture, limit.Format(paperDate)
			}
			return "", ErrDateLate, limit.Format(paperDate)
		}
	}
	if q.Min != "" && !today.IsZero() {
		limit, _ := bound(q.Min, today)
		if last.Before(limit) {
			return "", ErrDateEarly, limit.Format(paperDate)
		}
	}
	return canonical, "", ""
}

func (q *Question) checkNumber(value string) (string, Problem, string) {
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil {
		return "", ErrNumber, ""
	}
	if q.Min != "" {
		if low, _ := strconv.ParseUint(q.Min, 10, 32); n < low {
			return "", ErrTooSmall, q.Min
		}
	}
	if q.Max != "" {
		if high, _ := strconv.ParseUint(q.Max, 10, 32); n > high {
			return "", ErrTooLarge, q.Max
		}
	}
	return strconv.FormatUint(n, 10), "", ""
}
