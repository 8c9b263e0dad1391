//go:build !release

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
)

// simPrinterCommand runs `kiosk sim printer`: a printer behind a pty or a TCP port,
// whose address is the first line written, until it is interrupted.
func simPrinterCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("kiosk sim printer", flag.ContinueOnError)
	fs.SetOutput(stderr)
	dir := fs.String("png", "", "draw each paper into this `DIR`: 1.png, 2.png, …")
	name := fs.String("profile", "generic-80", "the profile `NAME` it behaves as")
	tcp := fs.String("tcp", "", "listen at `HOST:PORT`, as network printers do, instead of a pty")
	baud := fs.Int("baud", 0, "take the time of a line of that `SPEED`, and of paper; 0: none")
	var faults []string
	fs.Func("fault", "a `FAULT` from the start, more than one if given again:\n"+printerFaults(), func(s string) error {
		faults = append(faults, s)
		return nil
	})
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return exitPrintUsage
	}
	err := simulatePrinter(ctx, simPrinter{*name, *dir, *tcp, *baud, faults}, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "kiosk sim printer: %v\n", err)
		return exitPrintUsage
	}
	return 0
}

// printerFaults explains them, a line each.
func printerFaults() string {
	var b strings.Builder
	for _, f := range printersim.Faults() {
		fmt.Fprintf(&b, "%-14s %s\n", f.Name, f.About)
	}
	return b.String()
}

// simPrinter is what to simulate.
type simPrinter struct {
	profile, dir, tcp string
	baud              int
	faults            []string
}

func simulatePrinter(ctx context.Context, o simPrinter, stdout, stderr io.Writer) (err error) {
	profile, err := printer.ProfileNamed(o.profile)
	if err != nil {
		return err
	}
	if o.dir != "" {
		if err := os.MkdirAll(o.dir, 0o755); err != nil {
			return err
		}
	}
	sim := printersim.New(profile.Dots, slog.New(slog.NewTextHandler(stderr, nil)))
	sim.Behave(profile)
	if o.baud > 0 {
		sim.SetTiming(printersim.Usual(o.baud))
	}
	for _, f := range o.faults {
		if err := sim.SetFault(f); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, sim.Close()) }()
	if o.tcp != "" {
		address, err := sim.OpenTCP(o.tcp)
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, "tcp:"+address)
	} else {
		if err := sim.OpenPTY(""); err != nil {
			return err
		}
		fmt.Fprintln(stdout, sim.Port())
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- sim.Serve(ctx) }()
	drawn := 0
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-served:
			_, late := drawJobs(sim, drawn, o.dir, stdout)
			return errors.Join(ignoreCanceled(err), late)
		case <-tick.C:
			drawn, err = drawJobs(sim, drawn, o.dir, stdout)
			if err != nil {
				cancel()
				return errors.Join(err, ignoreCanceled(<-served))
			}
		}
	}
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// drawJobs tells of every paper that came out since the one numbered drawn.
func drawJobs(sim *printersim.Sim, drawn int, dir string, stdout io.Writer) (int, error) {
	for _, j := range sim.Jobs() {
		if j.ID <= drawn || j.State == printersim.Printing || j.State == printersim.Stopped {
			continue
		}
		drawn = j.ID
		fmt.Fprintf(stdout, "paper %d: %s, %d bytes\n", j.ID, j.State, j.Bytes)
		paper, ok := sim.Paper(j.ID)
		if dir == "" || !ok {
			continue
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.png", j.ID)))
		if err != nil {
			return drawn, err
		}
		if err := errors.Join(paper.WritePNG(f, 32), f.Close()); err != nil {
			return drawn, err
		}
	}
	return drawn, nil
}
