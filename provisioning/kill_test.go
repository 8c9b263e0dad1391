package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

// A child is a centre in a process of its own, to be killed.
type child struct {
	*exec.Cmd
	url string
}

func startChild(t *testing.T, data string) child { return startChildAt(t, data, "127.0.0.1:0") }

func startChildAt(t *testing.T, data, addr string) child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asCentre+"="+strings.Join([]string{"serve", "-addr", addr, "-data", data, "-onestop-sim"}, "\n"))
	cmd.Stderr = os.Stderr
	if !testing.Verbose() {
		cmd.Stderr = nil
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the centre did not start: %v", err)
	}
	return child{cmd, strings.Fields(line)[1]}
}

// Killed at any moment, with answers of One-Stop lost on top: each dossier is
// at One-Stop once, and each has one receipt.
func TestKilled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills a process ten times")
	}
	h := &hall{t: t, data: t.TempDir(), log: &lockedBuffer{}}
	c := startChild(t, h.data)
	h.url = c.url
	if n := listeners(t, c.Process.Pid); n != 1 {
		t.Errorf("the centre listens on %d ports", n)
	}
	creds, _, err := link.Enrol(t.Context(), h.url, h.code(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []dossier.Sealed
	for range 10 {
		d := h.connect(creds)
		kinds := []string{"lost", "500", "truncated", "session"}
		h.fault(kinds[rand.IntN(len(kinds))], 2)
		for range 6 {
			all = append(all, d.file())
		}
		for range rand.IntN(7) { // killed after none to all of them
			select {
			case <-d.receipts:
			case <-time.After(patience):
				t.Fatal("no receipt")
			}
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.Wait()
		c = startChild(t, h.data)
		h.url = c.url
	}
	d := h.connect(creds)
	var numbers []dossier.ReceiptNumber
	sealed := map[dossier.ReceiptNumber]dossier.Sealed{}
	for _, s := range all {
		numbers = append(numbers, s.Receipt)
		sealed[s.Receipt] = s
	}
	known, err := d.eventually(numbers)
	if err != nil {
		t.Fatalf("%d of %d have receipts: %v", len(known), len(numbers), err)
	}
	items := h.oneStop()
	for _, r := range known {
		if err := r.Verify(creds.ReceiptKey); err != nil || r.SHA256 != sealed[r.Receipt].SHA256() {
			t.Errorf("receipt of %s: %v", r.Receipt, err)
		}
		if item := items[string(r.Receipt)]; r.Outcome != dossier.Accepted || item == nil || item["MaHoSo"] != r.Code {
			t.Errorf("%+v; One-Stop has %v", r, item["MaHoSo"])
		}
	}
	if len(items) != len(all) {
		t.Errorf("One-Stop has %d of %d", len(items), len(all))
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
}

// listeners counts the TCP ports a process listens on.
func listeners(t *testing.T, pid int) int {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d", pid)
	fds, err := os.ReadDir(dir + "/fd")
	if err != nil {
		t.Skipf("no /proc here: %v", err)
	}
	mine := map[string]bool{}
	for _, fd := range fds {
		if target, err := os.Readlink(dir + "/fd/" + fd.Name()); err == nil {
			mine[target] = true
		}
	}
	n := 0
	for _, table := range []string{"tcp", "tcp6"} {
		data, err := os.ReadFile(dir + "/net/" + table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			f := strings.Fields(line)
			const listening = "0A"
			if len(f) > 9 && f[3] == listening && mine["socket:["+f[9]+"]"] {
				n++
			}
		}
	}
	return n
}
