package queue

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var t0 = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC) // 8:00 in Hanoi

func TestDay(t *testing.T) {
	for s, want := range map[string]string{
		"2026-11-23T16:59:59Z": "2026-11-23", "2026-11-23T17:00:00Z": "2026-11-24",
		"2026-12-31T17:00:00Z": "2027-01-01",
	} {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := Day(at); got != want {
			t.Errorf("Day(%s) = %s, want %s", s, got, want)
		}
	}
	if Number("A", 12) != "A012" || Number("B", 1000) != "B1000" {
		t.Error(Number("A", 12), Number("B", 1000))
	}
}

func hall(tickets ...Ticket) State {
	return State{Day: Day(t0), Counters: []Counter{{Code: "1"}, {Code: "2", Services: []string{"b"}}}, Tickets: tickets}
}

func ticket(id int64, service string, state TicketState, counter string, calls int) Ticket {
	return Ticket{ID: id, Service: service, N: int(id), Number: Number("A", int(id)), IssuedAt: t0, State: state, Counter: counter, Calls: calls}
}

func TestStep(t *testing.T) {
	w := func(id int64, service string) Ticket { return ticket(id, service, Waiting, "", 0) }
	for _, tt := range []struct {
		name    string
		in      State
		ev      Event
		want    map[int64]TicketState
		effects []string
	}{
		{"first waits longest", hall(w(1, "a"), w(2, "a")), CallNext{"1"}, map[int64]TicketState{1: Called, 2: Waiting}, []string{"save 1", "announce 1"}},
		{"only its services", hall(w(1, "a"), w(2, "b")), CallNext{"2"}, map[int64]TicketState{1: Waiting, 2: Called}, []string{"save 2", "announce 2"}},
		{"nobody waits", hall(w(1, "a")), CallNext{"2"}, map[int64]TicketState{1: Waiting}, nil},
		{"unknown counter", hall(w(1, "a")), CallNext{"9"}, map[int64]TicketState{1: Waiting}, nil},
		{"next finishes", hall(ticket(1, "a", Called, "1", 1), w(2, "a")), CallNext{"1"}, map[int64]TicketState{1: Finished, 2: Called}, []string{"save 1", "save 2", "announce 2"}},
		{"next finishes the last", hall(ticket(1, "a", Called, "1", 1)), CallNext{"1"}, map[int64]TicketState{1: Finished}, []string{"save 1"}},
		{"another's ticket stays", hall(ticket(1, "b", Called, "1", 1), w(2, "b")), CallNext{"2"}, map[int64]TicketState{1: Called, 2: Called}, []string{"save 2", "announce 2"}},
		{"recall", hall(ticket(1, "a", Called, "1", 2)), Recall{"1"}, map[int64]TicketState{1: Recalled}, []string{"save 1", "announce 1"}},
		{"recall is limited", hall(ticket(1, "a", Recalled, "1", MaxCalls)), Recall{"1"}, map[int64]TicketState{1: Recalled}, nil},
		{"recall nobody", hall(w(1, "a")), Recall{"1"}, map[int64]TicketState{1: Waiting}, nil},
		{"finish", hall(ticket(1, "a", Recalled, "1", 2)), Finish{"1"}, map[int64]TicketState{1: Finished}, []string{"save 1"}},
		{"finish twice", hall(ticket(1, "a", Finished, "1", 2)), Finish{"1"}, map[int64]TicketState{1: Finished}, nil},
		{"absent", hall(ticket(1, "a", Called, "1", 1)), MarkAbsent{"1"}, map[int64]TicketState{1: Absent}, []string{"save 1"}},
		{"issued", hall(w(1, "a")), Issued{w(2, "a")}, map[int64]TicketState{1: Waiting, 2: Waiting}, nil},
		{"issued again", hall(ticket(1, "a", Called, "1", 1)), Issued{w(1, "a")}, map[int64]TicketState{1: Called}, nil},
		{"loaded late", hall(ticket(2, "a", Called, "1", 1)), Loaded{Day(t0), []Ticket{w(1, "a"), w(2, "a")}}, map[int64]TicketState{1: Waiting, 2: Called}, nil},
		{"loaded of another day", hall(), Loaded{"2026-11-22", []Ticket{w(1, "a")}}, map[int64]TicketState{}, nil},
		{"issued yesterday", hall(), Issued{Ticket{ID: 1, IssuedAt: t0.Add(-24 * time.Hour)}}, map[int64]TicketState{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := slices.Clone(tt.in.Tickets)
			got, effects := tt.in.Step(tt.ev, t0)
			states := map[int64]TicketState{}
			for _, x := range got.Tickets {
				states[x.ID] = x.State
			}
			if !reflect.DeepEqual(states, tt.want) {
				t.Errorf("tickets %v, want %v", states, tt.want)
			}
			if said := say(effects); !slices.Equal(said, tt.effects) {
				t.Errorf("effects %q, want %q", said, tt.effects)
			}
			if !slices.Equal(before, tt.in.Tickets) {
				t.Error("Step changed the state it was given")
			}
		})
	}
}

