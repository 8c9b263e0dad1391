package queue

import (
	"context"
	"log/slog"
	"time"
)

// Store keeps tickets between restarts.
type Store interface {
	// Tickets returns those issued on a day, in order of issue.
	Tickets(ctx context.Context, day string) ([]Ticket, error)
	// SaveTicket keeps the state of a ticket the store issued.
	SaveTicket(ctx context.Context, t Ticket) error
}

// Machine runs the hall. Set its fields, then call Run.
type Machine struct {
	Store    Store
	Publish  func(State)  // after each change, from Run's goroutine; must not block
	Announce func(Ticket) // may be nil; must not block
	Log      *slog.Logger

	events chan Event
}

// New returns a Machine without its fields.
func New() *Machine { return &Machine{events: make(chan Event)} }

// Post hands the machine an event. It blocks until it is taken or ctx is done.
func (m *Machine) Post(ctx context.Context, ev Event) {
	select {
	case m.events <- ev:
	case <-ctx.Done():
	}
}

// tick is how late a new day may begin, and how often a failed write is tried
// again. A timer to midnight would miss a clock that is set.
const tick = 20 * time.Second

// Run owns the state until ctx is done. A ticket the store can't keep is shown
// and called all the same, and tried again: people are waiting.
func (m *Machine) Run(ctx context.Context) error {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	var (
		s      State
		reload string               // a day whose tickets are to be loaded
		owed   = map[int64]Ticket{} // not yet saved
	)
	for ev := Event(Tick{}); ; {
		next, effects := s.Step(ev, time.Now())
		s = next
		for _, e := range effects {
			switch e := e.(type) {
			case Load:
				reload = e.Day
			case Save:
				owed[e.Ticket.ID] = e.Ticket
			case Announce:
				if m.Announce != nil {
					m.Announce(e.Ticket)
				}
			}
		}
		m.save(ctx, owed)
		_, quiet := ev.(Tick)
		quiet = quiet && len(effects) == 0
		if reload != "" {
			tickets, err := m.Store.Tickets(ctx, reload)
			if err != nil {
				m.Log.Error("tickets of the day not loaded", "day", reload, "err", err)
			} else {
				s, _ = s.Step(Loaded{Day: reload, Tickets: tickets}, time.Now())
				reload, quiet = "", false
			}
		}
		if !quiet {
			m.Publish(s)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks.C:
			ev = Tick{}
		case ev = <-m.events:
		}
	}
}

func (m *Machine) save(ctx context.Context, owed map[int64]Ticket) {
	for id, t := range owed {
		if err := m.Store.SaveTicket(ctx, t); err != nil {
			m.Log.Error("ticket not saved", "ticket", t.Number, "err", err)
			return
		}
		delete(owed, id)
	}
}
