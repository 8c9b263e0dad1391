package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"

	"tiepdan/drivers/card/trust"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/outbox"
	"tiepdan/kiosk/queue"
	"tiepdan/kiosk/session"
	"tiepdan/kiosk/store"
	"tiepdan/kiosk/web"
	"tiepdan/ui"
)

const (
	defaultData     = ".run/kiosk"
	credentialsFile = "credentials.json"
	configFile      = "config.yaml"
	anchorsDir      = "anchors" // CSCA certificates, unless the configuration names a folder
)

type runOptions struct {
	config, addr, data, vpcd string
	sim, debug               bool
	lines                    *lines // of the log
}

func runCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o runOptions
	flags := flag.NewFlagSet("kiosk run", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.config, "config", "", "configuration file (default DIR/"+configFile+")")
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "address of the pages")
	flags.StringVar(&o.data, "data", defaultData, "data folder")
	flags.BoolVar(&o.sim, "sim", false, "simulated devices, and pages to move them (not in release builds)")
	flags.StringVar(&o.vpcd, "vpcd", "", "with -sim: read through the real pcscd whose virtual reader (vpcd) is at `ADDR`, and lay simulated cards there")
	flags.BoolVar(&o.debug, "debug", false, "log more")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("run takes no argument %q", flags.Arg(0))
	}
	if o.vpcd != "" && !o.sim {
		return errors.New("-vpcd lays simulated cards: it goes with -sim")
	}
	o.config = cmp.Or(o.config, filepath.Join(o.data, configFile))
	level := slog.LevelInfo
	if o.debug {
		level = slog.LevelDebug
	}
	o.lines = new(lines)
	log := slog.New(slog.NewJSONHandler(io.MultiWriter(stderr, o.lines), &slog.HandlerOptions{Level: level}))
	door := web.NewDoor()
	for {
		err := run(ctx, o, door, log)
		if !errors.Is(err, errAgain) {
			return err
		}
		log.Info("kiosk begins anew")
	}
}

