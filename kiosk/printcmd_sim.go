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
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
)

// simPrinterCommand runs `kiosk sim printer`: a printer behind a pty, whose path
// is the first line written, until it is interrupted.
func simPrinterCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("kiosk sim printer", flag.ContinueOnError)
	fs.SetOutput(stderr)
	dir := fs.String("png", "", "draw each paper into this `DIR`: 1.png, 2.png, …")
	name := fs.String("profile", "generic-80", "the profile `NAME` whose paper is in it")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return exitPrintUsage
	}
	err := simulatePrinter(ctx, *name, *dir, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "kiosk sim printer: %v\n", err)
		return exitPrintUsage
	}
	return 0
}

func simulatePrinter(ctx context.Context, profileName, dir string, stdout, stderr io.Writer) (err error) {
	profile, err := printer.ProfileNamed(profileName)
	if err != nil {
		return err
	}
	if dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	sim := printersim.New(profile.Dots, log)
	if err := sim.OpenPTY(""); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sim.Close()) }()
	fmt.Fprintln(stdout, sim.Port())

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
			_, late := drawJobs(sim, drawn, dir, stdout)
			return errors.Join(ignoreCanceled(err), late)
		case <-tick.C:
			drawn, err = drawJobs(sim, drawn, dir, stdout)
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
