//go:build !release

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/trust"
	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
	"tiepdan/drivers/scanner"
	"tiepdan/drivers/scanner/scannersim"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/outbox"
	"tiepdan/kiosk/outbox/centresim"
	"tiepdan/kiosk/queue"
	"tiepdan/kiosk/session"
	"tiepdan/kiosk/store"
)

// morning is when every story begins: a Monday, 8:00 in Hanoi. Bubbles begin in
// the year 2000, when neither the simulated cards nor the catalogue existed.
var morning = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)

// siteConfig is where the stories play: what enrolment gives a new site.
const siteConfig = `
unit: {code: "00004", name: "UBND phường Ba Đình"}
site: "Điểm hỗ trợ dịch vụ công số 2"
agency: "000.00.06.H26"
phone: "024 1022"
attended: true
filing_requires: read
channels: {"1.001193": direct, "1.010041": online}
counters: [{code: "1"}, {code: "2"}]
`

// A storyHouse is one kiosk in a bubble: the hardware on its counter and its
// centre, which outlive the daemon, and the daemon that runs now.
type storyHouse struct {
	*testing.T
	cfg      config.Config
	cat      *catalogue.Catalogue
	dir      string // the data folder
	anchored bool   // the simulated CSCA is installed
	log      *storyLog
	reader   *cardsim.Reader
	printer  *printersim.Sim
	scanner  *scannersim.Sim
	centre   *centresim.Centre
	screen   *screen
	daemon   *storyDaemon
}

func newStoryHouse(t *testing.T) *storyHouse {
	t.Helper()
	time.Sleep(time.Until(morning))
	h := &storyHouse{T: t, dir: t.TempDir(), anchored: true, log: new(storyLog), reader: new(cardsim.Reader), scanner: scannersim.New(), screen: new(screen)}
	var err error
	if h.cfg, err = config.Parse([]byte(siteConfig)); err != nil {
		t.Fatal(err)
	}
	if h.cat, err = catalogue.Embedded(morning); err != nil {
		t.Fatal(err)
	}
	if h.centre, err = centresim.New("k-1"); err != nil {
		t.Fatal(err)
	}
	h.printer = printersim.New(h.profile().Dots, h.log.logger("printersim"))
	ctx, off := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- h.printer.Serve(ctx) }()
	t.Cleanup(func() {
		h.daemon.end()
		off()
		<-served
	})
	h.start()
	if err := h.screen.open(t.Context(), h.daemon.line); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second) // its devices are found
	synctest.Wait()
	return h
}

func (h *storyHouse) profile() printer.Profile {
	p, err := printer.ProfileNamed(h.cfg.Devices.Printer.Profile)
	if err != nil {
		h.Fatal(err)
	}
	return p
}

// scannerProfile is one that has all commands there are.
func (h *storyHouse) scannerProfile() scanner.Profile {
	p, err := scanner.ProfileNamed("datalogic-magellan")
	if err != nil {
		h.Fatal(err)
	}
	return p
}

// env is what the daemon is told.
func (h *storyHouse) env() *session.Env {
	h.Helper()
	if err := h.cfg.Validate(); err != nil {
		h.Fatal(err)
	}
	env, err := sessionEnv(h.cfg, h.cat, "k-1", true)
	if err != nil {
		h.Fatal(err)
	}
	return env
}

// A storyDaemon is one life of the daemon: what run.go wires, without pages and
// network.
type storyDaemon struct {
	visits  *session.Machine
	line    *screenLine // where it publishes
	hall    *queue.Machine
	db      *store.Store
	tracker *health.Tracker
	stats   *metrics
	ctx     context.Context
	end     func() // as death does: nothing is said, all is cut off

	mu    sync.Mutex
	board queue.State
}

