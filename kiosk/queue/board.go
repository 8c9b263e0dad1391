package queue

import (
	"cmp"
	"slices"
	"time"
)

// LastCalls is how many calls the board remembers.
const LastCalls = 6

// Board is what the hall's screen shows.
type Board struct {
	Serving []Call // one a counter that serves somebody, in the order of the counters
	Last    []Call // the newest first
	Waiting []Line // services in which somebody waits, by code
}

// A Call sent a number to a counter.
type Call struct {
	Number  string
	Service string
	Counter string
	Calls   int
	At      time.Time
}

// A Line is how many wait in a service.
type Line struct {
	Service string
	People  int
}

// Board looks at the hall as the hall sees itself.
func (s State) Board() Board {
	var b Board
	for _, c := range s.Counters {
		if t, ok := s.At(c.Code); ok {
			b.Serving = append(b.Serving, call(t))
		}
	}
	waiting := map[string]int{}
	for _, t := range s.Tickets {
		if t.Calls > 0 {
			b.Last = append(b.Last, call(t))
		}
		if t.State == Waiting {
			waiting[t.Service]++
		}
	}
	slices.SortStableFunc(b.Last, func(x, y Call) int { return y.At.Compare(x.At) })
	b.Last = b.Last[:min(len(b.Last), LastCalls)]
	for service, n := range waiting {
		b.Waiting = append(b.Waiting, Line{service, n})
	}
	slices.SortFunc(b.Waiting, func(x, y Line) int { return cmp.Compare(x.Service, y.Service) })
	return b
}

func call(t Ticket) Call {
	return Call{Number: t.Number, Service: t.Service, Counter: t.Counter, Calls: t.Calls, At: t.CalledAt}
}
