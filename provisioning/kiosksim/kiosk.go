// Package kiosksim is a fleet of light kiosks: the real link, the real outbox and real
// dossiers, without devices, screens or disks. It measures a centre and shows one under
// faults. It is a product of its own and absent from release builds.
package kiosksim

import (
	"context"
	crand "crypto/rand"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/outbox"
)

// Habits are what befalls a kiosk, by itself.
type Habits struct {
	Filing float64 // dossiers an hour
	Papers int     // with each
	Ill    float64 // the share of time in which something is wrong with its devices
	Cut    float64 // how often an hour its line breaks, for some seconds
}

// A Kiosk is one light kiosk.
type Kiosk struct {
	ID      string
	Health  *health.Tracker
	conn    *link.Conn
	creds   link.Credentials
	unit    string
	log     *slog.Logger
	habits  Habits
	box     *memory
	out     *outbox.Outbox
	changed func(link.Level)
	goesBy  atomic.Pointer[link.Desired]
	origin  string
	told    atomic.Int64 // events
}

// New makes a kiosk that stands in a unit and comes in with these credentials.
// changed hears how its link stands, and must not block.
func New(creds link.Credentials, unit string, habits Habits, changed func(link.Level), log *slog.Logger) (*Kiosk, error) {
	conn, err := link.New(creds, log)
	if err != nil {
		return nil, err
	}
	k := &Kiosk{ID: creds.Kiosk, Health: health.NewTracker(), conn: conn, creds: creds, unit: unit, log: log, habits: habits, box: newMemory(), changed: changed, origin: crand.Text()}
	k.out = outbox.New(k.box, conn, creds, log)
	return k, nil
}

// Run lives as a kiosk until ctx is done.
func (k *Kiosk) Run(ctx context.Context) {
	var life sync.WaitGroup
	for _, work := range []func(context.Context) error{
		k.conn.Run, k.out.Run, k.suffer, k.serve, k.follow,
		func(ctx context.Context) error { return k.conn.SayHealth(ctx, k.report) },
		func(ctx context.Context) error { return k.conn.Watch(ctx, k.changed) },
	} {
		life.Go(func() { _ = work(ctx) }) // all of them end with ctx alone
	}
	life.Wait()
}

func (k *Kiosk) report() health.Report {
	r := k.Health.Report(time.Now())
	if by := k.goesBy.Load(); by != nil {
		r.Config, r.Catalogue = by.Config, by.Catalogue
	}
	return r
}

// follow takes every configuration and catalogue as it comes. The first it has had since it enrolled.
func (k *Kiosk) follow(ctx context.Context) error {
	return k.conn.WatchDesired(ctx, func(want link.Desired) {
		if had := k.goesBy.Load(); had != nil {
			for _, hash := range []string{want.Config, want.Catalogue} {
				if hash == "" || hash == had.Config || hash == had.Catalogue {
					continue
				}
				if _, err := k.conn.Blob(ctx, hash); err != nil {
					k.log.Error("a light kiosk could not fetch what it is to go by", "kiosk", k.ID, "err", err)
					return
				}
			}
		}
		k.goesBy.Store(&want)
	})
}

// SetCut takes the network cable out, or puts it back.
func (k *Kiosk) SetCut(cut bool) { k.conn.SetCut(cut) }

// Level is how its link stands.
func (k *Kiosk) Level() link.Level { return k.conn.Level() }

// File files a dossier of nobody's, as a visit does: it is kept until the gateway has signed for it.
func (k *Kiosk) File() (dossier.ReceiptNumber, error) {
	d, parts, err := Filing(k.ID, k.unit, k.habits.Papers)
	if err != nil {
		return "", err
	}
	sealed, err := dossier.Seal(d, parts, k.creds.Recipient)
	if err != nil {
		return "", err
	}
	k.box.put(sealed)
	k.out.Poke()
	return d.Receipt, nil
}

// tell tells one event; a light kiosk keeps none while its line is broken.
func (k *Kiosk) tell(ctx context.Context, kind string, body link.EventBody) {
	e := link.Event{Origin: k.origin, Seq: k.told.Add(1), At: time.Now().UTC(), EventBody: body}
	if err := k.conn.PublishEvent(ctx, kind, e); err != nil && ctx.Err() == nil && !errors.Is(err, link.ErrDown) {
		k.log.Warn("a light kiosk could not tell", "kiosk", k.ID, "err", err)
	}
}

// visited tells a visit that filed a dossier.
func (k *Kiosk) visited(ctx context.Context) {
	took := int64(20_000 + rand.IntN(120_000))
	k.tell(ctx, link.EventJourneys, link.EventBody{Steps: map[string]link.Journey{
		link.StepVisit: {N: 1}, link.StepRead: {N: 1, Millis: 1500 + took/50}, link.StepDone: {N: 1, Millis: took}, "dossier": {N: 1}}})
}

// Tally is what became of what was filed here.
func (k *Kiosk) Tally() Tally { return k.box.tally() }

// serve files at random moments, as people come.
func (k *Kiosk) serve(ctx context.Context) error {
	for sleepAbout(ctx, perHour(k.habits.Filing)) {
		if _, err := k.File(); err != nil {
			k.log.Error("a light kiosk could not file", "kiosk", k.ID, "err", err)
		}
		k.visited(ctx)
	}
	return ctx.Err()
}

// ills are what may be wrong, as often as not the paper.
var ills = []string{health.PaperOut, health.PaperOut, health.PaperLow, health.CoverOpen, health.PrinterOffline, health.ReaderMissing, health.ScannerMissing}

// illFor is how long something stays wrong before somebody comes.
const illFor = 5 * time.Minute

// suffer breaks devices and the line, and mends them again.
func (k *Kiosk) suffer(ctx context.Context) error {
	var both sync.WaitGroup
	both.Go(func() {
		if k.habits.Ill <= 0 {
			return
		}
		well := time.Duration(float64(illFor) * (1 - k.habits.Ill) / k.habits.Ill)
		for ill := rand.Float64() < k.habits.Ill; ; ill = !ill {
			if !ill {
				if !sleepAbout(ctx, well) {
					return
				}
				continue
			}
			code := ills[rand.IntN(len(ills))]
			k.Health.Set(code, true, "")
			k.tell(ctx, link.EventRaised, link.EventBody{Code: code})
			if !sleepAbout(ctx, illFor) {
				return
			}
			k.Health.Set(code, false, "")
			k.tell(ctx, link.EventCleared, link.EventBody{Code: code})
		}
	})
	both.Go(func() {
		for sleepAbout(ctx, perHour(k.habits.Cut)) {
			k.SetCut(true)
			if !sleepAbout(ctx, 10*time.Second) {
				return
			}
			k.SetCut(false)
		}
	})
	both.Wait()
	return ctx.Err()
}

// perHour is the mean pause between events of a rate; 0: they never come.
func perHour(rate float64) time.Duration {
	if rate <= 0 {
		return 0
	}
	return time.Duration(float64(time.Hour) / rate)
}

// sleepAbout waits for a random time of this mean, as between events that know nothing of
// each other; with no mean until ctx is done. False: ctx is done.
func sleepAbout(ctx context.Context, mean time.Duration) bool {
	if mean <= 0 {
		<-ctx.Done()
		return false
	}
	t := time.NewTimer(time.Duration(rand.ExpFloat64() * float64(mean)))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
