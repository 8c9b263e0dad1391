package main

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/goccy/go-yaml"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/card/pcsc"
	"tiepdan/drivers/card/trust"
	"tiepdan/drivers/printer"
	"tiepdan/drivers/scanner"
	"tiepdan/kiosk/config"
)

// devices are what stands on the counter, real or simulated.
type devices struct {
	cards   reader
	printer *printer.Printer
	scanner *scanner.Scanner // nil: none configured
	run     []worker         // loops of the devices' own, such as simulators
	anchors [][]byte         // CSCA certificates the devices bring: a simulated chip's
	routes  map[string]http.Handler
	pages   map[string]string // files of the UI by path
	officer *config.Officer   // to sign in with where devices are simulated
	began   func(job int64, kind printer.Kind, number string)
	cut     func(func(bool)) // gives the simulation the switch of the link
}

// A reader is a smart-card reader: what lies there, and a way to talk to it.
type reader interface {
	Watch(ctx context.Context, emit func(card.Level)) error
	Connect() (card.Transport, error)
}

// A worker is one loop of the daemon. It ends when ctx is done; an earlier end is a fault.
type worker struct {
	name string
	run  func(ctx context.Context) error
}

// openDevices opens what the configuration names. A device that is missing is
// not an error: its loop reports that level until it comes.
func openDevices(cfg config.Config, log *slog.Logger) (*devices, error) {
	if !pcsc.Built {
		log.Warn("this build reads no real cards: build with -tags pcsc (needs libpcsclite-dev), or run with -sim")
	}
	d := &devices{cards: pcsc.New(cfg.Devices.Reader)}
	profile, err := printerProfile(cfg)
	if err != nil {
		return nil, err
	}
	d.printer, err = printer.New(printer.Open(cfg.Devices.Printer.Port, profile.Baud), profile, log.With("part", "printer"))
	if err != nil {
		return nil, err
	}
	if cfg.Devices.Scanner.Port != "" {
		profile, err := scanner.ProfileNamed(cfg.Devices.Scanner.Profile)
		if err != nil {
			return nil, err
		}
		baud := cmp.Or(cfg.Devices.Scanner.Baud, profile.Baud)
		d.scanner = scanner.New(scanner.Serial(cfg.Devices.Scanner.Port, baud), profile, log.With("part", "scanner"))
	}
	return d, nil
}

// printerProfile is what the configuration says of the printer: a family's name, or
// a profile of its own; its speed, if it was set to another.
func printerProfile(cfg config.Config) (printer.Profile, error) {
	told := cfg.Devices.Printer
	var p printer.Profile
	var err error
	if len(told.Own) == 0 {
		p, err = printer.ProfileNamed(told.Profile)
	} else {
		p, err = ownProfile(told.Own)
	}
	p.Baud = cmp.Or(told.Baud, p.Baud)
	return p, err
}

func ownProfile(own map[string]any) (printer.Profile, error) {
	raw, err := yaml.Marshal([]any{own})
	if err != nil {
		return printer.Profile{}, err
	}
	ps, err := printer.ParseProfiles(raw)
	if err != nil {
		return printer.Profile{}, err
	}
	return ps[0], nil
}

// cardReader reads whatever card lies on the reader. It is the session's CardReader.
type cardReader struct {
	cards   reader
	trust   *trust.Store
	metrics *metrics
	log     *slog.Logger
}

func (c cardReader) Read(ctx context.Context, key card.Key, progress func(cccd.Stage, int)) (*cccd.Reading, error) {
	t, err := c.cards.Connect()
	if err != nil {
		return nil, err
	}
	r, err := cccd.Read(ctx, t, key, cccd.Options{Trust: c.trust, Now: time.Now(), Portrait: true,
		Progress: func(s cccd.Stage, done, total int) { progress(s, percent(s, done, total)) }})
	if err == nil {
		c.metrics.read(r)
		c.log.Info("card read", "grade", r.Verdict.Grade, "why", r.Verdict.Why, "ca", r.CA, "aa", r.AA, "warnings", r.Warnings)
	}
	return r, err
}

// percent puts the stages of a reading on one bar. The portrait is most of the bytes.
func percent(s cccd.Stage, done, total int) int {
	from, to := 0, 15
	switch s {
	case cccd.StageRead:
		from, to = 15, 40
	case cccd.StagePortrait:
		from, to = 40, 95
	case cccd.StageVerify:
		from, to = 95, 100
	}
	if total <= 0 {
		return from
	}
	return from + (to-from)*min(done, total)/total
}
