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

	"tiepdan/drivers/serial/serialsim"
)

// patience is how long a scan waits for somebody to read it.
const patience = 2 * time.Second

// A Sim is one simulated scanner. All methods may be called by many goroutines.
type Sim struct {
	// Suffix ends each scan: "\r" as scanners leave the factory, "\n", "\r\n" or "\t".
	Suffix string

	mu    sync.Mutex
	lines []io.WriteCloser
	link  string
	out   bool // unplugged
}

// New makes a scanner that ends its scans with CR.
func New() *Sim { return &Sim{Suffix: "\r"} }

// Dial returns the kiosk's side of a line in memory. It has the type of a
// scanner.Opener, and works in a synctest bubble.
func (s *Sim) Dial(context.Context) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out {
		return nil, errors.New("simulated scanner is unplugged")
	}
	near, far := net.Pipe()
	s.lines = append(s.lines, far)
	return near, nil
}

// OpenPTY puts the scanner behind a pseudo-terminal: a symbolic link in dir.
func (s *Sim) OpenPTY(dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	s.lines = append(s.lines, cable)
	return nil
}

// Scan sends a text as a scan; an error says that nobody took it.
func (s *Sim) Scan(text string) error { return s.Send([]byte(text + s.Suffix)) }

// Send sends bytes as they are: half a scan, noise.
func (s *Sim) Send(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := errors.New("nobody listens to the simulated scanner")
	var open []io.WriteCloser
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
