package printersim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tiepdan/drivers/printer"
)

// A Fault is one thing that can be wrong with a printer.
type Fault struct{ Name, About string }

// Faults lists them. Those with :N or :D take a number or a duration.
func Faults() []Fault {
	return []Fault{
		{"paper-out:N", "paper runs out after N more rows"},
		{"cover-open", "the cover is opened"},
		{"cutter-jam", "the cutter is blocked"},
		{"hot:D", "the head is too hot, for the duration D"},
		{"broken", "an error that only switching off and on ends"},
		{"line-cut:N", "the line is cut after N more bytes"},
		{"line-dead", "bytes get lost, and nobody notices"},
		{"mute", "a clone that never answers"},
		{"late:D", "answers come after the duration D"},
		{"lost:N", "each Nth answer is lost"},
		{"stale", "each answer is the one to the question before"},
		{"garbled:N", "each Nth answer has a bit turned over"},
		{"noise", "bytes that nobody asked for come between the answers: XON, XOFF, an automatic status"},
		{"no-justify", "a clone where ESC a does not move images"},
		{"no-double", "a clone that does not double images"},
		{"no-glyphs", "a clone that takes glyphs and forgets them"},
		{"slow", "50 mm/s"},
	}
}

// SetFault makes a fault, NAME or NAME:ARGUMENT as Faults lists them. Faults add
// up; "none" ends all that a hand can end.
func (s *Sim) SetFault(fault string) error {
	name, arg, _ := strings.Cut(fault, ":")
	switch name {
	case "none":
		return s.mended()
	case "cover-open":
		return s.SetCover("open")
	case "line-dead":
		return s.SetLine("dead")
	}
	n, d := 0, time.Duration(0)
	var err error
	switch name {
	case "paper-out", "line-cut", "lost", "garbled":
		n, err = strconv.Atoi(arg)
		if err == nil && n < 1 {
			err = fmt.Errorf("%d is not at least 1", n)
		}
	case "hot", "late":
		d, err = time.ParseDuration(arg)
	default:
		if arg != "" {
			err = fmt.Errorf("it takes no %q", arg)
		}
	}
	if err != nil {
		return fmt.Errorf("printer simulator: fault %s: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch name {
	case "paper-out":
		s.rowsLeft = n
	case "line-cut":
		s.bytesLeft = n
	case "cutter-jam":
		s.cutterBlocked = true
	case "broken":
		s.broken = true
	case "hot":
		s.hot = true
		time.AfterFunc(d, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.hot = false
			s.run()
			s.changed()
		})
	case "mute":
		s.answers.mute = true
	case "late":
		s.answers.late = d
	case "lost":
		s.answers.lost = n
	case "garbled":
		s.answers.garbled = n
	case "stale":
		s.answers.stale = true
	case "noise":
		s.answers.noise = true
	case "no-justify":
		s.dec.quirks.noJustify = true
	case "no-double":
		s.dec.quirks.noDouble = true
	case "no-glyphs":
		s.dec.quirks.noGlyphs = true
	case "slow":
		s.timing.Rows = 400
	default:
		return fmt.Errorf("printer simulator: there is no fault %q", name)
	}
	s.changed()
	return nil
}

// mended is the printer after somebody looked after it.
func (s *Sim) mended() error {
	s.mu.Lock()
	s.cutterBlocked, s.hot, s.broken = false, false, false
	s.answers = answering{}
	s.mu.Unlock()
	for _, err := range []error{s.SetLine("ok"), s.SetCover("closed"), s.SetPaper("ok")} {
		if err != nil {
			return err
		}
	}
	return nil
}

// Behave makes the printer one of a family: it has what the profile says, and no
// more. Where a profile is careful, the printer is the worst there is.
func (s *Sim) Behave(p printer.Profile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dec.quirks = quirks{
		feedUnits: p.FeedUnits, noFeed: p.FeedUnits == 0, noJustify: !p.Justify, noDouble: !p.Double,
		noGlyphs: p.MaxGlyphs == 0, noStyle: !p.Styled, noReverse: !p.Reverse,
	}
	s.answers.mute = p.Status == "none"
}

// answering is what becomes of answers on their way.
type answering struct {
	mute          bool
	late          time.Duration
	lost, garbled int // every so many-th; 0: none
	stale, noise  bool

	at   int    // the one answer, counted from now, to which what happens; 0: none
	what string // "lost", "late", "stale", "garbled"

	count  int
	before []byte
}

// AnswerFault makes what happen to the nth answer from now, and to that alone: it is
// "lost"; "late", by more than anybody waits; "stale", the one before once more; or
// "garbled", one bit turned over.
func (s *Sim) AnswerFault(n int, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers.count, s.answers.at, s.answers.what = 0, n, what
}

// tooLate is more than anybody waits for an answer.
const tooLate = 2 * time.Second

// on changes an answer, and says how late it comes; nil is none.
func (a *answering) on(b []byte) ([]byte, time.Duration) {
	late := a.late
	before := a.before
	a.before = b
	if a.mute {
		return nil, 0
	}
	a.count++
	if a.at > 0 && a.count == a.at {
		switch a.what {
		case "lost":
			return nil, 0
		case "late":
			late = tooLate
		case "stale":
			b = before
		case "garbled":
			b = []byte{b[0] ^ 1<<(a.at%8)}
		}
	}
	if a.stale {
		b = before
	}
	if a.lost > 0 && a.count%a.lost == 0 {
		return nil, 0
	}
	if a.garbled > 0 && a.count%a.garbled == 0 && len(b) > 0 {
		b = append([]byte{b[0] ^ 1<<(a.count/a.garbled%8)}, b[1:]...)
	}
	if a.noise {
		const xon, xoff = 0x11, 0x13
		b = append([]byte{xoff, 0x10, 0x00, 0x00, 0x0f, xon}, b...)
	}
	return b, late
}
