package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"tiepdan/drivers/printer"
)

// What `kiosk print sample` exits with beside 0, printed.
const (
	exitPrintUsage   = 1
	exitNotPrinted   = 2
	exitPrintUnknown = 3
)

const printUsage = `kiosk print: what a technician asks of the ticket printer.

  kiosk print sample [-kind ticket|slip|checklist|acceptance|test|readiness] [-lang vi|en] [-profile NAME] [-port DEV | -out FILE.png]
  kiosk print profiles

sample prints a paper of made-up people, or draws it to a picture.
Exit status: 0 printed, 2 not printed (the words say why), 3 unknown: look at the printer.
`

// printCommand runs `kiosk print …`.
func printCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	name := "help"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	switch name {
	case "sample":
		return printSample(ctx, args, stdout, stderr)
	case "profiles":
		return printProfiles(args, stdout, stderr)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, printUsage)
		return 0
	}
	fmt.Fprintf(stderr, "kiosk print: there is no command %q\n\n%s", name, printUsage)
	return exitPrintUsage
}

func printSample(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("kiosk print sample", flag.ContinueOnError)
	fs.SetOutput(stderr)
	kind := fs.String("kind", string(printer.KindTicket), "`WHAT` to print: ticket, slip, checklist, acceptance, test or readiness")
	lang := fs.String("lang", "vi", "language: vi, or en for English beside Vietnamese")
	name := fs.String("profile", "generic-80", "the printer's profile `NAME`: see \"kiosk print profiles\"")
	port := fs.String("port", "", "where the printer is: /dev/serial/by-id/…, /dev/usb/lp0, usb:VVVV:PPPP[:SERIAL] or tcp:HOST")
	baud := fs.Int("baud", 0, "the line's `SPEED`, if not the profile's")
	out := fs.String("out", "", "the `FILE` (PNG) to draw the paper to; \"-\" is standard output")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return exitPrintUsage
	}
	usage := func(err error) int {
		fmt.Fprintf(stderr, "kiosk print sample: %v\n", err)
		return exitPrintUsage
	}
	profile, err := printer.ProfileNamed(*name)
	if err != nil {
		return usage(err)
	}
	if *baud != 0 {
		profile.Baud = *baud
	}
	paper, err := printer.Sample(printer.Kind(*kind), time.Now(), *lang)
	if err != nil {
		return usage(err)
	}
	layouts, err := printer.NewLayouts(nil, "")
	if err != nil {
		return usage(err)
	}
	doc := layouts.Document(paper)
	switch {
	case fs.NArg() > 0:
		return usage(fmt.Errorf("%q is too much", fs.Arg(0)))
	case *lang != "vi" && *lang != "en":
		return usage(fmt.Errorf("no language %q: vi or en", *lang))
	case (*port == "") == (*out == ""):
		return usage(errors.New("say either where to print (-port DEVICE) or where to draw (-out FILE.png)"))
	case *out != "":
		err = drawSample(doc, profile, *out, stdout, stderr)
		if err != nil {
			fmt.Fprintf(stderr, "kiosk print sample: %v\n", err)
			return exitNotPrinted
		}
		return 0
	}
	return printOn(ctx, doc, profile, *port, stdout, stderr)
}

// drawSample draws what the printer would print, and says how much would travel.
func drawSample(doc printer.Document, profile printer.Profile, file string, stdout, stderr io.Writer) error {
	r, err := printer.NewRenderer()
	if err != nil {
		return err
	}
	paper, err := r.Preview(doc, profile)
	if err != nil {
		return err
	}
	job, err := r.Job(doc, profile)
	if err != nil {
		return err
	}
	const margin = 32 // what the head does not reach
	w, says := stdout, stderr
	if file != "-" {
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		defer f.Close() // for the error paths; the one that matters is below
		w, says = f, stdout
	}
	if err := paper.WritePNG(w, margin); err != nil {
		return err
	}
	fmt.Fprintf(says, "%s, profile %s: %d × %d dots, %d bytes to the printer\n",
		doc.Kind, profile.Name, paper.Width, paper.Height, len(job))
	if f, ok := w.(*os.File); ok && file != "-" {
		return f.Close()
	}
	return nil
}

func printOn(ctx context.Context, doc printer.Document, profile printer.Profile, port string, stdout, stderr io.Writer) int {
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	p, err := printer.New(printer.Open(port, profile.Baud), profile, log)
	if err != nil {
		fmt.Fprintf(stderr, "kiosk print sample: %v\n", err)
		return exitPrintUsage
	}
	start := time.Now()
	outcome, err := p.Print(ctx, doc)
	took := time.Since(start).Round(time.Millisecond)
	if closed := p.Close(); err == nil {
		err = closed
	}
	switch outcome {
	case printer.Printed:
		fmt.Fprintf(stdout, "%s: printed in %v\n", doc.Kind, took)
		return 0
	case printer.NotPrinted:
		fmt.Fprintf(stderr, "kiosk print sample: not printed: %v\n", err)
		return exitNotPrinted
	}
	fmt.Fprintf(stderr, "kiosk print sample: unknown whether it is out, look at the printer: %v\n", err)
	return exitPrintUnknown
}

func printProfiles(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		fmt.Fprintln(stderr, "kiosk print profiles takes no arguments")
		return exitPrintUsage
	}
	profiles, err := printer.Profiles()
	if err != nil {
		fmt.Fprintf(stderr, "kiosk print profiles: %v\n", err)
		return exitPrintUsage
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tDOTS\tBAUD\tGLYPHS\tQR\tCUTTER\tSTATUS\tABOUT")
	for _, p := range profiles {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n",
			p.Name, strconv.Itoa(p.Dots), p.Baud, p.Glyphs, p.QR, p.Cutter, p.Status, p.About)
	}
	if err := t.Flush(); err != nil {
		return exitPrintUsage
	}
	return 0
}
