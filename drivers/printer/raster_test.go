package printer_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
)

// Whatever is on the paper comes out of the other end of the encoding, by every
// profile: noise, lines, boxes at odd places, pairs of dots and rows.
func FuzzEncode(f *testing.F) {
	for seed := range uint64(12) {
		f.Add(seed)
	}
	profiles, err := printer.Profiles()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		p := profiles[seed%uint64(len(profiles))]
		want := scribble(seed, p.Dots)
		sim := printersim.New(p.Dots, quiet)
		sim.Behave(p)
		sim.Receive(printer.Encode(want, p))
		sim.Receive([]byte("\x1dr\x01")) // ends it where there is no cutter
		if tr := sim.Troubles(); len(tr) > 0 {
			t.Fatal("the printer did not understand:", tr)
		}
		jobs := sim.Jobs()
		if len(jobs) != 1 {
			t.Fatalf("%d papers", len(jobs))
		}
		got, _ := sim.Paper(jobs[0].ID)
		samePaper(t, got, want, p.Tail)
	})
}

func scribble(seed uint64, dots int) *printer.Bitmap {
	r := rand.New(rand.NewPCG(seed, 1))
	b := printer.NewBitmap(dots, 20+r.IntN(400))
	b.Set(r.IntN(dots), 10, true) // never blank
	for range 1 + r.IntN(12) {
		x, y, w, h := r.IntN(dots), r.IntN(b.Height), 1+r.IntN(dots), 1+r.IntN(60)
		switch r.IntN(4) {
		case 0:
			b.Fill(x, y, min(dots, x+w), min(b.Height, y+h))
		case 1:
			for range w {
				b.Set(r.IntN(dots), y+r.IntN(h), true)
			}
		case 2: // modules of two by two
			for range w {
				mx, my := r.IntN(dots)/2*2, (y+r.IntN(h))/2*2
				b.Fill(mx, my, mx+2, my+2)
			}
		case 3: // centred
			b.Fill(dots/2-w/2, y, dots/2+w/2, y+h)
		}
	}
	return b
}

// A scripted line takes what is written and answers every write with the next of
// some bytes, whatever they are.
type scripted struct {
	answers []byte
	each    int // bytes an answer
	pending []byte
	job     bool // an image was sent
}

func (s *scripted) Write(b []byte) (int, error) {
	s.job = s.job || bytes.Contains(b, []byte("\x1dv0"))
	n := min(s.each, len(s.answers))
	s.pending = append(s.pending, s.answers[:n]...)
	s.answers = s.answers[n:]
	return len(b), nil
}

func (s *scripted) Read(b []byte) (int, error) {
	if len(s.pending) == 0 {
		time.Sleep(time.Second) // fake
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(b, s.pending)
	s.pending = s.pending[n:]
	return n, nil
}

func (*scripted) Close() error                     { return nil }
func (*scripted) SetReadDeadline(time.Time) error  { return nil }
func (*scripted) SetWriteDeadline(time.Time) error { return nil }

// Whatever a printer answers, a job ends: not printed only if nothing was sent,
// printed only if something was and enough of the answers were answers.
func FuzzAnswers(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0x12}, 4), 1)
	f.Add(append(bytes.Repeat([]byte{0x12}, 6), 0, 0x12, 0x12, 0x12, 0x12), 1)
	f.Add(bytes.Repeat([]byte{0x02}, 40), 1) // bits set, but not the fixed ones
	f.Add([]byte("\x16\x12\x12\x72garbage"), 2)
	f.Add(bytes.Repeat([]byte{0xff, 0x11, 0x13}, 3000), 5000)
	f.Add([]byte{}, 0)
	profile := profileNamed(f, "generic-80")
	f.Fuzz(func(t *testing.T, answers []byte, each int) {
		synctest.Test(t, func(t *testing.T) {
			line := &scripted{answers: answers, each: max(0, each)}
			dev, err := printer.New(func(context.Context) (printer.Line, error) { return line, nil }, profile, quiet)
			if err != nil {
				t.Fatal(err)
			}
			right := 0
			for _, b := range answers {
				if b&0x93 == 0x12 {
					right++
				}
			}
			outcome, err := dev.Print(t.Context(), small())
			switch {
			case (outcome == printer.Printed) != (err == nil):
				t.Fatal(outcome, err)
			case (outcome == printer.NotPrinted) == line.job:
				t.Fatalf("%s, but sent is %v", outcome, line.job)
			case outcome == printer.Printed && right < 8:
				t.Fatalf("printed, on %d answers", right)
			}
		})
	})
}
