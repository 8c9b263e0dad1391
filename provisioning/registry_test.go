package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/enrol"
)

// newRegistry is a registry with one kiosk, on a NATS of its own, and the key its codes trust.
// newJetStream is an embedded NATS in a folder of its own.
func newJetStream(t *testing.T) jetstream.JetStream {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	seeds, err := enrol.NewSeeds()
	if err != nil {
		t.Fatal(err)
	}
	authority, err := enrol.NewAuthority(seeds)
	if err != nil {
		t.Fatal(err)
	}
	bus, err := startNATS(t.TempDir(), authority, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.stop)
	nc, err := connect(bus, authority, "test", log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func newRegistry(t *testing.T) (*enrol.Registry, enrol.Kiosk, ed25519.PublicKey) {
	t.Helper()
	js := newJetStream(t)
	registry, err := enrol.OpenRegistry(t.Context(), js, 1, []byte("pepper"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := registry.Add(t.Context(), config.Config{Unit: config.Unit{Code: "00004", Name: "UBND phường Ba Đình"}}, "", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return registry, k, public
}

// A code works until it expires.
func TestCodeExpires(t *testing.T) {
	registry, k, public := newRegistry(t)
	for life, want := range map[time.Duration]error{-time.Second: link.ErrCodeExpired, time.Minute: nil} {
		_, code, _, err := registry.NewCode(t.Context(), k.ID, life, public)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := registry.Redeem(t.Context(), code, "U1", nil); !errors.Is(err, want) {
			t.Errorf("a code that lives %v: %v", life, err)
		}
	}
}

// Of many who come with one code at the same moment, one is let in. (At the
// desk itself guessing is slowed down; here nothing stands between them.)
func TestOneCodeOnce(t *testing.T) {
	registry, k, public := newRegistry(t)
	for range 10 {
		_, code, _, err := registry.NewCode(t.Context(), k.ID, time.Minute, public)
		if err != nil {
			t.Fatal(err)
		}
		start, errs := make(chan struct{}), make(chan error, 8)
		var wg sync.WaitGroup
		for range cap(errs) {
			wg.Go(func() {
				<-start
				_, err := registry.Redeem(t.Context(), code, "U1", nil)
				errs <- err
			})
		}
		close(start)
		wg.Wait()
		close(errs)
		in := 0
		for err := range errs {
			switch {
			case err == nil:
				in++
			case !errors.Is(err, link.ErrCodeUsed):
				t.Error(err)
			}
		}
		if in != 1 {
			t.Fatalf("%d were let in", in)
		}
	}
}

// What is undone is as before: the code works at the right machine, the wrong one is out.
func TestUndo(t *testing.T) {
	registry, k, public := newRegistry(t)
	_, code, _, err := registry.NewCode(t.Context(), k.ID, time.Minute, public)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Undo(t.Context(), k.ID, time.Hour); !errors.Is(err, enrol.ErrLate) {
		t.Error("who never came is undone:", err)
	}
	if _, err := registry.Redeem(t.Context(), code, "U1", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Undo(t.Context(), k.ID, 0); !errors.Is(err, enrol.ErrLate) {
		t.Error("too late is undone:", err)
	}
	undone, err := registry.Undo(t.Context(), k.ID, time.Hour)
	if err != nil || !undone.Enrolled.IsZero() || undone.PublicKey != "" || undone.Shut["U1"].IsZero() {
		t.Errorf("%+v %v", undone, err)
	}
	again, err := registry.Redeem(t.Context(), code, "U2", nil)
	if err != nil || again.PublicKey != "U2" || again.Shut["U1"].IsZero() {
		t.Errorf("%+v %v", again, err)
	}
}

// The technician's code is each kiosk's own, and always the same.
func TestTechnicianCode(t *testing.T) {
	registry, k, _ := newRegistry(t)
	code := registry.TechnicianCode(k.ID)
	if len(code) != 8 || strings.Trim(code, "0123456789") != "" || code != registry.TechnicianCode(k.ID) || code == registry.TechnicianCode("00004-02") {
		t.Error(code)
	}
}

// A kiosk added before there were such codes is told its own when somebody looks at it,
// once: what is shown at the centre opens there.
func TestTechnicianCodeGivenLater(t *testing.T) {
	registry, _, _ := newRegistry(t)
	cat, err := catalogue.Embedded(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	first, err := enrol.FirstConfig(cat, enrol.Site{Unit: "00004", Site: "Nhà văn hóa"})
	if err != nil {
		t.Fatal(err)
	}
	k, err := registry.Add(t.Context(), first, "", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	c := &centre{registry: registry}
	var had string
	for range 2 {
		if err := c.giveTechnician(t.Context(), k, registry.TechnicianCode(k.ID)); err != nil {
			t.Fatal(err)
		}
		if k, err = registry.Kiosk(t.Context(), k.ID); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Parse(k.Config)
		if err != nil || cfg.Technician == "" || had != "" && cfg.Technician != had {
			t.Errorf("%q, then %q: %v", had, cfg.Technician, err)
		}
		had = cfg.Technician
	}
	if _, err := registry.Blob(t.Context(), link.HashOf(k.Config)); err != nil {
		t.Error("the kiosk is not told:", err)
	}
}
