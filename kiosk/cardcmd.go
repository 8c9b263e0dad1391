package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/card/lds"
	"tiepdan/drivers/card/pcsc"
	"tiepdan/drivers/card/trust"
)

// Exit statuses of `kiosk card`, which scripts rely on.
const (
	exitProven   = 0 // genuine and anchored
	exitUsage    = 1
	exitUnproven = 2 // read, and something of the proof is missing
	exitNoCard   = 3 // the card refused or broke
)

const cardUsage = `Reads a chip ID card and says how far it is proven.

  kiosk card list
  kiosk card read [-reader NAME | -reader sim:PERSONA[+FAULT]] (-can N | -mrz "L1/L2/L3" | -qr TEXT)
                  [-trust DIR] [-no-ca] [-json] [-trace FILE]

Exit status: 0 genuine and anchored, 2 read but not proven, 3 the card refused or broke, 1 wrong usage.
`

// waitForCard is how long `kiosk card read` waits for somebody to lay a card.
const waitForCard = 30 * time.Second

// cardCommand runs `kiosk card …` and answers with its exit status.
func cardCommand(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	switch name {
	case "list":
		return cardList(stdout, stderr)
	case "read":
		return cardRead(ctx, args, stdin, stdout, stderr)
	case "", "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, cardUsage)
		return exitProven
	}
	fmt.Fprintf(stderr, "kiosk card: there is no command %q\n\n%s", name, cardUsage)
	return exitUsage
}

// cardList names the readers -reader takes.
func cardList(stdout, stderr io.Writer) int {
	names, err := pcsc.List()
	if err != nil {
		fmt.Fprintf(stderr, "kiosk card: %v\n", err)
	}
	for _, n := range append(names, simReaders()...) {
		fmt.Fprintln(stdout, n)
	}
	if err != nil && len(simReaders()) == 0 {
		return exitNoCard
	}
	return exitProven
}

// readOptions is the command line of `kiosk card read`.
type readOptions struct {
	reader, trustDir, traceFile string
	key                         card.Key
	noCA, json                  bool
}

func cardRead(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseRead(args, stdin, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitProven
	}
	if err != nil {
		fmt.Fprintf(stderr, "kiosk card read: %v\n", err)
		return exitUsage
	}
	r, err := o.read(ctx, stderr)
	if usage, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(stderr, "kiosk card read: %v\n", usage)
		return exitUsage
	}
	report := reportOf(r, err)
	if o.json {
		err = report.writeJSON(stdout)
	} else {
		err = report.writeText(stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "kiosk card read: %v\n", err)
		return exitNoCard
	}
	if report.message != "" {
		fmt.Fprintf(stderr, "kiosk card read: %s\n", report.message)
	}
	return report.exit
}

// A usageError is a mistake in the command line that shows only on use.
type usageError string

func (e usageError) Error() string { return string(e) }

func parseRead(args []string, stdin io.Reader, stderr io.Writer) (readOptions, error) {
	var o readOptions
	var can, zone, qr string
	fs := flag.NewFlagSet("kiosk card read", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.reader, "reader", "", "the reader's `NAME` as \"kiosk card list\" gives it; without it, the first one with a card")
	fs.StringVar(&can, "can", "", "the card access number: the last six `DIGITS` of the personal number")
	fs.StringVar(&zone, "mrz", "", "the three `LINES` on the back, parted by slashes")
	fs.StringVar(&qr, "qr", "", "the `TEXT` of the QR code on the card")
	fs.StringVar(&o.trustDir, "trust", "", "a `DIR` of trust anchors: certificates (PEM, DER) and master lists")
	fs.BoolVar(&o.noCA, "no-ca", false, "do not check whether the chip is a copy")
	fs.BoolVar(&o.json, "json", false, "write JSON")
	fs.StringVar(&o.traceFile, "trace", "", "write the dialogue with the card and the shape of its files to `FILE`, secrets and personal data masked, for a virtual card to play again")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("%q is one word too many", fs.Arg(0))
	}
	given := 0
	for _, secret := range []*string{&can, &zone, &qr} {
		if *secret == "" {
			continue
		}
		given++
		s, err := readSecret(*secret, stdin)
		if err != nil {
			return o, err
		}
		*secret = s
	}
	if given != 1 {
		return o, errors.New("a card opens with one key: give -can, -mrz or -qr (\"-\" reads it from standard input, \"@FILE\" from a file)")
	}
	var err error
	o.key, err = keyFrom(can, zone, qr)
	return o, err
}

