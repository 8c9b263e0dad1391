package report

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func at(text string) time.Time {
	t, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err)
	}
	return t
}

// What kiosks tell is counted once, however often it is told, by day, unit and kiosk; a
// machine that replaces another counts anew from 1.
func TestHear(t *testing.T) {
	c := open1(t, filepath.Join(t.TempDir(), "report.db"))
	visits := func(kiosk, unit, origin string, seq int64, when string, v Visits) Event {
		return Event{Kiosk: kiosk, Unit: unit, Origin: origin, Seq: seq, At: at(when), Kind: "journeys", Visits: &v}
	}
	now := at("2026-11-30 04:30:00")
	if err := c.Hear(t.Context(), []Event{
		{Kiosk: "a-01", Unit: "a", Origin: "x", Seq: 1, At: at("2026-11-30 01:00:00"), Kind: "started"},
		visits("a-01", "a", "x", 2, "2026-11-30 01:10:00", Visits{Visits: 3, Reads: 2, ReadMillis: 4000, Done: 2, DoneMillis: 90_000, Tickets: 1, Dossiers: 1, Failed: 1, Abandoned: 1}),
		visits("a-01", "a", "x", 3, "2026-11-30 01:50:00", Visits{Visits: 1, Done: 1, DoneMillis: 30_000, Tickets: 1}),
		visits("a-01", "a", "x", 2, "2026-11-30 01:10:00", Visits{Visits: 3}), // its answer was lost
		{Kiosk: "a-01", Unit: "a", Origin: "x", Seq: 4, At: at("2026-11-30 02:00:00"), Kind: "raised", Code: "paper-out"},
		visits("b-01", "b", "y", 1, "2026-11-29 17:30:00", Visits{Visits: 5, Done: 5, DoneMillis: 100_000, Dossiers: 5}), // the 30th, in Hanoi
		visits("b-01", "b", "z", 1, "2026-11-29 10:00:00", Visits{Visits: 1, NotSaved: 1}),                               // the machine before
	}, 9, now); err != nil {
		t.Fatal(err)
	}
	a := Visits{Visits: 4, Reads: 2, ReadMillis: 4000, Failed: 1, Done: 3, DoneMillis: 120_000, Tickets: 2, Dossiers: 1, Abandoned: 1}
	for _, q := range []struct {
		by       By
		from     string
		units    []string
		kiosk    string
		want     []VisitLine
		wantSums int
	}{
		{ByKiosk, "", nil, "", []VisitLine{{"a-01", a}, {"b-01", Visits{Visits: 6, Done: 5, DoneMillis: 100_000, Dossiers: 5, NotSaved: 1}}}, 10},
		{ByUnit, "2026-11-30", []string{"a"}, "", []VisitLine{{"a", a}}, 4},
		{ByDay, "", nil, "b-01", []VisitLine{{"2026-11-29", Visits{Visits: 1, NotSaved: 1}}, {"2026-11-30", Visits{Visits: 5, Done: 5, DoneMillis: 100_000, Dossiers: 5}}}, 6},
		{ByDay, "2027-01-01", nil, "", []VisitLine{}, 0},
	} {
		lines, err := c.VisitLines(t.Context(), q.by, q.from, "", q.units, q.kiosk)
		if err != nil {
			t.Fatal(err)
		}
		if got := lines[:len(lines)-1]; !reflect.DeepEqual(append([]VisitLine{}, got...), q.want) || lines[len(got)].Key != "" || lines[len(got)].Visits.Visits != q.wantSums {
			t.Errorf("by %s from %q: %+v", q.by, q.from, lines)
		}
	}
	if _, err := c.VisitLines(t.Context(), ByProcedure, "", "", nil, ""); err != ErrBy {
		t.Error(err)
	}
	hours, changes, err := c.Lately(t.Context(), "a-01", now.Add(-24*time.Hour))
	if err != nil || !reflect.DeepEqual(hours, []Hour{{at("2026-11-30 01:00:00"), 4, 3, 1}}) || len(changes) != 2 || changes[0].Code != "paper-out" || changes[1].Kind != "started" {
		t.Error(hours, changes, err)
	}
	if seq, err := c.Heard(t.Context()); err != nil || seq != 9 {
		t.Error(seq, err)
	}
	// A month later the fine grain is gone, the days are not.
	if err := c.Hear(t.Context(), nil, 10, now.Add(keepFine+24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if hours, changes, err = c.Lately(t.Context(), "a-01", time.Unix(0, 0)); err != nil || len(hours)+len(changes) != 0 {
		t.Error(hours, changes, err)
	}
	lines, err := c.VisitLines(t.Context(), ByKiosk, "", "", nil, "")
	if err != nil || len(lines) != 3 {
		t.Error(lines, err)
	}
	var out bytes.Buffer
	if err := WriteVisitsCSV(&out, ByKiosk, lines, func(key string) string { return "=" + key }); err != nil {
		t.Fatal(err)
	}
	if want := "a-01,'=a-01,4,3,75.0,40.0,2,2.0,1,2,1,1,0\n"; !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "Tổng,,10,8,80.0") {
		t.Error(out.String())
	}
	if err := c.ForgetVisits(t.Context()); err != nil {
		t.Fatal(err)
	}
	if seq, err := c.Heard(t.Context()); err != nil || seq != 0 {
		t.Error(seq, err)
	}
}
