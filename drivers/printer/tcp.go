package printer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// A tcpLine is the connection to a network printer.
type tcpLine struct {
	*net.TCPConn
	owned io.Closer // this machine's one right to the printer
}

// dialWithin is how long a printer may take to answer; one on the same network
// needs milliseconds.
const dialWithin = 3 * time.Second

func dialTCP(ctx context.Context, address string) (*tcpLine, error) {
	d := net.Dialer{
		Timeout: dialWithin,
		// A printer that was switched off says nothing, and an idle line asks nothing.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("network printer: %w", err)
	}
	// There is no file to lock. A name in the abstract socket space goes with the
	// process, as a lock does; that of the address reached, whatever it was called.
	owned, err := net.ListenPacket("unixgram", "@tiepdan-printer "+conn.RemoteAddr().String())
	if err != nil {
		if errors.Is(err, unix.EADDRINUSE) {
			err = ErrInUse
		}
		return nil, errors.Join(fmt.Errorf("network printer %s: %w", address, err), conn.Close())
	}
	return &tcpLine{TCPConn: conn.(*net.TCPConn), owned: owned}, nil
}

// queued is how much the printer's side has not acknowledged.
func (l *tcpLine) queued() (n int, err error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return 0, err
	}
	if e := raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }); e != nil {
		return 0, e
	}
	return n, err
}

// Drain waits until the printer's side has what was written, or until that time.
func (l *tcpLine) Drain(by time.Time) error {
	return drainBy(by, func() (bool, error) {
		n, err := l.queued()
		return n > 0, err
	})
}

// Close ends the connection. What the printer has not taken by now it never gets:
// the system would keep it and deliver it minutes later, when the paper it belongs
// to has long been given up and printed again.
func (l *tcpLine) Close() error {
	if n, err := l.queued(); err == nil && n > 0 {
		_ = l.SetLinger(0) // an error means that it is closed
	}
	err := l.TCPConn.Close()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return errors.Join(err, l.owned.Close())
}