// keyFrom makes the access key of the one that is not empty. Its errors do not
// repeat the secret.
func keyFrom(can, zone, qr string) (card.Key, error) {
	switch {
	case can != "":
		k := card.Key{CAN: strings.TrimSpace(can)}
		if err := k.Valid(); err != nil {
			return k, fmt.Errorf("-can: %w", err)
		}
		return k, nil
	case zone != "":
		m, err := lds.ParseMRZ(lds.JoinMRZ(zone))
		if err != nil {
			return card.Key{}, fmt.Errorf("-mrz: %w", err)
		}
		k := m.Key()
		return card.Key{MRZ: &k}, nil
	}
	q, err := cccd.ParseQR(qr)
	if err != nil {
		return card.Key{}, fmt.Errorf("-qr: %w", err)
	}
	return q.Key(), nil
}

// read opens the reader, waits for a card and reads it. The reading is not nil
// unless no card was there to talk to.
func (o readOptions) read(ctx context.Context, stderr io.Writer) (*cccd.Reading, error) {
	var anchors *trust.Store
	if o.trustDir != "" {
		store, rep, err := trust.LoadDir(o.trustDir)
		if err != nil {
			return nil, usageError(err.Error())
		}
		if len(rep.Refused) > 0 {
			fmt.Fprintf(stderr, "kiosk card read: -trust %s: %v\n", o.trustDir, rep)
		}
		for _, line := range rep.Grouped() {
			fmt.Fprintf(stderr, "kiosk card read:   %s\n", line)
		}
		if store.Len() == 0 {
			return nil, usageError(fmt.Sprintf("-trust %s: no trust anchor in it (%v)", o.trustDir, rep))
		}
		anchors = store
	}
	cards, err := o.open()
	if err != nil {
		return nil, err
	}
	if err := awaitCard(ctx, cards, stderr); err != nil {
		return nil, err
	}
	t, err := cards.Connect()
	if err != nil {
		return nil, err
	}
	if c, ok := t.(io.Closer); ok {
		defer c.Close()
	}
	opts := cccd.Options{Trust: anchors, Now: time.Now(), Portrait: true, NoChip: o.noCA}
	if o.traceFile != "" {
		f, err := os.OpenFile(o.traceFile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return nil, usageError(fmt.Sprintf("-trace: %v", err))
		}
		defer func() {
			if err := f.Close(); err != nil {
				fmt.Fprintf(stderr, "kiosk card read: trace: %v\n", err)
			}
		}()
		opts.Trace = f
	}
	return cccd.Read(ctx, t, o.key, opts)
}

func (o readOptions) open() (reader, error) {
	if name, ok := strings.CutPrefix(o.reader, "sim:"); ok {
		return openSimReader(name)
	}
	if _, err := pcsc.List(); err != nil && !pcsc.Built {
		return nil, usageError(err.Error())
	}
	return pcsc.New(o.reader), nil
}

var (
	errNoReader = errors.New("there is no smart-card reader")
	errNobody   = errors.New("nobody laid a card on the reader")
)

// awaitCard waits until a card lies on the reader.
func awaitCard(ctx context.Context, cards reader, stderr io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, waitForCard, errNobody)
	defer cancel()
	ctx, done := context.WithCancelCause(ctx)
	defer done(nil)
	found := errors.New("card found")
	err := cards.Watch(ctx, func(l card.Level) {
		switch l {
		case card.CardIn:
			done(found)
		case card.CardMute:
			done(card.ErrMute)
		case card.NoReader:
			done(errNoReader)
		case card.NoCard:
			fmt.Fprintln(stderr, "Mời đặt thẻ lên đầu đọc. (Lay the card on the reader.)")
		}
	})
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if errors.Is(err, found) {
		return nil
	}
	return err
}
