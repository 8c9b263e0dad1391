package main

import (
	"os"
	"strings"
	"testing"

	"tiepdan/kiosk/health"
)

// The doctor says of a running centre that it is well, and of one that is broken what to do.
func TestDoctor(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	h.enrol()
	states := func(args ...string) (map[string]string, string) {
		out, err := h.run(append([]string{"doctor", "-lang", "en"}, args...)...)
		if err != nil {
			out = err.Error()
		}
		d := (&centreDoctor{operator: operator{data: h.data}, data: dataDir{root: h.data}, onestop: h.url + "/onestop/dossiers",
			e: env{strings.NewReader(""), h.log, h.log}}).examine(t.Context())
		found := map[string]string{}
		for _, f := range d.Findings {
			found[f.Check] = f.State
		}
		return found, out
	}
	well, out := states()
	for _, check := range []string{"keys", "disk", "centre", "bus", "flow", "onestop"} {
		if well[check] != health.Fine {
			t.Errorf("%s: %s\n%s", check, well[check], out)
		}
	}
	if !strings.Contains(out, "READY") || well["anchors"] != health.Warn {
		t.Error(well, out)
	}
	key := dataDir{root: h.data}.path("keys", "receipt.pem")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if ill, out := states(); ill["keys"] != health.Fail || !strings.HasPrefix(out, "exit 2") {
		t.Error(ill, out)
	}
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	h.stop()
	if ill, _ := states(); ill["centre"] != health.Fail || ill["bus"] != health.Fail || ill["flow"] != health.Warn || ill["onestop"] != health.Fail {
		t.Error(ill)
	}
}
