package printer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
	"tiepdan/drivers/serial"
	"tiepdan/drivers/serial/serialsim"
)

// A wire is one way to a printer. plug connects a device to it and returns the
// device's side; the same opener then finds it.
type wire struct {
	name string
	open printer.Opener
	plug func(t *testing.T) io.ReadWriteCloser
	// alone: a second owner is refused, by the system.
	alone bool
}

func wires(t *testing.T) []wire {
	dir := t.TempDir()
	cable := func(link string) func(*testing.T) io.ReadWriteCloser {
		return func(t *testing.T) io.ReadWriteCloser {
			c, err := serialsim.Plug(filepath.Join(dir, link))
			if err != nil {
				t.Skip("no pseudo-terminals here:", err)
			}
			return c
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return []wire{
		{"serial", printer.Open(filepath.Join(dir, "serial"), 115200), cable("serial"), true},
		// The kernel's node of a USB printer reads, writes and waits as a terminal does.
		{"usb", printer.OpenUSB(filepath.Join(dir, "lp0")), cable("lp0"), true},
		{"tcp", printer.Open("tcp:"+address, 0), func(t *testing.T) io.ReadWriteCloser {
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			return &accepted{listener: l}
		}, false},
	}
}

// accepted is the side of a network printer: the one connection it takes.
type accepted struct {
	listener net.Listener
	conn     net.Conn
}

func (a *accepted) line() (net.Conn, error) {
	var err error
	if a.conn == nil {
		a.conn, err = a.listener.Accept()
	}
	return a.conn, err
}

func (a *accepted) Read(b []byte) (int, error) {
	c, err := a.line()
	if err != nil {
		return 0, err
	}
	return c.Read(b)
}

func (a *accepted) Write(b []byte) (int, error) {
	c, err := a.line()
	if err != nil {
		return 0, err
	}
	return c.Write(b)
}

func (a *accepted) Close() error {
	err := a.listener.Close()
	if a.conn != nil {
		err = errors.Join(err, a.conn.Close())
	}
	return err
}

// One suite for every wire: bytes go both ways unchanged, waits end when they have
// to, and a printer that vanishes is an error that is no deadline, then found again.
func TestWires(t *testing.T) {
	for _, w := range wires(t) {
		t.Run(w.name, func(t *testing.T) {
			if _, err := w.open(t.Context()); err == nil {
				t.Fatal("nothing is plugged in, and it opens")
			}
			for range 2 { // plugged in, pulled out, and once more
				far := w.plug(t)
				line, err := w.open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				checkBothWays(t, line, far)
				checkDeadlines(t, line)
				if w.alone {
					if _, err := w.open(t.Context()); !errors.Is(err, serial.ErrBusy) {
						t.Error("a second owner:", err)
					}
				}
				if err := line.Close(); err != nil {
					t.Error("close:", err)
				}
				if err := far.Close(); err != nil {
					t.Error("unplug:", err)
				}
			}
			checkVanishing(t, w)
		})
	}
}

func checkBothWays(t *testing.T, line printer.Line, far io.ReadWriter) {
	t.Helper()
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	bound(t, line)
	for _, way := range []struct{ from, to io.ReadWriter }{{line, far}, {far, line}} {
		if n, err := way.from.Write(all); n != len(all) || err != nil {
			t.Fatal("write:", n, err)
		}
		got := make([]byte, len(all))
		if _, err := io.ReadFull(way.to, got); err != nil || !bytes.Equal(got, all) {
			t.Fatal("other bytes arrive:", err)
		}
	}
	if d, ok := line.(interface{ Drain(time.Time) error }); ok {
		if err := d.Drain(time.Now().Add(5 * time.Second)); err != nil {
			t.Error("drain:", err)
		}
	}
}

// bound keeps a test that goes wrong from waiting for ever.
func bound(t *testing.T, line printer.Line) {
	t.Helper()
	by := time.Now().Add(5 * time.Second)
	if err := errors.Join(line.SetReadDeadline(by), line.SetWriteDeadline(by)); err != nil {
		t.Fatal(err)
	}
}

func checkDeadlines(t *testing.T, line printer.Line) {
	t.Helper()
	soon := time.Now().Add(30 * time.Millisecond)
	if err := errors.Join(line.SetReadDeadline(soon), line.SetWriteDeadline(soon)); err != nil {
		t.Fatal(err)
	}
	if n, err := line.Read(make([]byte, 8)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read: %d, %v", n, err)
	}
	// Nobody reads at the far end: the system's buffers fill and the write waits.
	const lots = 32 << 20
	if n, err := line.Write(make([]byte, lots)); n == lots || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("write: %d, %v", n, err)
	}
}

func checkVanishing(t *testing.T, w wire) {
	t.Helper()
	for name, act := range map[string]func(printer.Line) error{
		"read": func(l printer.Line) error {
			_, err := l.Read(make([]byte, 8))
			return err
		},
		"write": func(l printer.Line) error {
			_, err := l.Write(make([]byte, 32<<20))
			return err
		},
	} {
		far := w.plug(t)
		line, err := w.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		bound(t, line)
		if _, err := line.Write([]byte("x")); err != nil { // so that a network printer has taken us
			t.Fatal(err)
		}
		if _, err := io.ReadFull(far, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- act(line) }()
		if name == "write" { // in the midst of it
			if _, err := io.ReadFull(far, make([]byte, 3000)); err != nil {
				t.Fatal(err)
			}
		}
		if err := far.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s while it vanishes: %v", name, err)
		}
		if err := line.Close(); err != nil {
			t.Error("close:", err)
		}
	}
}

