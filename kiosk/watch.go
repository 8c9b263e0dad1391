package main

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"

	"tiepdan/drivers/card"
	"tiepdan/drivers/printer"
	"tiepdan/drivers/scanner"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/queue"
	"tiepdan/kiosk/session"
	"tiepdan/kiosk/store"
)

// watchCards posts what lies on the reader, as a level.
func watchCards(r reader, visits *session.Machine, tracker *health.Tracker) func(context.Context) error {
	return func(ctx context.Context) error {
		return r.Watch(ctx, func(l card.Level) {
			tracker.Set(health.ReaderMissing, l == card.NoReader, "")
			visits.Post(ctx, session.CardLevel{Level: l})
		})
	}
}

func watchPrinter(p *printer.Printer, visits *session.Machine, tracker *health.Tracker) func(context.Context) error {
	return func(ctx context.Context) error {
		return p.Watch(ctx, func(l printer.Level) {
			tracker.Set(health.PrinterOffline, l == printer.Offline, "")
			tracker.Set(health.PaperOut, l == printer.PaperOut, "")
			tracker.Set(health.PaperLow, l == printer.PaperLow, "")
			tracker.Set(health.CoverOpen, l == printer.CoverOpen, "")
			tracker.Set(health.CutterError, l == printer.CutterJam, "")
			tracker.Set(health.PrinterHot, l == printer.Hot, "")
			tracker.Set(health.PrinterFault, l == printer.Fault, "")
			visits.Post(ctx, session.PrinterLevel{Level: l})
		})
	}
}

func watchScanner(s *scanner.Scanner, see func(context.Context, string)) func(context.Context) error {
	return func(ctx context.Context) error {
		return s.Watch(ctx, func(text string) { see(ctx, text) })
	}
}

// scanOf posts what was scanned to the visit.
func scanOf(visits *session.Machine) func(context.Context, string) {
	return func(ctx context.Context, text string) { visits.Post(ctx, session.Scanned{Text: text}) }
}

// scannerOrders are what visits have for the scanner: to look for codes while one is
// asked for, and to sound for what was scanned. Giving them must not hold a visit up.
type scannerOrders struct {
	orders chan scannerOrder
	aiming bool
}

type scannerOrder struct {
	aim, sound bool // what it is about
	on         bool
}

func newScannerOrders() *scannerOrders { return &scannerOrders{orders: make(chan scannerOrder, 16)} }

// aim is called from the session's goroutine alone, as beep is.
func (o *scannerOrders) aim(on bool) {
	if on != o.aiming {
		o.aiming = on
		o.put(scannerOrder{aim: true, on: on})
	}
}

func (o *scannerOrders) beep(code string) {
	if code == "scan" || code == "scan-bad" {
		o.put(scannerOrder{sound: true, on: code == "scan"})
	}
}

// put drops an order rather than wait: a scanner so far behind is as good as gone.
func (o *scannerOrders) put(order scannerOrder) {
	select {
	case o.orders <- order:
	default:
	}
}

func (o *scannerOrders) give(s *scanner.Scanner, log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			select {
			case order := <-o.orders:
				do := s.Sound
				if order.aim {
					do = s.Aim
				}
				if err := do(order.on); err != nil {
					log.Debug("scanner takes no orders", "err", err)
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// queueFigures is what a visit shows of the hall.
func queueFigures(s queue.State) session.QueueFigures {
	f := session.QueueFigures{Waiting: map[string]int{}}
	for _, line := range s.Board().Waiting {
		f.Waiting[line.Service] = line.People
	}
	return f
}

const (
	upkeepEvery  = 15 * time.Second
	purgeEvery   = 24 * time.Hour
	leastDisk    = 200 << 20 // bytes free: some ten thousand dossiers
	backlogStale = 15 * time.Minute
)

// upkeep does what nobody waits for: checkpoints, purging, and looking at disk,
// clock and backlog.
func upkeep(db *store.Store, dir string, dev *devices, visits *session.Machine, tracker *health.Tracker, log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		ticks := time.NewTicker(upkeepEvery)
		defer ticks.Stop()
		var purged time.Time
		for {
			visits.Post(ctx, session.ClockLevel{State: clockState()})
			tracker.Set(health.ClockSkew, clockState() == "unsynced", "")
			tracker.Set(health.DiskLow, diskFree(dir) < leastDisk, "")
			tracker.Set(health.ScannerMissing, dev.scanner != nil && dev.scanner.Level() == scanner.Offline, "")
			err := db.Checkpoint(ctx)
			if now := time.Now(); err == nil && now.Sub(purged) > purgeEvery {
				if err = db.Purge(ctx, now); err == nil {
					purged = now
				}
			}
			backlog, err2 := db.Backlog(ctx)
			if err == nil {
				err = err2
			}
			if err == nil {
				tracker.Set(health.OutboxQuarantine, backlog.Quarantined > 0, "")
				tracker.Set(health.OutboxBacklog, !backlog.Oldest.IsZero() && time.Since(backlog.Oldest) > backlogStale, "")
			}
			if ctx.Err() == nil {
				tracker.Set(health.StoreFailing, err != nil, "")
				if err != nil {
					log.Error("upkeep", "err", err)
				}
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-ticks.C:
			}
		}
	}
}

// clockState asks the kernel whether anything disciplines its clock (adjtimex).
func clockState() string {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	switch {
	case err != nil: // a sandbox that keeps clocks from us
		if _, err := os.Stat("/run/systemd/timesync/synchronized"); err == nil {
			return "synced"
		}
		return "unknown"
	case state == unix.TIME_ERROR || t.Status&unix.STA_UNSYNC != 0:
		return "unsynced"
	}
	return "synced"
}

func diskFree(dir string) uint64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize)
}

