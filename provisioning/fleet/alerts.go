package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"tiepdan/kiosk/health"
)

// An Alert calls people. It is about one cause at many sites, or about one site with
// all that is the matter there; whoever carries the phone is called once for each.
type Alert struct {
	ID         string          `json:"id"` // cause-<code> or site-<hash>
	Code       string          `json:"code,omitempty"`
	Unit       string          `json:"unit,omitempty"` // of a site's; of a cause's none
	UnitName   string          `json:"unit_name,omitempty"`
	Site       string          `json:"site,omitempty"`
	Severity   health.Severity `json:"severity"`
	Conditions []Trouble       `json:"conditions"`
	Kiosks     []string        `json:"kiosks"`
	Units      []string        `json:"units"` // all that are touched
	Raised     time.Time       `json:"raised"`
	Resolved   time.Time       `json:"resolved,omitzero"`
	Acked      *Ack            `json:"acked,omitempty"`

	// Told is what each way out has heard: "raised" or "resolved".
	Told map[string]string `json:"told,omitempty"`
}

// A Trouble is a condition as an alert tells it.
type Trouble struct {
	Code string       `json:"code"`
	Who  health.Actor `json:"who"`
	Text health.Text  `json:"text"`
	Step health.Text  `json:"step"`
}

// An Ack says that somebody is at it.
type Ack struct {
	By   string    `json:"by"`
	Note string    `json:"note,omitempty"`
	At   time.Time `json:"at"`
}

const (
	// alertGrace is how long a condition holds before people are called, beside its
	// own grace: what heals itself in that time was no reason to run.
	alertGrace = 2 * time.Minute
	// manySites is at how many sites a condition is a cause of its own.
	manySites = 3
	// keepAlerts is how long a resolved one is kept to look back at.
	keepAlerts = 30 * 24 * time.Hour
)

// Alerts are the open ones and those resolved not long ago, by id.
type Alerts map[string]Alert

// Step returns the alerts as they are after these standings. An alert that ended and
// comes again is a new one, to be acknowledged anew.
func (old Alerts) Step(all []Standing, now time.Time) Alerts {
	next := Alerts{}
	for id, a := range old {
		if a.Resolved.IsZero() || now.Sub(a.Resolved) < keepAlerts {
			next[id] = a
		}
	}
	due := dueAlerts(all, now)
	for id, a := range due {
		before, open := old[id]
		if open && before.Resolved.IsZero() {
			a.Raised, a.Acked, a.Told = before.Raised, before.Acked, before.Told
		} else {
			a.Raised = now
		}
		next[id] = a
	}
	for id, a := range next {
		if _, still := due[id]; !still && a.Resolved.IsZero() {
			a.Resolved = now
			next[id] = a
		}
	}
	return next
}

// dueAlerts is what people have to be called for now, whatever they were called for before.
func dueAlerts(all []Standing, now time.Time) Alerts {
	var due []Standing // with what is due alone
	for _, st := range all {
		if st.Colour != Red && st.Colour != Yellow {
			continue
		}
		st.Conditions = slices.DeleteFunc(slices.Clone(st.Conditions), func(c health.Condition) bool {
			grace := alertGrace
			if health.ByCentre(c.Code) {
				grace = 0 // it has waited long enough
			}
			return !c.Severity.Worse(health.Warning) || now.Sub(c.Since) < grace
		})
		if len(st.Conditions) > 0 {
			due = append(due, st)
		}
	}
	alerts := Alerts{}
	common := map[string]bool{}
	for _, cause := range Causes(due) {
		if cause.Sites < manySites {
			continue
		}
		common[cause.Code] = true
		alerts["cause-"+cause.Code] = Alert{
			ID: "cause-" + cause.Code, Code: cause.Code, Severity: cause.Severity, Kiosks: cause.Kiosks,
			Conditions: []Trouble{{cause.Code, cause.Who, cause.Text, cause.Step}}, Units: unitsOf(due, cause.Kiosks),
		}
	}
	for _, st := range due {
		for _, c := range st.Conditions {
			if !common[c.Code] {
				alerts.atSite(st, c)
			}
		}
	}
	for _, a := range alerts {
		slices.Sort(a.Kiosks)
	}
	return alerts
}

// atSite adds a condition to the alert of its site.
func (alerts Alerts) atSite(st Standing, c health.Condition) {
	sum := sha256.Sum256([]byte(st.siteKey()))
	id := "site-" + hex.EncodeToString(sum[:8])
	a, ok := alerts[id]
	if !ok {
		a = Alert{ID: id, Unit: st.Unit, UnitName: st.UnitName, Site: st.Site, Units: []string{st.Unit}, Severity: c.Severity}
	}
	if c.Severity.Worse(a.Severity) {
		a.Severity = c.Severity
	}
	if !slices.Contains(a.Kiosks, st.ID) {
		a.Kiosks = append(a.Kiosks, st.ID)
	}
	if !slices.ContainsFunc(a.Conditions, func(t Trouble) bool { return t.Code == c.Code }) {
		a.Conditions = append(a.Conditions, Trouble{c.Code, c.Who, c.Text, c.Step})
	}
	alerts[id] = a
}

func unitsOf(all []Standing, ids []string) []string {
	units := map[string]bool{}
	for _, st := range all {
		if _, found := slices.BinarySearch(ids, st.ID); found {
			units[st.Unit] = true
		}
	}
	return slices.Sorted(maps.Keys(units))
}

// Says is "raised" or "resolved": what a way out should have heard.
func (a Alert) Says() string {
	if a.Resolved.IsZero() {
		return "raised"
	}
	return "resolved"
}

// untold reports whether a way out has not heard how it stands. That something ended
// is no news to who never heard that it began.
func (a Alert) untold(way string) bool {
	return a.Told[way] != a.Says() && (a.Resolved.IsZero() || a.Told[way] != "")
}

// Subject is the alert in one line, in Vietnamese.
func (a Alert) Subject() string {
	var words []string
	for _, t := range a.Conditions {
		words = append(words, strings.TrimSuffix(t.Text.VI, "."))
	}
	where := a.UnitName + ", " + a.Site
	if a.Site == "" {
		where = plural(len(a.Kiosks))
	}
	state := "[Tiếp Dân] "
	if !a.Resolved.IsZero() {
		state = "[Tiếp Dân, đã hết] "
	}
	return state + where + ": " + strings.Join(words, "; ")
}
