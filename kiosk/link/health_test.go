package link

import (
	"encoding/json"
	"testing"
	"time"

	"tiepdan/kiosk/health"
)

// A change is said within moments, not at the next heartbeat, and a connection that
// comes back says how the kiosk stands by itself.
func TestSayHealth(t *testing.T) {
	c := newCentre(t)
	k := run(t, c.kiosk("k-1"))
	heard := must(c.nc.SubscribeSync(HealthSubject("k-1")))(t)
	if err := c.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	tracker := health.NewTracker()
	go k.SayHealth(t.Context(), func() health.Report { return tracker.Report(time.Now()) })
	next := func(what string, paperOut bool) {
		t.Helper()
		m, err := heard.NextMsg(HealthEvery / 2) // a heartbeat comes later than that
		if err != nil {
			t.Fatalf("%s is not said: %v", what, err)
		}
		var r health.Report
		if err := json.Unmarshal(m.Data, &r); err != nil || r.Has(health.PaperOut) != paperOut {
			t.Fatalf("%s: %s %v", what, m.Data, err)
		}
	}
	next("the kiosk that came", false)
	tracker.Set(health.PaperOut, true, "")
	next("paper out", true)
	tracker.Set(health.PaperOut, false, "")
	next("new paper", false)
	k.until(t, Up)
	k.SetCut(true)
	k.until(t, Down)
	k.SetCut(false)
	next("the kiosk that came back", false)
}
