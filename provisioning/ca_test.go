package main

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/link"
)

// A centre with an authority of its own: its codes vouch for it, so that a kiosk enrols and
// connects without anybody installing a certificate; whoever only pretends to be it never
// hears the code; and the authority is renewed while the one before still holds.
func TestOwnAuthority(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), t.TempDir()
	cert, key, _ := writeCertificate(t, dir, 1)
	serving := func(ca string) *hall {
		return openHall(t, data, anyTOTP, func(o *options) { o.sim, o.tlsCert, o.tlsKey, o.tlsCA = false, cert, key, ca })
	}
	h := serving(cert)
	creds, _, err := link.Enrol(t.Context(), h.url, h.code(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(creds.CA) == 0 || strings.Contains(creds.String(), "CERTIFICATE") {
		t.Error("the kiosk is not given the authority")
	}
	d := h.connect(creds)
	// told waits until the kiosk is told of an authority that is not this one.
	told := func(d *desk, not string) string {
		t.Helper()
		want := make(chan link.Desired, 16)
		go d.conn.WatchDesired(t.Context(), func(w link.Desired) { want <- w })
		deadline := time.After(patience)
		for {
			select {
			case w := <-want:
				if w.CA != not {
					return w.CA
				}
			case <-deadline:
				t.Fatal("the kiosk is not told of the authority")
			}
		}
	}
	first := told(d, "")
	signed, err := d.conn.Blob(t.Context(), first)
	if err != nil {
		t.Fatal("a blob over the own authority:", err)
	}
	if _, changed, err := creds.WithCA(signed); err != nil || changed {
		t.Error("the authority it has:", changed, err)
	}

	// A pretender has what everybody can see, and another certificate.
	forged, err := json.Marshal([]link.SignedCA{{PEM: creds.CA, ReceiptKey: creds.ReceiptKey, Signature: make([]byte, 64)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := creds.WithCA(forged); !errors.Is(err, link.ErrImpostor) {
		t.Error("an authority that nobody signed:", err)
	}
	code := h.code()
	for name, shows := range map[string][]byte{"nothing": nil, "a forged word": forged, "the true word": signed, "its own authority, forged": nil} {
		heard := ""
		pretender := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			heard += r.URL.Path
			if r.URL.Path == link.CAPath && shows != nil {
				w.Write(shows)
				return
			}
			http.NotFound(w, r)
		}))
		if strings.HasPrefix(name, "its own") { // whose certificate it would then hold
			own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pretender.Certificate().Raw})
			if shows, err = json.Marshal([]link.SignedCA{{PEM: own, ReceiptKey: creds.ReceiptKey, Signature: make([]byte, 64)}}); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := link.Enrol(t.Context(), pretender.URL, code, nil); !errors.Is(err, link.ErrImpostor) {
			t.Errorf("%s: %v", name, err)
		}
		pretender.Close()
		if heard != link.CAPath {
			t.Errorf("%s: a pretender hears %s", name, heard)
		}
	}

	// Renewal: both authorities for a while, then the new one alone.
	h.stop()
	newCert, newKey, _ := writeCertificate(t, t.TempDir(), 2)
	both := filepath.Join(dir, "both.pem")
	if err := os.WriteFile(both, append(must(os.ReadFile(cert)), must(os.ReadFile(newCert))...), 0o600); err != nil {
		t.Fatal(err)
	}
	h = serving(both)
	d = h.connect(creds)
	renewed, changed, err := creds.WithCA(must(d.conn.Blob(t.Context(), told(d, first))))
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	h.stop()
	cert, key = newCert, newKey
	h = serving(both)
	h.connect(renewed)
	stale := creds
	stale.Centre = h.url
	old, err := link.New(stale, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- old.Run(t.Context()) }()
	<-time.After(time.Second) // that it does not connect takes a while to be seen
	if old.Level() == link.Up {
		t.Error("a kiosk believes a certificate that nobody vouches for")
	}
}