func say(effects []Effect) (said []string) {
	for _, e := range effects {
		switch e := e.(type) {
		case Save:
			said = append(said, "save "+string(rune('0'+e.Ticket.ID)))
		case Announce:
			said = append(said, "announce "+string(rune('0'+e.Ticket.ID)))
		case Load:
			said = append(said, "load "+e.Day)
		}
	}
	return said
}

func TestNewDay(t *testing.T) {
	s, effects := State{}.Step(Tick{}, t0)
	if s.Day != "2026-11-23" || !slices.Equal(say(effects), []string{"load 2026-11-23"}) {
		t.Fatal(s, effects)
	}
	s, _ = s.Step(Issued{ticket(1, "a", Waiting, "", 0)}, t0)
	s, effects = s.Step(Tick{}, t0.Add(time.Hour))
	if len(s.Tickets) != 1 || effects != nil {
		t.Fatal(s, effects)
	}
	s, effects = s.Step(Tick{}, t0.Add(24*time.Hour))
	if s.Day != "2026-11-24" || len(s.Tickets) != 0 || !slices.Equal(say(effects), []string{"load 2026-11-24"}) {
		t.Error(s, effects)
	}
}

func TestAheadAndBoard(t *testing.T) {
	at := func(tk Ticket, m int) Ticket { tk.CalledAt = t0.Add(time.Duration(m) * time.Minute); return tk }
	s := hall(at(ticket(1, "a", Finished, "1", 1), 1), at(ticket(2, "a", Called, "1", 1), 3), at(ticket(3, "b", Recalled, "2", 2), 2),
		ticket(4, "a", Waiting, "", 0), ticket(5, "b", Waiting, "", 0), ticket(6, "a", Waiting, "", 0))
	for id, want := range map[int64]int{4: 0, 5: 0, 6: 1, 99: 0} {
		if got := s.Ahead(id); got != want {
			t.Errorf("Ahead(%d) = %d, want %d", id, got, want)
		}
	}
	if s.WaitingFor("a") != 2 || s.WaitingFor("c") != 0 {
		t.Error(s.WaitingFor("a"))
	}
	b := s.Board()
	numbers := func(cs []Call) (ns []string) {
		for _, c := range cs {
			ns = append(ns, c.Number+" at "+c.Counter)
		}
		return ns
	}
	if got := numbers(b.Serving); !slices.Equal(got, []string{"A002 at 1", "A003 at 2"}) {
		t.Error("serving", got)
	}
	if got := numbers(b.Last); !slices.Equal(got, []string{"A002 at 1", "A003 at 2", "A001 at 1"}) {
		t.Error("last", got)
	}
	if !slices.Equal(b.Waiting, []Line{{"a", 2}, {"b", 1}}) {
		t.Error("waiting", b.Waiting)
	}
}

