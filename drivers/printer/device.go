package printer

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"
)

// pollEvery is how often Watch asks an idle printer how it is.
const pollEvery = 2 * time.Second

// A Printer is one printer at the end of one line. Its methods may be called by
// many goroutines: they take turns, so a question never falls into a job.
type Printer struct {
	open     Opener
	profile  Profile
	log      *slog.Logger
	renderer *Renderer
	turn     chan struct{} // holds a token while nobody uses what is below

	line Line // nil until used, and after it broke
	// midJob: the printer may still wait for the rest of an image, torn if paper of
	// ours hangs out of it. At first nobody knows what the last process left.
	midJob, torn bool
	automatic    automatic
	stale        bool // answers to old questions may still come
}

// New makes a printer; nothing is opened before it is used.
func New(open Opener, profile Profile, log *slog.Logger) (*Printer, error) {
	if err := profile.Validate(); err != nil {
		return nil, fmt.Errorf("printer profile %q: %w", profile.Name, err)
	}
	renderer, err := NewRenderer()
	if err != nil {
		return nil, err
	}
	p := &Printer{open: open, profile: profile, log: log, renderer: renderer, turn: make(chan struct{}, 1), midJob: true}
	p.turn <- struct{}{}
	return p, nil
}

// LeftTorn tells that a program before this one may have left half a paper hanging
// out, which is to be cut off. Call it before the first use.
func (p *Printer) LeftTorn() { p.torn = true }

// Profile returns what the printer was made with.
func (p *Printer) Profile() Profile { return p.profile }

// Close gives the line back. The next use opens it again.
func (p *Printer) Close() error {
	<-p.turn
	defer p.release()
	return p.drop()
}

func (p *Printer) take(ctx context.Context) error {
	select {
	case <-p.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Printer) release() { p.turn <- struct{}{} }

// drop closes the line, if any.
func (p *Printer) drop() error {
	if p.line == nil {
		return nil
	}
	line := p.line
	p.line = nil
	return line.Close()
}

// lost drops a line that broke; why is what is worth telling, not how it closed.
func (p *Printer) lost(why error) error {
	p.stale = true
	if err := p.drop(); err != nil {
		p.log.Debug("closing a broken printer line", "err", err)
	}
	return fmt.Errorf("%w: %w", ErrOffline, why)
}

// connect opens the line unless it is open. What is returned is the line for as
// long as the context lives; done has to be called after use.
func (p *Printer) connect(ctx context.Context) (line Line, done func(), err error) {
	if p.line == nil {
		p.automatic = 0
		if p.line, err = p.open(ctx); err != nil {
			p.line = nil
			return nil, nil, fmt.Errorf("%w: %w", ErrOffline, err)
		}
	}
	raw := p.line
	stop := context.AfterFunc(ctx, func() {
		past := time.Unix(1, 0)
		// Errors mean that the line is gone, and then nobody waits on it.
		_ = raw.SetReadDeadline(past)
		_ = raw.SetWriteDeadline(past)
	})
	return lease{raw, ctx, &p.automatic}, func() { stop() }, nil
}

// A lease is a line until a context ends: from then on it sets no more deadlines,
// and those it had are past.
type lease struct {
	Line
	ctx       context.Context // of the one call it lives for
	automatic *automatic
}

func (l lease) Read(b []byte) (int, error) {
	n, err := l.Line.Read(b)
	return len(l.automatic.strip(b[:n])), err
}

func (l lease) SetReadDeadline(t time.Time) error {
	return cmp.Or(l.Line.SetReadDeadline(t), l.ctx.Err())
}

func (l lease) SetWriteDeadline(t time.Time) error {
	return cmp.Or(l.Line.SetWriteDeadline(t), l.ctx.Err())
}

// Status asks the printer how it is. The error says why, and is there just when
// the level is [CutterJam], [Hot], [Fault] (it wraps [ErrFault]) or [Offline]
// ([ErrOffline]).
func (p *Printer) Status(ctx context.Context) (Level, error) {
	if err := p.take(ctx); err != nil {
		return Offline, fmt.Errorf("%w: %w", ErrOffline, err)
	}
	defer p.release()
	return p.status(ctx)
}

// status is Status for whoever has the turn. Torn paper is cut off as soon as the
// printer can do it: it must be nobody's next ticket, whatever happens until then.
func (p *Printer) status(ctx context.Context) (Level, error) {
	level, err := p.inquire(ctx)
	if !p.midJob || !level.CanPrint() {
		return level, err
	}
	line, done, err := p.connect(ctx)
	if err != nil {
		return Offline, err
	}
	defer done()
	if err := p.mend(line); err != nil {
		return Offline, err
	}
	return level, err
}

// mend brings a printer back that may be in the middle of a job.
func (p *Printer) mend(line Line) error {
	if _, err := p.send(line, resync(p.profile, p.torn)); err != nil {
		return p.lost(err)
	}
	p.midJob, p.torn = false, false
	return nil
}

func (p *Printer) inquire(ctx context.Context) (Level, error) {
	line, done, err := p.connect(ctx)
	if err != nil {
		return Offline, err
	}
	defer done()
	if p.midJob {
		if _, err := p.send(line, make([]byte, longestHeader)); err != nil {
			return Offline, p.lost(err)
		}
	}
	quiet := settle
	if p.stale {
		quiet = settleLate
	}
	if err := drain(line, quiet); err != nil {
		return Offline, p.lost(err)
	}
	p.stale = false
	if p.profile.Status == choiceNone {
		return Ready, nil // its line is there: more cannot be known
	}
	s, err := inquire(line)
	if err != nil {
		return Offline, p.lost(err)
	}
	return s.level()
}

// Watch reports the printer's level, first of all and whenever it changes, until
// the context ends. A printer that is gone is a level too, and is looked for.
func (p *Printer) Watch(ctx context.Context, emit func(Level)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var last Level
	for {
		level, err := p.Status(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if level != last {
			p.log.Info("printer", "level", string(level), "why", err)
			last = level
			emit(level)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
