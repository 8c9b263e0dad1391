package wire

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/queue"
)

// Desk is who sits at which counter: the web knows it from signing in.
type Desk struct {
	Unit    string
	Site    string
	Officer string // name
	Counter string // code
}

// EncodeCounter is the View of one counter. It is pure.
func EncodeCounter(s queue.State, c *catalogue.Catalogue, d Desk, rev uint64, now time.Time) CounterView {
	v := CounterView{
		Rev: rev, Unit: d.Unit, Officer: d.Officer, Counter: d.Counter,
		Waiting: []HallWaiting{}, Calls: calls(s), Actions: []string{"sign-out"}, At: now,
	}
	served := func(string) bool { return true }
	if i := slices.IndexFunc(s.Counters, func(k queue.Counter) bool { return k.Code == d.Counter }); i >= 0 {
		if of := s.Counters[i].Services; len(of) > 0 {
			served = func(service string) bool { return slices.Contains(of, service) }
		}
	}
	v.Waiting = hallWaiting(s, c, served)
	if slices.ContainsFunc(v.Waiting, func(w HallWaiting) bool { return w.Count > 0 }) {
		v.Actions = append(v.Actions, "call-next")
	}
	serving, ok := s.At(d.Counter)
	if ok {
		v.Serving = &HallTicket{
			Number: serving.Number, Service: serviceName(c, serving.Service),
			Issued: serving.IssuedAt, Called: serving.CalledAt, Recalls: serving.Calls - 1,
		}
		if serving.Calls < queue.MaxCalls {
			v.Actions = append(v.Actions, "recall")
		}
		v.Actions = append(v.Actions, "finish", "absent")
	}
	for _, t := range s.Tickets {
		v.Today.Issued++
		switch t.State {
		case queue.Finished:
			v.Today.Finished++
		case queue.Absent:
			v.Today.Absent++
		}
	}
	// The hall has no epochs of its own. Here, what may be pressed is the buttons
	// and the ticket they act on, so a second tap on "call next" finds another number.
	v.Screen = epoch(d.Counter, d.Officer, s.Day, fmt.Sprint(serving.ID, serving.Calls), strings.Join(v.Actions, " "))
	return v
}

// Event is what the command of the officer at this counter means to the queue;
// false for sign-out, which is the web's.
func (c CounterCommand) Event(counter string) (queue.Event, bool) {
	switch c.Action {
	case "call-next":
		return queue.CallNext{Counter: counter}, true
	case "recall":
		return queue.Recall{Counter: counter}, true
	case "finish":
		return queue.Finish{Counter: counter}, true
	case "absent":
		return queue.MarkAbsent{Counter: counter}, true
	}
	return nil, false
}

// EncodeBoard is the View of the hall's screen. It is pure.
func EncodeBoard(s queue.State, c *catalogue.Catalogue, d Desk, rev uint64, now time.Time) BoardView {
	v := BoardView{
		Rev: rev, Unit: d.Unit, Site: d.Site, Now: []HallCounter{}, Calls: calls(s),
		Waiting: hallWaiting(s, c, func(string) bool { return true }), At: now,
	}
	for _, k := range s.Counters {
		t, _ := s.At(k.Code)
		v.Now = append(v.Now, HallCounter{Counter: k.Code, Number: t.Number})
	}
	return v
}

// calls are the last ones, newest first. Tickets keep their last call only, so
// that a recall takes the place of the call before.
func calls(s queue.State) []HallCall {
	out := []HallCall{}
	for _, t := range s.Tickets {
		if t.Calls > 0 {
			out = append(out, HallCall{
				Seq: uint64(t.ID)*(queue.MaxCalls+1) + uint64(t.Calls), Number: t.Number, Counter: t.Counter,
				At: t.CalledAt, Recall: t.Calls > 1,
			})
		}
	}
	slices.SortStableFunc(out, func(a, b HallCall) int { return b.At.Compare(a.At) })
	return out[:min(len(out), queue.LastCalls)]
}

func hallWaiting(s queue.State, c *catalogue.Catalogue, served func(string) bool) []HallWaiting {
	out := []HallWaiting{}
	if c == nil {
		return out
	}
	for _, svc := range c.Services {
		if served(svc.Code) {
			out = append(out, HallWaiting{Code: svc.Code, Letter: svc.Letter, Name: svc.Name, Count: s.WaitingFor(svc.Code)})
		}
	}
	return out
}

func serviceName(c *catalogue.Catalogue, code string) Text {
	if c != nil {
		if svc, ok := c.Service(code); ok {
			return svc.Name
		}
	}
	return Text{VI: code, EN: code}
}

// epoch names a state of the buttons in 52 bits, which JavaScript counts exactly.
func epoch(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p + "\x00")) // a hash never fails
	}
	return h.Sum64() & (1<<52 - 1)
}