// Whatever is pressed in whatever order: each ticket is first-called at most
// once, none disappears, a counter serves one at a time and in order of issue,
// and the effects alone tell the store what the state says.
func TestRandomHall(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		s, now := hall(), t0
		issued, calledFirst, saved := int64(0), map[int64]int{}, map[int64]Ticket{}
		for range 300 {
			now = now.Add(time.Duration(r.IntN(10)) * time.Second)
			counter := []string{"1", "2", "9"}[r.IntN(3)]
			var ev Event
			switch r.IntN(7) {
			case 0, 1:
				issued++
				tk := ticket(issued, []string{"a", "b"}[r.IntN(2)], Waiting, "", 0)
				saved[tk.ID], ev = tk, Issued{tk}
			case 2:
				ev = Finish{counter}
			case 3:
				ev = Recall{counter}
			case 4:
				ev = MarkAbsent{counter}
			case 5:
				ev = Tick{}
			default:
				ev = CallNext{counter}
			}
			before := s
			var effects []Effect
			s, effects = s.Step(ev, now)
			for _, e := range effects {
				switch e := e.(type) {
				case Save:
					saved[e.Ticket.ID] = e.Ticket
				case Announce:
					if e.Ticket.Calls == 1 {
						calledFirst[e.Ticket.ID]++
						for _, o := range before.Tickets {
							if o.ID < e.Ticket.ID && o.State == Waiting && (e.Ticket.Counter == "1" || o.Service == "b") {
								t.Fatalf("seed %d: %s was called before %s", seed, e.Ticket.Number, o.Number)
							}
						}
					}
				}
			}
			at := map[string]int{}
			for _, tk := range s.Tickets {
				if tk.AtCounter() {
					at[tk.Counter]++
				}
				if saved[tk.ID] != tk {
					t.Fatalf("seed %d: the store knows %v, the hall %v", seed, saved[tk.ID], tk)
				}
				if tk.State == Waiting && calledFirst[tk.ID] != 0 || tk.State != Waiting && calledFirst[tk.ID] != 1 {
					t.Fatalf("seed %d: %v was called %d times for the first time", seed, tk, calledFirst[tk.ID])
				}
			}
			if int64(len(s.Tickets)) != issued {
				t.Fatalf("seed %d: %d tickets of %d", seed, len(s.Tickets), issued)
			}
			for c, n := range at {
				if n > 1 {
					t.Fatalf("seed %d: counter %s serves %d", seed, c, n)
				}
			}
		}
	}
}

type memory struct {
	fail    atomic.Bool
	tickets map[int64]Ticket
}

func (m *memory) Tickets(_ context.Context, day string) (all []Ticket, _ error) {
	if m.fail.Load() {
		return nil, errors.New("no disk")
	}
	for _, t := range m.tickets {
		if Day(t.IssuedAt) == day {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b Ticket) int { return int(a.ID - b.ID) })
	return all, nil
}

func (m *memory) SaveTicket(_ context.Context, t Ticket) error {
	if m.fail.Load() {
		return errors.New("no disk")
	}
	m.tickets[t.ID] = t
	return nil
}

func TestMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		now := time.Now()
		early := ticket(1, "a", Waiting, "", 0)
		early.IssuedAt = now
		store := &memory{tickets: map[int64]Ticket{1: early}}
		m := New()
		var last State
		var announced []string
		m.Store, m.Log = store, slog.New(slog.DiscardHandler)
		m.Publish = func(s State) { last = s }
		m.Announce = func(t Ticket) { announced = append(announced, t.Number) }
		go m.Run(ctx)
		m.Post(ctx, Configured{hall().Counters})
		synctest.Wait()
		if len(last.Tickets) != 1 {
			t.Fatalf("after a restart: %v", last)
		}
		store.fail.Store(true)
		m.Post(ctx, CallNext{"1"})
		synctest.Wait()
		if tk, ok := last.At("1"); !ok || tk.ID != 1 || !slices.Equal(announced, []string{"A001"}) {
			t.Errorf("called with a broken disk: %v, announced %v", last, announced)
		}
		store.fail.Store(false)
		time.Sleep(tick + time.Second)
		synctest.Wait()
		if store.tickets[1].State != Called {
			t.Errorf("not saved again: %v", store.tickets[1])
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if len(last.Tickets) != 0 || last.Day == Day(now) {
			t.Errorf("next day: %v", last)
		}
		cancel()
		synctest.Wait()
	})
}
