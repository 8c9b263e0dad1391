package printer

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

var morning = time.Date(2026, 11, 23, 9, 41, 0, 0, vietnam)

func newTestRenderer(t testing.TB) *Renderer {
	t.Helper()
	r, err := NewRenderer()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sample(t testing.TB, kind Kind, lang string) Document {
	t.Helper()
	paper, err := Sample(kind, morning, lang)
	if err != nil {
		t.Fatal(err)
	}
	return layOut(t, paper)
}

// layOut lays a paper out as we do where nobody says otherwise.
func layOut(t testing.TB, p Paper) Document {
	t.Helper()
	l, err := NewLayouts(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return l.Document(p)
}

func TestGoldenPapers(t *testing.T) {
	r := newTestRenderer(t)
	for _, dots := range []int{576, 384} {
		for _, kind := range []Kind{KindTicket, KindSlip, KindChecklist, KindAcceptance, KindTest, KindReadiness} {
			for _, lang := range []string{"vi", "en"} {
				name := fmt.Sprintf("%s-%s-%d", kind, lang, dots)
				t.Run(name, func(t *testing.T) {
					paper, err := r.Render(sample(t, kind, lang), dots)
					if err != nil {
						t.Fatal(err)
					}
					checkGolden(t, paper, name)
				})
			}
		}
	}
}

// checkGolden compares a paper with its picture in testdata, dot for dot.
func checkGolden(t *testing.T, paper *Bitmap, name string) {
	t.Helper()
	const margin = 24
	file := filepath.Join("testdata", name+".png")
	if *update {
		var b bytes.Buffer
		if err := paper.WritePNG(&b, margin); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if got := paper.Image(margin); !sameImage(got, want) {
		t.Errorf("%s differs from %s; look at it, then run with -update", name, file)
	}
}

func sameImage(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			ar, ag, ab, _ := a.At(x, y).RGBA()
			br, bg, bb, _ := b.At(x, y).RGBA()
			if ar != br || ag != bg || ab != bb {
				return false
			}
		}
	}
	return true
}

// Without a network the paper claims no more than is so.
func TestSlipSaysWhetherItWasSent(t *testing.T) {
	for _, kept := range []bool{false, true} {
		doc := layOut(t, Slip{Authority: "UBND phường Ba Đình", Receipt: "K7QD-3M9X-V2TA", Kept: kept, Lang: "vi"})
		var said string
		for _, b := range doc.Blocks {
			if text, ok := b.(Text); ok {
				said += text.Text + " "
			}
		}
		if sent := strings.Contains(said, "Đã gửi hồ sơ"); sent == kept {
			t.Errorf("kept %v: the slip says %q", kept, said)
		}
	}
}
