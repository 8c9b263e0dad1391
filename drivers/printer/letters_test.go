package printer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// accented returns the 134 letters that Vietnamese has beside A to Z: twelve
// vowels with five tones, the six vowels and đ with marks of their own, in both cases.
func accented() []rune {
	var out []rune
	for _, v := range "aăâeêioôơuưy" {
		for _, tone := range "\u0300\u0301\u0309\u0303\u0323" {
			out = append(out, []rune(norm.NFC.String(string(v)+string(tone)))...)
		}
	}
	out = append(out, []rune("ăâêôơưđ")...)
	for _, r := range slices.Clone(out) {
		out = append(out, unicode.ToUpper(r))
	}
	return out
}

// faces are all that papers are drawn with.
func faces(r *Renderer) map[string]*face {
	return map[string]*face{
		"regular small": r.face(regular, 12), "regular normal": r.face(regular, 15), "bold normal": r.face(bold, 15),
		"bold large": r.face(bold, 18), "bold title": r.face(bold, 24), "number": r.face(narrow, 84),
	}
}

func TestEveryVietnameseLetterHasItsGlyph(t *testing.T) {
	letters := accented()
	if len(letters) != 134 {
		t.Fatalf("%d letters, there are 134", len(letters))
	}
	r := newTestRenderer(t)
	for name, f := range faces(r) {
		drawn := map[string]rune{}
		for _, l := range append(letters, []rune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789•–“”…☐")...) {
			if !f.has(l) {
				t.Errorf("%s: no glyph for %c", name, l)
				continue
			}
			g, err := f.glyph(l)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(g.black, true) {
				t.Errorf("%s: %c is blank", name, l)
			}
			// Letters that differ in a mark must differ on paper too.
			if len(letters) > 0 && unicode.IsLetter(l) {
				key := shape(g)
				if other, ok := drawn[key]; ok {
					t.Errorf("%s: %c and %c look the same", name, l, other)
				}
				drawn[key] = l
			}
		}
	}
}

func shape(g *glyph) string {
	var b strings.Builder
	b.WriteString(g.dots.String())
	for _, black := range g.black {
		b.WriteByte('0' + bit(black))
	}
	return b.String()
}

func TestEveryUnitOfHanoiHasItsGlyphs(t *testing.T) {
	raw := sharedData(t, "hanoi-units-2025.json")
	var city struct{ Wards []struct{ FullName string } }
	if err := json.Unmarshal(raw, &city); err != nil {
		t.Fatal(err)
	}
	if len(city.Wards) != 126 {
		t.Errorf("%d units, there are 126", len(city.Wards))
	}
	r := newTestRenderer(t)
	l, err := NewLayouts(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range city.Wards {
		for name, f := range faces(r) {
			for _, l := range clean(w.FullName) {
				if !f.has(l) {
					t.Errorf("%s: %s: no glyph for %c", w.FullName, name, l)
				}
			}
		}
		for _, dots := range []int{576, 384} {
			if _, err := r.Render(l.Document(Ticket{Unit: "UBND " + w.FullName, Number: "A001", At: morning}), dots); err != nil {
				t.Errorf("%s: %v", w.FullName, err)
			}
		}
	}
}

// sharedData reads a file of the data that lies beside the repository, or skips.
func sharedData(t *testing.T, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("no go.mod above")
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "..", "shared", "data", name))
	if err != nil {
		t.Skip("shared data is not here:", err)
	}
	return raw
}

// Decomposed letters, as some keyboards and chips give them, print as composed ones.
func TestDecomposedIsComposed(t *testing.T) {
	r := newTestRenderer(t)
	render := func(s string) *Bitmap {
		b, err := r.Render(Document{Blocks: []Block{Text{Text: s}}}, 576)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const name = "Nguyễn Thị Bích Ngọc, Đỗ Hữu Nghĩa"
	if !render(name).Equal(render(norm.NFD.String(name))) {
		t.Error("the same name prints in two ways")
	}
}

// A letter the font lacks becomes a box, and never an error: a ticket matters more.
func TestForeignLettersStillPrint(t *testing.T) {
	r := newTestRenderer(t)
	b, err := r.Render(Document{Blocks: []Block{Text{Text: "李明 🙂 \x00\ufeff\ufffd"}}}, 384)
	if err != nil || b.Height == 0 {
		t.Error(err)
	}
}

// No text of any length leaves the paper or is lost: every letter is on some line.
func TestWrapKeepsEverything(t *testing.T) {
	f := newTestRenderer(t).face(regular, 15)
	for _, text := range []string{"", "a", strings.Repeat("dài ", 100), strings.Repeat("x", 500), "đường " + strings.Repeat("W", 80) + " số 5"} {
		for _, width := range []int{60, 384, 576} {
			lines, err := wrap(f, text, width)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				if w, err := f.measure(l); err != nil || w > width {
					t.Errorf("%q is %d wide of %d: %v", l, w, width, err)
				}
			}
			if got, want := strings.ReplaceAll(strings.Join(lines, ""), " ", ""), strings.ReplaceAll(text, " ", ""); got != want {
				t.Errorf("%.20q: letters were lost", text)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	r := newTestRenderer(t)
	for name, blocks := range map[string][]Block{
		"too long":    slices.Repeat([]Block{Text{Text: strings.Repeat("dài ", 1000)}}, 50),
		"big space":   {Space{1 << 30}},
		"long number": {Number{strings.Repeat("W", 50)}},
		"no number":   {Number{" "}},
		"big QR":      {QR{strings.Repeat("x", 3000)}},
		"no QR":       {QR{}},
		"size":        {Text{Text: "a", Size: "huge"}},
		"align":       {Text{Text: "a", Align: "right"}},
		"nil":         {nil},
	} {
		if _, err := r.Render(Document{Blocks: blocks}, 384); err == nil {
			t.Error(name, "is drawn")
		}
	}
}