// run is the daemon, wired top to bottom. What is missing (devices, centre,
// configuration) is a condition and a screen that says so; only a data folder
// that cannot be used, or an address, keeps it from starting.
func run(ctx context.Context, o runOptions, door *web.Door, log *slog.Logger) error {
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return fmt.Errorf("the data folder cannot be used: %w", err)
	}
	unlock, err := lockFolder(o.data)
	if err != nil {
		return err
	}
	defer unlock()
	listener, err := listen(o.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	db, err := store.Open(ctx, filepath.Join(o.data, store.FileName))
	if err != nil {
		return fmt.Errorf("the data folder %s cannot be used: %w", o.data, err)
	}
	defer db.Close()

	tracker := health.NewTracker()
	goesBy := toldHash(o.data)
	told := readOrders(o, tracker, log)
	report := func() health.Report {
		r := tracker.Report(time.Now())
		r.Config, r.Catalogue = goesBy, told.pack
		return r
	}
	dev, err := told.devices(o, log)
	if err != nil {
		return err
	}
	anchors := loadAnchors(cmp.Or(told.config.TrustDir, filepath.Join(o.data, anchorsDir)), dev.anchors, tracker, log)
	stats := newMetrics(report, backlogOf(db))

	hall := queue.New()
	hall.Store, hall.Log = db, log.With("part", "queue")
	visits := session.NewMachine(told.env, log.With("part", "session"))
	posting := &posting{post: visits.Post, env: told.env}
	visits.Cards = cardReader{dev.cards, anchors, stats, log.With("part", "card")}
	papers := &printing{store: db, printer: dev.printer, layouts: told.layouts, metrics: stats, began: dev.began}
	if err := papers.resume(ctx); err != nil {
		return fmt.Errorf("the data folder %s cannot be used: %w", o.data, err)
	}
	visits.Printer = papers
	pages := newDiary(db, report, log.With("part", "diary"))
	stats.took = pages.read
	papers.slip = func(of dossier.ReceiptNumber, outcome printer.Outcome) { pages.dossier(of, string(outcome)) }
	visits.Journey = func(code string) { stats.journeys.WithLabelValues(code).Inc(); pages.step(code) }
	visits.Condition = func(code string, held bool) { tracker.Set(code, held, "") }

	rec := &records{store: db, recipient: told.credentials.Recipient, hall: hall, metrics: stats, filed: func() {}}
	rec.catalogue.Store(told.catalogue)
	rec.full = func() { tracker.Set(health.StoreFailing, true, "disk is full") }
	visits.Records, visits.Finder = rec, rec

	tech := &care{o: o, told: told, report: report, machine: thisMachine(), papers: papers, store: db, post: visits.Post, again: make(chan struct{}, 1)}
	door.Key(told.config.Technician)
	server := web.New(web.Options{Addr: o.addr, Pages: ui.Dist(), Visits: visits, Hall: hall,
		Officers: webOfficers(told.officers(dev), told.config.Counters), Care: tech, Door: door, Health: report, Metrics: stats.handler(), Log: log.With("part", "web")})
	for pattern, h := range dev.routes {
		server.Handle(pattern, h)
	}
	for path, file := range dev.pages {
		server.Page(path, file)
	}
	orders := newScannerOrders()
	visits.Publish = func(s session.State) { server.PublishState(s); orders.aim(s.WantsCode()); tech.visit.Store(&s) }
	visits.Beep = orders.beep
	figures := newMailbox[queue.State]()
	hall.Publish = func(s queue.State) { server.PublishHall(s); figures.put(s); rec.queue.Store(&s) }

	workers := []worker{
		{"session", visits.Run},
		{"queue", hall.Run},
		{"web", func(ctx context.Context) error { return server.Serve(ctx, listener) }},
		{"counters", func(ctx context.Context) error {
			hall.Post(ctx, queue.Configured{Counters: queueCounters(told.config.Counters)})
			return figures.each(ctx, func(s queue.State) { visits.Post(ctx, queueFigures(s)) })
		}},
		{"reader", watchCards(dev.cards, visits, tracker)},
		{"printer", watchPrinter(dev.printer, visits, tracker)},
		{"orders", func(ctx context.Context) error {
			visits.Post(ctx, session.Unfit{Why: told.unfit(report())})
			<-ctx.Done()
			return ctx.Err()
		}},
		{"technician", tech.watch},
		{"diary", pages.write},
		{"watchdog", watchdog(proofs(listener.Addr().String(), visits, db), log.With("part", "watchdog"))},
		{"upkeep", upkeep(db, o.data, dev, visits, tracker, log)},
		{"catalogue", renewCatalogue(told.catalogues, rec, posting, tracker, log)},
	}
	if dev.scanner != nil {
		see := scanOf(visits)
		if !told.enrolled { // then a technician holds a code before it
			see = tech.see
		}
		workers = append(workers, worker{"scanner", watchScanner(dev.scanner, see)},
			worker{"scanner orders", orders.give(dev.scanner, log)})
	}
	if told.enrolled {
		conn, err := link.New(told.credentials, log.With("part", "link"))
		if err != nil {
			return fmt.Errorf("credentials in %s: %w", o.data, err)
		}
		box := outbox.New(db, conn, told.credentials, log.With("part", "outbox"))
		news := make(chan dossier.Receipt, 256)
		box.Results, box.Pace = tellReceipts(news, stats, pages), pace(told.config.UplinkKbps)
		rec.centre, rec.filed = conn, box.Poke
		tech.conn = conn
		conn.Obey(tech.obey)
		if dev.cut != nil {
			dev.cut(conn.SetCut)
		}
		workers = append(workers, worker{"link", conn.Run}, worker{"outbox", box.Run},
			worker{"centre", watchLink(conn, visits, tracker)}, worker{"health", func(ctx context.Context) error { return conn.SayHealth(ctx, report) }},
			worker{"receipts", showReceipts(news, visits)}, worker{"events", pages.tell(conn)})
		follow := &follower{centre: conn, data: o.data, ours: o.config == filepath.Join(o.data, configFile), creds: told.credentials,
			restart: tech.restart, posting: posting, tracker: tracker, log: log.With("part", "desired")}
		workers = append(workers, worker{"desired", follow.run})
	}
	log.Info("kiosk starts", "addr", o.addr, "kiosk", told.credentials.Kiosk, "sim", o.sim)
	err = runAll(ctx, append(workers, dev.run...), log)
	log.Info("kiosk ends")
	return err
}

// orders are what the kiosk was told: by its centre, and by its own files.
type orders struct {
	config      config.Config
	credentials link.Credentials
	enrolled    bool
	catalogues  catalogue.Source
	catalogue   *catalogue.Catalogue
	pack        string       // hash of the pack it is from; "": the program's own
	env         *session.Env // nil: not usable, out of service
	layouts     *printer.Layouts
	sim         bool
}

