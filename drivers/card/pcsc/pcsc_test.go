//go:build pcsc

package pcsc_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/card/pcsc"
)

// vpcd is where pcscd's virtual reader waits for a card to be laid on it.
const vpcd = "127.0.0.1:35963"

// lay puts a virtual card on the virtual reader of the real pcscd.
func lay(t *testing.T, c *cardsim.Chip) (pull func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- cardsim.ServeVPCD(ctx, vpcd, c) }()
	return func() { cancel(); <-done }
}

// Real pcscd, real driver, real APDUs; only reader and card are virtual.
func TestOverPCSCD(t *testing.T) {
	conn, err := net.DialTimeout("tcp", vpcd, time.Second)
	if err != nil {
		t.Skip("no pcscd with a virtual reader here (vsmartcard-vpcd)")
	}
	conn.Close()
	names, err := pcsc.List()
	if err != nil || !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "Virtual PCD") }) {
		t.Fatalf("readers %q, %v", names, err)
	}
	r := pcsc.New("virtual pcd")
	levels := make(chan card.Level, 100)
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan error, 1)
	go func() { watched <- r.Watch(ctx, func(l card.Level) { levels <- l }) }()
	expect := func(want card.Level) {
		t.Helper()
		deadline := time.After(20 * time.Second)
		for {
			select {
			case l := <-levels:
				if l == want {
					return
				}
			case <-deadline:
				t.Fatalf("never saw level %s", want)
			}
		}
	}
	expect(card.NoCard)
	if _, err := r.Connect(); !errors.Is(err, card.ErrRemoved) {
		t.Errorf("connect to no card: %v", err)
	}
	for _, name := range []string{"an", "dung", "chi"} {
		p, _ := cardsim.ByName(name)
		chip, err := cardsim.New(p, cardsim.Options{})
		if err != nil {
			t.Fatal(err)
		}
		pull := lay(t, chip)
		expect(card.CardIn)
		for range 2 { // a second time: connecting closes what was open, and resets
			tr, err := r.Connect()
			if err != nil {
				t.Fatal(err)
			}
			reading, err := cccd.Read(t.Context(), tr, card.Key{CAN: p.CAN()}, cccd.Options{Portrait: true, Now: time.Date(2026, 10, 14, 0, 0, 0, 0, time.UTC)})
			if err != nil || reading.Identity.PIN != p.Holder.PIN || reading.Verdict.Grade != cccd.GradeSigned {
				t.Fatalf("%s: %v, %+v", name, err, reading.Verdict)
			}
		}
		tr, err := r.Connect()
		if err != nil {
			t.Fatal(err)
		}
		pull()
		expect(card.NoCard)
		if _, err := tr.Transmit(t.Context(), []byte{0, 0x84, 0, 0, 8}); !errors.Is(err, card.ErrRemoved) {
			t.Errorf("after the card was pulled: %v", err)
		}
	}
	stop()
	if err := <-watched; !errors.Is(err, context.Canceled) {
		t.Errorf("watch ends with %v", err)
	}
}
