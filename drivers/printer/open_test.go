package printer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
	"tiepdan/drivers/serial"
	"tiepdan/drivers/serial/serialsim"
)

// A far is the printer's end of a line, for the conformance of every kind of line.
type far struct {
	target string
	bus    serial.Bus
	end    func() io.ReadWriteCloser // what the printer reads and writes, once the line is open
	unplug func()
	replug func()
}

func (f far) opener() printer.Opener { return printer.OpenOn(f.bus, f.target, 115200) }

func (f far) open(t *testing.T) printer.Line {
	t.Helper()
	line, err := f.opener()(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := line.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return line
}

// must is for what the far end does, which has to work.
func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lines are all the kinds of lines that there are, by name.
var lines = map[string]func(*testing.T) far{
	"serial port":        func(t *testing.T) far { return wired(t, "ttyS7", "") },
	"serial USB device":  func(t *testing.T) far { return wired(t, "ttyUSB", "usb:0403:6001:A50285BI") },
	"USB printer's port": func(t *testing.T) far { return wired(t, "usb/lp0", "") },
	"USB printer":        func(t *testing.T) far { return wired(t, "lp", "usb:04b8:0e15") },
	"network":            networked,
}

// wired is a printer on a pseudo-terminal, found under a path in /dev or, with an
// identity, under whatever name of that kind it has; it gets another when replugged.
func wired(t *testing.T, node, identity string) far {
	sim := must[*serialsim.Bus](t)(serialsim.NewBus(t.TempDir()))
	cables := filepath.Join(sim.Dev, "usb")
	check(t, os.MkdirAll(cables, 0o755))
	f := far{target: filepath.Join(sim.Dev, node), bus: serial.Bus{Sys: sim.Sys, Dev: sim.Dev}}
	link := f.target
	if identity != "" {
		f.target, link = identity, filepath.Join(sim.Dev, "cable")
	}
	var cable *serialsim.Cable
	plugged := 0
	f.replug = func() {
		t.Helper()
		c, err := serialsim.Plug(link)
		if err != nil {
			t.Skip("no pseudo-terminals here:", err)
		}
		cable = c
		if identity != "" {
			id := must[serial.Identity](t)(serial.ParseIdentity(identity))
			check(t, sim.Plug(serialsim.USB{Socket: "1-2.1", Vendor: id.Vendor, Product: id.Product, Serial: id.Serial,
				Ports: []serialsim.Port{{Node: node + string(rune('0'+plugged)), Leads: link}}}))
			plugged++
		}
	}
	f.unplug = func() {
		check(t, cable.Close())
		if identity != "" {
			check(t, sim.Unplug("1-2.1"))
		}
	}
	f.end = func() io.ReadWriteCloser { return cable }
	f.replug()
	t.Cleanup(func() { _ = cable.Close() }) // some tests pull it
	return f
}

// networked is a printer that listens.
func networked(t *testing.T) far {
	address := "127.0.0.1:0"
	var listener net.Listener
	var conns chan net.Conn
	var last net.Conn
	f := far{}
	f.replug = func() {
		listener = must[net.Listener](t)(net.Listen("tcp", address))
		address = listener.Addr().String()
		conns = make(chan net.Conn, 8)
		go func(l net.Listener, c chan<- net.Conn) {
			defer close(c)
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				c <- conn
			}
		}(listener, conns)
	}
	f.end = func() io.ReadWriteCloser {
		if last == nil {
			last = <-conns
		}
		return last
	}
	f.unplug = func() {
		check(t, listener.Close())
		check(t, f.end().Close())
		for range conns { // openings that were refused after all
		}
		last = nil
	}
	f.replug()
	f.target = "tcp:" + address
	t.Cleanup(func() {
		_ = listener.Close() // some tests unplug
		for c := range conns {
			_ = c.Close()
		}
		if last != nil {
			_ = last.Close()
		}
	})
	return f
}

func each(t *testing.T, test func(t *testing.T, f far)) {
	for name, make := range lines {
		t.Run(name, func(t *testing.T) { test(t, make(t)) })
	}
}

