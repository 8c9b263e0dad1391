package scanner_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/drivers/scanner"
	"tiepdan/drivers/scanner/scannersim"
)

var quiet = slog.New(slog.DiscardHandler)

// watch runs a scanner until stop, which returns what it read.
func watch(t *testing.T, s *scanner.Scanner) (texts <-chan string, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	out := make(chan string, 100)
	done := make(chan error, 1)
	go func() { done <- s.Watch(ctx, func(text string) { out <- text }) }()
	return out, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error("watch:", err)
		}
		close(out)
	}
}

func TestUnplugAndPlug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := scannersim.New()
		s := scanner.New(sim.Dial, quiet)
		if s.Level() != scanner.Offline {
			t.Error("before it was opened:", s.Level())
		}
		texts, stop := watch(t, s)
		synctest.Wait()
		step := func(err error, want scanner.Level) {
			t.Helper()
			time.Sleep(3 * time.Second)
			synctest.Wait()
			if err != nil {
				t.Fatal(err)
			}
			if l := s.Level(); l != want {
				t.Fatalf("level %s, want %s", l, want)
			}
		}
		step(sim.Scan("một"), scanner.Ready)
		step(sim.Send([]byte("torn")), scanner.Ready)
		step(sim.Unplug(), scanner.Offline)
		if err := sim.Scan("lost"); err == nil {
			t.Error("somebody took a scan of an unplugged scanner")
		}
		step(sim.Plug(), scanner.Ready)
		step(sim.Scan("hai"), scanner.Ready)
		stop()
		if got, want := slices.Collect(chanValues(texts)), []string{"một", "hai"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func chanValues(c <-chan string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for s := range c {
			if !yield(s) {
				return
			}
		}
	}
}

func TestOverPTY(t *testing.T) {
	sim := scannersim.New()
	if err := sim.OpenPTY(t.TempDir()); err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	s := scanner.New(scanner.Serial(sim.Port(), 9600), quiet)
	texts, stop := watch(t, s)
	const text = "001090012367|Đỗ Thị Hữu Nghĩa|Số 5 Hàng Đào"
	if err := sim.Scan(text); err != nil {
		t.Fatal(err)
	}
	if got := <-texts; got != text {
		t.Errorf("%q, want %q", got, text)
	}
	stop()
	if err := sim.Unplug(); err != nil {
		t.Error(err)
	}
}
