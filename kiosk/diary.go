package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/store"
)

// A diary keeps what the centre is told of how this kiosk does its work: which conditions
// began and ended, and how many visits came how far, in what time. Nobody is in it.
type diary struct {
	store  *store.Store
	report func() health.Report
	log    *slog.Logger

	written chan struct{} // there is something to tell

	mu    sync.Mutex
	steps map[string]link.Journey // since the last page
	since time.Time               // the present visit began
	done  bool                    // and has had its ticket or its dossier

	dossiers []diaryEntry // noted, and not kept yet
}

func newDiary(db *store.Store, report func() health.Report, log *slog.Logger) *diary {
	return &diary{store: db, report: report, log: log, written: make(chan struct{}, 1), steps: map[string]link.Journey{}}
}

const (
	lookEvery  = time.Second      // at conditions, as often as the centre hears of them
	turnEvery  = 10 * time.Minute // of the page: a power cut costs the counts of so long
	tellAtOnce = 100
	tellAgain  = 30 * time.Second
)

// step counts one step of a visit; it is the session's way. It never blocks.
func (d *diary) step(code string) {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	switch code {
	case link.StepVisit:
		d.since, d.done = now, false
	case link.StepRead:
		return // counted with its time, by read
	case "ticket", "dossier":
		if !d.done && !d.since.IsZero() {
			d.done = true
			d.add(link.StepDone, now.Sub(d.since))
		}
	}
	d.add(code, 0)
}

// read counts a card that was read and judged.
func (d *diary) read(took time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.add(link.StepRead, took)
}

func (d *diary) add(step string, took time.Duration) {
	j := d.steps[step]
	j.N++
	j.Millis += took.Milliseconds()
	d.steps[step] = j
}

// dossier notes what became of one here; it is kept with the next look. It never blocks.
func (d *diary) dossier(number dossier.ReceiptNumber, what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dossiers = append(d.dossiers, diaryEntry{time.Now(), link.EventBody{Receipt: number, Code: what}})
}

// A diaryEntry is of a moment.
type diaryEntry struct {
	at   time.Time
	body link.EventBody
}

// write keeps it until ctx is done: conditions as they come and go, counts page by page,
// no page over the end of an hour.
func (d *diary) write(ctx context.Context) error {
	now := time.Now()
	d.keep(ctx, link.EventStarted, diaryEntry{at: now})
	held := map[string]health.Condition{}
	since := now
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	for {
		select {
		case <-ctx.Done():
			d.turn(context.WithoutCancel(ctx), since) // the last page
			d.settle(context.WithoutCancel(ctx))
			return ctx.Err()
		case now = <-looks.C:
		}
		held = d.changes(ctx, held, now)
		d.settle(ctx)
		if now.Sub(since) >= turnEvery || !now.Truncate(time.Hour).Equal(since.Truncate(time.Hour)) {
			d.turn(ctx, since)
			since = now
		}
	}
}

// changes keeps what began and what ended since the last look, and returns what holds.
func (d *diary) changes(ctx context.Context, before map[string]health.Condition, now time.Time) map[string]health.Condition {
	holds := map[string]health.Condition{}
	for _, c := range d.report().Conditions {
		holds[c.Code] = c
		if _, old := before[c.Code]; !old {
			d.keep(ctx, link.EventRaised, diaryEntry{c.Since, link.EventBody{Code: c.Code, Detail: c.Detail}})
		}
	}
	for code := range before {
		if _, still := holds[code]; !still {
			d.keep(ctx, link.EventCleared, diaryEntry{now, link.EventBody{Code: code}})
		}
	}
	return holds
}

// turn keeps the counts of a page, if there are any. What can't be kept is counted with the next.
func (d *diary) turn(ctx context.Context, since time.Time) {
	d.mu.Lock()
	steps := d.steps
	d.steps = map[string]link.Journey{}
	d.mu.Unlock()
	if len(steps) == 0 || d.keep(ctx, link.EventJourneys, diaryEntry{since, link.EventBody{Steps: steps}}) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for step, j := range steps {
		now := d.steps[step]
		d.steps[step] = link.Journey{N: now.N + j.N, Millis: now.Millis + j.Millis}
	}
}

// settle keeps what was noted of dossiers; what can't be kept now is with the next look.
func (d *diary) settle(ctx context.Context) {
	d.mu.Lock()
	noted := d.dossiers
	d.dossiers = nil
	d.mu.Unlock()
	if len(noted) > 0 && !d.keep(ctx, link.EventDossier, noted...) {
		d.mu.Lock()
		d.dossiers = append(noted, d.dossiers...)
		d.mu.Unlock()
	}
}

func (d *diary) keep(ctx context.Context, kind string, pages ...diaryEntry) bool {
	var events []store.Event
	for _, p := range pages {
		text, err := json.Marshal(p.body)
		if err != nil {
			d.log.Error("an event is none", "kind", kind, "err", err)
			return true // nor will it be the next time
		}
		events = append(events, store.Event{Kind: kind, At: p.at, Body: text})
	}
	if err := d.store.AddEvents(ctx, events...); err != nil {
		if ctx.Err() == nil {
			d.log.Warn("events are not kept", "kind", kind, "err", err)
		}
		return false
	}
	select {
	case d.written <- struct{}{}:
	default:
	}
	return true
}

// teller is the way to the centre; [link.Conn] is one.
type teller interface {
	Watch(ctx context.Context, emit func(link.Level)) error
	PublishEvent(ctx context.Context, kind string, e link.Event) error
}

// tell hands over what was written, in its order, whenever the centre is there.
func (d *diary) tell(centre teller) func(context.Context) error {
	return func(ctx context.Context) error {
		up := newMailbox[link.Level]()
		go centre.Watch(ctx, up.put) // ends with ctx
		for {
			again := (<-chan time.Time)(nil)
			if err := d.tellAll(ctx, centre); err != nil && ctx.Err() == nil && !errors.Is(err, link.ErrDown) {
				d.log.Warn("events are not told", "err", err)
				again = time.After(tellAgain)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-d.written:
			case <-up.ready:
			case <-again:
			}
		}
	}
}

func (d *diary) tellAll(ctx context.Context, centre teller) error {
	for {
		origin, events, err := d.store.Events(ctx, tellAtOnce)
		if err != nil || len(events) == 0 {
			return err
		}
		var told int64
		for _, e := range events {
			said := link.Event{Origin: origin, Seq: e.Seq, At: e.At.UTC()}
			if err = json.Unmarshal(e.Body, &said.EventBody); err == nil {
				err = centre.PublishEvent(ctx, e.Kind, said)
			}
			if err != nil && !errors.Is(err, link.ErrRejected) { // what is never taken holds up no other
				break
			}
			told, err = e.Seq, nil
		}
		if told > 0 {
			err = errors.Join(err, d.store.DropEvents(ctx, told))
		}
		if err != nil {
			return err
		}
	}
}
