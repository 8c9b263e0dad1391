package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/wire"
)

// promises are the numbers people have seen on a screen.
type promises struct {
	mu       sync.Mutex
	receipts map[string]string // receipt number → visit token that saw it
	tickets  map[string]string
	doubled  []string
}

func (p *promises) note(v wire.View) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v.Receipt != nil && v.Receipt.State != "recording" {
		p.see(p.receipts, v.Receipt.Number, v.Visit)
	}
	if v.Ticket != nil {
		p.see(p.tickets, v.Ticket.Number, v.Visit)
	}
}

func (p *promises) see(seen map[string]string, number, visit string) {
	if before, ok := seen[number]; ok && before != visit {
		p.doubled = append(p.doubled, number)
	}
	seen[number] = visit
}

// Kiosk and centre are killed at random moments of visit after visit. Every
// number that was shown is kept: each receipt is at One-Stop exactly once, no
// number is given to two people, and a page that comes back within its visit
// finds what was committed for it.
//
// KILLS chooses how often; the seed is printed and may be given as SEED.
func TestKills(t *testing.T) {
	if testing.Short() {
		t.Skip("runs and kills both programs")
	}
	kills := number(t, "KILLS", 40)
	seed := number(t, "SEED", int(time.Now().UnixNano()&0xffffff))
	rnd := rand.New(rand.NewPCG(uint64(seed), 1))
	r := newRig(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(kills)*5*time.Second+2*time.Minute)
	defer cancel()

	seen := &promises{receipts: map[string]string{}, tickets: map[string]string{}}
	people, stopPeople := context.WithCancel(ctx)
	done := make(chan error, 1)
	var pausing sync.RWMutex // held by the killer while a program is down
	lost := &lostPages{}
	go func() { done <- r.people(people, seen, lost, &pausing, rand.New(rand.NewPCG(uint64(seed), 2))) }()

	var kioskKills int
	for n := range kills {
		select {
		case <-time.After(time.Duration(20+rnd.IntN(1500)) * time.Millisecond):
		case err := <-done:
			t.Fatalf("seed %d: people stopped after %d kills: %v", seed, n, err)
		}
		pausing.Lock()
		if rnd.IntN(3) == 0 {
			r.centre.kill()
			r.startCentre()
		} else {
			r.kiosk.kill()
			r.startKiosk()
			kioskKills++
		}
		pausing.Unlock()
	}
	// Nobody is left in the middle of a confirmation that this test then misses.
	stopPeople()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("seed %d: %v", seed, err)
	}

	seen.mu.Lock()
	defer seen.mu.Unlock()
	if len(seen.receipts) == 0 || len(seen.tickets) == 0 {
		t.Fatalf("seed %d: nothing was promised: %d receipts, %d tickets", seed, len(seen.receipts), len(seen.tickets))
	}
	until(t, 90*time.Second, "every receipt at One-Stop", func() error {
		for number := range seen.receipts {
			if n, err := r.receiptOf(ctx, number); err != nil || n != 1 {
				return fmt.Errorf("%s: %d times, %v", number, n, err)
			}
		}
		return nil
	})
	items, err := r.oneStop(ctx)
	if err != nil {
		t.Fatal(err)
	}
	codes, sources := map[string]bool{}, map[string]bool{}
	for _, i := range items {
		if codes[i.MaHoSo] || sources[i.MaHoSoNguon] {
			t.Errorf("seed %d: %s (%s) stands twice at One-Stop", seed, i.MaHoSo, i.MaHoSoNguon)
		}
		codes[i.MaHoSo], sources[i.MaHoSoNguon] = true, true
	}
	for _, number := range seen.doubled {
		t.Errorf("seed %d: number %s was shown to two people", seed, number)
	}
	for source := range sources {
		if _, shown := seen.receipts[wireNumber(source)]; !shown {
			t.Errorf("seed %d: %s was committed and sent, and its page never saw it", seed, source)
		}
	}
	if len(lost.receipts) > 0 {
		t.Errorf("seed %d: pages came back and did not find their receipts %v", seed, lost.receipts)
	}
	t.Logf("seed %d: %d kills (%d of the kiosk), %d receipts and %d tickets shown, %d dossiers at One-Stop, %d pages came back to a committed receipt",
		seed, kills, kioskKills, len(seen.receipts), len(seen.tickets), len(items), lost.found)
}

// wireNumber groups a receipt number as screens do.
func wireNumber(s string) string { return dossier.ReceiptNumber(s).Grouped() }

func number(t *testing.T, name string, fallback int) int {
	s := os.Getenv(name)
	if s == "" {
		return fallback
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number of at least 1", name, s)
	}
	return n
}

// lostPages counts pages that came back after a kill: to the receipt they had
// shown, or were about to be shown; and those that did not find it.
type lostPages struct {
	found    int
	receipts []string
}