// roundTrip sends all bytes there are both ways.
func roundTrip(t *testing.T, f far, line printer.Line) {
	t.Helper()
	all := make([]byte, 256*16)
	for i := range all {
		all[i] = byte(i)
	}
	type result struct {
		n   int
		err error
	}
	wrote := make(chan result, 1)
	go func() {
		n, err := line.Write(all)
		wrote <- result{n, err}
	}()
	got := make([]byte, len(all))
	if _, err := io.ReadFull(f.end(), got); err != nil || !bytes.Equal(got, all) {
		t.Fatal("the printer read other bytes", err)
	}
	if r := <-wrote; r != (result{len(all), nil}) {
		t.Fatal(r)
	}
	must[int](t)(f.end().Write(all[:256]))
	back := make([]byte, 256)
	if _, err := io.ReadFull(line, back); err != nil || !bytes.Equal(back, all[:256]) {
		t.Fatal("we read other bytes", err)
	}
	check(t, line.(interface{ Drain(time.Time) error }).Drain(time.Now().Add(10*time.Second)))
}

func TestLineRoundTrip(t *testing.T) {
	each(t, func(t *testing.T, f far) { roundTrip(t, f, f.open(t)) })
}

// more than any line takes before somebody reads it.
var tooMuch = make([]byte, 32<<20)

func TestLineDeadlines(t *testing.T) {
	each(t, func(t *testing.T, f far) {
		line := f.open(t)
		f.end()
		for _, by := range []time.Time{time.Now().Add(-time.Second), time.Now().Add(30 * time.Millisecond)} {
			check(t, line.SetReadDeadline(by))
			if n, err := line.Read(make([]byte, 8)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("read: %d, %v", n, err)
			}
		}
		// The printer stops reading.
		check(t, line.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
		if n, err := line.Write(tooMuch); n == len(tooMuch) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write: %d, %v", n, err)
		}
		// Set while a call waits, as the end of a context does.
		check(t, errors.Join(line.SetReadDeadline(time.Time{}), line.SetWriteDeadline(time.Time{})))
		done := make(chan error, 2)
		go func() { _, err := line.Read(make([]byte, 8)); done <- err }()
		go func() { _, err := line.Write(tooMuch); done <- err }()
		check(t, errors.Join(line.SetReadDeadline(time.Unix(1, 0)), line.SetWriteDeadline(time.Unix(1, 0))))
		for range 2 {
			if err := <-done; !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		}
	})
}

func TestLineGone(t *testing.T) {
	each(t, func(t *testing.T, f far) {
		line := f.open(t)
		read, wrote := make(chan error, 1), make(chan error, 1)
		go func() { _, err := line.Read(make([]byte, 8)); read <- err }()
		go func() {
			n, err := line.Write(tooMuch)
			if n == len(tooMuch) {
				t.Error("all of it was written")
			}
			wrote <- err
		}()
		must[int](t)(io.ReadFull(f.end(), make([]byte, 10000)))
		f.unplug()
		for what, done := range map[string]chan error{"read": read, "write": wrote} {
			if err := <-done; err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s as the plug is pulled: %v", what, err)
			}
		}
		// And from now on, at once.
		check(t, errors.Join(line.SetReadDeadline(time.Now().Add(time.Minute)), line.SetWriteDeadline(time.Now().Add(time.Minute))))
		if n, err := line.Read(make([]byte, 8)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read afterwards: %d, %v", n, err)
		}
		if n, err := line.Write(make([]byte, 20000)); n == 20000 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write afterwards: %d, %v", n, err)
		}
	})
}

func TestLineReplugged(t *testing.T) {
	each(t, func(t *testing.T, f far) {
		open := f.opener() // one and the same, all the time
		for range 3 {
			line := must[printer.Line](t)(open(t.Context()))
			roundTrip(t, f, line)
			f.unplug()
			check(t, line.Close())
			if line, err := open(t.Context()); err == nil || line != nil {
				t.Fatalf("unplugged, and open: %v, %v", line, err)
			}
			f.replug()
		}
	})
}

