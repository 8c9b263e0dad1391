// Package health holds the named conditions a kiosk can be in, tracks which of
// them hold, and reports them. A condition is declared once, in conditions.go.
// A report is for machines and people far away: it never holds personal data.
package health

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// A Status sums a report up.
type Status string

const (
	OK   Status = "ok"       // nothing worse than a warning
	Part Status = "degraded" // part of the service is gone
	Down Status = "down"     // residents can't be served
)

// A Report is what holds at one moment; it is the body of /healthz.
type Report struct {
	Status     Status      `json:"status"`
	At         time.Time   `json:"at"`
	Conditions []Condition `json:"conditions"`          // what weighs most first; never null
	Config     string      `json:"config,omitempty"`    // hash of the configuration it was told and goes by
	Catalogue  string      `json:"catalogue,omitempty"` // hash of the pack it goes by; "": its program's own
}

// A Condition that holds.
type Condition struct {
	Code     string    `json:"code"`
	Severity Severity  `json:"severity"`
	Since    time.Time `json:"since"`
	Who      Actor     `json:"who"`
	Text     Text      `json:"text"`
	Step     Text      `json:"step"`
	Detail   string    `json:"detail,omitempty"` // a port, a count, a file and field; nothing about a person
}

// Has tells whether a condition is in the report.
func (r Report) Has(code string) bool {
	return slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Code == code })
}

// A Tracker knows which conditions hold. The zero Tracker is not usable; see
// [NewTracker]. It is safe for concurrent use.
type Tracker struct {
	declared map[string]bool

	mu    sync.Mutex
	holds map[string]held
}

type held struct {
	since  time.Time
	detail string
}

// NewTracker returns a tracker in which nothing holds.
func NewTracker() *Tracker {
	t := &Tracker{declared: make(map[string]bool, len(Declarations)), holds: map[string]held{}}
	for _, d := range Declarations {
		t.declared[d.Code] = true
	}
	return t
}

// Set says whether a condition holds as of now. Saying the same again keeps the
// moment it began; detail is of the latest word and must not be about a person.
// A code that is not declared is a mistake in the program and panics.
func (t *Tracker) Set(code string, holds bool, detail string) {
	if !t.declared[code] {
		panic(fmt.Sprintf("health: condition %q is not declared", code))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	before, held0 := t.holds[code]
	switch {
	case !holds:
		delete(t.holds, code)
	case held0:
		t.holds[code] = held{before.since, detail}
	default:
		t.holds[code] = held{time.Now(), detail}
	}
}

// Report tells what holds at now: past its grace time, and not going without
// saying because something it depends on is reported too.
func (t *Tracker) Report(now time.Time) Report {
	t.mu.Lock()
	defer t.mu.Unlock()

	ripe := map[string]bool{}
	for _, d := range Declarations {
		h, ok := t.holds[d.Code]
		ripe[d.Code] = ok && now.Sub(h.since) >= d.Grace
	}
	r := Report{Status: OK, At: now, Conditions: []Condition{}}
	for _, d := range Declarations {
		if !ripe[d.Code] || slices.ContainsFunc(d.DependsOn, func(c string) bool { return ripe[c] }) {
			continue
		}
		h := t.holds[d.Code]
		r.Conditions = append(r.Conditions, d.At(h.since, h.detail))
		switch {
		case d.Severity == Critical:
			r.Status = Down
		case d.Severity == Degraded && r.Status == OK:
			r.Status = Part
		}
	}
	slices.SortStableFunc(r.Conditions, func(a, b Condition) int { return weight(b.Severity) - weight(a.Severity) })
	return r
}

// Worse tells whether a takes more away than b.
func (s Severity) Worse(than Severity) bool { return weight(s) > weight(than) }

func weight(s Severity) int {
	return slices.Index([]Severity{Info, Warning, Degraded, Critical}, s)
}
