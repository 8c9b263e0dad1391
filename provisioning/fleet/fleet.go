// Package fleet knows which kiosks are alive and what is the matter with them:
// the last report of each, and how long it has been silent.
package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
)

// SilentAfter is three heartbeats and their jitter: a kiosk that says nothing
// for so long is silent.
const SilentAfter = 50 * time.Second

// maxReport bounds a report.
const maxReport = 64 << 10

// A State is the last that was heard of a kiosk.
type State struct {
	Seen   time.Time     // by the centre's clock
	Skew   time.Duration // the kiosk's clock against the centre's, network time included
	Report health.Report
}

// Silent tells whether too long ago.
func (s State) Silent(now time.Time) bool { return now.Sub(s.Seen) > SilentAfter }

// Watch listens to the health of all kiosks. It is safe for concurrent use.
type Watch struct {
	log *slog.Logger

	mu    sync.Mutex
	began time.Time
	state map[string]State
	bad   uint64
}

// NewWatch returns a watch that has heard nothing. Call Run.
func NewWatch(log *slog.Logger) *Watch { return &Watch{log: log, state: map[string]State{}} }

// Run listens until the context ends.
func (w *Watch) Run(ctx context.Context, nc *nats.Conn) error {
	sub, err := nc.Subscribe(link.HealthSubject("*"), w.hear)
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	w.mu.Lock()
	w.began = time.Now()
	w.mu.Unlock()
	<-ctx.Done()
	if err := sub.Unsubscribe(); err != nil && !nc.IsClosed() {
		return fmt.Errorf("fleet: %w", err)
	}
	return nil
}

// hear keeps the newest report: each is whole.
func (w *Watch) hear(m *nats.Msg) {
	_, kiosk, _ := strings.Cut(m.Subject, ".")
	now := time.Now()
	var r health.Report
	if len(m.Data) > maxReport || json.Unmarshal(m.Data, &r) != nil || !dossier.ValidKiosk(kiosk) {
		w.mu.Lock()
		w.bad++
		w.mu.Unlock()
		w.log.Warn("a health report that is none", "subject", m.Subject)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state[kiosk] = State{Seen: now, Skew: r.At.Sub(now), Report: r}
}

// States returns what is known, by kiosk id.
func (w *Watch) States() map[string]State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.state)
}

// Began is when it began to listen; zero: not yet.
func (w *Watch) Began() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.began
}

// Standings judges all these kiosks at one moment, who needs people most first.
func (w *Watch) Standings(places []Place, now time.Time) []Standing {
	states, began := w.States(), w.Began()
	if began.IsZero() {
		began = now
	}
	all := make([]Standing, len(places))
	for i, p := range places {
		all[i] = Stand(p, states[p.ID], began, now)
	}
	slices.SortFunc(all, Standing.Before)
	return all
}

// Bad is how many reports made no sense.
func (w *Watch) Bad() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bad
}
