package link

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"tiepdan/kiosk/dossier"
)

// These tests run in real time against a real server: nothing in them waits for
// longer than what it waits for takes.

type running struct {
	*Conn
	levels chan Level
}

func run(t *testing.T, cr Credentials) running {
	t.Helper()
	conn, err := New(cr, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := running{conn, make(chan Level, 100)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- conn.Run(ctx) }()
	go func() { ended <- conn.Watch(ctx, func(l Level) { r.levels <- l }) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			select {
			case err := <-ended:
				if !errors.Is(err, context.Canceled) {
					t.Error("Run or Watch ended:", err)
				}
			case <-time.After(10 * time.Second):
				t.Error("Run does not end")
			}
		}
	})
	return r
}

// until waits for a level to be told.
func (r running) until(t *testing.T, want Level) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case l := <-r.levels:
			if l == want {
				return
			}
		case <-late:
			t.Fatalf("not %s but %s", want, r.Level())
		}
	}
}

func number(t testing.TB) dossier.ReceiptNumber {
	t.Helper()
	r, err := dossier.NewReceiptNumber(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHandOver(t *testing.T) {
	c := newCentre(t)
	k := run(t, c.kiosk("k-1"))
	k.until(t, Up)
	ctx, r := t.Context(), number(t)

	piece := bytes.Repeat([]byte{7}, PieceSize)
	for range 2 { // the second finds it there already
		if err := k.PublishPart(ctx, r, 0, piece); err != nil {
			t.Fatal(err)
		}
	}
	e := Envelope{Version: 1, Receipt: r, Sealed: bytes.Repeat([]byte{9}, dossier.MaxEncoded+64<<10), Manifest: dossier.Manifest{{N: 1, Size: PieceSize}}}
	for range 2 {
		if err := k.PublishDossier(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	s := must(c.js.Stream(ctx, StreamParts))(t)
	if m, err := s.GetLastMsgForSubject(ctx, PartSubject("k-1", r, 0)); err != nil || !bytes.Equal(m.Data, piece) {
		t.Error("the piece did not arrive whole", err)
	}
	s = must(c.js.Stream(ctx, StreamDossiers))(t)
	var got Envelope
	if m, err := s.GetLastMsgForSubject(ctx, DossierSubject("k-1", r)); err != nil || json.Unmarshal(m.Data, &got) != nil || !bytes.Equal(got.Sealed, e.Sealed) {
		t.Error("the dossier did not arrive whole", err)
	}
	if info := must(s.Info(ctx))(t); info.State.Msgs != 1 {
		t.Errorf("%d dossiers of one", info.State.Msgs)
	}
	if err := k.PublishPart(ctx, r, 1, make([]byte, PieceSize+1)); !errors.Is(err, ErrRejected) {
		t.Error("a piece too large:", err)
	}
	e.Receipt, e.Sealed = number(t), make([]byte, 1<<20)
	if err := k.PublishDossier(ctx, e); !errors.Is(err, ErrRejected) {
		t.Error("a dossier too large:", err)
	}
}

// Without the words of error 10077 a full stream would be taken for "handed over".
func TestFullStreamIsNotHandedOver(t *testing.T) {
	c := newCentre(t)
	k := run(t, c.kiosk("k-1"))
	k.until(t, Up)
	cfg := StreamConfigs(1)[1]
	cfg.MaxMsgs = 1
	must(c.js.UpdateStream(t.Context(), cfg))(t)
	r := number(t)
	if err := k.PublishPart(t.Context(), r, 0, []byte("x")); err != nil {
		t.Fatal(err)
	}
	err := k.PublishPart(t.Context(), r, 1, []byte("x"))
	if err == nil || errors.Is(err, ErrRejected) {
		t.Errorf("a full stream: %v", err)
	}
}

func TestAskReceiptsAndHealth(t *testing.T) {
	c := newCentre(t)
	k := run(t, c.kiosk("k-1"))
	r := dossier.Receipt{Receipt: number(t), Kiosk: "k-1", SHA256: strings.Repeat("0", 64), Seq: 1, Outcome: dossier.Refused, At: time.Now()}
	must(c.nc.Subscribe(AskSubject("*", WhatReceipts), func(m *nats.Msg) {
		var q AskReceipts
		if json.Unmarshal(m.Data, &q) == nil && len(q.Receipts) == 1 {
			b, _ := json.Marshal(Receipts{Receipts: []dossier.Receipt{r}})
			m.Respond(b)
		}
	}))(t)
	health := must(c.nc.SubscribeSync(HealthSubject("*")))(t)
	if err := c.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	k.until(t, Up)
	got, err := k.AskReceipts(t.Context(), []dossier.ReceiptNumber{r.Receipt})
	if err != nil || len(got) != 1 || got[0].Receipt != r.Receipt {
		t.Error(got, err)
	}
	if err := k.Ask(t.Context(), WhatLookup, AskLookup{Number: "x"}, &Lookup{}); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("nobody answers look-ups: %v", err)
	}
	if err := k.PublishHealth(t.Context(), map[string]int{"queued": 3}); err != nil {
		t.Fatal(err)
	}
	if m, err := health.NextMsg(5 * time.Second); err != nil || string(m.Data) != `{"queued":3}` || m.Subject != "health.k-1" {
		t.Error(m, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	news := make(chan dossier.Receipt, 10)
	go k.WatchReceipts(ctx, func(r dossier.Receipt) { news <- r })
	b, _ := json.Marshal(r)
	for { // until the watch is on
		if err := c.nc.Publish(ReceiptSubject("k-1", r.Receipt), b); err != nil {
			t.Fatal(err)
		}
		if err := c.nc.Publish(ReceiptSubject("k-1", r.Receipt), []byte("junk")); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-news:
			if got.Receipt != r.Receipt {
				t.Error(got)
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestCutAndMend(t *testing.T) {
	c := newCentre(t)
	k := run(t, c.kiosk("k-1"))
	k.until(t, Up)
	for range 3 {
		k.SetCut(true)
		k.until(t, Down)
		if err := k.PublishPart(t.Context(), number(t), 0, []byte("x")); err == nil {
			t.Error("handed over through a cut link")
		}
		k.SetCut(false)
		k.until(t, Up)
		if err := k.PublishPart(t.Context(), number(t), 0, []byte("x")); err != nil {
			t.Error(err)
		}
	}
}

func TestStrangerAndRevoked(t *testing.T) {
	c := newCentre(t)
	stranger := c.kiosk("k-2")
	stranger.JWT = c.kiosk("k-2").JWT // of another key
	run(t, stranger).until(t, Forbidden)

	cr := c.kiosk("k-1")
	k := run(t, cr)
	k.until(t, Up)
	c.revoke(cr)
	k.until(t, Forbidden)
	if err := k.PublishPart(t.Context(), number(t), 0, []byte("x")); err == nil {
		t.Error("a revoked kiosk hands over")
	}
}

// A kiosk that tries another's subjects gets no answer, and says forbidden.
func TestForbiddenSubject(t *testing.T) {
	c := newCentre(t)
	cr := c.kiosk("k-1")
	cr.Kiosk = "k-2" // its JWT is for k-1
	k := run(t, cr)
	k.until(t, Forbidden)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := k.PublishPart(ctx, number(t), 0, []byte("x")); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, nats.ErrTimeout) {
		t.Errorf("another's subject: %v", err)
	}
	if s := must(c.js.Stream(t.Context(), StreamParts))(t); s.CachedInfo().State.Msgs != 0 {
		t.Error("it got through")
	}
}

func TestNoCentre(t *testing.T) {
	cr := newCentre(t).kiosk("k-1")
	cr.Centre = "http://127.0.0.1:1"
	k := run(t, cr)
	k.until(t, Down)
	if err := k.PublishDossier(t.Context(), Envelope{Receipt: number(t)}); !errors.Is(err, ErrDown) {
		t.Error(err)
	}
	if err := k.Ask(t.Context(), WhatLookup, nil, nil); !errors.Is(err, ErrDown) {
		t.Error(err)
	}
	if err := k.PublishHealth(t.Context(), nil); !errors.Is(err, ErrDown) {
		t.Error(err)
	}
}
