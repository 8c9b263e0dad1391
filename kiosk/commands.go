package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	_ "time/tzdata" // an appliance may have no zone files, and its days are Hanoi's
)

const usage = `Tiếp Dân, the kiosk daemon.

  kiosk run [-config FILE] [-sim] [-addr HOST:PORT] [-data DIR]
  kiosk enrol -centre URL -code CODE [-data DIR]
  kiosk enrol -centre URL -code CODE -request FILE, then -answer FILE
                                    for a site without network: both files travel on a USB stick
  kiosk doctor [-json] [-print]     what is there, what is missing, what to do
  kiosk outbox [-data DIR] [-json]
  kiosk card list | read …          read and prove a card
  kiosk catalogue check [DIR] · pack DIR FILE
  kiosk print sample | profiles …
  kiosk sim card | printer …        virtual devices (not in release builds)

CODE and other secrets may be "-" (standard input) or "@FILE". Each command
explains itself with -h.
`

// command runs one command line and answers with its exit status.
func command(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	name := "help"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	fail := func(err error) int {
		switch {
		case err == nil:
			return 0
		case errors.Is(err, flag.ErrHelp):
			return 0
		}
		fmt.Fprintf(stderr, "kiosk: %v\n", err)
		return 1
	}
	switch name {
	case "run":
		return fail(runCommand(ctx, args, stdout, stderr))
	case "enrol":
		return fail(enrolCommand(ctx, args, stdin, stdout, stderr))
	case "doctor":
		return doctorCommand(ctx, args, stdout, stderr)
	case "outbox":
		return outboxCommand(args, stdout, stderr)
	case "card":
		return cardCommand(ctx, args, stdin, stdout, stderr)
	case "catalogue":
		return catalogueCommand(args, stdout, stderr)
	case "print":
		return printCommand(ctx, args, stdout, stderr)
	case "sim":
		return simCommand(ctx, args, stdin, stdout, stderr)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return 0
	}
	fmt.Fprintf(stderr, "kiosk: there is no command %q\n\n%s", name, usage)
	return 1
}

// simCommand runs the virtual devices that stand outside a kiosk.
func simCommand(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "card":
			return simCardCommand(ctx, args[1:], stdin, stdout, stderr)
		case "printer":
			return simPrinterCommand(ctx, args[1:], stdout, stderr)
		}
	}
	fmt.Fprintln(stderr, "kiosk: sim card … or sim printer …; each explains itself with -h")
	return 1
}

// readSecret takes a secret from the command line, from standard input ("-") or
// from a file ("@FILE"), so that it need not stand in the process list.
func readSecret(arg string, stdin io.Reader) (string, error) {
	var b []byte
	var err error
	switch file, isFile := strings.CutPrefix(arg, "@"); {
	case arg == "-":
		b, err = io.ReadAll(io.LimitReader(stdin, 64<<10))
	case isFile:
		b, err = os.ReadFile(file)
	default:
		return arg, nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// writeFile replaces a file in one step, on disk before it answers.
func writeFile(name string, b []byte) error {
	tmp := name + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

func hardware() map[string]string {
	host, _ := os.Hostname()
	return map[string]string{"host": host, "os": osName()}
}

// osName is the system's own name for itself.
func osName() string {
	b, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
			return strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return "unknown"
}