func TestLineHasOneOwner(t *testing.T) {
	each(t, func(t *testing.T, f far) {
		line := f.open(t)
		f.end()
		if second, err := f.opener()(t.Context()); !errors.Is(err, printer.ErrInUse) || second != nil {
			t.Errorf("second owner: %v, %v", second, err)
		}
		if out := openElsewhere(t, f); !strings.Contains(out, "in use: true") {
			t.Errorf("an owner in another process: %s", out)
		}
		check(t, line.Close())
		if out := openElsewhere(t, f); !strings.Contains(out, "opened") {
			t.Errorf("nobody has it, and another process does not get it: %s", out)
		}
	})
}

// openElsewhere opens a line in a process of its own.
func openElsewhere(t *testing.T, f far) string {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestOpenElsewhere$", "-test.v")
	c.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "OPEN_TARGET="+f.target, "OPEN_SYS="+f.bus.Sys, "OPEN_DEV="+f.bus.Dev)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	return string(out)
}

func TestOpenElsewhere(t *testing.T) {
	target := os.Getenv("OPEN_TARGET")
	if target == "" {
		t.Skip("it is run by TestLineHasOneOwner")
	}
	line, err := printer.OpenOn(serial.Bus{Sys: os.Getenv("OPEN_SYS"), Dev: os.Getenv("OPEN_DEV")}, target, 9600)(t.Context())
	if err != nil {
		t.Logf("in use: %v: %v", errors.Is(err, printer.ErrInUse), err)
		return
	}
	t.Log("opened")
	check(t, line.Close())
}

func TestLineCloseEndsARead(t *testing.T) {
	each(t, func(t *testing.T, f far) {
		line := f.open(t)
		done := make(chan error, 1)
		go func() { _, err := line.Read(make([]byte, 1)); done <- err }()
		check(t, line.Close())
		if err := <-done; err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	})
}

// What a network printer did not take before it was given up never reaches it.
func TestClosedConnectionDeliversNothingMore(t *testing.T) {
	f := networked(t)
	line := must[printer.Line](t)(f.opener()(t.Context()))
	end := f.end()
	check(t, line.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
	n, err := line.Write(tooMuch)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(n, err)
	}
	if err := line.(interface{ Drain(time.Time) error }).Drain(time.Now()); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("drain:", err)
	}
	check(t, line.Close())
	got, err := io.Copy(io.Discard, end)
	if err == nil || got >= int64(n) {
		t.Errorf("%d of %d bytes came, and then %v", got, n, err)
	}
}

