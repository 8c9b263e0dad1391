package printersim

import (
	"context"
	"time"
)

// Timing is how long things take. The zero Timing takes no time at all.
type Timing struct {
	Baud   int           // of the line, ten bits a byte; 0: at once
	Rows   int           // of paper a second: 150 mm/s are 1200; 0: at once
	Cut    time.Duration // for a cut
	Buffer int           // bytes taken in before the line has to wait; 0: any number
}

// Usual is a printer of 150 mm/s with a buffer of 4 kB on a line of that speed.
func Usual(baud int) Timing {
	return Timing{Baud: baud, Rows: 1200, Cut: 300 * time.Millisecond, Buffer: 4096}
}

// SetTiming makes the printer as slow as real ones are. Call it before Serve.
func (s *Sim) SetTiming(t Timing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timing = t
}

// inTime reports whether the paper may do this now. What moves paper or cuts it is
// begun when what was before it is done, one row after the other.
func (s *Sim) inTime(o *op) bool {
	if s.timing == (Timing{}) {
		return true
	}
	now := time.Now()
	if s.busyUntil.After(now) {
		return false
	}
	var takes time.Duration
	if rows := len(o.rows) + o.feed; rows > 0 && s.timing.Rows > 0 {
		takes = time.Duration(rows) * time.Second / time.Duration(s.timing.Rows)
	}
	if o.cut {
		takes += s.timing.Cut
	}
	// Late by the clock, not by the paper: else every sleep would slow it down.
	if s.busyUntil.IsZero() || now.Sub(s.busyUntil) > 20*time.Millisecond {
		s.busyUntil = now
	}
	s.busyUntil = s.busyUntil.Add(takes)
	return true
}

// feedPaper moves the paper on as time passes.
func (s *Sim) feedPaper(ctx context.Context) {
	for {
		s.mu.Lock()
		s.run()
		s.changed()
		var next <-chan time.Time
		if len(s.queue) > 0 && s.online() {
			next = time.After(max(time.Until(s.busyUntil), 0))
		}
		s.mu.Unlock()
		select {
		case <-next:
		case <-s.wake:
		case <-ctx.Done():
			return
		}
	}
}

// overLine lets so many bytes take their time on the line, and waits while the
// printer's buffer is full.
func (s *Sim) overLine(ctx context.Context, n int) {
	s.mu.Lock()
	t := s.timing
	s.mu.Unlock()
	if t.Baud > 0 {
		sleep(ctx, time.Duration(n)*10*time.Second/time.Duration(t.Baud))
	}
	for t.Buffer > 0 && ctx.Err() == nil {
		s.mu.Lock()
		held := 0
		for _, o := range s.queue {
			held += o.bytes
		}
		stuck := !s.online() // what cannot print takes in what comes, until it is full for good
		s.mu.Unlock()
		if held < t.Buffer || stuck {
			return
		}
		sleep(ctx, time.Millisecond)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
