package printersim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"tiepdan/drivers/printer"
)

// ends are the printer's sides of its lines.
type ends struct {
	waiting []*end // to be served
	open    map[*end]bool

	dir   string   // holds the symbolic link; empty without a pty
	ours  bool     // dir is ours to remove
	slave *os.File // kept open, or the master would see every close of the near end
}

// An end is the printer's side of one line.
type end struct {
	io.ReadWriteCloser
	out  chan []byte
	once sync.Once
}

func (e *end) close() { e.once.Do(func() { _ = e.Close() }) } // an end that does not close is as gone

// Dial returns the kiosk's side of a line in memory. It has the type of a
// printer.Opener, and works in a synctest bubble.
func (s *Sim) Dial(ctx context.Context) (printer.Line, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line == "cut" {
		return nil, errors.New("simulated printer is unplugged")
	}
	near, far := net.Pipe()
	s.offer(far)
	return near, ctx.Err()
}

// OpenPTY puts the printer behind a pseudo-terminal, so that the real serial code
// talks to it. Its name changes with every replugging, as those of USB adapters
// do; [Sim.Port] is a symbolic link to it in dir, as udev makes them. An empty
// dir is a temporary one.
func (s *Sim) OpenPTY(dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ends.dir != "" {
		return errors.New("the simulated printer has a pty already")
	}
	ours := dir == ""
	if ours {
		var err error
		if dir, err = os.MkdirTemp("", "printersim-"); err != nil {
			return err
		}
	}
	s.ends.dir, s.ends.ours = dir, ours
	return s.plug()
}

// Port is the path to open, once OpenPTY was called.
func (s *Sim) Port() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.port()
}

func (s *Sim) port() string { return filepath.Join(s.ends.dir, "printer") }

// plug makes a new pseudo-terminal unless there is one.
func (s *Sim) plug() error {
	if s.ends.dir == "" || s.ends.slave != nil {
		return nil
	}
	master, slave, err := pty.Open()
	if err != nil {
		return fmt.Errorf("pseudo-terminal: %w", err)
	}
	link := s.port()
	master, err = pollable(master)
	if err == nil {
		err = makeRaw(slave)
	}
	if err == nil {
		err = os.Symlink(slave.Name(), link+".new")
	}
	if err == nil {
		err = os.Rename(link+".new", link)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("pseudo-terminal: %w", err), master.Close(), slave.Close())
	}
	s.ends.slave = slave
	s.offer(master)
	return nil
}

// pollable gives a master to Go's poller, without which Close would not end a
// Read that waits (package pty leaves its descriptor blocking).
func pollable(master *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return master, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return master, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), master.Name()), master.Close()
}

// makeRaw lets all bytes through as they are, before anybody opens the near end.
func makeRaw(tty *os.File) error {
	raw, err := tty.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		t, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
		if err != nil {
			set = err
			return
		}
		t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
		t.Cflag = t.Cflag&^unix.CSIZE | unix.CS8
		t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
		set = unix.IoctlSetTermios(int(fd), unix.TCSETS, t)
	})
	return errors.Join(err, set)
}

// offer gives Serve a line to serve.
func (s *Sim) offer(rwc io.ReadWriteCloser) {
	s.ends.waiting = append(s.ends.waiting, &end{ReadWriteCloser: rwc, out: make(chan []byte, 256)})
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

// cut pulls the plug: both ends notice.
func (s *Sim) cut() {
	for e := range s.ends.open {
		e.close()
	}
	for _, e := range s.ends.waiting {
		e.close()
	}
	s.ends.waiting = nil
	if s.ends.slave != nil {
		_ = s.ends.slave.Close() // ours only to hold the pty open
		s.ends.slave = nil
		_ = os.Remove(s.port()) // a link that stays leads nowhere either
	}
	s.torn()
}

// torn marks the job that is on its way when a line ends.
func (s *Sim) torn() {
	if s.job != nil {
		s.job.State = Torn
	}
}

// reply sends bytes to the kiosk. A printer has a small buffer for them and does
// not wait: what nobody reads is lost.
func (s *Sim) reply(to *end, b []byte) {
	if s.mute || to == nil || s.line != "ok" {
		return
	}
	select {
	case to.out <- b:
	default:
	}
}

// Serve works as a printer on all its lines until the context ends.
func (s *Sim) Serve(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		s.mu.Lock()
		waiting := s.ends.waiting
		s.ends.waiting = nil
		for _, e := range waiting {
			if s.ends.open == nil {
				s.ends.open = map[*end]bool{}
			}
			s.ends.open[e] = true
			wg.Go(func() { s.serve(ctx, e) })
		}
		s.mu.Unlock()
		select {
		case <-s.signal:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// serve works on one line until it is closed.
func (s *Sim) serve(ctx context.Context, e *end) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { // closes the line when the context ends, and answers until then
		defer e.close()
		for {
			select {
			case b := <-e.out:
				if _, err := e.Write(b); err != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	})
	// A writer that waits for a kiosk that does not read must end too.
	stop := context.AfterFunc(ctx, e.close)
	buf := make([]byte, 4096)
	for {
		n, err := e.Read(buf)
		s.receive(buf[:n], e)
		if err != nil {
			break
		}
	}
	cancel()
	stop()
	wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ends.open, e)
	s.torn()
}

// Close takes the pseudo-terminal away. Call it when Serve has returned.
func (s *Sim) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut()
	if s.ends.ours {
		return os.RemoveAll(s.ends.dir)
	}
	return nil
}
