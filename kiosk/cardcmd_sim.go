//go:build !release

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cardsim"
)

// simReaders lists the virtual cards -reader takes.
func simReaders() []string {
	var names []string
	for _, p := range cardsim.Personas() {
		names = append(names, fmt.Sprintf("sim:%-10s (virtual: %s)", p.Name, p.About))
	}
	return names
}

// openSimReader is a virtual reader with the card of a persona on it, with
// faults after a "+". Its authority is trusted only where -trust names it.
func openSimReader(spec string) (reader, error) {
	name, fault, _ := strings.Cut(spec, "+")
	chip, err := simChip(name, cardsim.Options{Fault: fault})
	if err != nil {
		return nil, usageError(err.Error())
	}
	r := new(cardsim.Reader)
	r.Insert(chip)
	return r, nil
}

func simChip(name string, o cardsim.Options) (*cardsim.Chip, error) {
	p, ok := cardsim.ByName(name)
	if !ok {
		var names []string
		for _, p := range cardsim.Personas() {
			names = append(names, p.Name)
		}
		return nil, fmt.Errorf("there is no virtual card %q: there are %s", name, strings.Join(names, ", "))
	}
	return cardsim.New(p, o)
}

// simCardCommand runs `kiosk sim card`: a virtual card on vsmartcard's virtual
// reader, where a real pcscd and any other reader software find it.
func simCardCommand(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("kiosk sim card", flag.ContinueOnError)
	fs.SetOutput(stderr)
	addr := fs.String("vpcd", "127.0.0.1:35963", "`ADDR` of vpcd, the virtual reader of pcscd; empty to lay no card")
	name := fs.String("persona", "an", "whose card: see \"kiosk card list\"")
	fault := fs.String("fault", "", "what is wrong with it: `NAME` or NAME:N, several with \"+\"")
	latency := fs.String("latency", "", "time it takes: `PER_APDU,PER_BYTE`, such as 40ms,10us")
	out := fs.String("csca-out", "", "write the simulator's CSCA certificate to `FILE` (PEM), to install as a trust anchor")
	keep := fs.Bool("keep", false, "lay the card again when the reader hangs up, until Ctrl-C")
	var words cardsim.ProfileWords
	fs.StringVar(&words.PACE, "pace", "", "PACE it offers: `CIPHER/CURVE`, several with commas, \"/explicit\" to write the parameters out, or none")
	fs.StringVar(&words.Access, "access", "", "`WAYS` in: pace, bac or both")
	fs.IntVar(&words.Nonce, "nonce", 16, "`BYTES` of PACE's nonce: 16 or 32")
	fs.StringVar(&words.CA, "ca", "", "keys of chip authentication: `CIPHER/CURVE` as for -pace, or none")
	fs.StringVar(&words.AA, "aa", "", "key of active authentication: `rsaBITS/TRAILER`, ecdsa/CURVE/HASH, ecdsa/CURVE/HASH/der or none")
	fs.StringVar(&words.SOD, "sod", "", "document signer: `rsaBITS/HASH`, pssBITS/HASH or ecdsa/CURVE/HASH; \"/old\" signs no attributes")
	fs.IntVar(&words.Max, "max-apdu", 0, "longest APDU it takes and gives, in `BYTES`, as EF.ATR/INFO says; 0 says nothing")
	fs.Usage = func() {
		fmt.Fprintln(stderr, "Usage of kiosk sim card:")
		fs.PrintDefaults()
		fmt.Fprintln(stderr, "\nCiphers: 3des, aes128, aes192, aes256. Curves: P-224, P-256, P-384, P-521, brainpoolP256r1,\n"+
			"brainpoolP384r1, brainpoolP512r1. Hashes: sha1, sha224, sha256, sha384, sha512. Trailers of ISO/IEC 9796-2:\n"+
			"bc, 33cc, 34cc, 35cc, 36cc, 38cc. RSA: 1024, 1280, 2048, 3072, 4096 bits.\n\nFaults:")
		for _, f := range cardsim.Faults() {
			fmt.Fprintf(stderr, "  %-20s %s\n", f.Spelled(), f.About)
		}
	}
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitProven
	} else if err != nil {
		return exitUsage
	}
	fail := func(code int, err error) int {
		fmt.Fprintf(stderr, "kiosk sim card: %v\n", err)
		return code
	}
	l, err := parseLatency(*latency)
	if err != nil {
		return fail(exitUsage, err)
	}
	profile, err := cardsim.ParseProfile(words)
	if err != nil {
		return fail(exitUsage, err)
	}
	chip, err := simChip(*name, cardsim.Options{Fault: *fault, Latency: l, Profile: profile})
	if err != nil {
		return fail(exitUsage, err)
	}
	if *out != "" {
		if err := os.WriteFile(*out, cardsim.CSCAPEM(), 0o644); err != nil {
			return fail(exitUsage, err)
		}
		fmt.Fprintf(stdout, "CSCA written to %s\n", *out)
	}
	if *addr == "" {
		return exitProven
	}
	for {
		code, again := layOnVPCD(ctx, *addr, *name, chip, stdout, fail)
		if !again || !*keep {
			return code
		}
		select {
		case <-time.After(layAgain):
		case <-ctx.Done():
			return exitProven
		}
	}
}

// layAgain is how long a card that is to be kept there waits for its reader.
const layAgain = 300 * time.Millisecond

// layOnVPCD serves the card until it or the reader is gone; again tells that it
// could be laid once more.
func layOnVPCD(ctx context.Context, addr, name string, chip *cardsim.Chip, stdout io.Writer, fail func(int, error) int) (code int, again bool) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fail(exitNoCard, fmt.Errorf("no virtual reader at %s (%w): install vsmartcard-vpcd and start pcscd", addr, err)), true
	}
	fmt.Fprintf(stdout, "The card of %s lies on the virtual reader at %s. Ctrl-C takes it away.\n", name, addr)
	switch err := cardsim.ServeVPCDConn(ctx, conn, chip); {
	case err == nil:
		fmt.Fprintln(stdout, "The reader is gone.")
		return exitProven, true
	case ctx.Err() != nil:
		return exitProven, false
	case errors.Is(err, card.ErrRemoved):
		fmt.Fprintln(stdout, "The card was pulled, as its fault says.")
		return exitProven, true
	default:
		return fail(exitNoCard, err), true
	}
}

func parseLatency(s string) (cardsim.Latency, error) {
	if s == "" {
		return cardsim.Latency{}, nil
	}
	a, b, ok := strings.Cut(s, ",")
	perAPDU, err1 := time.ParseDuration(a)
	perByte, err2 := time.ParseDuration(b)
	if !ok || err1 != nil || err2 != nil || perAPDU < 0 || perByte < 0 {
		return cardsim.Latency{}, fmt.Errorf("latency %s: want two times, such as 40ms,10us", s)
	}
	return cardsim.Latency{PerAPDU: perAPDU, PerByte: perByte}, nil
}
