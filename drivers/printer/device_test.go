package printer_test

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
)

var morning = time.Date(2026, 11, 23, 2, 41, 0, 0, time.UTC)

var quiet = slog.New(slog.DiscardHandler)

func profileNamed(t testing.TB, name string) printer.Profile {
	t.Helper()
	p, err := printer.ProfileNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sample(t testing.TB, kind printer.Kind) printer.Document {
	t.Helper()
	paper, err := printer.Sample(kind, morning, "vi")
	if err != nil {
		t.Fatal(err)
	}
	l, err := printer.NewLayouts(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return l.Document(paper)
}

// small is a ticket of few bytes, for tests that cut it everywhere.
func small() printer.Document {
	return printer.Document{Kind: printer.KindTicket, Number: "7", Blocks: []printer.Block{
		printer.Text{Text: "Số 7"}, printer.Rule{},
	}}
}

// bench is a printer and what it is plugged into.
type bench struct {
	*printer.Printer
	sim *printersim.Sim
}

// plug connects a printer of a profile to a simulated one. In a bubble, what is
// started here ends with the context of the test.
func plug(t testing.TB, p printer.Profile) bench {
	t.Helper()
	sim := printersim.New(p.Dots, quiet)
	sim.Behave(p)
	dev, err := printer.New(sim.Dial, p, quiet)
	if err != nil {
		t.Fatal(err)
	}
	dev.Share(sharedRenderer())
	serve(t, sim)
	return bench{dev, sim}
}

var sharedRenderer = sync.OnceValue(func() *printer.Renderer {
	r, err := printer.NewRenderer()
	if err != nil {
		panic(err)
	}
	return r
})

func serve(t testing.TB, sim *printersim.Sim) {
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- sim.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; !errors.Is(err, context.Canceled) {
			t.Error("serve:", err)
		}
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
}

// inBubble runs a test with a plugged printer in fake time.
func inBubble(t *testing.T, profile printer.Profile, test func(t *testing.T, b bench)) {
	synctest.Test(t, func(t *testing.T) { test(t, plug(t, profile)) })
}

func (b bench) expect(t *testing.T, doc printer.Document, want printer.Outcome, why error) {
	t.Helper()
	got, err := b.Print(t.Context(), doc)
	if got != want || (why == nil) != (err == nil) || (why != nil && !errors.Is(err, why)) {
		t.Fatalf("print: %s, %v; want %s, %v", got, err, want, why)
	}
}

func (b bench) lastJob(t *testing.T) printersim.Job {
	t.Helper()
	jobs := b.sim.Jobs()
	if len(jobs) == 0 {
		t.Fatal("nothing was printed")
	}
	return jobs[len(jobs)-1]
}

// readQR decodes the one QR code on a paper with a library that is not ours.
func readQR(t *testing.T, paper *printer.Bitmap) string {
	t.Helper()
	var img image.Image = paper.Image(16)
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	res, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		t.Fatal("QR code:", err)
	}
	return res.GetText()
}

// meant is a paper as it has to come out: as it is rendered where dots travel; where
// letters do, with those the driver defines, and the simulated printer's own.
func meant(t testing.TB, r *printer.Renderer, doc printer.Document, p printer.Profile) *printer.Bitmap {
	t.Helper()
	const levelM = 1
	paper, err := r.Expect(doc, p, printersim.FontA, func(text string) ([][]bool, error) {
		return printersim.Symbol([]byte(text), levelM)
	})
	if err != nil {
		t.Fatal(err)
	}
	return paper
}

// samePaper compares what came out with what was meant: white rows at the end do
// not matter, but the cut has to be past the last ink by the tail at least.
func samePaper(t *testing.T, got, want *printer.Bitmap, tail int) {
	t.Helper()
	last := 0
	for y := range max(got.Height, want.Height) {
		for x := range want.Width {
			if got.Black(x, y) != want.Black(x, y) {
				t.Fatalf("dot %d,%d differs", x, y)
			}
			if want.Black(x, y) {
				last = y
			}
		}
	}
	if got.Height < last+1+tail {
		t.Errorf("only %d rows after the last ink, want %d", got.Height-last-1, tail)
	}
}

func TestNotPrintedBeforeInk(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*printersim.Sim) error
		err  error
	}{
		{"paper out", func(s *printersim.Sim) error { return s.SetPaper("out") }, printer.ErrPaperOut},
		{"cover open", func(s *printersim.Sim) error { return s.SetCover("open") }, printer.ErrCoverOpen},
		{"cutter", func(s *printersim.Sim) error { s.BlockCutter(true); return nil }, printer.ErrFault},
		{"unplugged", func(s *printersim.Sim) error { return s.SetLine("cut") }, printer.ErrOffline},
		{"dead", func(s *printersim.Sim) error { return s.SetLine("dead") }, printer.ErrOffline},
		{"mute", func(s *printersim.Sim) error { s.Mute(true); return nil }, printer.ErrOffline},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, profileNamed(t, "generic-80"), func(t *testing.T, b bench) {
				if err := c.set(b.sim); err != nil {
					t.Fatal(err)
				}
				b.expect(t, small(), printer.NotPrinted, c.err)
				if jobs := b.sim.Jobs(); len(jobs) > 0 {
					t.Error("yet there is paper:", jobs)
				}
			})
		})
	}
}

