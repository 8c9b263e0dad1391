package printer

import (
	"fmt"
	"math"

	"github.com/go-fonts/liberation/liberationmonoregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Font A of ESC/POS printers: twelve dots wide, three bytes high.
const (
	cellWidth  = 12
	cellHeight = 24
	cellBase   = 20 // rows above the baseline
)

// A cell is one letter in the box of font A, as ESC & wants it: column by column
// from the left, three bytes each, the topmost dot first.
type cell [cellWidth][cellHeight / 8]byte

func (c *cell) set(x, y int) { c[x][y/8] |= 0x80 >> (y % 8) }

// black reports whether a dot of the cell is.
func (c *cell) black(x, y int) bool { return c[x][y/8]&(0x80>>(y%8)) != 0 }

// width is how many columns have to travel: what is right of the ink is blank
// by itself.
func (c *cell) width() int {
	for x := cellWidth; x > 0; x-- {
		if c[x-1] != ([cellHeight / 8]byte{}) {
			return x
		}
	}
	return 1
}

// Liberation Mono has every Vietnamese letter (a test draws them all), as DejaVu
// Sans Mono has not. Its letters are 0.6 em wide: twelve dots at 20 to the em. Font
// A of a printer is taller than that, so letters are stretched until their
// capitals are as tall as the printer's own.
const (
	cellEm      = 20
	cellStretch = 1.28
	cellDescent = cellHeight - cellBase
)

// cellOf draws a letter for the box of font A. Marks that stand above a capital
// push it together rather than leave the box.
func (r *Renderer) cellOf(letter rune) (cell, error) {
	if c, ok := r.cells[letter]; ok {
		return c, nil
	}
	if letter == '☐' {
		return boxCell(), nil
	}
	c, err := drawCell(r.fonts.mono, letter)
	if err != nil {
		return c, err
	}
	if len(r.cells) >= maxGlyphs {
		clear(r.cells)
	}
	r.cells[letter] = c
	return c, nil
}

// boxCell is a square to be ticked with a pen.
func boxCell() (c cell) {
	const side, top = 12, 8
	for i := range side {
		for _, at := range [][2]int{{i, 0}, {i, 1}, {i, side - 1}, {i, side - 2}, {0, i}, {1, i}, {side - 1, i}, {side - 2, i}} {
			c.set(at[0], top+at[1])
		}
	}
	return c
}

func parseMono() (*sfnt.Font, error) { return sfnt.Parse(liberationmonoregular.TTF) }

func drawCell(f *sfnt.Font, letter rune) (c cell, err error) {
	var buf sfnt.Buffer
	index, err := f.GlyphIndex(&buf, letter) // 0, the font's empty box, if it has none
	if err != nil {
		return c, fmt.Errorf("glyph %U: %w", letter, err)
	}
	outline, err := f.LoadGlyph(&buf, index, fixed.I(cellEm), nil)
	if err != nil {
		return c, fmt.Errorf("glyph %U: %w", letter, err)
	}
	b := outline.Bounds()
	above, below := cellStretch, cellStretch
	if top := -float64(b.Min.Y) / 64; top*above > cellBase {
		above = cellBase / top
	}
	if deep := float64(b.Max.Y) / 64; deep*below > cellDescent {
		below = cellDescent / deep
	}
	stretched := make(sfnt.Segments, len(outline))
	for i, s := range outline {
		for j, p := range s.Args {
			y := float64(p.Y)
			if y < 0 {
				y *= above
			} else {
				y *= below
			}
			s.Args[j].Y = fixed.Int26_6(math.Round(y))
		}
		stretched[i] = s
	}
	var g glyph
	g.draw(stretched, cellEm, 1)
	for i, black := range g.black {
		x, y := g.dots.Min.X+i%g.dots.Dx(), cellBase+g.dots.Min.Y+i/g.dots.Dx()
		if black && x >= 0 && x < cellWidth && y >= 0 && y < cellHeight {
			c.set(x, y)
		}
	}
	return c, nil
}
