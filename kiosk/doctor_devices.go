package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"tiepdan/drivers/card/pcsc"
	"tiepdan/drivers/printer"
	"tiepdan/drivers/scanner"
	"tiepdan/drivers/serial"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/health"
)

// askDaemon asks the daemon that has the devices in hand how they are; nil if it
// does not say.
func askDaemon(ctx context.Context, addr string) *health.Report {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		return nil
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var r health.Report
	if json.NewDecoder(resp.Body).Decode(&r) != nil {
		return nil
	}
	return &r
}

const byDaemon = "đang do dịch vụ kiosk dùng (in use by the kiosk daemon)"

// heldBy answers for a device that the daemon has in hand: with the first of its
// conditions that holds.
func (d *doctor) heldBy(f health.Finding, codes ...string) (health.Finding, bool) {
	if d.held == nil {
		return f, false
	}
	for _, c := range codes {
		if d.held.Has(c) {
			return f.Bad(c, byDaemon), true
		}
	}
	return f.Good(byDaemon), true
}

func (d *doctor) reader(context.Context) health.Finding {
	f := health.Finding{Check: "reader", Name: health.Text{VI: "Đầu đọc thẻ", EN: "Card reader"}}
	if f, held := d.heldBy(f, health.ReaderMissing); held {
		return f
	}
	names, err := d.machine.readers()
	switch want := d.cfg.Devices.Reader; {
	case err != nil:
		return f.Bad(health.ReaderMissing, err.Error())
	case len(names) == 0:
		return f.Bad(health.ReaderMissing, "")
	case want != "" && !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(strings.ToLower(n), strings.ToLower(want)) }):
		return f.Bad(health.ReaderMissing, fmt.Sprintf("devices.reader: %q; có (there is) %s", want, strings.Join(names, ", ")))
	}
	return f.Good(strings.Join(names, ", "))
}

// listReaders names smart-card readers; a build that reaches none says how to make
// one that does.
func listReaders() ([]string, error) { return pcsc.List() }

func (d *doctor) printer(ctx context.Context) health.Finding {
	f := health.Finding{Check: "printer", Name: health.Text{VI: "Máy in", EN: "Printer"}}
	if f, held := d.heldBy(f, health.PrinterOffline, health.CoverOpen, health.PaperOut, health.CutterError, health.PrinterFault,
		health.PrinterHot, health.PaperLow); held {
		return f
	}
	told := d.cfg.Devices.Printer
	if told.Port == "" {
		f = f.Bad(health.PrinterOffline, "")
		f.What = health.Text{VI: "Cấu hình chưa nói máy in ở đâu.", EN: "The configuration does not say where the printer is."}
		f.Do = health.Text{VI: "Thêm vào cấu hình các dòng của máy in, rồi chạy lại.", EN: "Add the lines of the printer to the configuration, and run this again."}
		f.Candidates = d.printers()
		return f
	}
	p, profile, err := d.openPrinter()
	if err != nil {
		return f.Bad(health.ConfigInvalid, err.Error())
	}
	level, why := p.Status(ctx)
	if err := p.Close(); why == nil && err != nil {
		why = err
	}
	named := profile.Name + " @ " + told.Port
	if code := printerCondition(level); code != "" {
		if why != nil {
			named += ": " + why.Error()
		}
		f = f.Bad(code, named)
		if level == printer.Offline {
			f.Candidates = d.printers()
		}
		return f
	}
	if profile.Status == "none" {
		f.State, f.Found = health.Warn, named
		f.What = health.Text{VI: "Máy in này không biết trả lời.", EN: "This printer cannot answer."}
		f.Do = health.Text{VI: "In thử: kiosk print sample -kind test, xem tận mắt.", EN: "Print a test page, kiosk print sample -kind test, and look at it."}
		return f
	}
	return f.Good(named)
}

func (d *doctor) openPrinter() (*printer.Printer, printer.Profile, error) {
	profile, err := printerProfile(d.cfg)
	if err != nil {
		return nil, profile, err
	}
	p, err := printer.New(printer.Open(d.cfg.Devices.Printer.Port, profile.Baud), profile, slog.New(slog.DiscardHandler))
	return p, profile, err
}

// printerCondition is the health condition of a level; "" of one that is well.
func printerCondition(l printer.Level) string {
	return map[printer.Level]string{
		printer.Offline: health.PrinterOffline, printer.PaperOut: health.PaperOut, printer.PaperLow: health.PaperLow,
		printer.CoverOpen: health.CoverOpen, printer.CutterJam: health.CutterError, printer.Hot: health.PrinterHot, printer.Fault: health.PrinterFault,
	}[l]
}