func TestLevels(t *testing.T) {
	inBubble(t, profileNamed(t, "generic-80"), func(t *testing.T, b bench) {
		var got []string
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- b.Watch(ctx, func(l printer.Level) { got = append(got, string(l)) }) }()
		steps := []func() error{
			func() error { return nil },
			func() error { return b.sim.SetPaper("low") },
			func() error { return nil },
			func() error { return b.sim.SetPaper("out") },
			func() error { return b.sim.SetCover("open") },
			func() error { return b.sim.SetLine("cut") },
			func() error { return errors.Join(b.sim.SetPaper("ok"), b.sim.SetCover("closed"), b.sim.SetLine("ok")) },
			func() error { b.sim.BlockCutter(true); return nil },
		}
		for _, s := range steps {
			if err := s(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		want := "ready paper-low paper-out cover-open offline ready cutter-jam"
		if s := strings.Join(got, " "); s != want {
			t.Errorf("levels %s, want %s", s, want)
		}
	})
}

// checkAlone checks that the last paper holds the document and nothing else.
func checkAlone(t *testing.T, b bench, doc printer.Document) {
	t.Helper()
	r := sharedRenderer()
	got, _ := b.sim.Paper(b.lastJob(t).ID)
	samePaper(t, got, meant(t, r, doc, b.Profile()), b.Profile().Tail)
}

// Watch and Print share the line: no question falls into a job.
func TestWatchDoesNotDisturbJobs(t *testing.T) {
	inBubble(t, profileNamed(t, "generic-58"), func(t *testing.T, b bench) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- b.Watch(ctx, func(printer.Level) {}) }()
		for range 5 {
			b.expect(t, small(), printer.Printed, nil)
			time.Sleep(1700 * time.Millisecond)
		}
		cancel()
		<-done
		checkAlone(t, b, small())
	})
}

func TestCancelled(t *testing.T) {
	inBubble(t, profileNamed(t, "generic-80"), func(t *testing.T, b bench) {
		ctx, cancel := context.WithCancel(t.Context())
		b.sim.OutAfter(10) // so that it waits for the end of the job
		time.AfterFunc(50*time.Millisecond, cancel)
		if got, err := b.Print(ctx, small()); got != printer.Unknown || err == nil {
			t.Fatal(got, err)
		}
		if got, err := b.Print(ctx, small()); got != printer.NotPrinted || err == nil {
			t.Fatal(got, err)
		}
		if err := b.sim.SetPaper("ok"); err != nil {
			t.Fatal(err)
		}
		b.expect(t, small(), printer.Printed, nil)
	})
}

// A ticket over a real pseudo-terminal, with the real serial code; then the plug
// is pulled and put back, and it prints again.
func TestOverPTY(t *testing.T) {
	p := profileNamed(t, "generic-80")
	sim := printersim.New(p.Dots, quiet)
	if err := sim.OpenPTY(t.TempDir()); err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	dev, err := printer.New(printer.Open(sim.Port(), p.Baud), p, quiet)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, sim)
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	b := bench{dev, sim}
	b.expect(t, sample(t, printer.KindTicket), printer.Printed, nil)
	checkAlone(t, b, sample(t, printer.KindTicket))
	if err := sim.SetLine("cut"); err != nil {
		t.Fatal(err)
	}
	b.expect(t, small(), printer.NotPrinted, printer.ErrOffline)
	if err := sim.SetLine("ok"); err != nil {
		t.Fatal(err)
	}
	b.expect(t, small(), printer.Printed, nil)
	sim.CutAfter(3000)
	b.expect(t, sample(t, printer.KindTicket), printer.Unknown, printer.ErrOffline)
	if err := sim.SetLine("ok"); err != nil {
		t.Fatal(err)
	}
	b.expect(t, small(), printer.Printed, nil)
	checkAlone(t, b, small())
}
