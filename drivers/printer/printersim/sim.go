// Package printersim is the far end of a printer's line: an ESC/POS printer with
// a roll of paper that can be looked at, run out of paper, opened and unplugged.
//
// It understands ESC @, ESC !, ESC %, ESC &, ESC -, ESC 2, ESC 3, ESC ?, ESC E,
// ESC G, ESC J, ESC a, ESC d, ESC p, GS !, GS ( k (QR), GS B, GS e, GS I, GS V, GS a,
// GS r, GS v 0, DLE ENQ and DLE EOT, and shares no code with the encoder but the
// paper itself: what it draws is what the bytes say.
package printersim

import (
	"bytes"
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tiepdan/drivers/printer"
)

// keepJobs is how much of the roll is remembered.
const keepJobs = 32

// maxQueue bounds what a printer without paper takes in: what comes after is lost.
const maxQueue = 20000

// A Sim is one simulated printer. All methods may be called by many goroutines.
type Sim struct {
	log  *slog.Logger
	dots int

	mu      sync.Mutex
	dec     decoder
	queue   []op // decoded, waiting for paper and a closed cover
	jobs    []*Job
	job     *Job // the one being printed, also last of jobs
	lastID  int
	expect  Job // kind and number of the next
	trouble []string

	paper, cover, line string
	cutterBlocked      bool
	hot, broken        bool
	timing             Timing
	busyUntil          time.Time // the paper moves until then
	wake               chan struct{}
	answers            answering
	rowsLeft           int // until paper runs out; -1: plenty
	bytesLeft          int // until the line is cut; -1: never
	asb                byte
	asbLast            [4]byte

	ends   ends
	signal chan struct{} // something to serve
}

// New makes a printer with paper of that many dots (576 or 384), switched on and
// in good order. Nothing is served before [Sim.Serve].
func New(dots int, log *slog.Logger) *Sim {
	s := &Sim{log: log, dots: dots, paper: "ok", cover: "closed", line: "ok", rowsLeft: -1, bytesLeft: -1,
		signal: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
	s.dec.init(dots)
	return s
}

// SetPaper puts paper in or takes it out: "ok", "low" or "out". What was waiting
// for paper is then printed, as real printers do.
func (s *Sim) SetPaper(paper string) error { return s.set(&s.paper, paper, "ok", "low", "out") }

// SetCover opens or closes the cover: "closed" or "open".
func (s *Sim) SetCover(cover string) error { return s.set(&s.cover, cover, "closed", "open") }

// SetLine cuts or mends the line: "ok"; "cut", as when a USB plug is pulled: both
// ends notice; "dead", as when an RS-232 plug is pulled: bytes just get lost.
func (s *Sim) SetLine(line string) error {
	if err := s.set(&s.line, line, "ok", "cut", "dead"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if line == "cut" {
		s.cut()
		return nil
	}
	return s.plug()
}

func (s *Sim) set(field *string, value string, from ...string) error {
	if !slices.Contains(from, value) {
		return fmt.Errorf("printer simulator: %q is none of %q", value, from)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	*field = value
	if field == &s.paper {
		s.rowsLeft = -1
	}
	s.run()
	s.changed()
	return nil
}

// BlockCutter blocks the cutter or frees it.
func (s *Sim) BlockCutter(blocked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutterBlocked = blocked
	s.changed()
}

// Mute makes it one of the clones that never answer anything.
func (s *Sim) Mute(mute bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers.mute = mute
}

// OutAfter lets the paper run out after that many more rows.
func (s *Sim) OutAfter(rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rowsLeft = rows
}

// CutAfter cuts the line after that many more bytes; the printer gets these.
func (s *Sim) CutAfter(bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytesLeft = bytes
}

// Expect tells what the next job is, which the bytes do not: the kiosk that
// simulates its printer knows.
func (s *Sim) Expect(kind, number string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expect = Job{Kind: kind, Number: number}
}

// Jobs returns the papers that came out, oldest first.
func (s *Sim) Jobs() []Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Job{}
	for _, j := range s.jobs {
		if !j.ink { // blank paper is nobody's job, while it is fed neither
			continue
		}
		shown := *j
		shown.paper = nil
		out = append(out, shown)
	}
	return out
}

// Paper returns a copy of what is on a job's paper.
func (s *Sim) Paper(id int) (*printer.Bitmap, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.ID == id {
			b := *j.paper
			b.Bits = bytes.Clone(b.Bits)
			return &b, true
		}
	}
	return nil, false
}

// Troubles returns what the printer did not understand: unknown commands and text
// it has no letters for. A correct driver causes none.
func (s *Sim) Troubles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.trouble)
}

