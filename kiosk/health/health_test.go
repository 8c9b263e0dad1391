package health

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func codes(r Report) string {
	var all []string
	for _, c := range r.Conditions {
		all = append(all, c.Code)
	}
	return strings.Join(all, " ")
}

func TestDeclarations(t *testing.T) {
	known := map[string]bool{}
	for _, d := range Declarations {
		known[d.Code] = true
	}
	if len(known) != len(Declarations) {
		t.Error("a condition is declared twice")
	}
	for _, d := range Declarations {
		if d.Text.VI == "" || d.Text.EN == "" || d.Step.VI == "" || d.Step.EN == "" {
			t.Errorf("%s: a text is missing", d.Code)
		}
		if !slices.Contains([]Actor{Site, Technician, Centre}, d.Who) || weight(d.Severity) < 0 {
			t.Errorf("%s: who %q, severity %q", d.Code, d.Who, d.Severity)
		}
		for _, dep := range d.DependsOn {
			if !known[dep] {
				t.Errorf("%s depends on %s, which is not declared", d.Code, dep)
			}
		}
		if reaches(d.Code, d.Code, nil) {
			t.Errorf("%s depends on itself", d.Code)
		}
	}
}

func reaches(from, to string, seen []string) bool {
	for _, d := range Declarations {
		if d.Code != from || slices.Contains(seen, from) {
			continue
		}
		for _, dep := range d.DependsOn {
			if dep == to || reaches(dep, to, append(seen, from)) {
				return true
			}
		}
	}
	return false
}

func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTracker()
		tr.Set(CentreUnreachable, true, "")
		time.Sleep(29 * time.Second)
		if r := tr.Report(time.Now()); codes(r) != "" || r.Status != OK {
			t.Errorf("within grace: %s", codes(r))
		}
		tr.Set(CentreUnreachable, true, "connection refused") // saying it again does not start anew
		time.Sleep(time.Second)
		r := tr.Report(time.Now())
		if codes(r) != CentreUnreachable || r.Status != OK || r.Conditions[0].Detail != "connection refused" {
			t.Errorf("after grace: %+v", r)
		}
		if since := time.Since(r.Conditions[0].Since); since != 30*time.Second {
			t.Errorf("since %v ago", since)
		}
		tr.Set(CentreUnreachable, false, "")
		if r := tr.Report(time.Now()); codes(r) != "" {
			t.Errorf("after it ended: %s", codes(r))
		}
		tr.Set(CentreUnreachable, true, "") // a new beginning has a new grace
		if r := tr.Report(time.Now()); codes(r) != "" {
			t.Errorf("flapping: %s", codes(r))
		}
	})
}

func TestDependsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTracker()
		for _, c := range []string{PaperLow, PaperOut, PrinterOffline, CutterError} {
			tr.Set(c, true, "")
		}
		// The printer's silence is still within its grace: the paper is news.
		if got := codes(tr.Report(time.Now())); got != PaperOut+" "+CutterError {
			t.Errorf("at first: %s", got)
		}
		time.Sleep(time.Hour)
		if got := codes(tr.Report(time.Now())); got != PrinterOffline {
			t.Errorf("later: %s", got)
		}
		tr.Set(PrinterOffline, false, "")
		if got := codes(tr.Report(time.Now())); got != PaperOut+" "+CutterError {
			t.Errorf("printer back: %s", got)
		}
		tr.Set(PaperOut, false, "")
		if got := codes(tr.Report(time.Now())); got != CutterError+" "+PaperLow {
			t.Errorf("paper in: %s", got)
		}
	})
}

func TestStatusAndOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTracker()
		for _, step := range []struct {
			code   string
			status Status
			all    string
		}{
			{CatalogueExpired, OK, CatalogueExpired},
			{NotEnrolled, Part, NotEnrolled + " " + CatalogueExpired},
			{ConfigInvalid, Down, ConfigInvalid + " " + NotEnrolled + " " + CatalogueExpired},
		} {
			tr.Set(step.code, true, "")
			if r := tr.Report(time.Now()); r.Status != step.status || codes(r) != step.all {
				t.Errorf("%s: %s, %s", step.code, r.Status, codes(r))
			}
		}
	})
}

func TestJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its clock starts at 2000-01-01 UTC
		tr := NewTracker()
		now := time.Now().UTC()
		if b, _ := json.Marshal(tr.Report(now)); string(b) != `{"status":"ok","at":"2000-01-01T00:00:00Z","conditions":[]}` {
			t.Errorf("nothing holds: %s", b)
		}
		tr.Set(NotEnrolled, true, "")
		time.Sleep(time.Minute)
		r := tr.Report(time.Now().UTC())
		r.Conditions[0].Since = r.Conditions[0].Since.UTC()
		got, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile("testdata/report.json")
		if err != nil {
			t.Fatal(err)
		}
		if string(got)+"\n" != string(want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func TestUndeclaredPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an undeclared condition was taken")
		}
	}()
	NewTracker().Set("printer-sad", true, "")
}

func TestConcurrent(t *testing.T) {
	tr := NewTracker()
	var wg sync.WaitGroup
	for _, d := range Declarations {
		wg.Go(func() {
			for i := range 100 {
				tr.Set(d.Code, i%2 == 0, "")
				tr.Report(time.Now())
			}
		})
	}
	wg.Wait()
	if r := tr.Report(time.Now().Add(time.Hour)); codes(r) != "" {
		t.Errorf("left: %s", codes(r))
	}
}
