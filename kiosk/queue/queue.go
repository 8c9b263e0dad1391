// Package queue is the hall of one site: tickets of today, the counters that
// call them, and what the board shows.
//
// [State.Step] is pure, like a session's; [Machine.Run] feeds it events and does
// what it asks for. The store hands out numbers (one series per service, from 1
// each day) in the transaction that records them; a ticket enters here by
// [Issued] after that.
package queue

import (
	"fmt"
	"slices"
	"time"
)

// Hanoi is the wall clock of the hall. Việt Nam has kept +07:00 without summer
// time since 1975, so no time zone database is needed to know its days.
func Hanoi(t time.Time) time.Time { return t.In(time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)) }

// Day is the day of t in Hanoi, "2026-11-23": number series restart with it.
func Day(t time.Time) string { return Hanoi(t).Format(time.DateOnly) }

// Number is how people see the nth ticket of a series: A012.
func Number(letter string, n int) string { return fmt.Sprintf("%s%03d", letter, n) }

// MaxCalls is how often a ticket is called before it can only be marked absent.
const MaxCalls = 3

// TicketState is where a ticket stands.
type TicketState string

const (
	Waiting  TicketState = "waiting"
	Called   TicketState = "called"
	Recalled TicketState = "recalled"
	Finished TicketState = "finished"
	Absent   TicketState = "absent"
)

// A Ticket is one person's place in the hall. It knows no person.
type Ticket struct {
	ID       int64 // the store's; ascending in order of issue
	Service  string
	N        int    // in the day's series of its service, from 1
	Number   string // "A012"
	IssuedAt time.Time
	Priority string // reason from the closed list; empty: none. Its own series comes with the hall.

	State    TicketState
	Counter  string // that called it last
	Calls    int
	CalledAt time.Time // last call
	EndedAt  time.Time // finished or absent
}

// AtCounter reports whether the ticket is being served now.
func (t Ticket) AtCounter() bool { return t.State == Called || t.State == Recalled }

// A Counter calls tickets of the services it lists; none means all.
type Counter struct {
	Code     string
	Services []string
}

func (c Counter) serves(service string) bool {
	return len(c.Services) == 0 || slices.Contains(c.Services, service)
}

// State is the hall today. The zero State asks for the day's tickets at the
// first event.
type State struct {
	Day      string
	Counters []Counter
	Tickets  []Ticket // of Day, in order of issue
}

// An Event is something that happened.
type Event interface{ event() }

type (
	// Tick lets a new day begin.
	Tick struct{}
	// Configured says which counters there are.
	Configured struct{ Counters []Counter }
	// Loaded brings the tickets of a day, asked for by [Load].
	Loaded struct {
		Day     string
		Tickets []Ticket
	}
	// Issued brings a ticket the store has recorded.
	Issued struct{ Ticket Ticket }
	// CallNext finishes what the counter has and calls the one that waits longest.
	CallNext struct{ Counter string }
	// Recall calls the counter's ticket again.
	Recall struct{ Counter string }
	// Finish ends the counter's ticket.
	Finish struct{ Counter string }
	// MarkAbsent ends the counter's ticket: nobody came.
	MarkAbsent struct{ Counter string }
)

func (Tick) event()       {}
func (Configured) event() {}
func (Loaded) event()     {}
func (Issued) event()     {}
func (CallNext) event()   {}
func (Recall) event()     {}
func (Finish) event()     {}
func (MarkAbsent) event() {}

// An Effect is something to do.
type Effect interface{ effect() }

type (
	// Load asks for the tickets of a day; the answer is [Loaded].
	Load struct{ Day string }
	// Save keeps a ticket that changed.
	Save struct{ Ticket Ticket }
	// Announce calls a ticket to its counter, by screen and voice.
	Announce struct{ Ticket Ticket }
)

func (Load) effect()     {}
func (Save) effect()     {}
func (Announce) effect() {}

// Step returns the state after ev at now, and what must be done. An event that
// means nothing changes nothing. Step never changes what s refers to.
func (s State) Step(ev Event, now time.Time) (State, []Effect) {
	var effects []Effect
	if day := Day(now); day != s.Day {
		s.Day, s.Tickets = day, nil
		effects = append(effects, Load{day})
	}
	var more []Effect
	switch ev := ev.(type) {
	case Configured:
		s.Counters = ev.Counters
	case Loaded:
		if ev.Day == s.Day {
			for _, t := range ev.Tickets {
				s = s.with(t, false)
			}
		}
	case Issued:
		if Day(ev.Ticket.IssuedAt) == s.Day {
			s = s.with(ev.Ticket, false)
		}
	case CallNext:
		s, more = s.callNext(ev.Counter, now)
	case Recall:
		if t, ok := s.At(ev.Counter); ok && t.Calls < MaxCalls {
			t.State, t.Calls, t.CalledAt = Recalled, t.Calls+1, now
			s, more = s.with(t, true), []Effect{Save{t}, Announce{t}}
		}
	case Finish:
		s, more = s.end(ev.Counter, Finished, now)
	case MarkAbsent:
		s, more = s.end(ev.Counter, Absent, now)
	}
	return s, append(effects, more...)
}

func (s State) callNext(counter string, now time.Time) (State, []Effect) {
	i := slices.IndexFunc(s.Counters, func(c Counter) bool { return c.Code == counter })
	if i < 0 {
		return s, nil
	}
	next := slices.IndexFunc(s.Tickets, func(t Ticket) bool {
		return t.State == Waiting && s.Counters[i].serves(t.Service)
	})
	s, effects := s.end(counter, Finished, now)
	if next < 0 {
		return s, effects
	}
	t := s.Tickets[next]
	t.State, t.Counter, t.Calls, t.CalledAt = Called, counter, 1, now
	return s.with(t, true), append(effects, Save{t}, Announce{t})
}

// end ends the ticket at a counter, if there is one.
func (s State) end(counter string, as TicketState, now time.Time) (State, []Effect) {
	t, ok := s.At(counter)
	if !ok {
		return s, nil
	}
	t.State, t.EndedAt = as, now
	return s.with(t, true), []Effect{Save{t}}
}

// with puts t in its place by ID. A ticket that is there already is what it is
// here, for that is newer than the store, unless replace.
func (s State) with(t Ticket, replace bool) State {
	i, there := slices.BinarySearchFunc(s.Tickets, t.ID, func(t Ticket, id int64) int { return int(t.ID - id) })
	switch {
	case !there:
		s.Tickets = slices.Insert(slices.Clone(s.Tickets), i, t)
	case replace:
		s.Tickets = slices.Clone(s.Tickets)
		s.Tickets[i] = t
	}
	return s
}

// At returns the ticket that a counter serves now.
func (s State) At(counter string) (Ticket, bool) {
	for _, t := range s.Tickets {
		if t.AtCounter() && t.Counter == counter {
			return t, true
		}
	}
	return Ticket{}, false
}

// Ahead is how many people wait in the same service before ticket id.
func (s State) Ahead(id int64) int {
	i := slices.IndexFunc(s.Tickets, func(t Ticket) bool { return t.ID == id })
	n := 0
	for j := range max(i, 0) {
		if s.Tickets[j].State == Waiting && s.Tickets[j].Service == s.Tickets[i].Service {
			n++
		}
	}
	return n
}

// WaitingFor is how many people wait in a service.
func (s State) WaitingFor(service string) int {
	n := 0
	for _, t := range s.Tickets {
		if t.State == Waiting && t.Service == service {
			n++
		}
	}
	return n
}
