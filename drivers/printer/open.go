package printer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tiepdan/drivers/serial"
)

var (
	// ErrTarget says that a text names no line to a printer.
	ErrTarget = errors.New("not a printer's address")
	// ErrInUse says that somebody else has the line open.
	ErrInUse = errors.New("printer line is in use")
)

// A Line is the wire to a printer: *serial.Port, net.Conn and os.File are lines.
// A read or write that meets its deadline says os.ErrDeadlineExceeded; any other
// error means that the line is gone and has to be opened again.
type Line interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// An Opener opens the line. It is called when the printer is first used, and
// again after the line was lost.
type Opener func(context.Context) (Line, error)

// Open returns an opener of the line that target names:
//
//   - /dev/ttyUSB0, /dev/serial/by-id/…: a serial port, at that speed;
//   - /dev/usb/lp0: a USB printer's own port;
//   - usb:VVVV:PPPP or usb:VVVV:PPPP:SERIAL: whichever of those two the USB device
//     has, under whatever name the system gave it this time;
//   - tcp:HOST or tcp:HOST:PORT: a network printer that takes bytes as they are, on
//     port 9100 if none is named.
//
// A line is open once: a second opening on this machine says [ErrInUse].
func Open(target string, baud int) Opener { return OpenOn(serial.Bus{}, target, baud) }

// OpenOn is Open on the ports of a given bus.
func OpenOn(bus serial.Bus, target string, baud int) Opener {
	return func(ctx context.Context) (Line, error) {
		t, err := parseTarget(target)
		if err != nil {
			return nil, err
		}
		line, err := t.open(ctx, bus, baud)
		if err != nil {
			return nil, err // not a Line that holds a nil
		}
		return wire{line}, nil
	}
}

// CheckTarget reports whether target has one of the forms that [Open] takes. What
// it names need not be there.
func CheckTarget(target string) error {
	_, err := parseTarget(target)
	return err
}

// A place is a parsed target: one of its fields is set.
type place struct{ path, identity, address string }

// hostName is a name or an IPv4 address; IPv6 addresses stand in brackets.
var hostName = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?$`)

// rawPort is where network printers take bytes as they are (JetDirect).
const rawPort = "9100"

func parseTarget(target string) (place, error) {
	wrong := func(why string) (place, error) {
		return place{}, fmt.Errorf("%w: %q: %s", ErrTarget, target, why)
	}
	address, tcp := strings.CutPrefix(target, "tcp:")
	switch {
	case target == "":
		return wrong("none is set")
	case serial.IsIdentity(target):
		if _, err := serial.ParseIdentity(target); err != nil {
			return place{}, fmt.Errorf("%w: %w", ErrTarget, err)
		}
		return place{identity: target}, nil
	case tcp:
		if hostName.MatchString(address) || strings.HasSuffix(address, "]") {
			address += ":" + rawPort
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return wrong("it is not tcp:HOST or tcp:HOST:PORT; an IPv6 address stands in brackets")
		}
		ip, err := netip.ParseAddr(host)
		bracketed := address[0] == '['
		if bracketed && (err != nil || !ip.Is6()) || !bracketed && !hostName.MatchString(host) {
			return wrong("the host is no name and no address")
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return wrong("the port is not 1 to 65535")
		}
		return place{address: address}, nil
	case filepath.IsAbs(target):
		return place{path: target}, nil
	}
	return wrong("it is none of /dev/…, usb:VVVV:PPPP, usb:VVVV:PPPP:SERIAL, tcp:HOST and tcp:HOST:PORT")
}

// A drainer is a line that knows what of it has not left this machine.
type drainer interface {
	Line
	Drain(by time.Time) error
}

func (p place) open(ctx context.Context, bus serial.Bus, baud int) (drainer, error) {
	if p.address != "" {
		return dialTCP(ctx, p.address)
	}
	path, own := p.path, bus.IsPrinter(p.path)
	if p.identity != "" {
		d, err := bus.Find(p.identity)
		if err != nil {
			return nil, err
		}
		path, own = d.Path, d.Printer
	}
	if own {
		return openLP(path)
	}
	port, err := bus.Open(path, baud)
	if errors.Is(err, serial.ErrBusy) {
		err = fmt.Errorf("%w: %w", ErrInUse, err)
	}
	if err != nil {
		return nil, err
	}
	return port, nil
}

// A wire is any line, held to its word: fewer bytes than asked are an error.
type wire struct{ drainer }

func (w wire) Write(b []byte) (int, error) {
	n, err := w.drainer.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, err
}

// drainBy asks until nothing is left, or until that time.
func drainBy(by time.Time, left func() (bool, error)) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		switch more, err := left(); {
		case err != nil:
			return fmt.Errorf("drain: %w", err)
		case !more:
			return nil
		case time.Now().After(by):
			return fmt.Errorf("drain: not everything was taken: %w", os.ErrDeadlineExceeded)
		}
		<-tick.C
	}
}
