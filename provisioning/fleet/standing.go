package fleet

import (
	"cmp"
	"slices"
	"time"

	"tiepdan/kiosk/config"
	"tiepdan/kiosk/health"
)

// A Colour sums a kiosk up for whoever looks at thousands of them.
type Colour string

const (
	Green   Colour = "green"   // works, nothing to do
	Yellow  Colour = "yellow"  // serves people, and something is to be done
	Red     Colour = "red"     // serves nobody, or nobody knows
	Grey    Colour = "grey"    // its site is closed
	Waiting Colour = "waiting" // not enrolled yet
	Revoked Colour = "revoked" // shut out
)

// Colours, what needs people most first.
var Colours = []Colour{Red, Yellow, Green, Grey, Waiting, Revoked}

// A Place is what the registry says of a kiosk: where it stands and when it is to work.
type Place struct {
	ID, Unit, UnitName, Site string
	Find                     string // what it is found by: folded once, sought in at every key
	Hours                    []config.Hours
	Enrolled, Revoked        time.Time
}

// A Standing is how a kiosk stands at one moment.
type Standing struct {
	Place
	Colour     Colour
	Seen       time.Time // zero: never, since this centre began to listen
	Open       bool      // its site is
	Config     string    // hash of the configuration it goes by; "": it did not say
	Catalogue  string    // of the catalogue; "": its program's own
	Conditions []health.Condition
}

const (
	// wakeGrace is how long after opening a kiosk may sleep: somebody has to switch it on.
	wakeGrace = 15 * time.Minute
	// skewAllowed is how far a kiosk's clock may be off the centre's. Receipts bear it.
	skewAllowed = 2 * time.Minute
)

// Stand judges a kiosk. s is the last that was heard of it, zero if nothing was, and
// began when the centre began to listen: what nobody could hear is no silence.
func Stand(p Place, s State, began, now time.Time) Standing {
	st := Standing{Place: p, Seen: s.Seen, Config: s.Report.Config, Catalogue: s.Report.Catalogue}
	switch {
	case !p.Revoked.IsZero():
		st.Colour = Revoked
		return st
	case p.Enrolled.IsZero():
		st.Colour = Waiting
		return st
	}
	var since time.Time
	st.Open, since = config.OpenAt(p.Hours, now)
	if s.Silent(now) {
		st.silent(latest(s.Seen, began, p.Enrolled), since, now)
		return st
	}
	st.Conditions = slices.Clone(s.Report.Conditions)
	if skew := s.Skew.Abs(); skew > skewAllowed && !s.Report.Has(health.ClockSkew) {
		if d, ok := health.Declared(health.ClockSkew); ok {
			st.Conditions = append(st.Conditions, d.At(s.Seen, s.Skew.Round(time.Second).String()))
		}
	}
	switch {
	case !st.Open:
		st.Colour = Grey
	case s.Report.Status != health.OK && s.Report.Status != health.Part:
		st.Colour = Red
	case slices.ContainsFunc(st.Conditions, func(c health.Condition) bool { return c.Severity.Worse(health.Info) }):
		st.Colour = Yellow
	default:
		st.Colour = Green
	}
	return st
}

// silent judges a kiosk that says nothing since quiet; its site has been open or
// closed since then.
func (st *Standing) silent(quiet, since, now time.Time) {
	switch {
	case !st.Open:
		st.Colour = Grey // asleep
	case now.Sub(quiet) <= SilentAfter:
		st.Colour = Grey // the centre has only begun to listen, or the kiosk only just enrolled
	case quiet.Before(since) && now.Sub(since) < wakeGrace:
		st.Colour = Grey // the site has only just opened
	default:
		code := health.KioskSilent
		if quiet.Before(since) {
			code, quiet = health.NotReadyToday, since
		}
		st.Colour = Red
		if d, ok := health.Declared(code); ok {
			st.Conditions = []health.Condition{d.At(quiet, "")}
		}
	}
}

// Worst is what weighs most of it; "" if nothing does.
func (st Standing) Worst() health.Severity {
	var worst health.Severity
	for _, c := range st.Conditions {
		if worst == "" || c.Severity.Worse(worst) {
			worst = c.Severity
		}
	}
	return worst
}

// Before orders standings by who needs people most: by colour, then by how much is
// lost, then by how long.
func (st Standing) Before(other Standing) int {
	rank := func(c Colour) int { return slices.Index(Colours, c) }
	if by := cmp.Compare(rank(st.Colour), rank(other.Colour)); by != 0 {
		return by
	}
	switch a, b := st.Worst(), other.Worst(); {
	case a.Worse(b):
		return -1
	case b.Worse(a):
		return 1
	}
	return cmp.Or(st.since().Compare(other.since()), cmp.Compare(st.ID, other.ID))
}

func (st Standing) since() time.Time {
	var first time.Time
	for _, c := range st.Conditions {
		if first.IsZero() || c.Since.Before(first) {
			first = c.Since
		}
	}
	return first
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// A Cause is one condition and all kiosks it holds at, those of closed sites left out:
// twenty phones ring for one provider's cable.
type Cause struct {
	health.Declaration
	Since  time.Time // of the first of them
	Kiosks []string
	Sites  int
}

// Causes groups what holds, the one at the most kiosks first among those that take away as much.
func Causes(all []Standing) []Cause {
	by := map[string]*Cause{}
	sites := map[string]map[string]bool{}
	for _, st := range all {
		if st.Colour != Red && st.Colour != Yellow {
			continue
		}
		for _, c := range st.Conditions {
			cause := by[c.Code]
			if cause == nil {
				// What a newer kiosk says is shown in its own words.
				cause = &Cause{Declaration: health.Declaration{Code: c.Code, Severity: c.Severity, Who: c.Who, Text: c.Text, Step: c.Step}, Since: c.Since}
				by[c.Code], sites[c.Code] = cause, map[string]bool{}
			}
			cause.Kiosks = append(cause.Kiosks, st.ID)
			if c.Since.Before(cause.Since) {
				cause.Since = c.Since
			}
			sites[c.Code][st.siteKey()] = true
		}
	}
	causes := make([]Cause, 0, len(by))
	for code, cause := range by {
		cause.Sites = len(sites[code])
		slices.Sort(cause.Kiosks)
		causes = append(causes, *cause)
	}
	slices.SortFunc(causes, func(a, b Cause) int {
		switch {
		case a.Severity.Worse(b.Severity):
			return -1
		case b.Severity.Worse(a.Severity):
			return 1
		}
		return cmp.Or(cmp.Compare(len(b.Kiosks), len(a.Kiosks)), cmp.Compare(a.Code, b.Code))
	})
	return causes
}

// siteKey names a site: units call theirs what they like.
func (p Place) siteKey() string { return p.Unit + "\n" + p.Site }
