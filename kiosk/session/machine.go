package session

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/dossier"
)

// What the machine needs of the outside, as small as it is.
type (
	// CardReader reads the card that lies there. Its errors unwrap to those of
	// package card. progress must not be called after Read returned.
	CardReader interface {
		Read(ctx context.Context, key card.Key, progress func(s cccd.Stage, percent int)) (*cccd.Reading, error)
	}
	// Recorder commits. A nil error is a promise: it is on disk. RecordDossier
	// of a receipt number it already has is no error and records nothing twice;
	// so is RecordTicket of a visit that has its number: it returns that one.
	Recorder interface {
		RecordTicket(ctx context.Context, order TicketOrder) (Ticket, error)
		RecordDossier(ctx context.Context, visit string, d dossier.Dossier) error
		FindVisit(ctx context.Context, visit string) (Found, error)
	}
	// Printer prints one paper and says how it ended. The error says why it was
	// not printed and unwraps to printer.ErrPaperOut and its like.
	Printer interface {
		Print(ctx context.Context, visit string, paper printer.Paper) (printer.Outcome, error)
		// Answered keeps what a person said of a paper whose outcome was unknown.
		Answered(ctx context.Context, visit string, kind printer.Kind, out bool) error
	}
	// Finder looks a dossier up by receipt number or official code, here or at
	// the centre. An error means it could not ask.
	Finder interface {
		Find(ctx context.Context, number string) (Lookup, error)
		// FindTicket tells how the queue number of that minute stands.
		FindTicket(ctx context.Context, number string, issued time.Time) (Lookup, error)
	}
)

// keepAnswerWithin is how long the screen waits for an answer to be on disk.
const keepAnswerWithin = 300 * time.Millisecond

// Machine runs one kiosk. Set its fields, then call Run once.
type Machine struct {
	Env     *Env
	Cards   CardReader
	Records Recorder
	Printer Printer
	Finder  Finder
	Log     *slog.Logger

	// Called from Run's goroutine; they must not block. Only Publish must be set.
	Publish   func(State)                  // after every change
	Beep      func(code string)            // take-card, card-left, read, scan, scan-bad
	Journey   func(code string)            // for the health report
	Condition func(code string, held bool) // card-left

	events chan Event
	media  media
	jobs   sync.WaitGroup
	read   reader
}

// reader is the one reading under way, or the last.
type reader struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// NewMachine returns a machine with nothing started.
func NewMachine(env *Env, log *slog.Logger) *Machine {
	return &Machine{Env: env, Log: log, events: make(chan Event)}
}

// Post hands the machine an event. It blocks until the machine takes it or ctx is done.
func (m *Machine) Post(ctx context.Context, ev Event) {
	select {
	case m.events <- ev:
	case <-ctx.Done():
	}
}

// Media returns a picture of the present visit: the portrait, a QR code. Its id
// is random and dies with the visit.
func (m *Machine) Media(id string) (mime string, data []byte, ok bool) { return m.media.get(id) }

// Run runs visit after visit until ctx is done, then waits for what it started.
// It owns the state: nothing else writes it.
func (m *Machine) Run(ctx context.Context) error {
	defer m.jobs.Wait()
	s := New(m.Env)
	for ctx.Err() == nil {
		var err error
		if s, err = m.visit(ctx, s); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// visit runs from the screen that waits for a person until that person is
// forgotten. What it started ends with its context, except what was promised.
func (m *Machine) visit(daemon context.Context, s State) (State, error) {
	ctx, cancel := context.WithCancel(daemon)
	defer cancel()
	defer m.media.forget()
	n := s.Visit.N
	receipt, err := dossier.NewReceiptNumber(rand.Reader)
	if err != nil {
		return s, fmt.Errorf("receipt number: %w", err)
	}
	s.Visit.Token, s.Visit.Receipt = rand.Text(), receipt
	m.Publish(s)
	for {
		var due <-chan time.Time
		if !s.Next.IsZero() {
			due = time.After(time.Until(s.Next))
		}
		var ev Event
		select {
		case <-ctx.Done():
			return s, nil
		case <-due:
			ev = Timeout{}
		case ev = <-m.events:
		}
		now := time.Now()
		next, effects := s.Step(m.withMedia(s, ev), now)
		for _, e := range effects {
			m.perform(ctx, daemon, next, e, now)
		}
		if s.Visit.Holder != nil && next.Visit.Holder == nil {
			m.media.forgetHolder()
		}
		changed := !reflect.DeepEqual(s, next)
		s = next
		if s.Visit.N != n {
			return s, nil
		}
		if changed {
			m.Publish(s)
		}
	}
}

// perform starts what one effect asks for. ctx is the visit's, daemon outlives it.
func (m *Machine) perform(ctx, daemon context.Context, s State, e Effect, now time.Time) {
	switch e := e.(type) {
	case ReadCard:
		m.startReading(ctx, e)
	case CancelRead:
		if m.read.cancel != nil {
			m.read.cancel()
		}
	case RecordTicket:
		m.jobs.Go(func() { m.Post(daemon, m.recordTicket(daemon, e.Order)) })
	case RecordDossier:
		d := BuildDossier(s, m.media.proof(s.Visit.Holder.Read), now)
		m.jobs.Go(func() { m.Post(daemon, m.recordDossier(daemon, e.Visit, d)) })
	case PrintPaper:
		m.jobs.Go(func() { m.Post(daemon, m.printPaper(daemon, e.Job)) })
	case PaperAnswered:
		// On disk before the screen shows it, or who comes back after a power cut
		// is asked again; but a disk that hangs must not hold everybody up.
		kept := make(chan struct{})
		m.jobs.Go(func() {
			defer close(kept)
			m.paperAnswered(daemon, e)
		})
		select {
		case <-kept:
		case <-time.After(keepAnswerWithin):
		}
	case Find:
		m.jobs.Go(func() { m.Post(ctx, m.find(ctx, e)) })
	case FindVisit:
		m.jobs.Go(func() { m.Post(ctx, m.findVisit(ctx, e)) })
	case Beep:
		if m.Beep != nil {
			m.Beep(e.Code)
		}
	case Journey:
		if m.Journey != nil {
			m.Journey(e.Code)
		}
	case Condition:
		if m.Condition != nil {
			m.Condition(e.Code, e.Held)
		}
	}
}
