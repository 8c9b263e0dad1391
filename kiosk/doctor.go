package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/serial"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
)

// What `kiosk doctor` exits with beside 0, ready.
const (
	exitDoctorUsage = 1
	exitNotReady    = 2
)

const doctorUsage = `kiosk doctor: finds and tests what this kiosk needs, and says whether it may be opened.

  kiosk doctor [-json] [-lang vi|en] [-config FILE] [-data DIR] [-addr HOST:PORT] [-print]
  kiosk doctor -ruler ADDRESS [-baud SPEED]

Devices that the configuration does not name yet are listed with the lines that would.
A printer nobody knows: -ruler prints a strip at each speed; with the speed whose line
can be read, -ruler prints how wide the paper is.
Exit status: 0 ready, 2 not ready (the words say what to do), 1 wrong usage.
`

// A doctor looks at one kiosk. What it looks with can be another machine's.
type doctor struct {
	cfg         config.Config
	cfgErr      error
	credentials link.Credentials
	enrolled    error          // nil if it is
	data        string         // folder
	held        *health.Report // of the daemon that runs here, and has the devices in hand; nil: none does
	machine     machine
}

type doctorOptions struct {
	config, data, addr, lang, ruler string
	json, print                     bool
	baud                            int
}

// doctorCommand runs `kiosk doctor` and answers with its exit status.
func doctorCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o doctorOptions
	fs := flag.NewFlagSet("kiosk doctor", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() { fmt.Fprint(stderr, doctorUsage); fs.PrintDefaults() }
	fs.BoolVar(&o.json, "json", false, "write JSON")
	fs.StringVar(&o.lang, "lang", "vi", "language of the table: vi or en")
	fs.StringVar(&o.config, "config", "", "configuration `FILE` (default DIR/"+configFile+")")
	fs.StringVar(&o.data, "data", defaultData, "data `DIR` of the kiosk")
	fs.StringVar(&o.addr, "addr", "127.0.0.1:8080", "where the daemon's pages are, if it runs")
	fs.BoolVar(&o.print, "print", false, "print the report on the ticket printer too")
	fs.StringVar(&o.ruler, "ruler", "", "print strips on the printer at `ADDRESS` to learn its speed and width")
	fs.IntVar(&o.baud, "baud", 0, "with -ruler: the `SPEED` whose line could be read")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return exitDoctorUsage
	}
	usage := func(why string) int {
		fmt.Fprintf(stderr, "kiosk doctor: %s\n", why)
		return exitDoctorUsage
	}
	switch {
	case fs.NArg() > 0:
		return usage(fmt.Sprintf("%q is too much", fs.Arg(0)))
	case o.lang != "vi" && o.lang != "en":
		return usage(fmt.Sprintf("no language %q: vi or en", o.lang))
	case o.baud != 0 && o.ruler == "":
		return usage("-baud goes with -ruler")
	case o.ruler != "":
		return rulerStrips(ctx, o, stdout, stderr)
	}
	d := newDoctor(ctx, o)
	found := d.examine(ctx)
	if o.print {
		found.Findings = append(found.Findings, d.printReport(ctx, found, o.lang))
		found.Judge()
	}
	if err := found.Write(stdout, o.lang, o.json); err != nil {
		return usage(err.Error())
	}
	if !found.Ready {
		return exitNotReady
	}
	return 0
}

// newDoctor reads what the kiosk was told, and asks the daemon if one runs.
func newDoctor(ctx context.Context, o doctorOptions) *doctor {
	d := &doctor{data: o.data, machine: thisMachine()}
	d.cfg, d.cfgErr = config.Load(cmp.Or(o.config, filepath.Join(o.data, configFile)))
	if d.cfgErr != nil {
		d.cfg = config.Default()
	}
	d.credentials, d.enrolled = link.LoadCredentials(filepath.Join(o.data, credentialsFile))
	if running(o.data) {
		d.held = askDaemon(ctx, o.addr)
	}
	return d
}

// examine does every check, in the order in which a technician mends.
func (d *doctor) examine(ctx context.Context) health.Diagnosis {
	found := health.Diagnosis{At: time.Now(), Kiosk: d.credentials.Kiosk}
	for _, check := range []func(context.Context) health.Finding{
		d.config, d.disk, d.clock, d.centre, d.anchors, d.reader, d.printer, d.scanner, d.camera, d.browser,
	} {
		found.Findings = append(found.Findings, check(ctx))
	}
	found.Judge()
	return found
}

// rulerStrips prints what shows a technician how fast and how wide a printer is.
func rulerStrips(ctx context.Context, o doctorOptions, stdout, stderr io.Writer) int {
	var err error
	hasSpeed := !strings.HasPrefix(o.ruler, "tcp:") && !strings.HasPrefix(filepath.Base(o.ruler), "lp")
	if o.baud == 0 && hasSpeed {
		err = printer.PrintSpeeds(ctx, o.ruler)
		fmt.Fprintln(stdout, "Đọc được dòng nào thì chạy lại với -baud TỐC-ĐỘ của dòng đó.\nRun again with -baud SPEED of the line that can be read.")
	} else {
		err = printer.PrintWidths(ctx, o.ruler, cmp.Or(o.baud, 115200))
		fmt.Fprintln(stdout, "Thước dài nhất còn thấy vạch cuối là khổ giấy (dots của hồ sơ máy in, \"kiosk print profiles\").\nThe longest ruler whose end can be seen is the width: the dots of a profile, \"kiosk print profiles\".")
	}
	if err != nil {
		fmt.Fprintf(stderr, "kiosk doctor: %v\n", err)
		if errors.Is(err, printer.ErrInUse) || errors.Is(err, serial.ErrGone) {
			return exitNotReady
		}
		return exitDoctorUsage
	}
	return 0
}

// running tells whether a daemon has the data folder in hand.
func running(dir string) bool {
	if _, err := os.Stat(dir); err != nil {
		return false
	}
	unlock, err := lockFolder(dir)
	if err != nil {
		return true
	}
	unlock()
	return false
}