func (s *Sim) online() bool {
	return s.paper != "out" && s.cover == "closed" && s.rowsLeft != 0 && !s.cutterBlocked && !s.hot && !s.broken
}

// Receive takes bytes as if they came over a line; answers go nowhere.
func (s *Sim) Receive(b []byte) { s.receive(b, nil) }

// receive takes bytes from the line. Realtime questions are answered at once,
// wherever they stand; all else in its turn.
func (s *Sim) receive(b []byte, from *end) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line != "ok" {
		return
	}
	cut := false
	if s.bytesLeft >= 0 {
		cut = len(b) >= s.bytesLeft
		b = b[:min(len(b), s.bytesLeft)]
		s.bytesLeft -= len(b)
	}
	for _, c := range b {
		if n := s.dec.realtime(c); n != 0 {
			s.reply(from, s.realtimeStatus(n))
		}
		for _, o := range s.dec.feed(c) {
			if o.recover {
				s.cutterBlocked = false
				continue
			}
			if o.trouble != "" {
				if len(s.trouble) < 100 {
					s.trouble = append(s.trouble, o.trouble)
				}
				continue
			}
			o.from = from
			if len(s.queue) < maxQueue {
				s.queue = append(s.queue, o)
			}
		}
		s.run()
	}
	s.changed()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	if cut {
		s.line, s.bytesLeft = "cut", -1
		s.cut()
	}
}

// run does what is queued as long as the printer is able to.
func (s *Sim) run() {
	for len(s.queue) > 0 && s.online() {
		o := s.queue[0]
		if !s.inTime(&o) {
			break
		}
		s.do(&o)
		if o.feed > 0 || len(o.rows) > 0 {
			s.queue[0] = o // paper ran out within it
			continue
		}
		s.queue = s.queue[1:]
	}
	if s.job != nil && s.job.State != Torn {
		s.job.State = Printing
		if !s.online() {
			s.job.State = Stopped
		}
	}
}

// do does one thing, or as much of it as there is paper for.
func (s *Sim) do(o *op) {
	if s.job != nil {
		s.job.Bytes += o.bytes
	}
	for (len(o.rows) > 0 || o.feed > 0) && s.rowsLeft != 0 {
		if s.job == nil {
			s.begin(o.bytes)
		}
		if len(o.rows) > 0 {
			s.job.put(o.rows[0])
			o.rows = o.rows[1:]
		} else {
			s.job.put(nil)
			o.feed--
		}
		if s.rowsLeft > 0 {
			s.rowsLeft--
		}
	}
	o.bytes = 0
	if s.rowsLeft == 0 && s.paper != "out" {
		s.paper = "out"
	}
	switch {
	case o.cut:
		s.finish()
	case o.ask != 0:
		s.reply(o.from, []byte{s.paperSensor()})
		s.tearOff()
	case o.who != 0:
		s.reply(o.from, []byte("_printersim\x00"))
	case o.begin:
		s.tearOff()
	case o.asb != nil:
		s.asb = *o.asb
		s.asbLast = [4]byte{}
	}
}

// PNG draws the last papers, the newest at the bottom; 0 draws all there are.
func (s *Sim) PNG(last int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	jobs := s.jobs[max(0, len(s.jobs)-cmp.Or(max(last, 0), len(s.jobs))):]
	return picture(jobs, s.dots)
}

// BytesLeft is how many bytes the line still lets through (see CutAfter); -1: any.
func (s *Sim) BytesLeft() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytesLeft
}
