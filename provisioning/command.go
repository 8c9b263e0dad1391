// Command provisioning is the centre: enrolment, the link to every kiosk, the
// gateway to the city's One-Stop system, and the operator's commands.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitOK    = 0
	exitUsage = 1
	exitError = 2
)

const usage = `provisioning is the centre of all kiosks.

  provisioning serve [-addr HOST:PORT] [-data DIR] [-nats URL] [-onestop URL | -onestop-sim]
        the centre itself: dashboard, enrolment, link and gateway on one port
  provisioning kiosk add -unit CODE -site NAME [-profile KIND] [-hours HOURS] [-officer ID:NAME:PIN]…
        make a kiosk and print its one-time enrolment code
  provisioning kiosk code -id ID        another code for a kiosk: its first was lost, or the machine is replaced
  provisioning kiosk revoke -id ID      shut a stolen kiosk out
  provisioning kiosk list
  provisioning kiosk answer -request FILE -out FILE
        for a kiosk without network: what kiosk enrol -request wrote, answered
  provisioning receipt NUMBER             a dossier's whole life, by its receipt number or official code
  provisioning user add -name NAME -role viewer|operator|admin [-units CODES] [-password @FILE | -]
        somebody who may use the dashboard; the password is read from standard input
  provisioning user reset -name NAME    a new password, and the second factor taken away
  provisioning user list
  provisioning gateway -nats URL -onestop URL [-data DIR]
        the gateway alone, beside a centre that runs without one
  provisioning doctor [-data DIR]         what is there, what is missing, what to do; 0: ready
  provisioning cluster [-data DIR]        what a node of a NATS cluster has to know of this centre
  provisioning keys rotate [-data DIR]    new keys of the gateway, which the old ones vouch for
  provisioning backup -out FILE -passphrase @FILE [-data DIR]
        everything of a running centre in one sealed file
  provisioning restore -in FILE -passphrase @FILE [-data DIR]
        a centre's folder of a backup
`

const usageEnd = `
Each command explains its flags with -h. Secrets may be given as - (standard input) or @FILE.
`

// env is what a command has of the world.
type env struct {
	in       io.Reader
	out, err io.Writer
}

// errUsage says that the command line was wrong; what is wrong was said already.
var errUsage = errors.New("usage")

// command runs one command line and returns the exit code: every way out leads through here.
func command(args []string, in io.Reader, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process the hard way.
	context.AfterFunc(ctx, stop)

	err := run(ctx, args, env{in, out, errs})
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.Is(err, errNotReady):
		return exitNotReady
	}
	fmt.Fprintln(errs, "provisioning:", err)
	return exitError
}

func run(ctx context.Context, args []string, e env) error {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	switch name {
	case "serve":
		return serveCommand(ctx, args[1:], e)
	case "gateway":
		return gatewayCommand(ctx, args[1:], e)
	case "kiosk":
		return kioskCommand(ctx, args[1:], e)
	case "receipt":
		return receiptCommand(ctx, args[1:], e)
	case "user":
		return userCommand(ctx, args[1:], e)
	case "doctor":
		return doctorCommand(ctx, args[1:], e)
	case "cluster":
		return clusterCommand(ctx, args[1:], e)
	case "keys":
		return keysCommand(ctx, args[1:], e)
	case "backup":
		return backupCommand(ctx, args[1:], e)
	case "restore":
		return restoreCommand(ctx, args[1:], e)
	case "simulate":
		if simulate != nil {
			return simulate(ctx, args[1:], e)
		}
	case "help", "-h", "-help", "--help":
		fmt.Fprint(e.out, usage+simulateUsage+usageEnd)
		return nil
	}
	if name != "" {
		fmt.Fprintf(e.err, "provisioning: there is no command %q\n\n", name)
	}
	fmt.Fprint(e.err, usage+simulateUsage+usageEnd)
	return errUsage
}

// flags parses a command's flags; nothing may follow them.
func flags(set *flag.FlagSet, args []string, e env) error {
	set.SetOutput(e.err)
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if set.NArg() > 0 {
		fmt.Fprintf(e.err, "provisioning %s: %q is too much\n", set.Name(), set.Arg(0))
		return errUsage
	}
	return nil
}

// defaultData is the folder that make run uses.
const defaultData = ".run"
