package scanner_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/drivers/scanner"
	"tiepdan/drivers/scanner/scannersim"
)

var quiet = slog.New(slog.DiscardHandler)

func generic(t *testing.T) scanner.Profile { return profileNamed(t, "generic") }

func profileNamed(t *testing.T, name string) scanner.Profile {
	t.Helper()
	p, err := scanner.ProfileNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

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
		s := scanner.New(sim.Dial, generic(t), quiet)
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
	s := scanner.New(scanner.Serial(sim.Port(), 9600), generic(t), quiet)
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

// inBubble runs a test with a scanner of a profile that is plugged in, in fake time.
func inBubble(t *testing.T, profile string, test func(t *testing.T, s *scanner.Scanner, sim *scannersim.Sim, texts <-chan string)) {
	synctest.Test(t, func(t *testing.T) {
		sim := scannersim.New()
		s := scanner.New(sim.Dial, profileNamed(t, profile), quiet)
		texts, stop := watch(t, s)
		synctest.Wait()
		test(t, s, sim, texts)
		stop()
		synctest.Wait()
	})
}

// Whatever a scanner does to a card's code, the kiosk gets the code, or a text with a
// hole where nothing can be known, or nothing; and the next scan is right.
func TestFaults(t *testing.T) {
	const name = "001090012367|012345678|Nguyễn Thị Bích Ngọc|01021990|Nữ|Số 5 Hàng Đào, Hoàn Kiếm, Hà Nội|01012021"
	for _, f := range scannersim.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			inBubble(t, map[string]string{"no-end": "generic-silent"}[f.Name], func(t *testing.T, s *scanner.Scanner, sim *scannersim.Sim, texts <-chan string) {
				if err := sim.SetFault(f.Name); err != nil {
					t.Fatal(err)
				}
				if err := sim.Scan(name); err != nil {
					t.Fatal(err)
				}
				time.Sleep(200 * time.Millisecond)
				var got []string
				for len(texts) > 0 {
					got = append(got, <-texts)
				}
				switch f.Name {
				case "torn", "megabyte":
					if len(got) > 0 {
						t.Errorf("%d texts", len(got))
					}
				case "bit", "noise":
					if len(got) != 1 || !strings.Contains(got[0], "\ufffd") {
						t.Errorf("%q, want a text with a hole", got)
					}
				default:
					if len(got) != 1 || got[0] != name {
						t.Errorf("%q", got)
					}
				}
				time.Sleep(3 * time.Second)
				if err := errors.Join(sim.SetFault(""), sim.Scan("A012")); err != nil {
					t.Fatal(err)
				}
				if next := <-texts; next != "A012" {
					t.Errorf("then %q", next)
				}
			})
		})
	}
}

// A scanner hears what its profile says, also when it was plugged in later.
func TestCommands(t *testing.T) {
	inBubble(t, "datalogic-magellan", func(t *testing.T, s *scanner.Scanner, sim *scannersim.Sim, _ <-chan string) {
		hears := func(want string, errs ...error) {
			t.Helper()
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
			synctest.Wait()
			if got := sim.Heard(); got != want {
				t.Errorf("it hears %q, want %q", got, want)
			}
		}
		hears("")
		hears("E", s.Aim(true))
		hears("\x01", s.Sound(true))
		hears("F", s.Sound(false))
		hears("", sim.Unplug())
		hears("", s.Sound(true))
		hears("E", sim.Plug())
		hears("D", s.Aim(false))
	})
	inBubble(t, "generic", func(t *testing.T, s *scanner.Scanner, sim *scannersim.Sim, _ <-chan string) {
		if err := errors.Join(s.Aim(true), s.Sound(false), s.Aim(false)); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if got := sim.Heard(); got != "" {
			t.Errorf("a scanner that takes no commands hears %q", got)
		}
	})
}

func TestProfilesAreStrict(t *testing.T) {
	const good = "- name: mine\n  baud: 9600\n  end: byte\n  aim: '\\x16T\\r'\n  sources:\n    - {fact: all, from: me}\n"
	ps, err := scanner.ParseProfiles([]byte(good))
	if err != nil || len(ps) != 1 || string(ps[0].Aim) != "\x16T\r" {
		t.Fatal(ps, err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"mine", "My Own", "name"}, {"9600", "1", "baud"}, {"byte", "comma", "end"}, {"\\r", "\\q", "command"},
		{"aim:", "aim_off:", "aim"}, {"from: me", "from: \"\"", "sources"}, {"baud:", "bauds:", "bauds"}, {good, good + good, "twice"},
	} {
		if _, err := scanner.ParseProfiles([]byte(strings.Replace(good, c.from, c.to, 1))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: %v", c.to, c.from, err)
		}
	}
	if _, err := scanner.ProfileNamed("mine"); err == nil || !strings.Contains(err.Error(), "generic") {
		t.Error(err)
	}
}
