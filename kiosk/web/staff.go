package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"tiepdan/kiosk/queue"
	"tiepdan/kiosk/session"
	"tiepdan/kiosk/wire"
)

const staffCookie = "tiepdan-counter"

// signInChoices tells the sign-in form which counters there are.
func (s *Server) signInChoices(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"counters": s.Officers.counters})
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	var in struct{ ID, PIN, Counter string }
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "malformed"})
		return
	}
	if !slices.Contains(s.Officers.counters, in.Counter) {
		answer(w, http.StatusBadRequest, map[string]string{"error": "no-such-counter"})
		return
	}
	token, err := s.Officers.signIn(in.ID, in.PIN, in.Counter, address(r), time.Now())
	switch {
	case errors.Is(err, ErrTooMany):
		w.Header().Set("Retry-After", "60")
		answer(w, http.StatusTooManyRequests, map[string]string{"error": "too-many-tries"})
	case errors.Is(err, ErrWrongPIN):
		answer(w, http.StatusUnauthorized, map[string]string{"error": "wrong-pin"})
	case err != nil:
		s.Log.Error("sign-in failed", "err", err)
		answer(w, http.StatusInternalServerError, map[string]string{"error": "not-possible-now"})
	default:
		http.SetCookie(w, &http.Cookie{Name: staffCookie, Value: token, Path: "/", HttpOnly: true,
			Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode, MaxAge: int(signedInFor / time.Second)})
		w.WriteHeader(http.StatusNoContent)
	}
}

// address is whom a request comes from; of an IPv6 address the network, for a
// single machine has as many addresses there as it likes.
func address(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if a := from.Addr().Unmap(); a.Is6() {
		return netip.PrefixFrom(a, 64).Masked().String()
	}
	return from.Addr().Unmap().String()
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// counter is one officer's websocket. A press names the screen it saw: one on a
// screen that is gone (somebody's double click) is dropped.
func (s *Server) counter(w http.ResponseWriter, r *http.Request) {
	var token string
	if c, err := r.Cookie(staffCookie); err == nil {
		token = c.Value
	}
	who, ok := s.Officers.signedIn(token, time.Now())
	if !ok {
		http.Error(w, "Sign in first.", http.StatusUnauthorized)
		return
	}
	conn, ok := s.upgrade(w, r)
	if !ok {
		return
	}
	view := func(st stamped[queue.State]) wire.CounterView {
		env := s.env()
		desk := wire.Desk{Unit: env.Site.Unit, Site: env.Site.Name, Officer: who.Officer.Name, Counter: who.Counter}
		return wire.EncodeCounter(st.value, env.Catalogue, desk, st.rev, time.Now())
	}
	feed, cancel := s.hall.subscribe()
	defer cancel()
	err := converse(r.Context(), conn, feed,
		func(st stamped[queue.State]) ([]byte, error) {
			if _, still := s.Officers.signedIn(token, time.Now()); !still {
				return nil, errSignedOut
			}
			return json.Marshal(view(st))
		},
		func(ctx context.Context, b []byte) error {
			cmd, err := wire.DecodeCounterCommand(b)
			if err != nil {
				return &badCommand{err}
			}
			if _, still := s.Officers.signedIn(token, time.Now()); !still {
				return errSignedOut
			}
			if cmd.Action == "sign-out" {
				s.Officers.signOut(token)
				return errSignedOut
			}
			now := view(s.hall.now())
			if ev, ok := cmd.Event(who.Counter); ok && cmd.Screen == now.Screen && slices.Contains(now.Actions, cmd.Action) {
				s.Hall.Post(ctx, ev)
			}
			return ctx.Err()
		})
	s.Log.Debug("counter left", "counter", who.Counter, "why", err)
}

var errSignedOut = errors.New("signed out")

// board is the hall's screen. It holds no names, so anybody in the hall may see it.
func (s *Server) board(w http.ResponseWriter, r *http.Request) {
	conn, ok := s.upgrade(w, r)
	if !ok {
		return
	}
	feed, cancel := s.hall.subscribe()
	defer cancel()
	err := converse(r.Context(), conn, feed,
		func(st stamped[queue.State]) ([]byte, error) {
			env := s.env()
			desk := wire.Desk{Unit: env.Site.Unit, Site: env.Site.Name}
			return json.Marshal(wire.EncodeBoard(st.value, env.Catalogue, desk, st.rev, time.Now()))
		},
		func(context.Context, []byte) error { return &badCommand{errors.New("the board only listens")} })
	s.Log.Debug("board left", "why", err)
}

// env is what the kiosk was told, as the visit's state carries it; empty when
// it was told nothing.
func (s *Server) env() *session.Env {
	if env := s.state.now().value.Env; env != nil {
		return env
	}
	return new(session.Env)
}