// comeBack reloads the page with the token it kept. One that had shown a receipt
// finds that receipt; one that had confirmed finds it if it was committed.
func (r *rig) comeBack(ctx context.Context, p *page, lost *lostPages) error {
	before, token := p.view, p.token
	if err := p.connect(ctx); err != nil {
		return err
	}
	// Only these had anything to commit. Waiting for it keeps it from arriving in
	// the middle of the next person's visit, whose robot would not know it.
	if before.Receipt == nil && before.Ticket == nil && before.Name != "review" && before.Name != "services" {
		return nil
	}
	// Whatever the daemon knows of this visit it shows at once; then it is quiet.
	err := p.awaitFor(ctx, time.Second, func(v wire.View) bool {
		return v.Ticket != nil || v.Receipt != nil && v.Receipt.State != "recording"
	})
	switch {
	case err == nil && p.view.Receipt == nil:
		if lost.found++; before.Ticket != nil && before.Ticket.Number != p.view.Ticket.Number {
			lost.receipts = append(lost.receipts, before.Ticket.Number)
		}
	case err == nil:
		lost.found++
		if before.Receipt != nil && before.Receipt.Number != p.view.Receipt.Number {
			lost.receipts = append(lost.receipts, before.Receipt.Number)
		}
	case before.Receipt != nil && before.Receipt.State != "recording" && before.Receipt.Number != "":
		lost.receipts = append(lost.receipts, fmt.Sprintf("%s (token %t, now on %q: %v)", before.Receipt.Number, token != "", p.view.Name, err))
	}
	return p.connect(ctx) // a read that ran into its deadline has spoilt the socket
}

func isLineGone(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, io.EOF) || websocket.IsUnexpectedCloseError(err)
}

// people come one after another until ctx is done; a killed program is an
// interruption, and the page comes back with its token as a browser does.
func (r *rig) people(ctx context.Context, seen *promises, lost *lostPages, pausing *sync.RWMutex, rnd *rand.Rand) error {
	personas := []string{"an", "binh", "chi"}
	p := &page{addr: r.Kiosk, seen: seen.note}
	defer p.close()
	for n := 0; ctx.Err() == nil; n++ {
		persona := personas[n%len(personas)]
		err := r.person(ctx, p, persona, rnd.IntN(4) == 0, rnd.IntN(2) == 0)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errStuck) {
			return fmt.Errorf("visit %d of %s: %w", n, persona, err)
		}
		pausing.RLock() // until what was killed runs again
		//lint:ignore SA2001 to have waited is all
		pausing.RUnlock()
		if err := r.comeBack(ctx, p, lost); err != nil && ctx.Err() == nil && !isLineGone(err) {
			return err
		}
		r.sim("DELETE", "card", nil)
	}
	// The last one, interrupted like all others, comes back too.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if err := r.comeBack(last, p, lost); err != nil && !isLineGone(err) {
		return err
	}
	return ctx.Err()
}

// person is one whole visit: a number, or a dossier.
func (r *rig) person(ctx context.Context, p *page, persona string, ticket, linger bool) error {
	if p.conn == nil {
		if err := p.connect(ctx); err != nil {
			return err
		}
	}
	if err := r.toAttract(ctx, p); err != nil {
		return err
	}
	if ticket {
		if err := p.press(ctx, wire.Command{Action: "quick-ticket"}); err != nil {
			return err
		}
		if err := p.press(ctx, wire.Command{Action: "service", Value: "chung-thuc"}); err != nil {
			return err
		}
		return p.await(ctx, on("ticket"))
	}
	if _, err := r.fileOnce(ctx, p, persona, serviceOf[residence], residence); err != nil {
		return err
	}
	if linger {
		// People read their receipt: kills are to meet them there.
		select {
		case <-time.After(700 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return r.leave(ctx, p)
}

// toAttract leaves whatever the last visit left behind.
func (r *rig) toAttract(ctx context.Context, p *page) error {
	for p.view.Name != "attract" {
		switch {
		case strings.HasPrefix(p.view.Name, "take-card"):
			if err := r.pull(); err != nil {
				return err
			}
			if err := p.await(ctx, on("attract")); err != nil {
				return err
			}
		case slices.Contains(p.view.Actions, "end"):
			if err := p.press(ctx, wire.Command{Action: "end"}); err != nil {
				return err
			}
		case slices.Contains(p.view.Actions, "restart-yes"):
			if err := p.press(ctx, wire.Command{Action: "restart-yes"}); err != nil {
				return err
			}
		case slices.Contains(p.view.Actions, "restart"):
			// The question lies over the screen: wait for its answers.
			if err := p.press(ctx, wire.Command{Action: "restart"}); err != nil {
				return err
			}
		default:
			if err := p.next(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