// A printer with nothing to say may answer with an empty packet, which looks like
// the end of a file and is not.
func TestEmptyPackets(t *testing.T) {
	f := wired(t, "usb/lp0", "")
	line := f.open(t)
	near := must[*os.File](t)(os.OpenFile(f.target, os.O_RDWR|unix.O_NOCTTY, 0))
	defer near.Close()
	tios := must[*unix.Termios](t)(unix.IoctlGetTermios(int(near.Fd()), unix.TCGETS))
	tios.Lflag |= unix.ICANON // now Ctrl-D makes a read of no bytes
	tios.Cc[unix.VEOF] = 4
	check(t, unix.IoctlSetTermios(int(near.Fd()), unix.TCSETS, tios))

	must[int](t)(f.end().Write([]byte{4, 4}))
	check(t, line.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	if n, err := line.Read(make([]byte, 8)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%d, %v", n, err)
	}
	must[int](t)(f.end().Write([]byte("\x04\x04ok\n")))
	check(t, line.SetReadDeadline(time.Now().Add(10*time.Second)))
	b := make([]byte, 8)
	if n, err := line.Read(b); err != nil || string(b[:n]) != "ok\n" {
		t.Fatalf("%q, %v", b[:n], err)
	}
}

// What cannot be waited on with a deadline is no line.
func TestNoLine(t *testing.T) {
	f := wired(t, "usb/lp0", "")
	for name, path := range map[string]string{"file at a printer's place": "usb/lp1", "file": "file"} {
		path = filepath.Join(f.bus.Dev, path)
		check(t, os.WriteFile(path, nil, 0o600))
		if line, err := printer.OpenOn(f.bus, path, 9600)(t.Context()); !errors.Is(err, os.ErrNoDeadline) {
			t.Errorf("%s: %v, %v", name, line, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if line, err := networked(t).opener()(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("an opening that was called off: %v, %v", line, err)
	}
	for _, target := range []string{"", "ttyUSB0", "usb:1"} {
		if line, err := printer.Open(target, 9600)(t.Context()); !errors.Is(err, printer.ErrTarget) || line != nil {
			t.Errorf("%q: %v, %v", target, line, err)
		}
	}
}

func TestCheckTarget(t *testing.T) {
	for target, ok := range map[string]bool{
		"/dev/ttyUSB0": true, "/dev/serial/by-id/usb-Prolific_if00-port0": true, "/dev/usb/lp0": true,
		"usb:0403:6001": true, "usb:04B8:0e15:J 1:2": true, "usb:0403": false, "usb:0403:6001:": false, "usb:0x0403:6001": false,
		"tcp:printer": true, "tcp:10.0.0.7": true, "tcp:10.0.0.7:9101": true, "tcp:printer.lan:9100": true, "tcp:[fe80::1%eth0]": true,
		"tcp:[::1]:9100": true, "tcp:": false, "tcp::9100": false, "tcp:::1": false, "tcp:printer:": false, "tcp:printer:0": false,
		"tcp:printer:65536": false, "tcp:printer:http": false, "tcp:a b": false, "tcp:[10.0.0.7]x": false, "tcp:[x]": false,
		"": false, "COM1": false, "ttyUSB0": false, "dev/ttyUSB0": false, "udp:printer": false, "USB:0403:6001": false,
	} {
		if err := printer.CheckTarget(target); (err == nil) != ok || err != nil && !errors.Is(err, printer.ErrTarget) {
			t.Errorf("%q: %v", target, err)
		}
	}
}

// A printer that comes back under another name is found, and prints.
func TestRenamedPrinterIsFound(t *testing.T) {
	t.Parallel() // it waits for polls of the real time
	p := profileNamed(t, "generic-80")
	sim := printersim.New(p.Dots, quiet)
	if err := sim.OpenPTY(t.TempDir()); err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	usb := must[*serialsim.Bus](t)(serialsim.NewBus(t.TempDir()))
	plugIn := func(socket, node string) {
		check(t, usb.Plug(serialsim.USB{Socket: socket, Vendor: "0403", Product: "6001", Serial: "A1",
			Ports: []serialsim.Port{{Node: node, Leads: sim.Port()}}}))
	}
	plugIn("1-1", "ttyUSB0")
	open := printer.OpenOn(serial.Bus{Sys: usb.Sys, Dev: usb.Dev}, "usb:0403:6001:A1", p.Baud)
	dev := must[*printer.Printer](t)(printer.New(open, p, quiet))
	serve(t, sim)
	ctx, stop := context.WithCancel(t.Context())
	levels, ended := make(chan printer.Level, 8), make(chan error, 1)
	go func() { ended <- dev.Watch(ctx, func(l printer.Level) { levels <- l }) }()
	expect := func(want printer.Level) {
		t.Helper()
		select {
		case got := <-levels:
			if got != want {
				t.Fatalf("%s, want %s", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("never %s", want)
		}
	}
	expect(printer.Ready)
	check(t, errors.Join(sim.SetLine("cut"), usb.Unplug("1-1")))
	expect(printer.Offline)
	check(t, sim.SetLine("ok"))
	check(t, usb.Plug(serialsim.USB{Socket: "1-3", Vendor: "0403", Product: "6001", Serial: "B2", Ports: []serialsim.Port{{Node: "ttyUSB0"}}}))
	plugIn("1-2.4", "ttyUSB1")
	expect(printer.Ready)
	bench{dev, sim}.expect(t, small(), printer.Printed, nil)
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	check(t, dev.Close())
}