// A converter that comes back under another name is found by who it is.
func TestPortRenamed(t *testing.T) {
	dir := t.TempDir()
	bus := serial.Bus{Sys: filepath.Join(dir, "sys"), Dev: filepath.Join(dir, "dev")}
	device := filepath.Join(bus.Sys, "devices/usb1/1-1")
	class := filepath.Join(bus.Sys, "class/tty")
	p := profileNamed(t, "generic-80")
	sim := printersim.New(p.Dots, quiet)
	if err := sim.OpenPTY(dir); err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(device, 0o755), os.MkdirAll(bus.Dev, 0o755), os.MkdirAll(class, 0o755))
	for name, text := range map[string]string{"idVendor": "1a86", "idProduct": "7523", "serial": "A"} {
		must(os.WriteFile(filepath.Join(device, name), []byte(text+"\n"), 0o644))
	}
	plug := func(node string) {
		must(os.MkdirAll(filepath.Join(class, node), 0o755), os.Symlink(device, filepath.Join(class, node, "device")),
			os.Symlink(sim.Port(), filepath.Join(bus.Dev, node)))
	}
	pull := func(node string) {
		must(sim.SetLine("cut"), os.RemoveAll(filepath.Join(class, node)), os.Remove(filepath.Join(bus.Dev, node)))
	}
	dev, err := printer.New(printer.OpenOn(bus, "usb:1a86:7523:A", p.Baud), p, quiet)
	if err != nil {
		t.Fatal(err)
	}
	dev.Share(sharedRenderer())
	serve(t, sim)
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	b := bench{dev, sim}
	ctx, cancel := context.WithCancel(t.Context())
	levels, done := make(chan printer.Level, 10), make(chan error, 1)
	go func() { done <- b.Watch(ctx, func(l printer.Level) { levels <- l }) }()
	expect := func(want printer.Level) {
		t.Helper()
		if got := <-levels; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	expect(printer.Offline)
	plug("ttyUSB0")
	expect(printer.Ready)
	b.expect(t, small(), printer.Printed, nil)
	pull("ttyUSB0")
	expect(printer.Offline)
	must(sim.SetLine("ok"))
	plug("ttyUSB1")
	expect(printer.Ready)
	b.expect(t, small(), printer.Printed, nil)
	cancel()
	<-done
}
