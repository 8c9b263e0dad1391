//go:build !release

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"tiepdan/drivers/printer/printersim"
	"tiepdan/kiosk/store"
	"tiepdan/kiosk/wire"
)

// The daemon is killed between any two writes to its journal in turn, while a number
// is drawn and printed on a printer that outlives it. Whatever it was doing: no
// number was shown that is not on disk, no second paper comes by itself, and who
// comes back is asked at most once whether the paper is out.
func TestKilledAtEveryJournalWrite(t *testing.T) {
	if testing.Short() {
		t.Skip("runs and kills the daemon")
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is missing: `make test` installs it (deploy/install-test-tools.sh)")
	}
	built = true
	bin, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	asked, shown, printed, killed := 0, 0, 0, 0
	// On a busy machine two writes may be seen as one: a run that was spared is not
	// yet the last.
	for write, spared := 1, 0; spared < 3; write++ {
		if write > 100 {
			t.Fatal("the daemon never stops writing")
		}
		k := newKillRig(t, bin)
		// Each write waits a while first: long enough to be killed before it.
		k.wrap = []string{strace, "-f", "-qq", "-o", "/dev/null", "-P", k.journal(), "-e", "trace=pwrite64",
			"-e", fmt.Sprintf("inject=pwrite64:delay_enter=%d", writeDelay.Microseconds())}
		outcome := k.run(write)
		k.close()
		if outcome.asked {
			asked++
		}
		if outcome.shown {
			shown++
		}
		if outcome.papers > 0 {
			printed++
		}
		if !outcome.killed {
			spared++
			continue
		}
		killed++
		spared = 0
	}
	t.Logf("killed after each of %d writes: the number was seen in %d runs, paper came in %d, asked about in %d", killed, shown, printed, asked)
	if shown == 0 || killed < 5 {
		t.Error("the kills never met a paper on its way")
	}
}

// writeDelay is how long each write to the journal is held up.
const writeDelay = 40 * time.Millisecond

// A killRig is a daemon without card reader or centre, and a printer beside it.
type killRig struct {
	*rig
	printer *printersim.Sim
	stop    func()
}

type killOutcome struct {
	killed, shown, asked bool
	papers               int
}

func newKillRig(t *testing.T, bin string) *killRig {
	t.Helper()
	dir := t.TempDir()
	k := &killRig{rig: &rig{t: t, bin: bin, data: dir, Kiosk: freeAddr(t)}, printer: printersim.New(576, slog.New(slog.DiscardHandler))}
	if err := k.printer.OpenPTY(dir); err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- k.printer.Serve(ctx) }()
	k.stop = func() {
		cancel()
		<-served
		if err := k.printer.Close(); err != nil {
			t.Error(err)
		}
	}
	cfg := siteConfig + fmt.Sprintf("devices: {printer: {port: %s}}\n", k.printer.Port())
	if err := os.WriteFile(filepath.Join(dir, configFile), []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	return k
}

// journal is SQLite's write-ahead log. A daemon that ended in peace leaves none.
func (k *killRig) journal() string { return filepath.Join(k.data, store.FileName+"-wal") }

// killAfter kills a daemon as soon as its journal has grown so many times.
func (k *killRig) killAfter(ctx context.Context, daemon *process, writes int) {
	size := int64(0)
	for tick := time.NewTicker(time.Millisecond); writes > 0; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if info, err := os.Stat(k.journal()); err == nil && info.Size() > size {
			size = info.Size()
			writes--
		}
	}
	daemon.signal(syscall.SIGKILL)
}

func (k *killRig) close() {
	k.killDaemon()
	k.stop()
}

// killDaemon returns when nothing is left of the daemon: what ended may be the
// tracer, a moment before what it traced has let go of folder and address.
func (k *killRig) killDaemon() {
	k.t.Helper()
	k.kiosk.signal(syscall.SIGKILL)
	<-k.kiosk.ended
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-time.After(time.Millisecond) {
		unlock, locked := lockFolder(k.data)
		if locked == nil {
			unlock()
		}
		l, taken := listen(k.Kiosk)
		if taken == nil {
			taken = l.Close()
		}
		if err = errors.Join(locked, taken); err == nil {
			return
		}
	}
	k.t.Fatal("killed, and still there:", err)
}