// printers are what is plugged in that may be one, those of a known family first.
func (d *doctor) printers() []health.Candidate {
	nodes, _ := d.machine.bus.List() // what cannot be listed is none
	profiles, _ := printer.Profiles()
	var known, others []health.Candidate
	for _, n := range nodes {
		profile := ""
		for _, p := range profiles {
			if slices.ContainsFunc(p.USB, func(u printer.USB) bool {
				return strings.EqualFold(u.Vendor, n.USB.Vendor) && strings.EqualFold(u.Product, n.USB.Product)
			}) {
				profile = p.Name
				break
			}
		}
		c := health.Candidate{Device: n.Path, Name: strings.TrimSpace(n.Maker + " " + n.Name),
			Config: fmt.Sprintf("devices: {printer: {profile: %s, port: %q}}", cmp.Or(profile, "generic-80"), n.Address(nodes))}
		if profile != "" || n.Printer {
			known = append(known, c)
		} else {
			others = append(others, c)
		}
	}
	return append(known, others...)
}

// printReport prints the technician's report on the ticket printer.
func (d *doctor) printReport(ctx context.Context, found health.Diagnosis, lang string) health.Finding {
	f := health.Finding{Check: "print", Name: health.Text{VI: "In báo cáo", EN: "Report on paper"}}
	if d.held != nil {
		return f.Bad(health.PrinterOffline, byDaemon)
	}
	p, _, err := d.openPrinter()
	if err != nil {
		return f.Bad(health.ConfigInvalid, err.Error())
	}
	layouts, err := layoutsOfConfig(d.cfg)
	if err != nil {
		return f.Bad(health.ConfigInvalid, err.Error())
	}
	outcome, err := p.Print(ctx, layouts.Document(readiness(found, d.cfg, lang)))
	if err = errors.Join(err, p.Close()); err != nil {
		return f.Bad(health.PrinterFault, string(outcome)+": "+err.Error())
	}
	return f.Good(string(outcome))
}

func (d *doctor) scanner(ctx context.Context) health.Finding {
	f := health.Finding{Check: "scanner", Name: health.Text{VI: "Máy quét mã", EN: "Code scanner"}}
	told := d.cfg.Devices.Scanner
	if told.Port == "" {
		f.State = health.Warn
		f.What = health.Text{VI: "Cấu hình không có máy quét: người dân gõ 6 số cuối.", EN: "The configuration has no scanner: residents type the last 6 digits."}
		f.Do = health.Text{VI: "Máy quét gõ như bàn phím thì không cần khai báo; nếu có cổng, thêm dòng của nó.",
			EN: "One that types as a keyboard needs no lines; for one with a port, add its lines."}
		lines, all := d.lines()
		for _, n := range lines {
			f.Candidates = append(f.Candidates, health.Candidate{Device: n.Path, Name: strings.TrimSpace(n.Maker + " " + n.Name),
				Config: fmt.Sprintf("devices: {scanner: {profile: generic, port: %q}}", n.Address(all))})
		}
		return f
	}
	if f, held := d.heldBy(f, health.ScannerMissing); held {
		return f
	}
	profile, err := scanner.ProfileNamed(told.Profile)
	if err != nil {
		return f.Bad(health.ConfigInvalid, err.Error())
	}
	line, err := scanner.Serial(told.Port, cmp.Or(told.Baud, profile.Baud))(ctx)
	if err != nil {
		return f.Bad(health.ScannerMissing, err.Error())
	}
	if err := line.Close(); err != nil {
		return f.Bad(health.ScannerMissing, err.Error())
	}
	return f.Good(profile.Name + " @ " + told.Port)
}

// lines are the serial lines that are not the printer's, and all ports there are.
func (d *doctor) lines() (lines, all []serial.Device) {
	all, _ = d.machine.bus.List() // what cannot be listed is none
	printer, err := d.machine.bus.Find(d.cfg.Devices.Printer.Port)
	if err != nil {
		printer.Path = d.cfg.Devices.Printer.Port // no identity
	}
	for _, n := range all {
		if !n.Printer && n.Path != printer.Path && n.ByPath != printer.Path && n.ByID != printer.Path {
			lines = append(lines, n)
		}
	}
	return lines, all
}

// readiness is the report as it is printed.
func readiness(found health.Diagnosis, cfg config.Config, lang string) printer.Readiness {
	report := printer.Readiness{Kiosk: found.Kiosk, Unit: cfg.Unit.Name, Site: cfg.Site, Ready: found.Ready, At: found.At, Lang: lang}
	for _, c := range found.Findings {
		check := printer.Check{Name: c.Name.VI, Says: cmp.Or(c.What.VI, c.Found), Note: c.Do.VI}
		if c.State == health.Fine {
			check.Says = strings.TrimSuffix(health.StateWord(health.Fine).VI+", "+c.Found, ", ")
		}
		report.Checks = append(report.Checks, check)
	}
	return report
}
