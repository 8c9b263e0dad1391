// Package scannersim is a scanner without a laser: what it is told to scan comes
// out of a line in memory or a pseudo-terminal.
package scannersim

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"time"

	"tiepdan/drivers/scanner"
	"tiepdan/drivers/serial/serialsim"
)

// patience is how long a scan waits for somebody to read it.
const patience = 2 * time.Second

// A Sim is one simulated scanner. All methods may be called by many goroutines.
type Sim struct {
	// Suffix ends each scan: "\r" as scanners leave the factory, "\n", "\r\n", "\t",
	// "\x03" or nothing; Prefix begins it: nothing, or "\x02".
	Prefix, Suffix string

	mu    sync.Mutex
	lines []io.ReadWriteCloser
	link  string
	out   bool // unplugged
	fault string
	heard []byte
}

// New makes a scanner that ends its scans with CR.
func New() *Sim { return &Sim{Suffix: "\r"} }

// Dial returns the kiosk's side of a line in memory. It has the type of a
// scanner.Opener, and works in a synctest bubble.
func (s *Sim) Dial(context.Context) (scanner.Line, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out {
		return nil, errors.New("simulated scanner is unplugged")
	}
	near, far := net.Pipe()
	s.attach(far)
	return near, nil
}

// attach has the scanner talk on a line, and listen to it until it is closed.
func (s *Sim) attach(line io.ReadWriteCloser) {
	s.lines = append(s.lines, line)
	go func() {
		buf := make([]byte, 64)
		for {
			n, err := line.Read(buf)
			s.mu.Lock()
			s.heard = append(s.heard, buf[:n]...)
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
}

// Heard returns what the kiosk told the scanner since it was last asked.
func (s *Sim) Heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	heard := string(s.heard)
	s.heard = nil
	return heard
}

// OpenPTY puts the scanner behind a pseudo-terminal: a symbolic link in dir.
func (s *Sim) OpenPTY(dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir, err := filepath.Abs(dir) // as a port's path is
	if err != nil {
		return err
	}
	s.link = filepath.Join(dir, "scanner")
	return s.plug()
}

// Port is the path to open, once OpenPTY was called.
func (s *Sim) Port() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link
}

func (s *Sim) plug() error {
	if s.link == "" {
		return nil
	}
	cable, err := serialsim.Plug(s.link)
	if err != nil {
		return err
	}
	s.attach(cable)
	return nil
}

// Scan sends a text as a scan, with the fault that is set; an error says that nobody
// took it.
func (s *Sim) Scan(text string) error {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	for _, piece := range s.pieces(text, fault) {
		if err := s.Send(piece); err != nil {
			return err
		}
	}
	return nil
}

// Send sends bytes as they are: half a scan, noise.
func (s *Sim) Send(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := errors.New("nobody listens to the simulated scanner")
	var open []io.ReadWriteCloser
	for _, l := range s.lines {
		if d, ok := l.(interface{ SetWriteDeadline(time.Time) error }); ok {
			if err := d.SetWriteDeadline(time.Now().Add(patience)); err != nil {
				continue // closed
			}
		}
		switch _, e := l.Write(b); {
		case e == nil:
			err = nil
		case errors.Is(e, io.ErrClosedPipe):
			continue
		}
		open = append(open, l)
	}
	s.lines = open
	return err
}

// Unplug pulls the plug: all lines end, none opens.
func (s *Sim) Unplug() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, l := range s.lines {
		errs = append(errs, l.Close())
	}
	s.lines, s.out = nil, true
	return errors.Join(errs...)
}

// Plug undoes Unplug.
func (s *Sim) Plug() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.out {
		return nil
	}
	s.out = false
	return s.plug()
}
