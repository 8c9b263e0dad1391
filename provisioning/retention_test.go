package main

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/gateway"
	"tiepdan/provisioning/staff"
)

// bus is a connection to what a hall travels on, as a command of the operator's has one.
func (h *hall) bus() jetstream.JetStream {
	h.t.Helper()
	o := operator{data: h.data, addr: h.url}
	nc := must(dialBus(&o, "", dataDir{root: h.data}, "test", env{nil, io.Discard, io.Discard}))
	h.t.Cleanup(nc.Close)
	return must(jetstream.New(nc))
}

// books are the registry and the book of receipts, opened beside the centre.
func (h *hall) books() (*gateway.Desk, *enrol.Registry) {
	h.t.Helper()
	js, ctx := h.bus(), h.t.Context()
	keys := must(dataDir{root: h.data}.keys(false))
	registry := must(enrol.OpenRegistry(ctx, js, 1, keys.pepper))
	registry.Keys = must(keys.gateway.Changes())
	return must(gateway.OpenDesk(ctx, js, 1)), registry
}

// How long things are remembered is data: changed by who answers for all, never to less
// than a year of deeds and receipts, in force at once and after a restart, when the streams are
// made again.
func TestRetentionIsData(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	h := openHall(t, data, anyTOTP)
	city, ward := h.person("city", staff.Admin, "*"), h.person("badinh", staff.Admin, "00004")
	var now retention
	if status := ward.do("GET", "retention", nil, &now); status != 200 || now != usualRetention {
		t.Errorf("%d %+v", status, now)
	}
	long := retention{Audit: 800, Receipts: 900, Events: 100, Pages: 14}
	for _, bad := range []retention{{Audit: 364, Receipts: 400, Events: 400, Pages: 30}, {Audit: 400, Receipts: 364, Events: 400, Pages: 30}, {Audit: 400, Receipts: 400, Events: 400, Pages: 6}, {}} {
		if status := city.do("PUT", "retention", bad, nil); status != 400 {
			t.Errorf("%+v: %d", bad, status)
		}
	}
	if status := ward.do("PUT", "retention", long, nil); status != 403 {
		t.Error("one ward decides for the city:", status)
	}
	if status := city.do("PUT", "retention", long, nil); status != 200 {
		t.Fatal(status)
	}
	ages := func() map[string]time.Duration {
		js, out := h.bus(), map[string]time.Duration{}
		for _, name := range []string{staff.AuditStream, link.StreamEvents} {
			out[name] = must(js.Stream(t.Context(), name)).CachedInfo().Config.MaxAge
		}
		return out
	}
	if got := ages(); got[staff.AuditStream] != days(800) || got[link.StreamEvents] != days(100) {
		t.Error(got)
	}
	h.stop()
	h = openHall(t, data, anyTOTP)
	if got := ages(); got[staff.AuditStream] != days(800) || got[link.StreamEvents] != days(100) {
		t.Error("after a restart:", got)
	}
	rules := must(h.bus().KeyValue(t.Context(), rulesBucket))
	if got, err := pagesKept(rules)(t.Context()); err != nil || got != days(14) {
		t.Error(got, err)
	}
}

// Receipts of dossiers that are done with go when they are old, wherever they are found
// by; what is open or in quarantine stays. So do configurations that somebody is told.
func TestOldIsForgotten(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	p := h.person("city", staff.Admin, "*")
	d := h.enrol()
	open, done := d.file(), d.file()
	d.receipt(open, 1)
	first := d.receipt(done, 1)
	bad := newDossier(t, d.creds.Kiosk)
	bad.Answers["nycEmail"] = "không phải thư"
	held := d.seal(bad)
	d.publish(held)
	d.receipt(held, 1)
	if resp := h.post("/onestop/decide", `{"MaHoSo":"`+first.Code+`","TrangThaiHoSo":"10"}`); resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	if r := d.receipt(done, 2); r.Status != 10 {
		t.Fatal(r)
	}
	js := h.bus()
	desk, registry := h.books()
	before := must(registry.Kiosk(t.Context(), d.creds.Kiosk))
	if _, err := registry.SetConfig(t.Context(), d.creds.Kiosk, append(before.Config, "# another\n"...)); err != nil {
		t.Fatal(err)
	}
	c := &centre{js: js, rules: must(js.KeyValue(t.Context(), rulesBucket)), book: desk, registry: registry, log: slog.New(slog.NewTextHandler(h.log, nil))}

	if err := c.forgetNow(t.Context(), time.Now().Add(days(usualRetention.Receipts-1))); err != nil {
		t.Fatal(err)
	}
	there := func(s dossier.Sealed) bool { return p.do("GET", "receipts/"+string(s.Receipt), nil, nil) == 200 }
	if !there(open) || !there(done) || !there(held) {
		t.Error("a receipt is forgotten before its time")
	}
	if _, err := registry.Blob(t.Context(), link.HashOf(before.Config)); err == nil {
		t.Error("a configuration nobody is told any more stays for good")
	}
	if _, err := registry.Blob(t.Context(), link.HashOf(must(registry.Kiosk(t.Context(), d.creds.Kiosk)).Config)); err != nil {
		t.Error("the one the kiosk is told is gone:", err)
	}
	if err := c.forgetNow(t.Context(), time.Now().Add(days(usualRetention.Receipts+1))); err != nil {
		t.Fatal(err)
	}
	if !there(open) || there(done) || !there(held) || p.do("GET", "receipts/"+first.Code, nil, nil) != 404 {
		t.Errorf("open %v, done %v, held %v", there(open), there(done), there(held))
	}
	if left := must(must(js.KeyValue(t.Context(), "receipts")).Status(t.Context())).Values(); left != 5 { // two entries, two claims, one code
		t.Error("what is forgotten leaves marks:", left)
	}
}
