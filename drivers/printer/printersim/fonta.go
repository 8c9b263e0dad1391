package printersim

import (
	"image"
	"sync"

	"github.com/go-fonts/dejavu/dejavusansmono"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Font A of receipt printers: 12 × 24 dots, taller than fonts on screens are.
const (
	cellWidth  = 12
	cellHeight = 24
	fontBase   = 20 // rows above the baseline
	fontEm     = 20
	fontTaller = 1.2
)

// fontA is drawn once: ASCII, nearly as printers have it, from a font that the
// driver does not draw its glyphs with.
var fontA = sync.OnceValue(func() map[byte]letter {
	f, err := sfnt.Parse(dejavusansmono.TTF)
	if err != nil {
		return nil // the font is part of the program: tests draw with it
	}
	font := map[byte]letter{}
	var buf sfnt.Buffer
	for c := byte(0x20); c <= 0x7e; c++ {
		l := letter{width: cellWidth, height: cellHeight, black: make([]bool, cellWidth*cellHeight)}
		index, err := f.GlyphIndex(&buf, rune(c))
		if err != nil {
			return nil
		}
		outline, err := f.LoadGlyph(&buf, index, fixed.I(fontEm), nil)
		if err != nil {
			return nil
		}
		for i, a := range rasterize(outline).Pix {
			l.black[i] = a >= 0x80
		}
		font[c] = l
	}
	return font
})

// FontA tells what an ASCII character looks like on this printer.
func FontA(c byte, x, y int) bool {
	l, ok := fontA()[c]
	return ok && l.black[y*l.width+x]
}

func rasterize(outline sfnt.Segments) *image.Alpha {
	var z vector.Rasterizer
	z.Reset(cellWidth, cellHeight)
	at := func(p fixed.Point26_6) (x, y float32) {
		return float32(p.X) / 64, fontBase + fontTaller*float32(p.Y)/64
	}
	for _, s := range outline {
		x0, y0 := at(s.Args[0])
		x1, y1 := at(s.Args[1])
		x2, y2 := at(s.Args[2])
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
	grey := image.NewAlpha(image.Rect(0, 0, cellWidth, cellHeight))
	z.Draw(grey, grey.Bounds(), image.Opaque, image.Point{})
	return grey
}
