package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/config"
	"tiepdan/kiosk/health"
)

// office is open on working days, with a break at noon.
var office = []config.Hours{
	{Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "08:00", To: "12:00"},
	{Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "13:30", To: "17:00"},
}

// at is a moment of the week of Monday, 2026-11-23, in Hanoi.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	day, clock, _ := strings.Cut(text, " ")
	n := slices.Index([]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, day)
	c, err := time.Parse("15:04:05", clock)
	if err != nil || n < 0 {
		t.Fatalf("moment %q", text)
	}
	return time.Date(2026, 11, 23+n, c.Hour()-7, c.Minute(), c.Second(), 0, time.UTC)
}

func place(id string) Place {
	return Place{ID: id, Unit: "00004", UnitName: "UBND phường Ba Đình", Site: "Site of " + id, Hours: office, Enrolled: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// heard is a state heard of at a moment, with these conditions.
func heard(when time.Time, codes ...string) State {
	tr := health.NewTracker()
	for _, code := range codes {
		tr.Set(code, true, "")
	}
	r := tr.Report(time.Now().Add(24 * time.Hour)) // past every grace
	r.At = when
	return State{Seen: when, Report: r}
}

func TestStand(t *testing.T) {
	began := at(t, "mon 00:00:00").Add(-30 * 24 * time.Hour)
	for _, c := range []struct {
		name, now, seen string
		codes           []string
		skew            time.Duration
		colour          Colour
		code            string
	}{
		{name: "works", now: "mon 09:00:00", seen: "mon 08:59:50", colour: Green},
		{name: "paper runs low", now: "mon 09:00:00", seen: "mon 08:59:50", codes: []string{health.PaperLow}, colour: Yellow, code: health.PaperLow},
		{name: "no printer", now: "mon 09:00:00", seen: "mon 08:59:50", codes: []string{health.PrinterOffline}, colour: Yellow, code: health.PrinterOffline},
		{name: "out of service", now: "mon 09:00:00", seen: "mon 08:59:50", codes: []string{health.ConfigInvalid}, colour: Red, code: health.ConfigInvalid},
		{name: "silent, not for long", now: "mon 09:00:00", seen: "mon 08:59:10", colour: Green},
		{name: "silent", now: "mon 09:00:00", seen: "mon 08:59:09", colour: Red, code: health.KioskSilent},
		{name: "asleep at night", now: "tue 03:00:00", seen: "mon 17:30:00", colour: Grey},
		{name: "asleep at noon", now: "mon 12:30:00", seen: "mon 11:30:00", colour: Grey},
		{name: "asleep on Sunday", now: "sun 10:00:00", seen: "fri 17:30:00", colour: Grey},
		{name: "awake at night, with troubles", now: "tue 03:00:00", seen: "tue 02:59:50", codes: []string{health.StoreFailing}, colour: Grey, code: health.StoreFailing},
		{name: "not woken yet", now: "tue 08:14:59", seen: "mon 17:30:00", colour: Grey},
		{name: "not woken", now: "tue 08:15:00", seen: "mon 17:30:00", colour: Red, code: health.NotReadyToday},
		{name: "not woken after the weekend", now: "mon 08:15:00", seen: "", colour: Red, code: health.NotReadyToday},
		{name: "not back from noon", now: "tue 13:45:00", seen: "tue 11:00:00", colour: Red, code: health.NotReadyToday},
		{name: "woken, then gone", now: "tue 08:20:00", seen: "tue 08:05:00", colour: Red, code: health.KioskSilent},
		{name: "its clock is off", now: "mon 09:00:00", seen: "mon 08:59:50", skew: -3 * time.Minute, colour: Yellow, code: health.ClockSkew},
		{name: "its clock is off, and it knows", now: "mon 09:00:00", seen: "mon 08:59:50", skew: 3 * time.Minute, codes: []string{health.ClockSkew}, colour: Yellow, code: health.ClockSkew},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s State
			if c.seen != "" {
				s = heard(at(t, c.seen), c.codes...)
				s.Skew = c.skew
			}
			st := Stand(place("k-1"), s, began, at(t, c.now))
			var codes []string
			for _, con := range st.Conditions {
				codes = append(codes, con.Code)
			}
			if got := strings.Join(codes, " "); st.Colour != c.colour || got != c.code {
				t.Errorf("%s, %q; want %s, %q", st.Colour, got, c.colour, c.code)
			}
		})
	}
}

