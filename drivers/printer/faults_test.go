package printer_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
)

// honest checks what a job was called against what came out: printed is a whole
// paper, not printed is no ink, and anything between is neither.
func (b bench) honest(t *testing.T, got printer.Outcome, err error) {
	t.Helper()
	synctest.Wait()
	ink := len(b.sim.Jobs()) > 0
	whole := ink && b.lastJob(t).State == printersim.Printed
	switch {
	case got == printer.Printed && !whole:
		t.Fatal("printed, but it is not")
	case got == printer.NotPrinted && ink:
		t.Fatal("not printed, but there is ink")
	case (got == printer.Printed) != (err == nil):
		t.Fatal(got, err)
	}
}

// heals checks that the next paper is whole and holds nothing else.
func (b bench) heals(t *testing.T) {
	t.Helper()
	b.expect(t, small(), printer.Printed, nil)
	synctest.Wait()
	checkAlone(t, b, small())
}

// brief has all that a ticket has, once.
func brief() printer.Document {
	return printer.Document{Kind: printer.KindTicket, Number: "7", Blocks: []printer.Block{
		printer.Text{Text: "Số", Size: printer.SizeTitle}, printer.Number{Text: "7"}, printer.Rule{},
		printer.Badge{Text: "Ưu tiên"}, printer.QR{Text: "7"},
	}}
}

// The line is cut after every byte of a ticket.
func TestLineCutAtEveryByte(t *testing.T) {
	for _, c := range []struct {
		profile string
		doc     printer.Document
	}{
		{"generic-80", small()}, {"generic-58", small()}, {"silent-80", small()},
		{"epson-tm-t20", brief()}, {"citizen-ct-s310", small()},
	} {
		t.Run(c.profile, func(t *testing.T) {
			t.Parallel()
			profile := profileNamed(t, c.profile)
			const enough = 100000
			total := 0
			inBubble(t, profile, func(t *testing.T, b bench) {
				b.sim.CutAfter(enough)
				b.expect(t, c.doc, printer.Printed, nil)
				synctest.Wait()
				total = enough - b.sim.BytesLeft()
			})
			counts := map[printer.Outcome]int{}
			for cut := range total {
				if cut > 100 && cut < 2000 && cut%97 != 0 {
					continue // within the zeros that come first
				}
				inBubble(t, profile, func(t *testing.T, b bench) {
					b.sim.CutAfter(cut)
					got, err := b.Print(t.Context(), c.doc)
					counts[got]++
					b.honest(t, got, err)
					if got != printer.Printed && !errors.Is(err, printer.ErrOffline) {
						t.Fatalf("cut after %d of %d bytes: %v", cut, total, err)
					}
					if cut%37 != 0 {
						return // the rest is slower: every byte of a command has its turn anyway
					}
					if err := b.sim.SetLine("ok"); err != nil {
						t.Fatal(err)
					}
					b.heals(t)
				})
			}
			t.Logf("%d bytes: %v", total, counts)
			if counts[printer.Unknown] == 0 || counts[printer.NotPrinted] == 0 {
				t.Error("the cuts did not reach both sides of the first ink")
			}
		})
	}
}

// Every single answer of a job, before it and after it, is lost, late, stale or
// garbled.
func TestEveryAnswerGoesWrong(t *testing.T) {
	const most = 16 // answers of one job are fewer
	for _, name := range []string{"generic-80", "epson-tm-t20"} {
		for _, what := range []string{"lost", "late", "stale", "garbled"} {
			t.Run(name+" "+what, func(t *testing.T) {
				counts := map[printer.Outcome]int{}
				for n := range most {
					inBubble(t, profileNamed(t, name), func(t *testing.T, b bench) {
						b.sim.AnswerFault(n+1, what)
						got, err := b.Print(t.Context(), small())
						counts[got]++
						b.honest(t, got, err)
						b.sim.AnswerFault(0, "") // if the job had fewer answers
						b.heals(t)
					})
				}
				t.Logf("answer 1 to %d %s: %v", most, what, counts)
				if counts[printer.Printed] == 0 {
					t.Error("more answers than thought")
				}
			})
		}
	}
}

// Some printers tell of themselves unasked, and some lines are noisy.
func TestNoise(t *testing.T) {
	for _, p := range profiles(t) {
		if p.Status == "none" {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			inBubble(t, p, func(t *testing.T, b bench) {
				if err := b.sim.SetFault("noise"); err != nil {
					t.Fatal(err)
				}
				b.expect(t, small(), printer.Printed, nil)
				b.sim.OutAfter(40)
				got, err := b.Print(t.Context(), sample(t, printer.KindSlip))
				if got != printer.Unknown || !errors.Is(err, printer.ErrPaperOut) {
					t.Error(got, err)
				}
			})
		})
	}
}

// Paper runs out at every row of a ticket and of the white after it. The printer
// itself goes on with what it had; the next paper is one of its own.
func TestPaperOutAtEveryRow(t *testing.T) {
	for _, name := range []string{"generic-80", "epson-tm-t20"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			profile := profileNamed(t, name)
			rows := 0
			inBubble(t, profile, func(t *testing.T, b bench) {
				b.heals(t)
				paper, _ := b.sim.Paper(b.lastJob(t).ID)
				rows = paper.Height
			})
			counts := map[printer.Outcome]int{}
			for row := range rows + 2 {
				inBubble(t, profile, func(t *testing.T, b bench) {
					b.sim.OutAfter(row + 1)
					got, err := b.Print(t.Context(), small())
					counts[got]++
					b.honest(t, got, err)
					if got != printer.Printed && !errors.Is(err, printer.ErrPaperOut) {
						t.Fatalf("out after %d of %d rows: %v", row+1, rows, err)
					}
					if err := b.sim.SetPaper("ok"); err != nil {
						t.Fatal(err)
					}
					b.heals(t)
					if n := len(b.sim.Jobs()); n != 2 {
						t.Fatalf("out after %d of %d rows: %d papers of 2", row+1, rows, n)
					}
				})
			}
			t.Logf("%d rows: %v", rows, counts)
		})
	}
}

// Whatever is wrong for a while, the printer heals by itself when it is over, and
// until then what it is called is true.
func TestFaultsHeal(t *testing.T) {
	for _, f := range []string{"cover-open", "cutter-jam", "hot:20s", "broken", "line-dead", "mute", "late:1s", "lost:3", "stale", "garbled:3", "paper-out:60", "line-cut:2300"} {
		for _, name := range []string{"generic-80", "epson-tm-t20"} {
			t.Run(fmt.Sprint(f, " ", name), func(t *testing.T) {
				inBubble(t, profileNamed(t, name), func(t *testing.T, b bench) {
					if err := b.sim.SetFault(f); err != nil {
						t.Fatal(err)
					}
					got, err := b.Print(t.Context(), small())
					b.honest(t, got, err)
					if err := b.sim.SetFault("none"); err != nil {
						t.Fatal(err)
					}
					b.heals(t)
				})
			})
		}
	}
}
