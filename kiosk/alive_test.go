package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The service manager is told READY once all proofs hold, WATCHDOG as long as they do, and
// nothing while one does not.
func TestWatchdog(t *testing.T) {
	addr := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: addr, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", addr)
	t.Setenv("WATCHDOG_USEC", "90000")
	heard := func(within time.Duration) string {
		t.Helper()
		buffer := make([]byte, 256)
		socket.SetReadDeadline(time.Now().Add(within))
		n, err := socket.Read(buffer)
		if err != nil {
			return ""
		}
		return string(buffer[:n])
	}
	broken := make(chan bool, 1)
	broken <- true
	p := proof{"part", func(context.Context) error {
		b := <-broken
		broken <- b
		if b {
			return errors.New("stuck")
		}
		return nil
	}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- watchdog([]proof{p}, slog.New(slog.DiscardHandler))(ctx) }()
	if said := heard(200 * time.Millisecond); said != "" {
		t.Error("a daemon that does not serve says", said)
	}
	<-broken
	broken <- false
	var all []string
	for len(all) < 4 {
		said := heard(5 * time.Second)
		if said == "" {
			t.Fatal("it says nothing more after", all)
		}
		all = append(all, said)
	}
	if said := strings.Join(all, " "); strings.Count(said, "READY=1") != 1 || strings.Count(said, "WATCHDOG=1") != 3 {
		t.Error(said)
	}
	<-broken
	broken <- true
	for heard(60*time.Millisecond) != "" { // what was said before
	}
	if said := heard(200 * time.Millisecond); said != "" {
		t.Error("a daemon that is stuck says", said)
	}
	stop()
	<-ended
}