func (h *storyHouse) start() {
	h.Helper()
	ctx, cancel := context.WithCancel(h.Context())
	db, err := store.Open(ctx, filepath.Join(h.dir, store.FileName))
	if err != nil {
		h.Fatal(err)
	}
	paper, err := printer.New(h.printer.Dial, h.profile(), h.log.logger("printer"))
	if err != nil {
		h.Fatal(err)
	}
	dev := &devices{cards: h.reader, printer: paper, scanner: scanner.New(h.scanner.Dial, h.scannerProfile(), h.log.logger("scanner"))}
	anchors := new(trust.Store)
	if h.anchored {
		if err := anchors.Add(cardsim.CSCA()); err != nil {
			h.Fatal(err)
		}
	}
	tracker := health.NewTracker()
	stats := newMetrics(func() health.Report { return tracker.Report(time.Now()) }, backlogOf(db))

	hall := queue.New()
	hall.Store, hall.Log = db, h.log.logger("queue")
	visits := session.NewMachine(h.env(), h.log.logger("session"))
	visits.Cards = cardReader{dev.cards, anchors, stats, h.log.logger("card")}
	papers := &printing{store: db, printer: paper, layouts: layoutsOf(h.T), metrics: stats,
		began: func(_ int64, kind printer.Kind, number string) { h.printer.Expect(string(kind), number) }}
	if err := papers.resume(h.Context()); err != nil {
		h.Fatal(err)
	}
	visits.Printer = papers
	visits.Journey = func(code string) { stats.journeys.WithLabelValues(code).Inc() }
	visits.Condition = func(code string, held bool) { tracker.Set(code, held, "") }

	credentials := h.centre.Credentials()
	box := outbox.New(db, h.centre, credentials, h.log.logger("outbox"))
	news := make(chan dossier.Receipt, 256)
	pages := newDiary(db, func() health.Report { return tracker.Report(time.Now()) }, h.log.logger("diary"))
	box.Results = tellReceipts(news, stats, pages)
	rec := &records{store: db, recipient: credentials.Recipient, hall: hall, centre: h.centre, metrics: stats, filed: box.Poke}
	rec.catalogue.Store(h.cat)
	visits.Records, visits.Finder = rec, rec

	d := &storyDaemon{visits: visits, line: &screenLine{screen: h.screen, visits: visits}, hall: hall, db: db, tracker: tracker, stats: stats, ctx: ctx}
	orders := newScannerOrders()
	visits.Publish = func(s session.State) { d.line.publish(s); orders.aim(s.WantsCode()) }
	visits.Beep = orders.beep
	figures := newMailbox[queue.State]()
	hall.Publish = func(s queue.State) {
		d.mu.Lock()
		d.board = s
		d.mu.Unlock()
		figures.put(s)
		rec.queue.Store(&s)
	}
	var wg sync.WaitGroup
	for _, w := range []worker{
		{"session", visits.Run},
		{"queue", hall.Run},
		{"counters", func(ctx context.Context) error {
			hall.Post(ctx, queue.Configured{Counters: queueCounters(h.cfg.Counters)})
			return figures.each(ctx, func(s queue.State) { visits.Post(ctx, queueFigures(s)) })
		}},
		{"reader", watchCards(dev.cards, visits, tracker)},
		{"printer", watchPrinter(paper, visits, tracker)},
		{"scanner", watchScanner(dev.scanner, scanOf(visits))},
		{"scanner orders", orders.give(dev.scanner, h.log.logger("scanner"))},
		{"upkeep", upkeep(db, h.dir, dev, visits, tracker, h.log.logger("upkeep"))},
		{"outbox", box.Run},
		{"centre", watchLink(h.centre, visits, tracker)},
		{"receipts", showReceipts(news, visits)},
	} {
		wg.Go(func() {
			if err := w.run(ctx); ctx.Err() == nil {
				h.Errorf("worker %s ended: %v", w.name, err)
			}
		})
	}
	d.end = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		if err := cmp.Or(paper.Close(), db.Close()); err != nil {
			h.Error("the daemon's end:", err)
		}
	})
	h.daemon = d
	synctest.Wait()
}

// kill ends the daemon as a power cut would: what the next one finds is the
// files as they lie there at this moment, the write-ahead log not taken in.
func (h *storyHouse) kill() {
	h.Helper()
	synctest.Wait()
	h.screen.lost()
	found := h.TempDir()
	for _, name := range []string{store.FileName, store.FileName + "-wal"} {
		b, err := os.ReadFile(filepath.Join(h.dir, name))
		if err != nil {
			h.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(found, name), b, 0o600); err != nil {
			h.Fatal(err)
		}
	}
	h.daemon.end()
	h.dir = found
	h.start()
}

// hallNow is the queue as it was last published.
func (d *storyDaemon) hallNow() queue.State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.board
}

// storyLog is what the daemons of a story log, at the lowest level.
type storyLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *storyLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *storyLog) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.buf.Bytes())
}

func (l *storyLog) logger(part string) *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})).With("part", part)
}

// report is the health report as it would go out.
func (d *storyDaemon) report() []byte {
	b, err := json.Marshal(d.tracker.Report(time.Now()))
	if err != nil {
		panic(err) // a report is plain data
	}
	return b
}
