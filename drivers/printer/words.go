package printer

import (
	"strconv"
	"strings"
	"time"
)

// A label is one text in both languages. Vietnamese always stands; English is
// added for those who chose it.
type label struct{ vi, en string }

// same is a text that is one in both languages: a name, a number.
func same(text string) label { return label{text, text} }

// yes is a field that is only asked about.
func yes(on bool) label {
	if on {
		return same("1")
	}
	return label{}
}

// vietnam is UTC+7 all year. A kiosk's own zone may be unset; a ticket's is not.
var vietnam = time.FixedZone("ICT", 7*60*60)

var weekdays = [7]label{
	{"Chủ nhật", "Sunday"}, {"thứ Hai", "Monday"}, {"thứ Ba", "Tuesday"}, {"thứ Tư", "Wednesday"},
	{"thứ Năm", "Thursday"}, {"thứ Sáu", "Friday"}, {"thứ Bảy", "Saturday"},
}

// when says a moment as it is said at a counter: 09:41, thứ Hai 23/11/2026.
func when(t time.Time) label {
	if t.IsZero() {
		return label{}
	}
	t = t.In(vietnam)
	day := weekdays[t.Weekday()]
	return label{
		vi: t.Format("15:04") + ", " + together(day.vi+" "+t.Format("02/01/2006")),
		en: t.Format("15:04") + ", " + together(day.en+" "+t.Format("2 January 2006")),
	}
}

// together keeps a text on one line.
func together(text string) string { return strings.ReplaceAll(text, " ", "\u00a0") }

// about says an estimate without more exactness than an estimate has: minutes up
// to ten, then fives; never less than a minute. No estimate says nothing.
func about(d time.Duration) label {
	if d <= 0 {
		return label{}
	}
	m := max(1, int((d+time.Minute-1)/time.Minute))
	if m > 10 {
		m = (m + 4) / 5 * 5
	}
	h, m := m/60, m%60
	vi, en := "khoảng", "about"
	if h > 0 {
		vi += " " + strconv.Itoa(h) + "\u00a0giờ"
		en += " " + strconv.Itoa(h) + " h"
	}
	if m > 0 {
		vi += " " + strconv.Itoa(m) + "\u00a0phút"
		en += " " + strconv.Itoa(m) + " min"
	}
	return label{vi, en}
}
