package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"tiepdan/kiosk/store"
	"tiepdan/kiosk/wire"
)

// A trace of the daemon's system calls: the receipt View leaves only after the
// transaction that holds the dossier was synced to disk.
func TestReceiptLeavesAfterFsync(t *testing.T) {
	if testing.Short() {
		t.Skip("runs both programs")
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is missing: `make test` installs it (deploy/install-test-tools.sh)")
	}
	r := newRig(t)
	r.kiosk.signal(syscall.SIGINT)
	<-r.kiosk.ended
	trace := filepath.Join(t.TempDir(), "trace")
	// -y names the file of each descriptor, -s shows whole frames, -f follows Go's threads.
	r.wrap = []string{strace, "-f", "-y", "-s", "65536", "-e", "trace=write,writev,pwrite64,fsync,fdatasync", "-e", "signal=none", "-o", trace}
	r.startKiosk()

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	p := &page{addr: r.Kiosk}
	defer p.close()
	if err := p.connect(ctx); err != nil {
		t.Fatal(err)
	}
	number, err := r.fileOnce(ctx, p, "chi", serviceOf[residence], residence)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.await(ctx, func(v wire.View) bool { return v.Receipt == nil || v.Receipt.State == "sent" }); err != nil {
		t.Fatal(err)
	}
	if err := r.leave(ctx, p); err != nil {
		t.Fatal(err)
	}
	r.stop()
	r.kiosk, r.centre = nil, nil

	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var confirmed, written, synced, shown int // line numbers
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		switch {
		case confirmed == 0 && isView(line) && strings.Contains(line, `\"name\":\"receipt\"`) && strings.Contains(line, `\"state\":\"recording\"`):
			confirmed = n
		case synced == 0 && strings.Contains(line, store.FileName+"-wal") && strings.Contains(line, "pwrite64("):
			written = n
		case synced == 0 && written > 0 && strings.Contains(line, store.FileName+"-wal") && syncDone.MatchString(line):
			if confirmed > 0 {
				synced = n
			}
		case shown == 0 && isView(line) && strings.Contains(line, number) && !strings.Contains(line, `\"state\":\"recording\"`):
			shown = n
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("trace lines: confirmed %d, WAL written %d, synced %d, receipt shown %d", confirmed, written, synced, shown)
	if confirmed == 0 || written == 0 || synced == 0 || shown == 0 {
		t.Fatal("the trace does not show the whole of it")
	}
	if !(confirmed < synced && synced < shown) {
		t.Error("the receipt left before its transaction was synced")
	}
}

var syncDone = regexp.MustCompile(`f(data)?sync\(\d+<[^>]*>\)\s+= 0`)

// isView tells a frame to the page from all other writes.
func isView(line string) bool {
	return strings.Contains(line, "write(") && strings.Contains(line, `\"rev\":`)
}
