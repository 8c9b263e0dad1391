package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"tiepdan/kiosk/session"
	"tiepdan/kiosk/wire"
)

const (
	maxFrame   = wire.MaxCommand
	pingEvery  = 20 * time.Second
	pongWithin = 50 * time.Second
	sendWithin = 5 * time.Second
)

// socket serves a websocket at path, and lets Serve wait for its end.
func (s *Server) socket(path string, serve http.HandlerFunc) {
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		s.sockets.Add(1)
		defer s.sockets.Done()
		serve(w, r)
	})
}

// upgrade turns the request into a websocket. Host and Origin were checked
// before: CheckOrigin would look again at what ServeHTTP has refused.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) (*websocket.Conn, bool) {
	up := websocket.Upgrader{
		HandshakeTimeout: sendWithin,
		CheckOrigin:      sameOrigin,
		Error: func(w http.ResponseWriter, _ *http.Request, code int, why error) {
			http.Error(w, why.Error(), code)
		},
	}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return nil, false // answered by Error above
	}
	conn.SetReadLimit(maxFrame)
	return conn, true
}

// converse runs one websocket: values of feed go down through encode, frames
// that come up go to command. It returns when either side ends. There is one
// writer, as gorilla/websocket asks, and it is this goroutine.
func converse[T any](ctx context.Context, conn *websocket.Conn, feed <-chan T,
	encode func(T) ([]byte, error), command func(context.Context, []byte) error) error {

	ctx, cancel := context.WithCancelCause(ctx)
	defer conn.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		cancel(receive(ctx, conn, command))
	}()
	defer func() { cancel(nil); conn.Close(); <-done }()

	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			why := context.Cause(ctx)
			code, text := websocket.CloseGoingAway, ""
			if bad, ok := errors.AsType[*badCommand](why); ok {
				code, text = websocket.ClosePolicyViolation, bad.Error()
			}
			conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(sendWithin))
			return why
		case <-ping.C:
			if err := conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(sendWithin)); err != nil {
				return err
			}
		case v := <-feed:
			b, err := encode(v)
			if err != nil {
				return err
			}
			conn.SetWriteDeadline(time.Now().Add(sendWithin))
			if err := conn.WriteMessage(websocket.TextMessage, b); err != nil {
				return err
			}
		}
	}
}

// badCommand closes the socket with a reason its developer can read.
type badCommand struct{ err error }

func (b *badCommand) Error() string { return clip("command: " + b.err.Error()) }
func (b *badCommand) Unwrap() error { return b.err }

// clip keeps a close reason within the 123 bytes of RFC 6455 §5.5.
func clip(s string) string { return safe(s)[:min(len(safe(s)), 80)] }

func receive(ctx context.Context, conn *websocket.Conn, command func(context.Context, []byte) error) error {
	alive := func(string) error { return conn.SetReadDeadline(time.Now().Add(pongWithin)) }
	conn.SetPongHandler(alive)
	alive("")
	for {
		kind, b, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if kind != websocket.TextMessage {
			return &badCommand{errors.New("want a text frame")}
		}
		if err := command(ctx, b); err != nil {
			return err
		}
	}
}

// resident is the screen's websocket: whole Views down, Commands up.
func (s *Server) resident(w http.ResponseWriter, r *http.Request) {
	conn, ok := s.upgrade(w, r)
	if !ok {
		return
	}
	feed, cancel := s.state.subscribe()
	defer cancel()
	err := converse(r.Context(), conn, feed,
		func(st stamped[session.State]) ([]byte, error) {
			return json.Marshal(wire.Encode(st.value, st.rev, time.Now()))
		},
		func(ctx context.Context, b []byte) error {
			cmd, err := wire.DecodeCommand(b)
			if err != nil {
				return &badCommand{err}
			}
			s.Visits.Post(ctx, cmd.Event())
			return ctx.Err()
		})
	s.Log.Debug("screen left", "why", err)
}
