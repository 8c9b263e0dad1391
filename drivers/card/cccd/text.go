package cccd

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// clean makes text from a card or a scanner presentable: NFC, no control or
// invisible characters, trimmed. It says false if the text was not UTF-8;
// then the broken bytes are gone.
func clean(s string) (string, bool) {
	valid := utf8.ValidString(s)
	if !valid {
		s = strings.ToValidUTF8(s, "")
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r): // joiners, marks of direction, BOM
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(norm.NFC.String(s)), valid
}

// repair undoes UTF-8 that was read as Latin-1 or Windows-1252 and encoded
// again, as misconfigured scanners send it, once or twice over. Text that is
// not of that shape comes back as it was.
func repair(s string) string {
	for range 2 {
		b, ok := asLatin1(s)
		if !ok || !utf8.Valid(b) {
			return s
		}
		s = string(b)
	}
	return s
}

// asLatin1 is s with one byte a rune, if it has such a form and is not ASCII.
func asLatin1(s string) ([]byte, bool) {
	b := make([]byte, 0, len(s))
	high := false
	for _, r := range s {
		switch i := strings.IndexRune(windows1252, r); {
		case r < 0x100:
			b = append(b, byte(r))
			high = high || r >= 0x80
		case i >= 0:
			b = append(b, byte(0x80+utf8.RuneCountInString(windows1252[:i])))
			high = true
		default:
			return nil, false
		}
	}
	return b, high
}

// The characters Windows-1252 has at 0x80 to 0x9F; its five holes stand for
// themselves.
const windows1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"

// A date as cards print it. Day and month are 0 where the register knows only
// the year, or month and year.
type date struct{ year, month, day int }

// parseDate reads dd/mm/yyyy, mm/yyyy or yyyy, with "/", "-" or "." between.
// Zeros stand for an unknown day or month.
func parseDate(s string) (date, bool) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == '-' || r == '.' })
	var d date
	for i, into := range []*int{&d.year, &d.month, &d.day} {
		if i >= len(parts) {
			break
		}
		p := parts[len(parts)-1-i]
		if len(p) > 4 || !isDigits(p, len(p)) {
			return date{}, false
		}
		*into, _ = strconv.Atoi(p) // at most four digits: cannot fail
	}
	if len(parts) == 0 || len(parts) > 3 || d.year < 1800 || d.year > 2200 || d.month > 12 || d.month == 0 && d.day != 0 {
		return date{}, false
	}
	if d.month != 0 && d.day > time.Date(d.year, time.Month(d.month)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return date{}, false
	}
	return d, true
}

func (d date) String() string { return fmt.Sprintf("%02d/%02d/%04d", d.day, d.month, d.year) }

// last is the latest day d can mean.
func (d date) last() (year, month, day int) {
	month, day = d.month, d.day
	if month == 0 {
		month = 12
	}
	if day == 0 {
		day = time.Date(d.year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	}
	return d.year, month, day
}

// hanoi is Vietnam's time; it has had no other offset since 1975.
func hanoi() *time.Location { return time.FixedZone("+07", 7*60*60) }

// today is the calendar day of t in Vietnam.
func today(t time.Time) date {
	y, m, d := t.In(hanoi()).Date()
	return date{y, int(m), d}
}

func (d date) before(e date) bool {
	if d.year != e.year {
		return d.year < e.year
	}
	if d.month != e.month {
		return d.month < e.month
	}
	return d.day < e.day
}
