package printer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// An lp is a USB printer's own port, of the kernel's driver usblp. What is said of
// it here was read in the driver's source and not seen on hardware: the tests have a
// pseudo-terminal in its place, opened by this code under the same name.
type lp struct{ file *os.File }

// openLP opens the port for this process alone: the driver refuses a second
// opening, and the lock says it of whatever else may stand there.
func openLP(path string) (*lp, error) {
	// Without blocking, for the driver then leaves the waiting to poll and so to
	// deadlines; a blocking write would wait for paper, for ever.
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.EBUSY) {
		err = fmt.Errorf("%w: %w", ErrInUse, err)
	}
	if err != nil {
		return nil, fmt.Errorf("USB printer: %w", err)
	}
	l := &lp{file}
	var lock error
	err = l.control(func(fd int) { lock = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	switch {
	case err != nil:
	case errors.Is(lock, unix.EWOULDBLOCK):
		err = ErrInUse
	case lock != nil:
		err = lock
	default:
		err = file.SetDeadline(time.Time{}) // [os.ErrNoDeadline]: not a thing to wait on
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("USB printer %s: %w", path, err), file.Close())
	}
	return l, nil
}

func (l *lp) control(do func(fd int)) error {
	raw, err := l.file.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { do(int(fd)) })
}

// lpPause is how long a printer that said nothing is left alone.
const lpPause = 10 * time.Millisecond

// Read waits for bytes until the deadline. A printer that answers a poll of its bus
// with an empty packet looks like the end of a file, and one that has no way back
// like a wrong argument, but neither has gone: that would be ENODEV or EIO, or a
// hang-up that poll knows of.
func (l *lp) Read(b []byte) (int, error) {
	for {
		n, err := l.file.Read(b)
		if n > 0 || !errors.Is(err, io.EOF) && !errors.Is(err, unix.EINVAL) {
			return n, err
		}
		if _, gone := l.poll(); gone != nil {
			return 0, gone
		}
		<-time.After(lpPause) // then the deadline or Close is seen
	}
}

// lpBlock is the most that the driver sends at once.
const lpBlock = 8192

// Write sends all of b, or says how much of it the driver took and why no more.
func (l *lp) Write(b []byte) (sent int, err error) {
	raw, err := l.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	for sent < len(b) {
		var n int
		var failed error
		err := raw.Write(func(fd uintptr) bool {
			n, failed = writeUndisturbed(int(fd), b[sent:min(sent+lpBlock, len(b))])
			return !errors.Is(failed, unix.EAGAIN)
		})
		switch {
		case err != nil: // the deadline, or Close
			return sent, err
		case failed != nil:
			return sent, fmt.Errorf("USB printer: %w", failed)
		case n == 0:
			return sent, io.ErrShortWrite
		}
		sent += n
	}
	return sent, nil
}

// writeUndisturbed writes with no signal on its thread. The driver says EINTR when
// it sees one, also when it has already sent the block: the block would be sent
// again and be on the paper twice, and Go's scheduler sends signals of its own.
func writeUndisturbed(fd int, b []byte) (int, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, before unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &all, &before); err != nil {
		return 0, err
	}
	n, err := unix.Write(fd, b)
	if e := unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil); e != nil {
		err = errors.Join(err, e)
	}
	return max(n, 0), err
}

// Drain waits until the driver has sent the last block, or until that time: a
// closed port throws it away.
func (l *lp) Drain(by time.Time) error {
	return drainBy(by, func() (bool, error) {
		ready, err := l.poll()
		return ready&unix.POLLOUT == 0, err
	})
}

// poll tells what can be done without waiting, and whether the line has gone.
func (l *lp) poll() (ready int16, err error) {
	fds := []unix.PollFd{{Events: unix.POLLIN | unix.POLLOUT}}
	if e := l.control(func(fd int) {
		fds[0].Fd = int32(fd)
		_, err = unix.Poll(fds, 0)
	}); e != nil {
		return 0, e
	}
	switch ready = fds[0].Revents; {
	case errors.Is(err, unix.EINTR):
		return 0, nil // ask again
	case err == nil && ready&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0:
		return 0, fmt.Errorf("USB printer: %w", unix.EIO)
	}
	return ready, err
}

// Close gives the port back. What the printer has not taken it never gets.
func (l *lp) Close() error {
	err := l.file.Close()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

func (l *lp) SetReadDeadline(t time.Time) error  { return l.file.SetReadDeadline(t) }
func (l *lp) SetWriteDeadline(t time.Time) error { return l.file.SetWriteDeadline(t) }
