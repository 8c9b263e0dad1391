package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binaries are the two real programs, built once for all tests that run them as
// people would: without the race detector and without cgo.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tiepdan-bin-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", dir+"/", "tiepdan/kiosk", "tiepdan/provisioning")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %v\n%s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built {
		if dir, err := binaries(); err == nil {
			os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

// built says that binaries was asked for, so that TestMain does not build to delete.
var built bool

// rig is a whole running on this machine: a centre with a One-Stop simulator
// and a kiosk with simulated devices, each a process that may be killed.
type rig struct {
	t             testing.TB
	bin, data     string
	Kiosk, Centre string // HOST:PORT
	kiosk, centre *process
	flags         []string // more of them for the kiosk
	wrap          []string // a program, such as a tracer, to run the next one under
}

func newRig(t testing.TB) *rig {
	t.Helper()
	built = true
	bin, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	return newRigOf(t, bin)
}

// newRigOf is a rig of other binaries; flags are for the kiosk.
func newRigOf(t testing.TB, bin string, flags ...string) *rig {
	t.Helper()
	r := &rig{t: t, bin: bin, flags: flags, data: t.TempDir(), Kiosk: freeAddr(t), Centre: freeAddr(t)}
	r.startCentre()
	code := r.output("provisioning", "kiosk", "add", "-addr", "http://"+r.Centre, "-data", r.data, "-unit", "00004", "-site", "Điểm số 2")
	r.input(code, "kiosk", "enrol", "-centre", "http://"+r.Centre, "-code", "-", "-data", r.data+"/kiosk")
	r.startKiosk()
	t.Cleanup(r.stop)
	return r
}

func (r *rig) startCentre() {
	r.t.Helper()
	r.centre = r.start("centre", r.Centre, "provisioning", "serve", "-addr", r.Centre, "-data", r.data, "-onestop-sim")
}

func (r *rig) startKiosk() {
	r.t.Helper()
	r.kiosk = r.start("kiosk", r.Kiosk, "kiosk", append([]string{"run", "-sim", "-addr", r.Kiosk, "-data", r.data + "/kiosk"}, r.flags...)...)
}

func (r *rig) stop() {
	for _, p := range []*process{r.kiosk, r.centre} {
		if p == nil {
			continue
		}
		p.signal(syscall.SIGINT)
		select {
		case <-p.ended:
		case <-time.After(15 * time.Second):
			r.t.Errorf("%s did not end within 15 s of being interrupted", p.name)
			p.kill()
		}
	}
	if r.t.Failed() {
		for _, p := range []*process{r.kiosk, r.centre} {
			if p != nil {
				b, _ := os.ReadFile(p.log)
				r.t.Logf("last words of the %s:\n%s", p.name, tail(b, 3000))
			}
		}
	}
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

type process struct {
	name  string
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
	err   error
}

// start runs a program until its /healthz answers.
func (r *rig) start(name, addr, program string, args ...string) *process {
	r.t.Helper()
	p := r.startMaybe(name, addr, program, args...)
	select {
	case <-p.ended:
		b, _ := os.ReadFile(p.log)
		r.t.Fatalf("%s ended at once: %v\n%s", name, p.err, tail(b, 2000))
	default:
	}
	return p
}

// startMaybe runs a program until its /healthz answers, or it ends.
func (r *rig) startMaybe(name, addr, program string, args ...string) *process {
	r.t.Helper()
	line := append(append(slices.Clone(r.wrap), filepath.Join(r.bin, program)), args...)
	p := &process{name: name, cmd: exec.Command(line[0], line[1:]...), log: filepath.Join(r.data, name+".log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	go func() { p.err = p.cmd.Wait(); log.Close(); close(p.ended) }()
	deadline := time.Now().Add(30 * time.Second)
	for {
		resp, err := http.Get("http://" + addr + "/healthz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == 200 {
				return p
			}
		}
		select {
		case <-p.ended:
			return p
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s does not answer at %s: %v", name, addr, err)
		}
	}
}

// kill ends a process as a power cut would.
func (p *process) kill() { p.signal(syscall.SIGKILL); <-p.ended }

// signal reaches the whole group: a tracer passes nothing on.
func (p *process) signal(s syscall.Signal) { syscall.Kill(-p.cmd.Process.Pid, s) }

func (r *rig) output(program string, args ...string) string {
	r.t.Helper()
	return r.input("", program, args...)
}

func (r *rig) input(stdin, program string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command(filepath.Join(r.bin, program), args...)
	cmd.Stdin = strings.NewReader(stdin)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, errs.Bytes())
	}
	return string(out)
}

// sim asks the simulated devices for something.
func (r *rig) sim(method, path string, body any) error {
	b, _ := json.Marshal(body)
	req, err := http.NewRequest(method, "http://"+r.Kiosk+"/sim/"+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		msg, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, msg)
	}
	return nil
}

// item is one dossier as One-Stop received it.
type item struct {
	MaHoSo, MaHoSoNguon, MaTTHC, ChuHoSo string
	DuLieuForm                           map[string]string
}

func (r *rig) oneStop(ctx context.Context) ([]item, error) {
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://"+r.Centre+"/onestop/dossiers", nil)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var items []item
	err = json.NewDecoder(resp.Body).Decode(&items)
	return items, err
}

// until tries again, a little later each time, until ok or the deadline.
func until(t testing.TB, within time.Duration, what string, ok func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := ok()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v: %v", what, within, err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// failure runs a program that is to refuse, and returns what it said.
func (r *rig) failure(program string, args ...string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(r.bin, program), args...).CombinedOutput()
	if err == nil || ctx.Err() != nil {
		r.t.Errorf("%s %s did not refuse: %s", program, strings.Join(args, " "), out)
	}
	return string(out)
}
