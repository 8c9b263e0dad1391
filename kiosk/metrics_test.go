package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/health"
)

func TestConditionsInMetrics(t *testing.T) {
	tracker := health.NewTracker()
	tracker.Set(health.ConfigInvalid, true, `agency: "x"`)
	m := newMetrics(func() health.Report { return tracker.Report(time.Now()) }, func() float64 { return 0 })
	w := httptest.NewRecorder()
	m.handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	page := w.Body.String()
	for _, want := range []string{
		`kiosk_condition{code="config-invalid",severity="critical",who="centre"} 1`,
		`kiosk_condition{code="paper-out",severity="degraded",who="site"} 0`,
	} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("%s is not in\n%s", want, page)
		}
	}
	if strings.Contains(page, "agency") {
		t.Error("the detail is in the metrics")
	}
}
