// Package serialsim is a serial cable to a simulated device: a pseudo-terminal
// behind a symbolic link, as udev makes them for USB adapters. It can be pulled
// out and plugged in again; then the terminal's own name changes, the link's not.
package serialsim

import (
	"errors"
	"fmt"
	"os"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// A Cable is plugged in from Plug to Close. What is read and written here is the
// device's side.
type Cable struct {
	*os.File
	link string
	near *os.File // kept open, or reads would fail whenever the kiosk closes its side
}

// Plug makes a pseudo-terminal that is found under link.
func Plug(link string) (*Cable, error) {
	far, near, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("pseudo-terminal: %w", err)
	}
	c := &Cable{File: far, link: link, near: near}
	if err := c.setUp(); err != nil {
		return nil, errors.Join(fmt.Errorf("pseudo-terminal: %w", err), c.File.Close(), near.Close())
	}
	return c, nil
}

func (c *Cable) setUp() error {
	// Package pty leaves the descriptor blocking, outside Go's poller: Close would
	// not end a Read that waits. A copy that does not block is in it.
	fd, err := unix.FcntlInt(c.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return errors.Join(err, unix.Close(fd))
	}
	blocking := c.File
	c.File = os.NewFile(uintptr(fd), blocking.Name())
	if err := blocking.Close(); err != nil {
		return err
	}
	if err := makeRaw(c.near); err != nil {
		return err
	}
	tmp := c.link + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(c.near.Name(), tmp); err != nil {
		return err
	}
	return os.Rename(tmp, c.link)
}

// makeRaw lets all bytes through as they are, also before anybody opens the
// kiosk's side.
func makeRaw(tty *os.File) error {
	fd := int(tty.Fd())
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	t.Cflag = t.Cflag&^unix.CSIZE | unix.CS8
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(fd, unix.TCSETS, t)
}

// Close pulls the plug: both sides notice, and the link is gone.
func (c *Cable) Close() error {
	err := errors.Join(c.File.Close(), c.near.Close(), os.Remove(c.link))
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
