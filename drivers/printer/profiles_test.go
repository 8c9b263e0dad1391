package printer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
)

func profiles(t testing.TB) []printer.Profile {
	t.Helper()
	ps, err := printer.Profiles()
	if err != nil {
		t.Fatal(err)
	}
	return ps
}

var kinds = []printer.Kind{printer.KindTicket, printer.KindSlip, printer.KindChecklist, printer.KindAcceptance,
	printer.KindTest, printer.KindReadiness}

// Every profile prints every paper as it is meant, dot for dot, on a printer that
// has what the profile says and no more, with commands it understands and QR codes
// that can be read.
func TestPaperIsTheRendering(t *testing.T) {
	renderer := sharedRenderer()
	for _, p := range profiles(t) {
		for _, kind := range kinds {
			t.Run(fmt.Sprint(p.Name, " ", kind), func(t *testing.T) {
				inBubble(t, p, func(t *testing.T, b bench) {
					doc := sample(t, kind)
					b.expect(t, doc, printer.Printed, nil)
					synctest.Wait()
					if tr := b.sim.Troubles(); len(tr) > 0 {
						t.Error("the printer did not understand:", tr)
					}
					job := b.lastJob(t)
					got, _ := b.sim.Paper(job.ID)
					samePaper(t, got, meant(t, renderer, doc, p), p.Tail)
					for _, block := range doc.Blocks {
						if qr, ok := block.(printer.QR); ok {
							if got := readQR(t, got); got != qr.Text {
								t.Errorf("QR says %q, want %q", got, qr.Text)
							}
						}
					}
					if kind == printer.KindTicket {
						checkTicketBytes(t, p, job.Bytes)
					}
				})
			})
		}
	}
}

// checkTicketBytes holds a ticket with its QR code to what it may cost on the line.
func checkTicketBytes(t *testing.T, p printer.Profile, bytes int) {
	most := 16000
	switch {
	case p.Glyphs == "downloaded" && p.QR == "native":
		most = 2000
	case p.Glyphs == "downloaded":
		most = 3000 // the code is sent drawn
	}
	if bytes > most {
		t.Errorf("a ticket with QR is %d bytes, at most %d are wanted", bytes, most)
	}
}

// Every Vietnamese letter and the name of every unit come out of every profile as
// meant: dot for dot where dots travel, glyph for glyph where letters do.
func TestEveryNameOnEveryProfile(t *testing.T) {
	renderer := sharedRenderer()
	docs := []printer.Document{lettersPaper()}
	for names := range slices.Chunk(unitNames(t), 42) {
		docs = append(docs, namesPaper(names))
	}
	for _, p := range profiles(t) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			for i, doc := range docs {
				job, err := renderer.Job(doc, p)
				if err != nil {
					t.Fatal(err)
				}
				sim := printersim.New(p.Dots, quiet)
				sim.Behave(p)
				sim.Receive(job)
				sim.Receive([]byte("\x1dr\x01")) // ends it where there is no cutter
				if jobs, tr := sim.Jobs(), sim.Troubles(); len(jobs) != 1 || len(tr) > 0 {
					t.Fatalf("paper %d: %d papers, troubles %v", i, len(jobs), tr)
				}
				got, _ := sim.Paper(sim.Jobs()[0].ID)
				samePaper(t, got, meant(t, renderer, doc, p), p.Tail)
			}
		})
	}
}

// lettersPaper has every accented letter in every size.
func lettersPaper() printer.Document {
	doc := printer.Document{Kind: printer.KindTest, Number: "1"}
	for chunk := range slices.Chunk(printer.Accented(), 27) {
		for _, size := range []printer.Size{printer.SizeSmall, printer.SizeNormal, printer.SizeLarge, printer.SizeTitle} {
			doc.Blocks = append(doc.Blocks, printer.Text{Text: string(chunk), Size: size, Bold: size == printer.SizeLarge})
		}
		doc.Blocks = append(doc.Blocks, printer.Badge{Text: string(chunk)})
	}
	return doc
}

// namesPaper has units as tickets name them, in the order of the city's own list.
func namesPaper(names []string) printer.Document {
	doc := printer.Document{Kind: printer.KindTest, Number: "1"}
	for i, n := range names {
		text := printer.Text{Text: "UBND " + n, Line: true, Align: printer.AlignCenter}
		if i%2 == 0 {
			text.Size, text.Bold = printer.SizeLarge, true
		}
		doc.Blocks = append(doc.Blocks, text)
	}
	return doc
}

func unitNames(t *testing.T) []string {
	t.Helper()
	var city struct{ Wards []struct{ FullName string } }
	if err := json.Unmarshal(printer.SharedData(t, "hanoi-units-2025.json"), &city); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, w := range city.Wards {
		names = append(names, w.FullName)
	}
	if len(names) != 126 {
		t.Errorf("%d units, there are 126", len(names))
	}
	return names
}

// At least ten families are known, and of each where the facts are from.
func TestFamiliesAreKnown(t *testing.T) {
	families := map[string]bool{}
	for _, p := range profiles(t) {
		maker, _, _ := strings.Cut(p.Name, "-")
		if maker == "generic" || maker == "silent" {
			continue
		}
		families[p.Name] = true
		if len(p.Sources) == 0 {
			t.Errorf("%s: no sources", p.Name)
		}
	}
	if len(families) < 10 {
		t.Errorf("%d families: %v", len(families), families)
	}
}

// The rulers of a width that the paper has show their ends on it; the others' are cut
// off.
func TestRulersOnPaper(t *testing.T) {
	for _, dots := range []int{384, 576} {
		sim := printersim.New(dots, quiet)
		strip, err := sharedRenderer().WidthStrip()
		if err != nil {
			t.Fatal(err)
		}
		sim.Receive(strip)
		sim.Receive([]byte("\x1dr\x01"))
		if len(sim.Jobs()) != 1 || len(sim.Troubles()) > 0 {
			t.Fatal(sim.Jobs(), sim.Troubles())
		}
		paper, _ := sim.Paper(sim.Jobs()[0].ID)
		ends := map[int]bool{} // columns that are black from top to bottom of some ruler
		for x := 4; x < dots; x++ {
			run := 0
			for y := range paper.Height {
				if !paper.Black(x, y) {
					run = 0
				} else if run++; run == 24 {
					ends[x+1] = true
				}
			}
		}
		for _, w := range []int{384, 512, 576, 640, 832} {
			if ends[w] != (w <= dots) {
				t.Errorf("on paper of %d dots, the end of the ruler of %d: %v", dots, w, ends[w])
			}
		}
	}
}