// What happened before the centre listened, or before the kiosk was there, is no silence.
func TestStandOfTheUnheard(t *testing.T) {
	now := at(t, "mon 10:00:00")
	p := place("k-1")
	if st := Stand(p, State{}, now.Add(-SilentAfter), now); st.Colour != Grey {
		t.Errorf("a centre that has just begun: %s", st.Colour)
	}
	if st := Stand(p, State{}, now.Add(-SilentAfter-time.Second), now); st.Colour != Red || st.Conditions[0].Code != health.KioskSilent {
		t.Errorf("a centre that listens: %s", st.Colour)
	}
	p.Enrolled = now.Add(-10 * time.Second)
	if st := Stand(p, State{}, now.Add(-time.Hour), now); st.Colour != Grey {
		t.Errorf("a kiosk just enrolled: %s", st.Colour)
	}
	p.Enrolled = time.Time{}
	if st := Stand(p, State{}, now.Add(-time.Hour), now); st.Colour != Waiting {
		t.Errorf("not enrolled: %s", st.Colour)
	}
	p.Revoked = now
	if st := Stand(p, heard(now), now.Add(-time.Hour), now); st.Colour != Revoked {
		t.Errorf("revoked: %s", st.Colour)
	}
	always := place("k-2")
	always.Hours = nil
	if st := Stand(always, heard(at(t, "sun 01:00:00")), now.Add(-30*24*time.Hour), at(t, "sun 03:00:00")); st.Colour != Red {
		t.Errorf("a site that never closes: %s", st.Colour)
	}
}

func TestCauses(t *testing.T) {
	now := at(t, "mon 09:00:00")
	began := now.Add(-24 * time.Hour)
	var all []Standing
	stand := func(id string, codes ...string) {
		all = append(all, Stand(place(id), heard(now, codes...), began, now))
	}
	for n := range 3 {
		stand(fmt.Sprintf("low-%d", n), health.PaperLow, health.ScannerMissing)
	}
	stand("ill", health.StoreFailing)
	stand("well")
	asleep := place("asleep")
	asleep.Hours = []config.Hours{{From: "20:00", To: "21:00"}}
	all = append(all, Stand(asleep, heard(now, health.PaperLow), began, now))
	slices.SortFunc(all, Standing.Before)
	if all[0].ID != "ill" || all[len(all)-1].ID != "asleep" {
		t.Errorf("worst %s, last %s", all[0].ID, all[len(all)-1].ID)
	}
	var got []string
	for _, c := range Causes(all) {
		got = append(got, fmt.Sprintf("%s %d/%d %s", c.Code, len(c.Kiosks), c.Sites, c.Who))
	}
	want := "store-failing 1/1 technician, paper-low 3/3 site, scanner-missing 3/3 technician"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// The whole city sleeps, and in the morning two do not wake.
func TestMorningOfFiveThousand(t *testing.T) {
	w := NewWatch(nil)
	w.began = at(t, "mon 00:00:00")
	evening, night, morning := at(t, "mon 17:00:00"), at(t, "tue 02:00:00"), at(t, "tue 08:15:00")
	var places []Place
	for n := range 5000 {
		p := place(fmt.Sprintf("k-%04d", n))
		places = append(places, p)
		w.state[p.ID] = heard(evening)
	}
	alerts := Alerts{}
	asleep := w.Standings(places, night)
	for _, st := range asleep {
		if st.Colour != Grey {
			t.Fatalf("%s is %s at night", st.ID, st.Colour)
		}
	}
	if alerts = alerts.Step(asleep, night); len(alerts) > 0 {
		t.Fatalf("alerted at night: %v", alerts)
	}
	for id := range w.state {
		if id != "k-0007" && id != "k-4242" {
			w.state[id] = heard(morning.Add(-5 * time.Second))
		}
	}
	awake := w.Standings(places, morning)
	if alerts = alerts.Step(awake, morning); len(alerts) != 2 {
		t.Fatalf("alerts: %v", alerts)
	}
	for i, id := range []string{"k-0007", "k-4242"} {
		st := awake[i]
		if st.ID != id || st.Colour != Red || st.Conditions[0].Code != health.NotReadyToday || st.Conditions[0].Who != health.Site {
			t.Errorf("worst %d: %+v", i, st)
		}
	}
	if awake[2].Colour != Green {
		t.Errorf("the third worst is %s", awake[2].Colour)
	}
}
