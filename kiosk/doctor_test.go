//go:build !release

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/printer/printersim"
	"tiepdan/drivers/scanner/scannersim"
	"tiepdan/drivers/serial"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
)

// A clinic is a kiosk in good health, for the doctor to find ill.
type clinic struct {
	*doctor
	printer *printersim.Sim
	scanner *scannersim.Sim
	skew    time.Duration // of the centre's clock
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	dir := t.TempDir()
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	c := &clinic{printer: printersim.New(576, slog.New(slog.DiscardHandler)), scanner: scannersim.New()}
	if err := c.printer.OpenPTY(dir); err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	must(c.scanner.OpenPTY(dir))
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- c.printer.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-served
		must(c.printer.Close(), c.scanner.Unplug())
	})
	centre := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(c.skew).UTC().Format(http.TimeFormat))
	}))
	t.Cleanup(centre.Close)
	cfg, err := config.Parse([]byte(siteConfig))
	must(err)
	cfg.Devices.Printer.Port, cfg.Devices.Scanner.Port = c.printer.Port(), c.scanner.Port()
	cfg.TrustDir = filepath.Join(dir, "anchors")
	browser := filepath.Join(dir, "chromium")
	must(os.Mkdir(cfg.TrustDir, 0o700), os.WriteFile(filepath.Join(cfg.TrustDir, "csca.der"), cardsim.CSCA(), 0o600),
		os.WriteFile(browser, []byte("#!/bin/sh\necho Chromium 140.0\n"), 0o700))
	c.doctor = &doctor{cfg: cfg, credentials: link.Credentials{Kiosk: "k-1", Centre: centre.URL}, data: dir, machine: machine{
		bus: serial.Bus{Sys: filepath.Join(dir, "sys"), Dev: "/dev"}, clock: func() string { return "synced" },
		readers:  func() ([]string, error) { return []string{"ACS ACR39U"}, nil },
		browsers: []string{"/no/such/browser", browser}, cameras: filepath.Join(dir, "no cameras"),
	}}
	return c
}

func (c *clinic) examine(t *testing.T) (health.Diagnosis, string) {
	t.Helper()
	d := c.doctor.examine(t.Context())
	var table bytes.Buffer
	if err := d.Write(&table, "vi", false); err != nil {
		t.Fatal(err)
	}
	return d, table.String()
}

func TestDoctorFindsAKioskReady(t *testing.T) {
	c := newClinic(t)
	d, table := c.examine(t)
	if !d.Ready || !strings.Contains(table, "SẴN SÀNG") {
		t.Errorf("not ready:\n%s", table)
	}
	var states []string
	for _, f := range d.Findings {
		states = append(states, f.Check+" "+f.State)
	}
	if want := "config ok, disk ok, clock ok, centre ok, anchors ok, reader ok, printer ok, scanner ok, camera warn, browser ok"; strings.Join(states, ", ") != want {
		t.Errorf("%s, want %s\n%s", strings.Join(states, ", "), want, table)
	}
	report := c.printReport(t.Context(), d, "vi")
	if report.State != health.Fine {
		t.Errorf("report on paper: %+v", report)
	}
	if jobs := c.printer.Jobs(); len(jobs) != 1 || jobs[0].State != printersim.Printed || len(c.printer.Troubles()) > 0 {
		t.Error(jobs, c.printer.Troubles())
	}
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		ill       func(*clinic) error
		check     string
		condition string
		state     string
		words     string
	}{
		"paper out":         {func(c *clinic) error { return c.printer.SetPaper("out") }, "printer", health.PaperOut, health.Fail, "Thay cuộn giấy"},
		"paper low":         {func(c *clinic) error { return c.printer.SetPaper("low") }, "printer", health.PaperLow, health.Warn, "sắp hết"},
		"printer unplugged": {func(c *clinic) error { return c.printer.SetLine("cut") }, "printer", health.PrinterOffline, health.Fail, "cáp"},
		"printer elsewhere": {func(c *clinic) error { c.cfg.Devices.Printer.Port = ""; return nil }, "printer", health.PrinterOffline, health.Fail, "chưa nói máy in ở đâu"},
		"printer unknown":   {func(c *clinic) error { c.cfg.Devices.Printer.Profile = "mine"; return nil }, "printer", health.ConfigInvalid, health.Fail, `"mine"`},
		"scanner unplugged": {func(c *clinic) error { return c.scanner.Unplug() }, "scanner", health.ScannerMissing, health.Warn, "máy quét"},
		"no reader": {func(c *clinic) error {
			c.machine.readers = func() ([]string, error) { return nil, nil }
			return nil
		}, "reader", health.ReaderMissing, health.Fail, "Không thấy đầu đọc thẻ"},
		"another reader": {func(c *clinic) error { c.cfg.Devices.Reader = "HID"; return nil }, "reader", health.ReaderMissing, health.Fail, "ACS ACR39U"},
		"no pcscd": {func(c *clinic) error {
			c.machine.readers = func() ([]string, error) { return nil, errors.New("pcscd sleeps") }
			return nil
		}, "reader", health.ReaderMissing, health.Fail, "pcscd sleeps"},
		"clock": {func(c *clinic) error { c.machine.clock = func() string { return "unsynced" }; return nil }, "clock", health.ClockSkew, health.Warn, "NTP"},
		"skew":  {func(c *clinic) error { c.skew = time.Hour; return nil }, "centre", health.ClockSkew, health.Warn, "lệch so với trung tâm"},
		"no centre": {func(c *clinic) error { c.credentials.Centre = "http://127.0.0.1:1"; return nil }, "centre",
			health.CentreUnreachable, health.Warn, "127.0.0.1:1"},
		"not enrolled": {func(c *clinic) error { c.enrolled = link.ErrNotEnrolled; return nil }, "centre", health.NotEnrolled, health.Fail, "kiosk enrol"},
		"no anchors":   {func(c *clinic) error { c.cfg.TrustDir = c.data + "/none"; return nil }, "anchors", health.TrustAnchorsMissing, health.Fail, "CSCA"},
		"no browser":   {func(c *clinic) error { c.machine.browsers = []string{"/none"}; return nil }, "browser", "", health.Fail, "apt install chromium"},
		"bad browser":  {func(c *clinic) error { c.machine.browsers = []string{"false"}; return nil }, "browser", "", health.Fail, "--version"},
		"config":       {func(c *clinic) error { c.cfgErr = errors.New("site: missing"); return nil }, "config", health.ConfigInvalid, health.Fail, "site: missing"},
		"no folder":    {func(c *clinic) error { c.data = "/proc/none"; return nil }, "disk", health.StoreFailing, health.Fail, "/proc/none"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClinic(t)
			if err := test.ill(c); err != nil {
				t.Fatal(err)
			}
			d, table := c.examine(t)
			i := slices.IndexFunc(d.Findings, func(f health.Finding) bool { return f.Check == test.check })
			if f := d.Findings[i]; f.State != test.state || f.Condition != test.condition || !strings.Contains(table, test.words) {
				t.Errorf("%s: %s %q, want %s %q and %q in\n%s", f.Check, f.State, f.Condition, test.state, test.condition, test.words, table)
			}
			if d.Ready != (test.state != health.Fail) {
				t.Errorf("ready is %v", d.Ready)
			}
		})
	}
}

