package printer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Print prints a document once, or says why not:
//
//   - [Printed], nil: it is out;
//   - [NotPrinted], error: no ink was spent, and it may be tried again. The error
//     wraps [ErrPaperOut], [ErrCoverOpen], [ErrFault] or [ErrOffline] if it is the
//     printer's;
//   - [Unknown], error: some of it may be out. Ask the person, never send it again.
func (p *Printer) Print(ctx context.Context, doc Document) (Outcome, error) {
	start := time.Now()
	bytes, err := p.renderer.Job(doc, p.profile)
	if err != nil {
		return NotPrinted, err
	}
	if err := p.take(ctx); err != nil {
		return NotPrinted, err
	}
	defer p.release()
	outcome, err := p.job(ctx, bytes)
	p.log.Info("printer job", "kind", string(doc.Kind), "outcome", string(outcome), "bytes", len(bytes),
		"millis", time.Since(start).Milliseconds())
	return outcome, err
}

// job sends one job, status before and after.
func (p *Printer) job(ctx context.Context, job []byte) (Outcome, error) {
	level, err := p.status(ctx)
	if !level.CanPrint() {
		return NotPrinted, refusal(level, err)
	}
	line, done, err := p.connect(ctx)
	if err != nil {
		return NotPrinted, err
	}
	defer done()

	if p.profile.Finish == finishGSr {
		job = append(job, gs, 'r', 1)
	}
	n, err := p.send(line, job)
	if err == nil {
		err = p.finish(line)
	}
	switch {
	case err == nil:
		return Printed, nil
	case n == 0:
		return NotPrinted, p.lost(err)
	}
	p.midJob, p.torn = true, true
	if ctx.Err() != nil {
		err = ctx.Err() // and not the deadline that it set
	}
	err = fmt.Errorf("stopped in mid-job: %w", err)
	for _, said := range []error{ErrPaperOut, ErrCoverOpen, ErrFault} {
		if errors.Is(err, said) {
			return Unknown, err
		}
	}
	return Unknown, p.lost(err)
}

// refusal is the error of a level that cannot print.
func refusal(level Level, err error) error {
	switch level {
	case PaperOut:
		return ErrPaperOut
	case CoverOpen:
		return ErrCoverOpen
	}
	return err
}

// send writes bytes in the time the line needs for them, and some.
func (p *Printer) send(line Line, b []byte) (int, error) {
	if err := line.SetWriteDeadline(time.Now().Add(2*p.lineTime(len(b)) + 5*time.Second)); err != nil {
		return 0, err
	}
	return line.Write(b)
}

// lineTime is how long bytes are on the line, at ten bits each.
func (p *Printer) lineTime(n int) time.Duration {
	return time.Duration(n) * 10 * time.Second / time.Duration(p.profile.Baud)
}

const (
	// finishWithin is how long the slowest paper takes once its last byte is sent:
	// 40 cm at 50 mm/s, and what the system still buffers (see finish).
	finishWithin = 8 * time.Second
	// finishPoll is how often the printer is asked meanwhile what keeps it.
	finishPoll = 400 * time.Millisecond
)

// finish waits until the whole job is out, as well as this printer lets us know.
// GS r waits its turn behind the paper, so its answer says so; while the answer
// stays away, DLE EOT, which does not wait, tells why.
func (p *Printer) finish(line Line) error {
	by := time.Now().Add(finishWithin + p.lineTime(4096))
	if p.profile.Finish != finishGSr {
		if err := p.drained(line, by); err != nil || p.profile.Status == choiceNone {
			return err
		}
	}
	for finished := p.profile.Finish != finishGSr; !finished; {
		_, err := await(line, finishPoll, isFinish)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		s, err := inquireAmid(line, func(b byte) { finished = finished || isFinish(b) })
		if err != nil {
			return err
		}
		if level, err := s.level(); !finished && !level.CanPrint() {
			return refusal(level, err)
		}
		if time.Now().After(by) {
			return errors.New("the end of the job is not confirmed")
		}
	}
	// One byte may be the noise of a line being torn out; four right answers are
	// not. Paper that ended after the cut does not make the job less printed.
	s, err := inquire(line)
	if err != nil {
		return err
	}
	if level, err := s.level(); err != nil && level != Hot {
		return err // a cut that jammed left the paper in the machine
	}
	return nil
}

// drained waits for the last byte to leave, where nothing else can be known.
func (p *Printer) drained(line Line, by time.Time) error {
	if d, ok := p.line.(interface{ Drain(time.Time) error }); ok {
		if err := d.Drain(by); err != nil {
			return err
		}
	}
	return drain(line, settle) // sees a hang-up
}
