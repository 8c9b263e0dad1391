// Package serial is a serial line that behaves like a net.Conn: reads and
// writes with deadlines, whole writes or an error, a word for a line that is
// gone, and one owner at a time. It is the only importer of go.bug.st/serial and
// knows its traps, so that printers and scanners need not.
package serial

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	bugst "go.bug.st/serial"
	"golang.org/x/sys/unix"
)

var (
	// ErrGone says that the line was unplugged, or was never there. Opening it
	// again later may work.
	ErrGone = errors.New("serial line gone")
	// ErrBusy says that somebody else has the line open.
	ErrBusy = errors.New("serial line is in use")
)

// A Port is an open line, 8N1. Deadlines work as those of a net.Conn and may be
// set while a call waits; one reader and one writer at a time.
//
// go.bug.st/serial opens and sets up the line: speed, raw mode, TIOCEXCL, modem
// bits. Bytes go through a descriptor of our own, watched by Go's poller,
// because its Write has no deadline (a printer that holds the line would hold us
// for ever), returns short counts without an error after a hang-up, and its Read
// says 0, nil for a timeout.
type Port struct {
	path  string
	line  bugst.Port
	file  *os.File
	stuck atomic.Bool // a write ran into its deadline
}

// Open opens a line of this machine, see [Bus.Open].
func Open(target string, baud int) (*Port, error) { return Bus{}.Open(target, baud) }

// Open opens a line for this process alone. The target is the path of a port, or
// the identity of a USB device ([ParseIdentity]), which is looked up every time: a
// port that comes back under another name is found again.
//
// TIOCEXCL does not stop root from opening a line again, and a kiosk's tools are
// often run as root; so the device node is flocked as well, under whatever name it
// was found.
func (b Bus) Open(target string, baud int) (*Port, error) {
	path := target
	if IsIdentity(target) {
		d, err := b.find(target, func(d Device) bool { return !d.Printer })
		if err != nil {
			return nil, fmt.Errorf("open serial line: %w", err)
		}
		path = d.Path
	}
	// Before go.bug.st, whose TIOCEXCL would keep us out too.
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open serial line: %w", opening(err))
	}
	line, err := setUp(file, path, baud)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open serial line %s: %w", path, opening(err)), file.Close())
	}
	return &Port{path: path, line: line, file: file}, nil
}

func setUp(file *os.File, path string, baud int) (bugst.Port, error) {
	var lock error
	// Not Fd: it would take the file from the poller and its deadlines with it.
	if err := control(file, func(fd int) { lock = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) }); err != nil {
		return nil, err
	}
	if lock != nil {
		return nil, lock
	}
	if err := file.SetDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("not a serial line: %w", err)
	}
	return bugst.Open(path, &bugst.Mode{BaudRate: baud})
}

func control(file *os.File, do func(fd int)) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { do(int(fd)) })
}

// opening turns why a line did not open into what callers act on.
func opening(err error) error {
	if e, ok := errors.AsType[*bugst.PortError](err); ok && e.Code() == bugst.PortBusy {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	switch {
	case errors.Is(err, unix.EWOULDBLOCK), errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: %w", ErrBusy, err)
	case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV), errors.Is(err, unix.EIO):
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return err
}

// Path is the name the line was opened under.
func (p *Port) Path() string { return p.path }

// Read waits for bytes until the read deadline, then says os.ErrDeadlineExceeded.
func (p *Port) Read(b []byte) (int, error) {
	n, err := p.file.Read(b)
	return n, p.broken("read", err)
}

// Write sends all of b, or says how much of it the system took and why no more.
func (p *Port) Write(b []byte) (int, error) {
	n, err := p.file.Write(b) // an error whenever n < len(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.stuck.Store(true)
	}
	return n, p.broken("write", err)
}

// Drain waits until what was written has left the system, or until that time.
func (p *Port) Drain(by time.Time) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var queued int
		var err error
		if e := control(p.file, func(fd int) { queued, err = unix.IoctlGetInt(fd, unix.TIOCOUTQ) }); e != nil {
			return p.broken("drain", e)
		}
		switch {
		case err != nil:
			return p.broken("drain", err)
		case queued == 0:
			return nil
		case time.Now().After(by):
			p.stuck.Store(true)
			return fmt.Errorf("drain %s: %d bytes left: %w", p.path, queued, os.ErrDeadlineExceeded)
		}
		<-tick.C
	}
}

// broken says that the line is gone where that is what the system's error means:
// anything but a deadline or our own Close (EIO, or end of file, after a hang-up).
func (p *Port) broken(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, os.ErrClosed):
		return err
	}
	return fmt.Errorf("%s %s: %w: %w", what, p.path, ErrGone, err)
}

// Close gives the line back; a call that waits returns os.ErrClosed. What a stuck
// line never took is thrown away, else the system would wait half a minute for it.
func (p *Port) Close() error {
	if p.stuck.Load() {
		// An error means that the line is gone, and its buffer with it.
		_ = p.line.ResetOutputBuffer()
	}
	err := p.file.Close()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return errors.Join(err, p.line.Close())
}

// SetReadDeadline bounds reads, also one that waits now. Zero: no bound.
func (p *Port) SetReadDeadline(t time.Time) error { return p.file.SetReadDeadline(t) }

// SetWriteDeadline bounds writes, also one that waits now. Zero: no bound.
func (p *Port) SetWriteDeadline(t time.Time) error { return p.file.SetWriteDeadline(t) }