// backlogOf feeds the gauge of dossiers the gateway has not signed for.
func backlogOf(db *store.Store) func() float64 {
	return func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		b, err := db.Backlog(ctx)
		if err != nil {
			return -1
		}
		return float64(b.Queued + b.HandedOver)
	}
}

// linkWatcher tells how the connection to the centre stands; [link.Conn] is one.
type linkWatcher interface {
	Watch(ctx context.Context, emit func(link.Level)) error
}

// watchLink posts how the connection to the centre stands.
func watchLink(conn linkWatcher, visits *session.Machine, tracker *health.Tracker) func(context.Context) error {
	return func(ctx context.Context) error {
		return conn.Watch(ctx, func(l link.Level) {
			tracker.Set(health.CentreUnreachable, l == link.Down, "")
			tracker.Set(health.LinkForbidden, l == link.Forbidden, "")
			visits.Post(ctx, session.LinkLevel{State: string(l)})
		})
	}
}

// tellReceipts passes verified receipts on without ever making the outbox wait.
// One too many is dropped: it is in the store, and a page that asks finds it there.
func tellReceipts(news chan<- dossier.Receipt, stats *metrics, pages *diary) func(dossier.Receipt) {
	return func(r dossier.Receipt) {
		stats.receipts.WithLabelValues(r.Outcome).Inc()
		if r.Outcome != dossier.Quarantined && r.Status <= 1 { // later ones only bring news of its status
			pages.dossier(r.Receipt, link.DossierPurged)
		}
		select {
		case news <- r:
		default:
		}
	}
}

// pace is how papers share a line of which they may take so much; nil: all of it.
func pace(kbps int) func(context.Context, int) error {
	if kbps == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(kbps*1000/8), link.PieceSize).WaitN
}

// showReceipts posts them to the visit, which knows its own.
func showReceipts(news <-chan dossier.Receipt, visits *session.Machine) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			select {
			case r := <-news:
				visits.Post(ctx, session.ReceiptArrived{Receipt: r.Receipt, Outcome: r.Outcome, Code: r.Code, Status: r.Status, Reason: r.Reason})
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

const renewEvery = time.Minute

// renewCatalogue puts in force what the law puts in force on its day. A visit
// under way ends under the rules it began with.
func renewCatalogue(from catalogue.Source, rec *records, posting *posting, tracker *health.Tracker, log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		ticks := time.NewTicker(renewEvery)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case now := <-ticks.C:
				have := rec.catalogue.Load()
				if have == nil || !stale(have, now) {
					continue
				}
				next, err := from.On(now)
				tracker.Set(health.CatalogueInvalid, err != nil, "")
				if err != nil {
					log.Error("catalogue of the day not usable", "err", err)
					continue
				}
				rec.catalogue.Store(next)
				posting.change(ctx, func(env *session.Env) { env.Catalogue = next })
				log.Info("catalogue of the day in force", "on", next.On.String())
			}
		}
	}
}

// stale says that something else is in force by now.
func stale(c *catalogue.Catalogue, now time.Time) bool {
	return !c.NextChange.IsZero() && !catalogue.DateOf(now).Before(c.NextChange.Time)
}

// mailbox carries the newest value from a loop that must not block to one that may.
type mailbox[T any] struct {
	mu    sync.Mutex
	ready chan struct{}
	value T
}

func newMailbox[T any]() *mailbox[T] { return &mailbox[T]{ready: make(chan struct{}, 1)} }

func (m *mailbox[T]) put(v T) {
	m.mu.Lock()
	m.value = v
	m.mu.Unlock()
	m.wake()
}

func (m *mailbox[T]) wake() {
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

func (m *mailbox[T]) each(ctx context.Context, do func(T)) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.ready:
			m.mu.Lock()
			v := m.value
			m.mu.Unlock()
			do(v)
		}
	}
}
