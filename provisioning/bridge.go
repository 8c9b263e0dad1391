package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// A bridge is /nats: the NATS protocol in the binary frames of a websocket, as
// every NATS client speaks it, carried to the bus. The server's own websocket
// listener would do the same on a port of its own; there is to be no other port.
type bridge struct {
	dial func(context.Context) (net.Conn, error)
	log  *slog.Logger
	open atomic.Int64
}

// maxFrame is above the largest message with its protocol line.
const maxFrame = 2 << 20

var upgrader = websocket.Upgrader{
	HandshakeTimeout: 10 * time.Second,
	// Thousands of links say little: each keeps the buffer it had as a request, and
	// borrows one to write with.
	WriteBufferPool: &sync.Pool{},
	// A kiosk is no browser. A page that tries has no business here.
	CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "" },
}

// The request's context ends with the server, and every connection with it.
func (b *bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := b.dial(r.Context())
	if err != nil {
		b.log.Error("the link has no bus behind it", "err", err)
		http.Error(w, "the bus is away, try again", http.StatusServiceUnavailable)
		return
	}
	defer conn.Close()
	ws, err := upgrader.Upgrade(w, r, nil) // answers itself when it can't
	if err != nil {
		return
	}
	defer ws.Close()
	b.open.Add(1)
	defer b.open.Add(-1)
	stop := context.AfterFunc(r.Context(), func() { ws.Close(); conn.Close() })
	defer stop()
	ws.SetReadLimit(maxFrame)

	back := make(chan struct{})
	go func() {
		defer close(back)
		fromBus(ws, conn)
	}()
	toBus(conn, ws)
	conn.Close()
	<-back
}

// toBus carries what the kiosk sends, until it goes. When the bus has gone
// first it reads on for a moment: to close on somebody who is still talking would throw away the
// bus's last word to him, which says why ("Authorization Violation").
func toBus(conn io.Writer, ws *websocket.Conn) {
	buf := make([]byte, 2<<10)
	for {
		kind, frame, err := ws.NextReader()
		if err != nil || kind != websocket.BinaryMessage {
			return
		}
		if _, err := io.CopyBuffer(onlyWriter{conn}, onlyReader{frame}, buf); err != nil {
			conn = io.Discard
		}
	}
}

// lastWord is how long the kiosk may take to hear that the bus has gone.
const lastWord = 2 * time.Second

// fromBus carries what the bus sends, until it goes. No end needs to hear more
// of it than the closed connection: NATS has its own pings and its own errors.
func fromBus(ws *websocket.Conn, conn io.Reader) {
	defer func() {
		ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(lastWord))
		ws.SetReadDeadline(time.Now().Add(lastWord))
	}()
	buf := make([]byte, 4<<10)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			ws.SetWriteDeadline(time.Now().Add(30 * time.Second))
			if err := ws.WriteMessage(websocket.BinaryMessage, buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// These keep io.CopyBuffer from taking a path that makes a buffer of its own.
type onlyWriter struct{ io.Writer }
type onlyReader struct{ io.Reader }
