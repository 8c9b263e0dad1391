package main

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"tiepdan/kiosk/dossier"
	"tiepdan/provisioning/gateway/onestopsim"
)

// A gateway in a process of its own, on the link like everybody: what the
// centre kept, sealed, while there was none, goes out.
func TestGatewayApart(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), func(o *options) { o.sim = false })
	d := h.enrol()
	s := d.file()
	if page := get(t, h.url+"/metrics"); !strings.Contains(page, "tiepdan_dossiers_waiting 1") {
		t.Errorf("nothing waits:\n%s", page)
	}
	if page := get(t, h.url+"/healthz"); !strings.Contains(page, "gateway-elsewhere") {
		t.Error(page)
	}
	sim, err := onestopsim.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	city := httptest.NewServer(sim.Handler("/city"))
	defer city.Close()

	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"gateway", "-nats", strings.Replace(h.url, "http", "ws", 1) + "/nats", "-data", h.data,
			"-onestop", city.URL + "/city", "-onestop-account", "-"},
			env{strings.NewReader(sim.Account().Username + ":" + sim.Account().Password + "\n"), h.log, h.log})
	}()
	if r := d.receipt(s, 1); r.Outcome != dossier.Accepted {
		t.Errorf("%+v", r)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("the gateway's end: %v", err)
	}
}

// Where One-Stop is elsewhere and nobody said how it reaches us, pages are not promised to it.
func TestDefaultFilesURL(t *testing.T) {
	for onestop, want := range map[string]string{
		"http://127.0.0.1:1/onestop": "http://here", "https://localhost/x": "http://here", "http://[::1]:1": "http://here",
		"https://motcua.example.vn": "", "https://10.0.0.7": "",
	} {
		o := options{onestop: onestop}
		o.defaultFilesURL("http://here", slog.New(slog.DiscardHandler))
		if o.filesURL != want {
			t.Errorf("%s: %q", onestop, o.filesURL)
		}
	}
}
