package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/session"
	"tiepdan/kiosk/store"
	"tiepdan/kiosk/web"
)

// devicesFile keeps the facts of this machine while nobody has told it where it stands.
const devicesFile = "devices.yaml"

// A care is what technicians do to a kiosk, standing before it or from the centre. It is
// web's Technician, and answers commands of the link.
type care struct {
	o       runOptions
	told    orders
	report  func() health.Report
	machine machine
	papers  *printing
	store   *store.Store
	conn    *link.Conn // nil: not enrolled
	post    func(context.Context, session.Event)
	visit   atomic.Pointer[session.State] // as it was published last
	again   chan struct{}                 // asks the daemon to begin anew
	scanned atomic.Pointer[string]        // what a kiosk that is nobody's was shown last
}

// Place tells which kiosk this is; no id: not enrolled.
func (c *care) Place() (kiosk, unit, site string) {
	if !c.told.enrolled {
		return "", "", ""
	}
	return c.told.credentials.Kiosk, c.told.config.Unit.Name, c.told.config.Site
}

func (c *care) see(_ context.Context, text string) { c.scanned.Store(&text) }

// Scanned is what the scanner of a kiosk that is nobody's read last.
func (c *care) Scanned() string {
	if text := c.scanned.Load(); text != nil {
		return *text
	}
	return ""
}

// Enrol makes this machine the kiosk of a code, and begins anew as that.
func (c *care) Enrol(ctx context.Context, centre, code string) error {
	if _, err := enrolHere(ctx, c.o.data, centre, code); err != nil {
		return coded(err)
	}
	c.restart()
	return nil
}

// coded gives an error the code that the technician's page has words for.
func coded(err error) error {
	for _, known := range []struct {
		err  error
		code string
	}{
		{link.ErrWrongCode, "wrong-code"}, {link.ErrCodeUsed, "code-used"}, {link.ErrCodeExpired, "code-expired"},
		{link.ErrSlowDown, "too-many-tries"}, {link.ErrUnreachable, "unreachable"}, {link.ErrImpostor, "impostor"},
		{link.ErrAddress, "wrong-address"}, {link.ErrVisit, "visit"}, {link.ErrPaper, "paper"}, {link.ErrDown, "offline"},
	} {
		if errors.Is(err, known.err) {
			return &web.Refusal{Code: known.code, Err: err}
		}
	}
	return err
}

// enrolHere turns a one-time code into credentials and the first configuration.
func enrolHere(ctx context.Context, data, centre, code string) (link.Credentials, error) {
	if err := notEnrolled(data); err != nil {
		return link.Credentials{}, err
	}
	parsed, err := link.ParseEnrolCode(code)
	if err != nil {
		return link.Credentials{}, err
	}
	cred, told, err := link.Enrol(ctx, centre, parsed, hardware())
	if err != nil {
		return link.Credentials{}, err
	}
	return cred, keepEnrolment(data, cred, told)
}

// notEnrolled makes the data folder, and refuses one that is a kiosk's already.
func notEnrolled(data string) error {
	file := filepath.Join(data, credentialsFile)
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("this kiosk is enrolled already (%s). To enrol it anew, move that file away first", file)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}

// keepEnrolment keeps what the centre gave. The configuration first: with credentials in
// place the kiosk counts as enrolled.
func keepEnrolment(data string, cred link.Credentials, told []byte) error {
	if err := writeTold(data, told); err != nil {
		return err
	}
	return cred.Save(filepath.Join(data, credentialsFile))
}

// withDevices puts the facts of this machine, if it knows them, into what it was told.
func withDevices(told []byte, data string) ([]byte, error) {
	cfg, err := config.Parse(told)
	if err != nil {
		return nil, fmt.Errorf("the first configuration: %w", err)
	}
	for _, from := range []func() (config.Devices, error){
		func() (config.Devices, error) { return config.DevicesOf(filepath.Join(data, configFile)) },
		func() (config.Devices, error) { return config.LoadDevices(filepath.Join(data, devicesFile)) },
	} {
		devices, err := from()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("the devices of this machine: %w", err)
		}
		cfg.Devices = devices
		return cfg.Marshal()
	}
	return told, nil
}

// undoWithin is how long the centre is given to answer.
const undoWithin = 15 * time.Second

