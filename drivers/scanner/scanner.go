// Package scanner reads QR and barcode scanners on a serial line.
package scanner

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"tiepdan/drivers/serial"
)

// A Level is whether the scanner is there.
type Level string

const (
	Ready   Level = "ready"
	Offline Level = "offline"
)

// A Line is the wire to a scanner: *serial.Port and net.Conn are lines. A read or
// write that meets its deadline says os.ErrDeadlineExceeded; any other error means
// that the line is gone. Closing it ends a read that waits.
type Line interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// An Opener opens the line to a scanner.
type Opener func(context.Context) (Line, error)

// Serial opens a serial port, by a name that survives replugging or by USB identity.
func Serial(path string, baud int) Opener {
	return func(context.Context) (Line, error) {
		port, err := serial.Open(path, baud)
		if err != nil {
			return nil, err // not a Line that holds a nil *Port
		}
		return port, nil
	}
}

const (
	// retryEvery is how often a scanner that is gone is looked for.
	retryEvery = 2 * time.Second
	// pause is how long a scanner that ends its scans with nothing is silent at least
	// between two: at 9600 baud a byte takes one millisecond, and USB adapters hold
	// bytes back for sixteen.
	pause = 60 * time.Millisecond
	// tellWithin bounds a command: a scanner that holds the line must not hold us.
	tellWithin = 500 * time.Millisecond
)

// A Scanner is one scanner at the end of one line. Its methods may be called by many
// goroutines.
type Scanner struct {
	open    Opener
	profile Profile
	log     *slog.Logger
	level   atomic.Value // Level

	mu     sync.Mutex
	line   Line // nil while there is none
	aiming bool
}

// New makes a scanner; nothing is opened before Watch.
func New(open Opener, profile Profile, log *slog.Logger) *Scanner {
	s := &Scanner{open: open, profile: profile, log: log}
	s.level.Store(Offline)
	return s
}

// Level says whether the scanner's line is open now.
func (s *Scanner) Level() Level { return s.level.Load().(Level) }

// Aim makes the scanner look for codes, or stops that, now and whenever it comes
// back. One that always looks has no such command, and Aim does nothing.
func (s *Scanner) Aim(on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aiming = on
	return s.aim()
}

func (s *Scanner) aim() error {
	if s.aiming {
		return s.tell(s.profile.Aim)
	}
	return s.tell(s.profile.AimOff)
}

// Sound tells the person at the scanner whether the code was of use.
func (s *Scanner) Sound(good bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if good {
		return s.tell(s.profile.Good)
	}
	return s.tell(s.profile.Bad)
}

// tell sends a command, if there is one and somebody to hear it.
func (s *Scanner) tell(c Command) error {
	if s.line == nil || len(c) == 0 {
		return nil
	}
	if err := s.line.SetWriteDeadline(time.Now().Add(tellWithin)); err != nil {
		return err
	}
	_, err := s.line.Write(c)
	return err
}

// Watch emits every text that is scanned, until the context ends. A scanner that
// is gone, or is not there yet, is looked for. Texts are valid UTF-8 in composed
// letters; damaged ones stand as U+FFFD. The same text again within two seconds is
// the same scan. Texts name people: they are never logged.
func (s *Scanner) Watch(ctx context.Context, emit func(text string)) error {
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	for {
		err := s.watchLine(ctx, emit)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.report(Offline, err)
		select {
		case <-retry.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Scanner) report(l Level, why error) {
	if s.level.Swap(l) != l {
		s.log.Info("scanner", "level", string(l), "why", why)
	}
}

// watchLine reads one line until it breaks.
func (s *Scanner) watchLine(ctx context.Context, emit func(string)) error {
	line, err := s.open(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { s.close(line) })
	defer func() {
		if stop() {
			s.close(line)
		}
	}()
	if err := s.take(line); err != nil {
		return err
	}
	defer s.leave()
	s.report(Ready, nil)
	var f framer
	defer f.forget()
	buf := make([]byte, 1024)
	defer clear(buf)
	for {
		n, err := line.Read(buf)
		f.feed(buf[:n], time.Now(), emit)
		switch {
		case s.profile.End != endSilence:
		case errors.Is(err, os.ErrDeadlineExceeded):
			f.silence(time.Now(), emit)
			err = line.SetReadDeadline(time.Time{})
		case err == nil:
			err = line.SetReadDeadline(time.Now().Add(pause))
		}
		if err != nil {
			return err
		}
	}
}

// take has the line be the one that commands go to.
func (s *Scanner) take(line Line) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = line
	if !s.aiming {
		return nil // as it is when it is switched on
	}
	return s.aim()
}

func (s *Scanner) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = nil
}

func (s *Scanner) close(line io.Closer) {
	if err := line.Close(); err != nil {
		s.log.Debug("closing the scanner's line", "err", err)
	}
}
