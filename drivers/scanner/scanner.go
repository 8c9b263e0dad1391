// Package scanner reads QR and barcode scanners on a serial line.
package scanner

import (
	"context"
	"io"
	"log/slog"
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

// An Opener opens the line to a scanner. Closing it must end a read that waits.
type Opener func(context.Context) (io.ReadCloser, error)

// Serial opens a serial port, by a name that survives replugging.
func Serial(path string, baud int) Opener {
	return func(context.Context) (io.ReadCloser, error) {
		port, err := serial.Open(path, baud)
		if err != nil {
			return nil, err
		}
		return port, nil
	}
}

// retryEvery is how often a scanner that is gone is looked for.
const retryEvery = 2 * time.Second

// A Scanner is one scanner at the end of one line.
type Scanner struct {
	open  Opener
	log   *slog.Logger
	level atomic.Value // Level
}

// New makes a scanner; nothing is opened before Watch.
func New(open Opener, log *slog.Logger) *Scanner {
	s := &Scanner{open: open, log: log}
	s.level.Store(Offline)
	return s
}

// Level says whether the scanner's line is open now.
func (s *Scanner) Level() Level { return s.level.Load().(Level) }

// Watch emits every text that is scanned, until the context ends. A scanner that
// is gone, or is not there yet, is looked for. Texts are valid UTF-8; damaged
// letters stand as U+FFFD. The same text again within two seconds is the same
// scan. Texts name people: they are never logged.
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
	s.report(Ready, nil)
	stop := context.AfterFunc(ctx, func() { s.close(line) })
	defer func() {
		if stop() {
			s.close(line)
		}
	}()
	var f framer
	defer f.forget()
	buf := make([]byte, 1024)
	defer clear(buf)
	for {
		n, err := line.Read(buf)
		f.feed(buf[:n], time.Now(), emit)
		if err != nil {
			return err
		}
	}
}

func (s *Scanner) close(line io.Closer) {
	if err := line.Close(); err != nil {
		s.log.Debug("closing the scanner's line", "err", err)
	}
}