// Undo takes an enrolment at the wrong site back: the code works again, at the right
// machine, and this one begins anew as nobody's. Nothing filed here may be left behind.
func (c *care) Undo(ctx context.Context) error {
	if !c.told.enrolled {
		return nil
	}
	owed, err := c.store.Backlog(ctx)
	if err != nil {
		return err
	}
	if owed.Queued+owed.HandedOver+owed.Quarantined > 0 {
		return &web.Refusal{Code: "owes", Err: errors.New("dossiers filed here have no receipt yet")}
	}
	ctx, cancel := context.WithTimeout(ctx, undoWithin)
	defer cancel()
	var reply link.Answer
	// A centre that has shut us out has undone it already, and only its answer was lost.
	if err := c.conn.Ask(ctx, link.WhatUndo, struct{}{}, &reply); err != nil && c.conn.Level() != link.Forbidden {
		return coded(err)
	}
	if reply.Error != "" {
		return &web.Refusal{Code: "undo-" + reply.Error, Err: errors.New("the centre does not take this enrolment back")}
	}
	devices, err := c.told.config.Devices.Marshal()
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(c.o.data, devicesFile), devices); err != nil {
		return err
	}
	for _, name := range []string{credentialsFile, configFile, toldFile, catalogueFile, wordFile} {
		if err := os.Remove(filepath.Join(c.o.data, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	c.restart()
	return nil
}

// Examine looks at all of it, while the daemon has the devices in hand.
func (c *care) Examine(ctx context.Context) health.Diagnosis {
	held := c.report()
	d := &doctor{data: c.o.data, credentials: c.told.credentials, held: &held, machine: c.machine}
	if d.cfg, d.cfgErr = config.Load(c.o.config); d.cfgErr != nil {
		d.cfg = config.Default()
	}
	if !c.told.enrolled {
		d.enrolled = link.ErrNotEnrolled
	}
	return d.examine(ctx)
}

// Test prints the test page.
func (c *care) Test(ctx context.Context) error {
	page, err := printer.Sample(printer.KindTest, time.Now(), "vi")
	if err != nil {
		return err
	}
	return coded(c.print(ctx, page))
}

// Report prints what was found, sends it to the centre, and answers with it.
func (c *care) Report(ctx context.Context) (health.Diagnosis, error) {
	found := c.Examine(ctx)
	err := c.print(ctx, readiness(found, c.told.config, "vi"))
	if c.conn != nil {
		var reply link.Answer
		err = errors.Join(err, c.conn.Ask(ctx, link.WhatReadiness, found, &reply))
		if reply.Error != "" {
			err = errors.Join(err, errors.New("the centre does not keep the report: "+reply.Error))
		}
	}
	return found, coded(err)
}

func (c *care) print(ctx context.Context, paper printer.Paper) error {
	if c.standing() {
		return link.ErrVisit
	}
	outcome, err := c.papers.printer.Print(ctx, c.papers.layouts.Document(paper))
	if err != nil {
		return fmt.Errorf("%w: %s: %w", link.ErrPaper, outcome, err)
	}
	return nil
}

// standing tells that somebody is in the middle of a visit, or that its paper is not out yet.
func (c *care) standing() bool {
	s := c.visit.Load()
	return s != nil && !s.AtRest() || c.papers.running.Load() > 0
}

// restart never blocks; one that is asked for already is the same.
func (c *care) restart() {
	select {
	case c.again <- struct{}{}:
	default:
	}
}

// errAgain ends a run that is followed by another.
var errAgain = errors.New("to begin anew")

// watch ends the run when it is to begin anew: after the page has its answer, and when
// nobody stands there.
func (c *care) watch(ctx context.Context) error {
	const settle = 500 * time.Millisecond
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.again:
	}
	t := time.NewTicker(settle)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			if !c.standing() {
				return errAgain
			}
		}
	}
}

// obey does what the centre says. To look at the kiosk disturbs nobody.
func (c *care) obey(ctx context.Context, verb string) (done link.Done, err error) {
	if c.standing() && verb != link.VerbReadiness && verb != link.VerbLogs {
		return done, link.ErrVisit
	}
	switch verb {
	case link.VerbIdentify:
		if s := c.visit.Load(); s == nil || s.Visit.At != session.AtAttract {
			return done, errors.New("the screen shows that this kiosk is out of service, or asks for a card to be taken")
		}
		c.post(ctx, session.Identify{Kiosk: c.told.credentials.Kiosk})
		return done, nil
	case link.VerbRestart:
		c.restart()
		return done, nil
	case link.VerbTestPrint:
		return done, c.Test(ctx)
	case link.VerbReadiness:
		found := c.Examine(ctx)
		return link.Done{Diagnosis: &found}, nil
	case link.VerbLogs:
		return link.Done{Log: c.o.lines.String()}, nil
	}
	return done, link.ErrUnknown
}
