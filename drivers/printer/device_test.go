package printer_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"strings"
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
	dev, err := printer.New(sim.Dial, p, quiet)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, sim)
	return bench{dev, sim}
}

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

// Every profile prints every paper exactly as it is rendered, dot for dot, with
// commands the printer understands and a QR code that can be read.
func TestPaperIsTheRendering(t *testing.T) {
	renderer, err := printer.NewRenderer()
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := printer.Profiles()
	if err != nil {
		t.Fatal(err)
	}
	qr := map[printer.Kind]string{
		printer.KindTicket: "A012 · UBND phường Ba Đình · 09:41 23/11/2026", printer.KindSlip: "TIEPDAN:7QK2M9XD4TPA",
	}
	for _, p := range profiles {
		for _, kind := range []printer.Kind{printer.KindTicket, printer.KindSlip, printer.KindChecklist} {
			t.Run(fmt.Sprint(p.Name, " ", kind), func(t *testing.T) {
				inBubble(t, p, func(t *testing.T, b bench) {
					b.sim.Mute(p.Status == "none")
					b.sim.Expect(string(kind), "x")
					b.expect(t, sample(t, kind), printer.Printed, nil)
					synctest.Wait()
					if tr := b.sim.Troubles(); len(tr) > 0 {
						t.Error("the printer did not understand:", tr)
					}
					job := b.lastJob(t)
					got, _ := b.sim.Paper(job.ID)
					want, err := renderer.Render(sample(t, kind), p.Dots)
					if err != nil {
						t.Fatal(err)
					}
					samePaper(t, got, want, p.Tail)
					if text, ok := qr[kind]; ok {
						if got := readQR(t, got); got != text {
							t.Errorf("QR says %q, want %q", got, text)
						}
					}
					t.Logf("%d bytes, %d mm", job.Bytes, got.Height/8)
				})
			})
		}
	}
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

func TestTicketBytes(t *testing.T) {
	const most = 16000
	inBubble(t, profileNamed(t, "generic-80"), func(t *testing.T, b bench) {
		b.expect(t, sample(t, printer.KindTicket), printer.Printed, nil)
		if n := b.lastJob(t).Bytes; n > most {
			t.Errorf("a ticket with QR is %d bytes, at most %d are wanted", n, most)
		}
	})
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

func TestPaperOutInMidJob(t *testing.T) {
	inBubble(t, profileNamed(t, "generic-80"), func(t *testing.T, b bench) {
		b.sim.OutAfter(40)
		b.expect(t, sample(t, printer.KindTicket), printer.Unknown, printer.ErrPaperOut)
		if j := b.lastJob(t); j.State != printersim.Stopped {
			t.Error("job is", j.State)
		}
		b.expect(t, small(), printer.NotPrinted, printer.ErrPaperOut)
		if err := b.sim.SetPaper("ok"); err != nil {
			t.Fatal(err)
		}
		// The printer itself goes on with what it had; the next paper is one of its own.
		b.expect(t, small(), printer.Printed, nil)
		checkAlone(t, b, small())
	})
}

// checkAlone checks that the last paper holds the document and nothing else.
func checkAlone(t *testing.T, b bench, doc printer.Document) {
	t.Helper()
	r, err := printer.NewRenderer()
	if err != nil {
		t.Fatal(err)
	}
	want, err := r.Render(doc, b.Profile().Dots)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := b.sim.Paper(b.lastJob(t).ID)
	samePaper(t, got, want, b.Profile().Tail)
}

// The line is cut after every number of bytes. A ticket whose tail is missing is
// never called printed, one without ink may be anything but printed, and the
// next ticket is whole and on a paper of its own.
func TestLineCutAtEveryByte(t *testing.T) {
	for _, name := range []string{"generic-80", "generic-58", "silent-80"} {
		t.Run(name, func(t *testing.T) {
			profile := profileNamed(t, name)
			const enough = 100000
			total := 0
			inBubble(t, profile, func(t *testing.T, b bench) {
				b.sim.Mute(profile.Status == "none")
				b.sim.CutAfter(enough)
				b.expect(t, small(), printer.Printed, nil)
				synctest.Wait()
				total = enough - b.sim.BytesLeft()
			})
			counts := map[printer.Outcome]int{}
			for cut := range total {
				if cut > 100 && cut < 2000 && cut%97 != 0 {
					continue // within the zeros that come first
				}
				inBubble(t, profile, func(t *testing.T, b bench) {
					b.sim.Mute(profile.Status == "none")
					b.sim.CutAfter(cut)
					got, err := b.Print(t.Context(), small())
					counts[got]++
					synctest.Wait()
					ink := len(b.sim.Jobs()) > 0
					whole := ink && b.lastJob(t).State == printersim.Printed
					switch {
					case got == printer.Printed && !whole:
						t.Fatalf("cut after %d of %d bytes: printed, but it is not", cut, total)
					case got == printer.NotPrinted && ink:
						t.Fatalf("cut after %d of %d bytes: not printed, but there is ink", cut, total)
					case got != printer.Printed && !errors.Is(err, printer.ErrOffline):
						t.Fatalf("cut after %d of %d bytes: %v", cut, total, err)
					}
					if cut%17 != 0 {
						return // the rest is slower: every byte of a command has its turn anyway
					}
					if err := b.sim.SetLine("ok"); err != nil {
						t.Fatal(err)
					}
					b.expect(t, small(), printer.Printed, nil)
					synctest.Wait()
					checkAlone(t, b, small())
				})
			}
			t.Logf("%d cuts: %v", total, counts)
			if counts[printer.Unknown] == 0 || counts[printer.NotPrinted] == 0 {
				t.Error("the cuts did not reach both sides of the first ink")
			}
		})
	}
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
	dev, err := printer.New(printer.Serial(sim.Port(), p.Baud), p, quiet)
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
