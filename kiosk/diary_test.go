//go:build !release

package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/store"
)

// listener is a centre that hears events; while away it hears none, and deaf it hears
// and its answer is lost.
type listener struct {
	sync.Mutex
	away, deaf bool
	up         chan link.Level
	heard      []link.Event
	kinds      []string
}

func (l *listener) be(away, deaf bool) {
	l.Lock()
	defer l.Unlock()
	l.away, l.deaf = away, deaf
}

func (l *listener) Watch(ctx context.Context, emit func(link.Level)) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case level := <-l.up:
			emit(level)
		}
	}
}

func (l *listener) PublishEvent(_ context.Context, kind string, e link.Event) error {
	l.Lock()
	defer l.Unlock()
	if l.away {
		return link.ErrDown
	}
	l.heard, l.kinds = append(l.heard, e), append(l.kinds, kind)
	if l.deaf {
		return errors.New("no answer")
	}
	return nil
}

// A kiosk that was away for days has counted every visit of them, and tells each once, by
// its number, in the order in which it happened.
func TestDiaryOfDaysAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(morning))
		db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), store.FileName))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		tracker := health.NewTracker()
		d := newDiary(db, func() health.Report { return tracker.Report(time.Now()) }, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		centre := &listener{away: true, up: make(chan link.Level)}
		go d.tell(centre)(ctx)
		ended := make(chan error, 1)
		go func() { ended <- d.write(ctx) }()

		const days = 3
		for range days {
			d.step("visit")
			d.read(2 * time.Second)
			d.step("card-read")
			time.Sleep(40 * time.Second)
			d.step("ticket")
			d.step("dossier") // of the same visit: it was done before
			tracker.Set(health.PaperOut, true, "")
			time.Sleep(time.Hour)
			tracker.Set(health.PaperOut, false, "")
			d.step("visit")
			d.step("card-failed")
			d.step("abandoned")
			time.Sleep(23*time.Hour - 40*time.Second)
		}
		centre.be(false, true)
		centre.up <- link.Up
		synctest.Wait()
		centre.Lock()
		if len(centre.heard) != 1 || centre.kinds[0] != link.EventStarted {
			t.Fatal("the first alone was said, and not believed to be heard:", centre.kinds)
		}
		centre.Unlock()
		centre.be(false, false)
		time.Sleep(tellAgain)
		synctest.Wait()
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		centre.Lock()
		defer centre.Unlock()
		if centre.heard[0].Seq != centre.heard[1].Seq {
			t.Error("one whose answer was lost is not said again by its number")
		}
		all, kinds := centre.heard[1:], map[string]int{}
		sum := map[string]link.Journey{}
		for i, e := range all {
			if e.Seq != int64(i+1) || e.Origin != all[0].Origin || e.Origin == "" {
				t.Fatalf("event %d: %+v", i, e)
			}
			kinds[centre.kinds[i+1]]++
			for step, j := range e.Steps {
				sum[step] = link.Journey{N: sum[step].N + j.N, Millis: sum[step].Millis + j.Millis}
			}
		}
		if kinds[link.EventRaised] != days || kinds[link.EventCleared] != days || kinds[link.EventStarted] != 1 {
			t.Error(kinds)
		}
		for step, want := range map[string]link.Journey{
			link.StepVisit: {N: 2 * days}, link.StepRead: {N: days, Millis: days * 2000}, link.StepDone: {N: days, Millis: days * 40_000},
			"ticket": {N: days}, "dossier": {N: days}, link.StepFailed: {N: days}, "abandoned": {N: days},
		} {
			if sum[step] != want {
				t.Errorf("%s: %+v, not %+v", step, sum[step], want)
			}
		}
		if _, left, err := db.Events(context.Background(), 10); err != nil || len(left) != 0 {
			t.Error("not forgotten:", left, err)
		}
	})
}
