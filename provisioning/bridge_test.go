package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// When the bus says no and goes, the kiosk hears the no, and the line stays
// open until it has: closing on what it is still sending would take the word back.
func TestBridgeLastWord(t *testing.T) {
	const no = "-ERR 'Authorization Violation'\r\n"
	kiosk, bus := net.Pipe()
	b := &bridge{log: slog.New(slog.DiscardHandler), dial: func(context.Context) (net.Conn, error) { return kiosk, nil }}
	srv := httptest.NewServer(b)
	defer srv.Close()
	ws, _, err := websocket.DefaultDialer.Dial(strings.Replace(srv.URL, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	ws.SetCloseHandler(func(int, string) error { return nil }) // not answered yet: it is still talking

	if err := ws.WriteMessage(websocket.BinaryMessage, []byte("CONNECT {}\r\n")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	if n, err := bus.Read(buf); err != nil || string(buf[:n]) != "CONNECT {}\r\n" {
		t.Fatalf("the bus read %q, %v", buf[:n], err)
	}
	if _, err := bus.Write([]byte(no)); err != nil {
		t.Fatal(err)
	}
	bus.Close()
	if err := ws.WriteMessage(websocket.BinaryMessage, []byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, said, err := ws.ReadMessage(); err != nil || string(said) != no {
		t.Fatalf("the kiosk heard %q, %v", said, err)
	}
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Fatalf("then %v", err)
	}
	line := ws.NetConn()
	line.SetReadDeadline(time.Now().Add(lastWord / 4))
	if _, err := line.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the line was cut: %v", err)
	}
	line.SetReadDeadline(time.Now().Add(patience))
	if _, err := line.Read(buf); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the line stays for good: %v", err)
	}
}

// A kiosk that goes takes its connection to the bus with it, and counts no more.
func TestBridgeEnds(t *testing.T) {
	kiosk, bus := net.Pipe()
	b := &bridge{log: slog.New(slog.DiscardHandler), dial: func(context.Context) (net.Conn, error) { return kiosk, nil }}
	srv := httptest.NewServer(b)
	defer srv.Close()
	ws, _, err := websocket.DefaultDialer.Dial(strings.Replace(srv.URL, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.Close()
	bus.SetReadDeadline(time.Now().Add(patience))
	if _, err := bus.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the bus was not told: %v", err)
	}
	if err := until(t, func() (bool, error) { return b.open.Load() == 0, nil }); err != nil {
		t.Errorf("%d connections are counted", b.open.Load())
	}
	b.dial = func(context.Context) (net.Conn, error) { return nil, errors.New("away") }
	if _, resp, err := websocket.DefaultDialer.Dial(strings.Replace(srv.URL, "http", "ws", 1), nil); err == nil || resp.StatusCode != 503 {
		t.Errorf("without a bus: %v", err)
	}
}
