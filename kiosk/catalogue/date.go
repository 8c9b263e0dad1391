package catalogue

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Vietnam has kept UTC+7 without daylight saving since 1975; a fixed zone
// spares a kiosk the time zone files.
var vietnam = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// A Date without a time of day, in Asia/Ho_Chi_Minh. Zero is "none". It is kept
// as midnight UTC so that dates compare by day.
type Date struct{ time.Time }

// DateOf returns the day it is in Vietnam at the instant t.
func DateOf(t time.Time) Date {
	y, m, d := t.In(vietnam).Date()
	return Date{time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
}

// UnmarshalYAML takes "2026-07-01". It is handed the node, which knows where in
// the file it stands.
func (d *Date) UnmarshalYAML(node ast.Node) error {
	s := node.GetToken().Value
	if node.Type() == ast.NullType || s == "" {
		*d = Date{}
		return nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return &valueError{field: strings.TrimPrefix(node.GetPath(), "$."), value: s, why: "not a date like 2026-07-01"}
	}
	d.Time = t
	return nil
}

func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

// inForce tells whether on lies in [from, to], both days included; a zero end is open.
func inForce(from, to, on Date) bool {
	return !on.Before(from.Time) && (to.IsZero() || !on.After(to.Time))
}

// paperDate is how dates stand on Vietnamese papers and in every answer: dd/mm/yyyy.
const paperDate = "02/01/2006"

// parseAnswerDate reads what people and chips write: 1/2/2026, 01-02-2026,
// 01.02.2026, 01022026, 2026-02-01; where partial, also 05/1957 and 1957. The
// canonical text is dd/mm/yyyy (mm/yyyy, yyyy); first and last are the days it may mean.
func parseAnswerDate(s string, partial bool) (canonical string, first, last time.Time, ok bool) {
	s = strings.NewReplacer("-", "/", ".", "/", " ", "").Replace(s)
	parts := strings.Split(s, "/")
	switch {
	case len(parts) == 1 && len(s) == 8:
		parts = []string{s[:2], s[2:4], s[4:]}
	case len(parts) == 3 && len(parts[0]) == 4:
		parts[0], parts[2] = parts[2], parts[0]
	}
	if len(parts) > 3 || len(parts) < 3 && !partial {
		return "", first, last, false
	}
	n := make([]int, len(parts))
	for i, part := range parts {
		v, err := strconv.ParseUint(part, 10, 16)
		year := i == len(parts)-1
		if err != nil || (year && len(part) != 4) || (!year && len(part) > 2) {
			return "", first, last, false
		}
		n[i] = int(v)
	}
	var y int
	m, d := 1, 1
	switch len(n) {
	case 1:
		y = n[0]
	case 2:
		m, y = n[0], n[1]
	case 3:
		d, m, y = n[0], n[1], n[2]
	}
	first = time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if y < 1800 || first.Year() != y || int(first.Month()) != m || first.Day() != d {
		return "", first, last, false
	}
	switch len(n) {
	case 1:
		return fmt.Sprintf("%04d", y), first, first.AddDate(1, 0, -1), true
	case 2:
		return fmt.Sprintf("%02d/%04d", m, y), first, first.AddDate(0, 1, -1), true
	}
	return first.Format(paperDate), first, first, true
}

// bound reads a Min or Max of a date: "today", "-16y", "+3d", "2026-07-01".
func bound(s string, today Date) (time.Time, error) {
	if s == "today" {
		return today.Time, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	if len(s) >= 3 && (s[0] == '-' || s[0] == '+') {
		n, err := strconv.Atoi(s[:len(s)-1])
		switch unit := s[len(s)-1]; {
		case err != nil || n < -50_000 || n > 50_000:
		case unit == 'y' && n >= -200 && n <= 200:
			return today.AddDate(n, 0, 0), nil
		case unit == 'd':
			return today.AddDate(0, 0, n), nil
		}
	}
	return time.Time{}, fmt.Errorf(`%q is not "today", "-16y", "-60d" or "2026-07-01"`, s)
}