// Devices the configuration does not name are listed with the lines that would.
func TestDoctorNamesCandidates(t *testing.T) {
	c := newClinic(t)
	c.cfg.Devices.Printer.Port, c.cfg.Devices.Scanner.Port = "", ""
	device := filepath.Join(c.machine.bus.Sys, "devices/usb1/1-1")
	node := filepath.Join(c.machine.bus.Sys, "class/usbmisc/lp0")
	if err := errors.Join(os.MkdirAll(device, 0o755), os.MkdirAll(node, 0o755), os.Symlink(device, filepath.Join(node, "device")),
		os.WriteFile(filepath.Join(device, "idVendor"), []byte("04b8\n"), 0o644), os.WriteFile(filepath.Join(device, "idProduct"), []byte("0e28\n"), 0o644),
		os.WriteFile(filepath.Join(device, "product"), []byte("TM-T20III\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	_, table := c.examine(t)
	for _, want := range []string{"/dev/usb/lp0  TM-T20III", `devices: {printer: {profile: epson-tm-t20, port: "usb:04b8:0e28"}}`} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	var cfg config.Config
	cfg, err := config.Parse([]byte(siteConfig + `devices: {printer: {profile: epson-tm-t20, port: "usb:04b8:0e28"}}` + "\n"))
	if err != nil || cfg.Devices.Printer.Profile != "epson-tm-t20" {
		t.Error("the lines it names are no configuration:", err)
	}
}

// While the daemon has the devices in hand, it is asked.
func TestDoctorAsksTheDaemon(t *testing.T) {
	c := newClinic(t)
	tracker := health.NewTracker()
	daemon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(tracker.Report(time.Now().Add(time.Hour)))
	}))
	defer daemon.Close()
	tracker.Set(health.PaperOut, true, "")
	c.held = askDaemon(t.Context(), strings.TrimPrefix(daemon.URL, "http://"))
	if c.held == nil {
		t.Fatal("the daemon does not answer")
	}
	d, table := c.examine(t)
	if d.Ready || !strings.Contains(table, "Máy in hết giấy") || c.printReport(t.Context(), d, "vi").State != health.Fail {
		t.Error(table)
	}
	if askDaemon(t.Context(), "127.0.0.1:1") != nil {
		t.Error("nobody answered")
	}
}

func TestDoctorCommand(t *testing.T) {
	run := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := command(t.Context(), append([]string{"doctor"}, args...), nil, &out, &errs)
		return code, out.String(), errs.String()
	}
	dir := t.TempDir()
	code, out, _ := run("-json", "-data", dir)
	var d health.Diagnosis
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitNotReady || d.Ready || len(d.Findings) != 10 {
		t.Error(code, err, out)
	}
	if code, out, _ := run("-lang", "en", "-data", dir); code != exitNotReady || !strings.Contains(out, "NOT READY") {
		t.Error(code, out)
	}
	for _, args := range [][]string{{"-lang", "fr"}, {"now"}, {"-baud", "9600"}, {"-what"}} {
		if code, _, errs := run(args...); code != exitDoctorUsage || errs == "" {
			t.Errorf("%q: %d %q", args, code, errs)
		}
	}
	if code, _, errs := run("-ruler", filepath.Join(dir, "none")); code != exitNotReady || !strings.Contains(errs, "gone") {
		t.Error(code, errs)
	}
	sim := printersim.New(576, slog.New(slog.DiscardHandler))
	if err := sim.OpenPTY(dir); err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- sim.Serve(ctx) }()
	if code, out, errs := run("-ruler", sim.Port()); code != 0 || !strings.Contains(out, "-baud") {
		t.Error(code, out, errs)
	}
	if code, out, errs := run("-ruler", sim.Port(), "-baud", "115200"); code != 0 || !strings.Contains(out, "dots") {
		t.Error(code, out, errs)
	}
	cancel()
	<-served
	if err := sim.Close(); err != nil {
		t.Error(err)
	}
}
