package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/kiosk/health"
	"tiepdan/kiosk/session"
)

// pipes is a listener within a bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }
func (p pipes) ask(header string) net.Conn {
	c, s := net.Pipe()
	p.conns <- local{s}
	fmt.Fprintf(c, "%s\r\nHost: 127.0.0.1:8080\r\n\r\n", header)
	return c
}

// local is a connection from this machine.
type local struct{ net.Conn }

func (local) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5000} }

// When Serve returns, the store may be closed: no request and no websocket is
// still at work then.
func TestServeEndsLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answered := false
		s := New(Options{Addr: "127.0.0.1:8080", Log: slog.New(slog.DiscardHandler), Visits: &fakeVisits{}, Officers: NewOfficers(nil, nil),
			Health: func() health.Report {
				time.Sleep(time.Second)
				answered = true
				return health.Report{Status: health.OK}
			}})
		s.PublishState(session.New(nil))
		l := pipes{make(chan net.Conn), make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx, l) }()

		slow := l.ask("GET /healthz HTTP/1.1")
		body := make(chan int, 1)
		go func() {
			resp, err := http.ReadResponse(bufio.NewReader(slow), nil)
			if err != nil {
				t.Error(err)
				body <- 0
				return
			}
			io.Copy(io.Discard, resp.Body)
			body <- resp.StatusCode
		}()
		ws := l.ask("GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
		left := make(chan struct{})
		go func() { io.Copy(io.Discard, ws); close(left) }()
		synctest.Wait()

		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if !answered {
			t.Error("Serve returned before a request was answered")
		}
		if code := <-body; code != 200 {
			t.Errorf("it was answered %d", code)
		}
		<-left // in a bubble, a websocket left open would be a deadlock
	})
}
