package printer

import (
	"fmt"
	"image"
	"math"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"github.com/go-fonts/dejavu/dejavusanscondensedbold"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// DejaVu Sans has every Vietnamese letter and mark we print; DejaVu Sans Mono
// lacks many, so a test draws them all. Its x-height is 1120 and its capitals
// are 1493 of 2048 units, as 3 to 4: sizes whose x-height is a multiple of three
// dots have both on the dot grid.
const (
	unitsPerEm   = 2048
	unitsXHeight = 1120
)

// em returns the size, in dots, at which the x-height is that many dots.
func em(xHeight int) float64 { return float64(xHeight) * unitsPerEm / unitsXHeight }

// typeface is one parsed font file.
type typeface struct{ regular, bold, narrow, mono *sfnt.Font }

func parseFonts() (t typeface, err error) {
	for _, f := range []struct {
		dst **sfnt.Font
		ttf []byte
	}{
		{&t.regular, dejavusans.TTF},
		{&t.bold, dejavusansbold.TTF},
		{&t.narrow, dejavusanscondensedbold.TTF},
	} {
		if *f.dst, err = sfnt.Parse(f.ttf); err != nil {
			return t, fmt.Errorf("printer font: %w", err)
		}
	}
	if t.mono, err = parseMono(); err != nil {
		return t, fmt.Errorf("printer font: %w", err)
	}
	return t, nil
}

// A face is a font at one size. It keeps the glyphs it has drawn: the same few
// hundred letters return on every paper.
type face struct {
	font   *sfnt.Font
	tall   int // rows drawn as one: 2 for digits so large that nobody sees it
	ppem   fixed.Int26_6
	em     int
	buf    sfnt.Buffer
	glyphs map[rune]*glyph
}

// A glyph is a letter as dots. Its origin is on the baseline.
type glyph struct {
	index   sfnt.GlyphIndex
	advance int
	dots    image.Rectangle // relative to the origin
	black   []bool
}

// maxGlyphs bounds a face's memory: far more than Vietnamese needs, far less
// than somebody typing all of Unicode into a name.
const maxGlyphs = 1024

func newFace(f *sfnt.Font, em float64) *face {
	return &face{font: f, ppem: fixed.Int26_6(math.Round(em * 64)), em: int(math.Ceil(em)), tall: 1, glyphs: map[rune]*glyph{}}
}

// has reports whether the font has the letter at all.
func (f *face) has(r rune) bool {
	i, err := f.font.GlyphIndex(&f.buf, r)
	return err == nil && i != 0
}

// glyph draws a letter once. A letter the font lacks becomes the font's empty
// box: a person's name must not keep their ticket from being printed.
func (f *face) glyph(r rune) (*glyph, error) {
	if g, ok := f.glyphs[r]; ok {
		return g, nil
	}
	i, err := f.font.GlyphIndex(&f.buf, r)
	if err != nil {
		return nil, fmt.Errorf("glyph %U: %w", r, err)
	}
	adv, err := f.font.GlyphAdvance(&f.buf, i, f.ppem, font.HintingFull)
	if err != nil {
		return nil, fmt.Errorf("glyph %U: %w", r, err)
	}
	outline, err := f.font.LoadGlyph(&f.buf, i, f.ppem, nil)
	if err != nil {
		return nil, fmt.Errorf("glyph %U: %w", r, err)
	}
	g := &glyph{index: i, advance: adv.Round()}
	g.draw(outline, f.em, f.tall)
	if len(f.glyphs) >= maxGlyphs {
		clear(f.glyphs)
	}
	f.glyphs[r] = g
	return g, nil
}

// draw turns an outline into dots. x/image has no hinting, and a stem of two
// dots that begins in the middle of one would come out as one dot or three; so
// small letters are tried at eight sub-dot positions and the sharpest is kept
// (the one whose dots are most clearly black or white). Heights need no such
// search: sizes are chosen so that the font's heights are whole dots.
func (g *glyph) draw(outline sfnt.Segments, em, tall int) {
	b := outline.Bounds()
	g.dots = image.Rect(b.Min.X.Floor()-1, floor(b.Min.Y.Floor(), tall), b.Max.X.Ceil()+2, -floor(-b.Max.Y.Ceil(), tall))
	if b.Empty() {
		g.dots = image.Rectangle{}
		return
	}
	shifts := []float32{0, .125, -.125, .25, -.25, .375, -.375, .5}
	if em > 64 {
		shifts = shifts[:1]
	}
	best := math.MaxInt
	for _, dx := range shifts {
		grey := rasterize(outline, g.dots, dx, tall)
		blur := 0
		for _, a := range grey.Pix {
			blur += min(int(a), 255-int(a))
		}
		if blur >= best {
			continue
		}
		best = blur
		g.black = make([]bool, g.dots.Dx()*g.dots.Dy())
		for i := range g.black {
			x, y := i%g.dots.Dx(), i/g.dots.Dx()
			g.black[i] = grey.AlphaAt(x, y/tall).A >= 128
		}
	}
}

// floor rounds down to a multiple.
func floor(n, of int) int { return n - (n%of+of)%of }

// rasterize draws an outline moved by dx, in grey, tall rows as one.
func rasterize(outline sfnt.Segments, r image.Rectangle, dx float32, tall int) *image.Alpha {
	rows := r.Dy() / tall
	var z vector.Rasterizer
	z.Reset(r.Dx(), rows)
	pt := func(p fixed.Point26_6) (x, y float32) {
		return float32(p.X)/64 - float32(r.Min.X) + dx, (float32(p.Y)/64 - float32(r.Min.Y)) / float32(tall)
	}
	for _, s := range outline {
		x0, y0 := pt(s.Args[0])
		x1, y1 := pt(s.Args[1])
		x2, y2 := pt(s.Args[2])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			z.MoveTo(x0, y0)
		case sfnt.SegmentOpLineTo:
			z.LineTo(x0, y0)
		case sfnt.SegmentOpQuadTo:
			z.QuadTo(x0, y0, x1, y1)
		case sfnt.SegmentOpCubeTo:
			z.CubeTo(x0, y0, x1, y1, x2, y2)
		}
	}
	grey := image.NewAlpha(image.Rect(0, 0, r.Dx(), rows))
	z.Draw(grey, grey.Bounds(), image.Opaque, image.Point{})
	return grey
}

// each calls f with every letter of a line and the x of its origin, and returns
// the width of the line. Letters and kerning are whole dots wide.
func (f *face) each(line string, do func(x int, g *glyph)) (width int, err error) {
	var last *glyph
	for _, r := range line {
		g, err := f.glyph(r)
		if err != nil {
			return 0, err
		}
		if last != nil {
			if k, err := f.font.Kern(&f.buf, last.index, g.index, f.ppem, font.HintingFull); err == nil {
				width += k.Round()
			}
		}
		if do != nil {
			do(width, g)
		}
		width += g.advance
		last = g
	}
	return width, nil
}

func (f *face) measure(line string) (int, error) { return f.each(line, nil) }

// draw puts a line on paper, its baseline at y; ink false draws white on black.
func (f *face) draw(b *Bitmap, x, y int, line string, ink bool) error {
	_, err := f.each(line, func(dx int, g *glyph) {
		i := 0
		for gy := g.dots.Min.Y; gy < g.dots.Max.Y; gy++ {
			for gx := g.dots.Min.X; gx < g.dots.Max.X; gx++ {
				if g.black[i] {
					b.Set(x+dx+gx, y+gy, ink)
				}
				i++
			}
		}
	})
	return err
}
