package printersim

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/serial/serialsim"
)

// ends are the printer's sides of its lines.
type ends struct {
	waiting []*end // to be served
	open    map[*end]bool

	listener net.Listener // of a network printer
	dir      string       // holds the symbolic link; empty without a pty
	ours     bool         // dir is ours to remove
	cable    *serialsim.Cable
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
	dir, err := filepath.Abs(dir) // a port's path is, and the printer's address has to be
	if err != nil {
		return err
	}
	s.ends.dir, s.ends.ours = dir, ours
	return s.plug()
}

// OpenTCP makes it a network printer as well, listening at HOST:PORT until Close,
// and returns the address.
func (s *Sim) OpenTCP(address string) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	s.ends.listener = l
	s.mu.Unlock()
	go s.accept(l)
	return l.Addr().String(), nil
}

func (s *Sim) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		if s.line == "cut" {
			_ = conn.Close() // nobody is there
		} else {
			s.offer(conn)
		}
		s.mu.Unlock()
	}
}

// Port is the path to open, once OpenPTY was called.
func (s *Sim) Port() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.port()
}

func (s *Sim) port() string { return filepath.Join(s.ends.dir, "printer") }

// plug plugs the cable in, if there is one and it is not.
func (s *Sim) plug() error {
	if s.ends.dir == "" || s.ends.cable != nil {
		return nil
	}
	cable, err := serialsim.Plug(s.port())
	if err != nil {
		return err
	}
	s.ends.cable = cable
	s.offer(cable)
	return nil
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
	s.ends.cable = nil // closed as one of the ends
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
	if to == nil || s.line != "ok" {
		return
	}
	b, late := s.answers.on(b)
	if b == nil {
		return
	}
	send := func() {
		select {
		case to.out <- b:
		default:
		}
	}
	if late > 0 {
		time.AfterFunc(late, send)
		return
	}
	send()
}

// Serve works as a printer on all its lines until the context ends.
func (s *Sim) Serve(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if s.timing != (Timing{}) {
		wg.Go(func() { s.feedPaper(ctx) })
	}
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
	buf := make([]byte, 32) // a cut in mid-write is noticed by the writer, nearly at once
	for {
		n, err := e.Read(buf)
		s.overLine(ctx, n)
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
	if s.ends.listener != nil {
		if err := s.ends.listener.Close(); err != nil {
			return err
		}
	}
	if s.ends.ours {
		return os.RemoveAll(s.ends.dir)
	}
	return nil
}