// out counts papers once the printer has taken all that was on the line when the daemon died.
func (k *killRig) out() int {
	bytes := func() (n int) {
		for _, j := range k.printer.Jobs() {
			n += j.Bytes
		}
		return n
	}
	for had := -1; had != bytes(); <-time.After(50 * time.Millisecond) {
		had = bytes()
	}
	return len(k.printer.Jobs())
}

func (k *killRig) startDaemon() bool {
	k.kiosk = k.startMaybe("kiosk", k.Kiosk, "kiosk", "run", "-addr", k.Kiosk, "-data", k.data)
	select {
	case <-k.kiosk.ended:
		return false
	default:
		return true
	}
}

// run draws a number with a daemon that may die, comes back to one that does not,
// and once more.
func (k *killRig) run(writes int) (o killOutcome) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), time.Minute)
	defer cancel()
	number := ""
	p := &page{addr: k.Kiosk, seen: func(v wire.View) {
		if v.Ticket == nil {
			return
		}
		if number != "" && v.Ticket.Number != number {
			k.t.Errorf("number %s became %s", number, v.Ticket.Number)
		}
		number = v.Ticket.Number
	}}
	defer func() { p.close() }()
	// The day before: the store is made, and the daemon ends in peace.
	wrap := k.wrap
	k.wrap = nil
	if !k.startDaemon() {
		k.t.Fatal("the daemon does not start")
	}
	k.kiosk.signal(syscall.SIGINT)
	<-k.kiosk.ended
	k.wrap = wrap
	if k.startDaemon() {
		killing, spare := context.WithCancel(ctx)
		defer spare()
		go k.killAfter(killing, k.kiosk, writes)
		if err := p.connect(ctx); err == nil {
			err = p.await(ctx, func(v wire.View) bool { return v.Devices.Printer == "ready" })
			if err == nil {
				_, _ = k.takeNumber(ctx, p) // an error is the kill
			}
		}
	}
	select {
	case <-k.kiosk.ended:
		o.killed = true
	case <-time.After(300 * time.Millisecond): // what it still writes when the paper is out
		o.killed = k.hasEnded()
	}
	before := number
	k.killDaemon()
	k.wrap = nil
	papers := k.out()

	for again := range 2 { // comes back, answers if asked, and comes back
		if !k.startDaemon() {
			k.t.Fatal("the daemon does not start after the kill")
		}
		if err := p.connect(ctx); err != nil {
			k.t.Fatal(err)
		}
		// What is to be printed now is; what is not known is asked.
		if err := p.awaitFor(ctx, 3*time.Second, func(v wire.View) bool {
			return v.Ticket == nil && number == "" || v.Ticket != nil && v.Ticket.Print.State != "printing" && v.Ticket.Print.State != ""
		}); err != nil && before != "" {
			k.t.Errorf("%s was shown, and its page comes back to %q: %v", before, p.view.Name, err)
		}
		if p.view.Ticket == nil {
			break // nobody was promised anything
		}
		if p.view.Ticket.Print.State == "unknown" {
			if again > 0 {
				k.t.Error("asked twice whether the paper is out")
			}
			o.asked = true
			if len(k.printer.Jobs()) != papers {
				k.t.Errorf("%d papers became %d, and it asks", papers, len(k.printer.Jobs()))
			}
			// A printer that is found just now changes what may be pressed.
			err := p.await(ctx, func(v wire.View) bool { return v.Devices.Printer == "ready" })
			if err == nil {
				err = p.press(ctx, wire.Command{Action: "printed-yes"})
			}
			if err == nil {
				err = p.await(ctx, func(v wire.View) bool { return v.Ticket != nil && v.Ticket.Print.State == "printed" })
			}
			if err != nil {
				k.t.Error(err)
			}
		}
		k.killDaemon()
	}
	o.shown, o.papers = number != "", len(k.printer.Jobs())
	if o.papers > 1 {
		k.t.Errorf("%d papers of one number: %+v", o.papers, k.printer.Jobs())
	}
	return o
}

func (k *killRig) hasEnded() bool {
	select {
	case <-k.kiosk.ended:
		return true
	default:
		return false
	}
}