// readOrders reads credentials, configuration and catalogue. Each that is
// missing or wrong raises its condition, and the kiosk does what it can without.
func readOrders(o runOptions, tracker *health.Tracker, log *slog.Logger) orders {
	told := orders{config: config.Default(), sim: o.sim, layouts: ourLayouts(log)}
	var err error
	told.credentials, err = link.LoadCredentials(filepath.Join(o.data, credentialsFile))
	told.enrolled = err == nil
	tracker.Set(health.NotEnrolled, !told.enrolled, "")
	if err != nil && !errors.Is(err, link.ErrNotEnrolled) {
		log.Error("credentials not usable", "err", err)
	}
	cfg, err := config.Load(o.config)
	if errors.Is(err, fs.ErrNotExist) && !told.enrolled {
		log.Warn("not enrolled and no configuration: out of service until `kiosk enrol`", "config", o.config)
		return told
	}
	if err == nil {
		var layouts *printer.Layouts
		if layouts, err = usable(cfg); err == nil {
			told.layouts = layouts
		}
	}
	if err != nil {
		tracker.Set(health.ConfigInvalid, true, err.Error())
		log.Error("configuration not usable", "file", o.config, "err", err)
		return told
	}
	told.config = cfg
	told.catalogues, told.pack, err = toldCatalogue(o.data)
	if err == nil {
		told.catalogue, err = told.catalogues.On(time.Now())
	}
	if err != nil {
		tracker.Set(health.CatalogueInvalid, true, err.Error())
		log.Error("catalogue not usable", "err", err)
		return told
	}
	if err := told.config.Check(told.catalogue); err != nil {
		tracker.Set(health.ConfigInvalid, true, err.Error())
		log.Error("configuration and catalogue disagree", "err", err)
		return told
	}
	told.env, err = sessionEnv(told.config, told.catalogue, told.credentials.Kiosk, o.sim)
	if err != nil {
		tracker.Set(health.ConfigInvalid, true, err.Error())
		log.Error("configuration not usable", "file", o.config, "err", err)
		return told
	}
	if told.enrolled {
		last := toldWord(o.data)
		last.put(told.env)
		tracker.Set(health.Locked, last.Locked, "")
	}
	return told
}

// unfit is why a kiosk that was told nothing usable offers nothing.
func (told orders) unfit(r health.Report) (why []string) {
	for _, code := range []string{health.NotEnrolled, health.ConfigInvalid, health.CatalogueInvalid} {
		if told.env == nil && r.Has(code) {
			why = append(why, code)
		}
	}
	return why
}

// ourLayouts are those that nobody changed. They are part of the program, and its
// tests lay out every paper by them.
func ourLayouts(log *slog.Logger) *printer.Layouts {
	l, err := printer.NewLayouts(nil, "")
	if err != nil {
		log.Error("layouts of papers", "err", err)
	}
	return l
}

// layoutsOfConfig are ours with the unit's in their place.
func layoutsOfConfig(cfg config.Config) (*printer.Layouts, error) {
	var own []byte
	if len(cfg.Papers) > 0 {
		var err error
		if own, err = yaml.Marshal(cfg.Papers); err != nil {
			return nil, err
		}
	}
	l, err := printer.NewLayouts(own, cfg.Logo)
	if err != nil {
		return nil, &config.FieldError{Field: "papers, logo", Why: err.Error()}
	}
	return l, nil
}

func (told orders) devices(o runOptions, log *slog.Logger) (*devices, error) {
	if o.sim {
		return openSimulated(told.config, o.data, o.vpcd, log)
	}
	return openDevices(told.config, log)
}

// officers are the configured ones; where devices are simulated and none is, the simulation's own.
func (told orders) officers(d *devices) []config.Officer {
	if len(told.config.Officers) == 0 && d.officer != nil {
		return []config.Officer{*d.officer}
	}
	return told.config.Officers
}

// loadAnchors loads the CSCA certificates the deployer installed and those simulated chips bring.
func loadAnchors(dir string, more [][]byte, tracker *health.Tracker, log *slog.Logger) *trust.Store {
	anchors, loaded, err := trust.LoadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Error("trust anchors", "dir", dir, "err", err)
	}
	if anchors == nil {
		anchors = new(trust.Store)
	}
	for _, der := range more {
		if err := anchors.Add(der); err != nil {
			log.Error("simulated anchor refused", "err", err)
		}
	}
	tracker.Set(health.TrustAnchorsMissing, anchors.Len() == 0, "")
	log.Info("trust anchors", "count", anchors.Len(), "loaded", loaded.String())
	return anchors
}
