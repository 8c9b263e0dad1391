//go:build !release

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tiepdan/kiosk/session"
	"tiepdan/kiosk/wire"
)

// A screen is the resident's page without a browser. What it shows and what it
// says go through the wire's JSON, as in the page, and like the page it keeps
// nothing of a person but the visit's token.
type screen struct {
	mu     sync.Mutex
	line   *screenLine // nil: the daemon is gone, and the page has not found the next
	token  string
	view   wire.View
	doc    any    // the view as JSON has it
	before uint64 // the screen before this one, for late presses
}

// A screenLine is where one daemon publishes and a page may listen.
type screenLine struct {
	screen *screen
	visits *session.Machine

	mu    sync.Mutex
	state session.State
	rev   uint64
}

func (l *screenLine) publish(st session.State) {
	l.mu.Lock()
	l.state = st
	l.rev++
	l.mu.Unlock()
	l.screen.mu.Lock()
	defer l.screen.mu.Unlock()
	if l.screen.line == l {
		l.screen.show()
	}
}

func (l *screenLine) now() (session.State, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.rev
}

// lost is the page noticing that its daemon is gone. It keeps what it showed.
func (s *screen) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = nil
}

// keep makes it a page with another token.
func (s *screen) keep(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// open is the page coming to a daemon: it says the token it kept, then sees
// whatever is shown.
func (s *screen) open(ctx context.Context, l *screenLine) error {
	s.mu.Lock()
	token := s.token
	s.line, s.view, s.before = l, wire.View{}, 0
	s.show()
	s.mu.Unlock()
	return s.send(ctx, wire.Command{Action: "hello", Visit: token})
}

// show draws the state as it is now. s.mu is held.
func (s *screen) show() {
	state, rev := s.line.now()
	b, err := json.Marshal(wire.Encode(state, rev, time.Now()))
	if err != nil {
		panic(err) // a View is plain data
	}
	var view wire.View
	s.doc = nil
	for _, into := range []any{&view, &s.doc} {
		if err := json.Unmarshal(b, into); err != nil {
			panic(err)
		}
	}
	if view.Screen != s.view.Screen {
		s.before = s.view.Screen
	}
	s.view, s.token = view, view.Visit
}

// look is the page as it is now.
func (s *screen) look() (wire.View, any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view, s.doc
}

// send says something to the daemon, if there is one.
func (s *screen) send(ctx context.Context, c wire.Command) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if c, err = wire.DecodeCommand(b); err != nil {
		return err
	}
	s.mu.Lock()
	line := s.line
	s.mu.Unlock()
	if line != nil {
		line.visits.Post(ctx, c.Event())
	}
	return nil
}

// find follows a dotted path into a view. On a list a step is an index, or the
// name, code or number of one of its elements.
func find(doc any, path string) (any, bool) {
	if path == "" {
		return doc, true
	}
	step, rest, _ := strings.Cut(path, ".")
	switch v := doc.(type) {
	case map[string]any:
		if next, ok := v[step]; ok {
			return find(next, rest)
		}
	case []any:
		if i, err := strconv.Atoi(step); err == nil && i < len(v) {
			return find(v[i], rest)
		}
		// Codes have dots of their own: try the longest that fits.
		for _, e := range v {
			m, _ := e.(map[string]any)
			for _, key := range []string{"name", "code", "number"} {
				if id, ok := m[key].(string); ok && id != "" && (path == id || strings.HasPrefix(path, id+".")) {
					return find(e, strings.TrimPrefix(strings.TrimPrefix(path, id), "."))
				}
			}
		}
	}
	return nil, false
}

// text is a value of a view as a story writes it.
func shown(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it came from JSON
	}
	return string(b)
}

// matches says whether what a path led to is as the story has it: VALUE,
// "" for an empty text, ~PART, !~PART, absent.
func matches(v any, found bool, want string) bool {
	part, contains := strings.CutPrefix(want, "~")
	without, lacks := strings.CutPrefix(want, "!~")
	has := func(part string) bool {
		if l, ok := v.([]any); ok && len(l) > 0 {
			if _, words := l[0].(string); words {
				return slices.Contains(l, any(part))
			}
		}
		return strings.Contains(shown(v), part)
	}
	switch {
	case want == "absent":
		return !found
	case lacks:
		return found && !has(without)
	case contains:
		return found && has(part)
	}
	return found && (shown(v) == want || want == `""` && v == "")
}

// offered says whether a person can press that: a button that is there, or a
// line of a list that is.
func offered(v wire.View, c wire.Command) error {
	has := func(listed bool) error {
		if !listed {
			return fmt.Errorf("screen %s offers no %s %s; its buttons are %v", v.Name, c.Action, c.Value, v.Actions)
		}
		return nil
	}
	switch c.Action {
	case "service":
		return has(v.Services != nil && slices.ContainsFunc(v.Services.Items, func(i wire.ServiceItem) bool { return i.Code == c.Value }))
	case "procedure":
		items := []wire.ProcedureItem{}
		if v.Procedures != nil {
			items = v.Procedures.Items
		} else if v.Procedure != nil {
			items = v.Procedure.Offer
		}
		return has(slices.ContainsFunc(items, func(i wire.ProcedureItem) bool { return i.Code == c.Value }))
	case "case":
		return has(v.Case != nil && slices.ContainsFunc(v.Case.Items, func(i wire.CaseItem) bool { return i.Code == c.Value }))
	case "edit":
		return has(v.Review != nil && slices.ContainsFunc(v.Review.Sections, func(s wire.ReviewSection) bool {
			return slices.ContainsFunc(s.Facts, func(f wire.Fact) bool { return f.Edit == c.Value })
		}))
	case "paper":
		return has(v.Papers != nil)
	case "search":
		return has(v.Services != nil || v.Procedures != nil)
	case "language", "size", "contrast", "reach", "touch":
		return nil
	}
	return has(slices.Contains(v.Actions, c.Action))
}
