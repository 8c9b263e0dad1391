package printer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"tiepdan/drivers/serial"
)

// The ports that network printers listen at, and how long they may take to answer.
const (
	rawPort    = "9100"
	dialWithin = 3 * time.Second
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

// Open opens the line to a printer by its address:
//
//   - /dev/ttyUSB0, /dev/serial/by-id/…: a serial port, at that speed;
//   - /dev/usb/lp0: a printer of the USB class;
//   - usb:VVVV:PPPP or usb:VVVV:PPPP:SERIAL: the serial port or USB printer of that
//     vendor, product and serial number, whatever its node is called today;
//   - tcp:HOST or tcp:HOST:PORT: a network printer, port 9100.
//
// Each has one owner at a time: the system's lock on a port, the printer's own rule
// on a network.
func Open(address string, baud int) Opener { return openOn(serial.System(), address, baud) }

func openOn(bus serial.Bus, address string, baud int) Opener {
	return func(ctx context.Context) (Line, error) {
		if address == "" {
			return nil, errors.New("nobody said where the printer is")
		}
		if host, ok := strings.CutPrefix(address, "tcp:"); ok {
			return dial(ctx, host)
		}
		path := address
		usbClass := strings.HasPrefix(filepath.Base(address), "lp")
		if serial.IsIdentity(address) {
			n, err := bus.Find(address)
			if err != nil {
				return nil, err
			}
			path, usbClass = n.Path, n.Printer
		}
		if usbClass {
			return openUSB(path)
		}
		port, err := serial.Open(path, baud)
		if err != nil {
			return nil, err // not a Line that holds a nil *Port
		}
		return port, nil
	}
}

// A tcpLine is a connection that knows when everything has reached the printer.
type tcpLine struct {
	*net.TCPConn
	stuck atomic.Bool // a write ran into its deadline
}

func dial(ctx context.Context, host string) (Line, error) {
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), rawPort)
	}
	d := net.Dialer{Timeout: dialWithin, KeepAlive: 10 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%s is no TCP address", host), conn.Close())
	}
	return &tcpLine{TCPConn: tcp}, nil
}

// Drain waits until the printer's side has acknowledged all bytes (SIOCOUTQ), or
// until that time.
func (l *tcpLine) Drain(by time.Time) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		queued := 0
		asking := raw.Control(func(fd uintptr) { queued, err = unix.IoctlGetInt(int(fd), unix.TIOCOUTQ) })
		if err = errors.Join(err, asking); err != nil {
			return err
		}
		if queued == 0 {
			return nil
		}
		if time.Now().After(by) {
			return fmt.Errorf("%d bytes are not acknowledged: %w", queued, os.ErrDeadlineExceeded)
		}
		<-tick.C
	}
}

func (l *tcpLine) Write(b []byte) (int, error) {
	n, err := l.TCPConn.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		l.stuck.Store(true)
	}
	return n, err
}

// Close throws away what a stuck printer never took: a job that was given up must
// not come out minutes later.
func (l *tcpLine) Close() error {
	var err error
	if l.stuck.Load() {
		err = l.SetLinger(0)
	}
	return errors.Join(err, l.TCPConn.Close())
}

// A usbLine is a printer of the USB class. The kernel's driver lets one process
// open it; ours locks it as well, so that who is root is kept out too.
type usbLine struct{ *os.File }

func openUSB(path string) (Line, error) {
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open USB printer: %w", err)
	}
	raw, err := file.SyscallConn()
	if err == nil {
		// Not Fd: it would take the file from the poller and its deadlines with it.
		locking := raw.Control(func(fd uintptr) { err = unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB) })
		err = errors.Join(err, locking)
	}
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		err = fmt.Errorf("%w: %w", serial.ErrBusy, err)
	case err == nil:
		err = file.SetDeadline(time.Time{})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open USB printer %s: %w", path, err), file.Close())
	}
	return usbLine{file}, nil
}

// Read waits for bytes until the deadline. Some printers answer a question for
// bytes with a packet that holds none, which the system shows as an end of file and
// is none unless the printer is gone.
func (l usbLine) Read(b []byte) (int, error) {
	n, err := l.File.Read(b)
	if !errors.Is(err, io.EOF) || l.hungUp() {
		return n, err
	}
	time.Sleep(emptyPacket)
	return 0, nil
}

func (l usbLine) hungUp() bool {
	raw, err := l.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	err = raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd)}}
		_, err := unix.Poll(p, 0)
		gone = err != nil || p[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
	})
	return gone || err != nil
}

// emptyPacket keeps a printer that answers with nothing from being asked in a spin.
const emptyPacket = 2 * time.Millisecond
