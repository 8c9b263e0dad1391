//go:build pcsc

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tiepdan/kiosk/wire"
)

// outages is how often reader and pcscd are taken away.
const outages = 50

// The kiosk reads through a real pcscd. That is killed and started again, or
// stays and has no reader any more, in the middle of a read, fifty times: each
// time the screen and /healthz know, the kiosk heals by itself, and the next
// card is read as if nothing had been.
func TestPCSCDComesAndGoes(t *testing.T) {
	program := os.Getenv("PCSCD") // how to start it: "pcscd", "sudo -n pcscd"
	if program == "" {
		t.Skip("PCSCD does not say how to start a pcscd of our own (deploy/test-pcsc.sh does)")
	}
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-tags", "pcsc", "-o", bin+"/", "tiepdan/kiosk", "tiepdan/provisioning").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	d := &pcscd{t: t, program: strings.Fields(program), empty: t.TempDir()}
	d.start("")
	t.Cleanup(func() { d.stop(syscall.SIGKILL) })
	r := newRigOf(t, bin, "-vpcd", vpcdAddr)
	p := &page{addr: r.Kiosk}
	defer p.close()
	if err := p.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait := func(what string, ok func(wire.View) bool) {
		t.Helper()
		if err := p.awaitFor(t.Context(), 20*time.Second, ok); err != nil {
			t.Fatalf("%s: %v; reader %s, card %v, %+v", what, err, p.view.Devices.Reader, p.view.Devices.Card, p.view.ReadCard)
		}
	}
	// rest takes the card away and ends the visit.
	rest := func() {
		t.Helper()
		if err := r.sim("DELETE", "card", nil); err != nil {
			t.Fatal(err)
		}
		for i := 0; p.view.Name != "attract" || p.view.Devices.Card; i++ {
			if i > 50 {
				t.Fatalf("the visit does not end: screen %s, actions %v", p.view.Name, p.view.Actions)
			}
			for _, leave := range []string{"end", "back"} {
				if p.view.Name == "attract" || !slices.Contains(p.view.Actions, leave) {
					continue
				}
				if err := p.send(wire.Command{Action: leave, Screen: p.view.Screen}); err != nil {
					t.Fatal(err)
				}
				break
			}
			if err := p.next(t.Context()); err != nil {
				t.Fatalf("on screen %s with %v: %v", p.view.Name, p.view.Actions, err)
			}
		}
	}
	lay := func(persona string) { // two in turn: a code seen twice in a row is one
		t.Helper()
		if err := r.sim("POST", "card", map[string]any{"persona": persona, "latency": "25ms,10us"}); err != nil {
			t.Fatal(err)
		}
	}
	var fds, goroutines int
	for i := range outages {
		wait("the reader is ready", func(v wire.View) bool { return v.Devices.Reader == "ready" && v.Name == "attract" })
		lay("an")
		wait("the read begins", on("reading"))
		for range i % 5 { // not always at the same place
			if p.view.Name == "reading" {
				if err := p.next(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		unplugged := i%2 == 1
		if unplugged {
			d.stop(syscall.SIGTERM)
			d.start("unplugged")
		} else {
			d.stop(syscall.SIGKILL)
		}
		wait("the screen knows that the reader is gone", func(v wire.View) bool { return v.Devices.Reader == "gone" })
		if i < 2 { // the grace of ten seconds, once for each kind
			until(t, 20*time.Second, "/healthz says that the reader is missing", func() error { return condition(r.Kiosk, "reader-missing", true) })
		}
		if unplugged {
			d.stop(syscall.SIGKILL)
		}
		d.start("")
		wait("the reader is back", func(v wire.View) bool { return v.Devices.Reader == "ready" })
		rest()
		if err := condition(r.Kiosk, "reader-missing", false); err != nil {
			t.Errorf("outage %d: %v", i, err)
		}
		lay("chi")
		wait("the next card is read", on("identity", "sorry"))
		if p.view.Name != "identity" {
			t.Fatalf("outage %d: the card after it is not read: %s", i, p.view.Sorry.Code)
		}
		rest()
		f, g := openFiles(t, r.kiosk.cmd.Process.Pid), goroutinesOf(t, r.Kiosk)
		if i == 4 {
			fds, goroutines = f, g
		}
		if i > 4 && (f > fds+8 || g > goroutines+8) {
			t.Fatalf("after outage %d: %d files and %d goroutines, after the first ones %d and %d", i, f, g, fds, goroutines)
		}
	}
	t.Logf("%d outages in mid-read: each noticed, healed and followed by a whole read", outages)
}

// vsmartcard-vpcd's first slot, and how /proc/net/tcp writes that it listens.
const (
	vpcdAddr    = "127.0.0.1:35963"
	vpcdListens = ":8C7B 00000000:0000 0A"
)

// pcscd is one of our own.
type pcscd struct {
	t       *testing.T
	program []string
	empty   string // a folder of configuration without readers
	cmd     *exec.Cmd
}

// start starts it and waits until it is there: with its reader, or "unplugged".
func (d *pcscd) start(state string) {
	d.t.Helper()
	args := append(slices.Clone(d.program[1:]), "--foreground")
	if state == "unplugged" {
		args = append(args, "--config", d.empty)
	}
	d.cmd = exec.Command(d.program[0], args...)
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	until(d.t, 10*time.Second, "pcscd starts", func() error {
		if _, err := os.Stat("/run/pcscd/pcscd.comm"); err != nil {
			return err
		}
		if state == "unplugged" {
			return nil
		}
		// Asked of the kernel: a connection would be a card to it.
		sockets, err := os.ReadFile("/proc/net/tcp")
		if err == nil && !strings.Contains(string(sockets), vpcdListens) {
			err = errors.New("vpcd does not listen")
		}
		return err
	})
}

func (d *pcscd) stop(with syscall.Signal) {
	if d.cmd == nil {
		return
	}
	pids, _ := exec.Command("pgrep", "-x", "pcscd").Output()
	for _, pid := range strings.Fields(string(pids)) {
		kill := append(slices.Clone(d.program[:len(d.program)-1]), "kill", fmt.Sprintf("-%d", with), pid)
		_ = exec.Command(kill[0], kill[1:]...).Run()
	}
	_ = d.cmd.Wait()
	d.cmd = nil
	_ = os.Remove("/run/pcscd/pcscd.comm") // one that was killed leaves it
}

// condition tells whether /healthz holds a condition to be so.
func condition(addr, code string, want bool) error {
	resp, err := http.Get("http://" + addr + "/healthz")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var report struct{ Conditions []struct{ Code string } }
	if err := json.NewDecoder(resp.Body).Decode(&report); err != nil {
		return err
	}
	held := false
	for _, c := range report.Conditions {
		held = held || c.Code == code
	}
	if held != want {
		return fmt.Errorf("%s held: %v; /healthz has %v", code, held, report.Conditions)
	}
	return nil
}

// openFiles counts the files a process holds open.
func openFiles(t *testing.T, pid int) int {
	t.Helper()
	all, err := os.ReadDir(filepath.Join("/proc", fmt.Sprint(pid), "fd"))
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// goroutinesOf reads them off the kiosk's metrics.
func goroutinesOf(t *testing.T, addr string) int {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(all)) {
		var n int
		if _, err := fmt.Sscanf(line, "go_goroutines %d", &n); err == nil {
			return n
		}
	}
	t.Fatal("/metrics does not count goroutines")
	return 0
}
