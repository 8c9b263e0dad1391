package printer

import (
	"testing"
)

// Expect draws a document as a printer of that profile does that has these letters
// of its own, and draws these QR codes.
func (r *Renderer) Expect(doc Document, p Profile, font func(c byte, x, y int) bool, code func(string) ([][]bool, error)) (*Bitmap, error) {
	shape := func(letter rune) (c cell, err error) {
		if !isNative(letter) {
			return r.cellOf(letter)
		}
		for x := range cellWidth {
			for y := range cellHeight {
				if font(byte(letter), x, y) {
					c.set(x, y)
				}
			}
		}
		return c, nil
	}
	return r.preview(doc, p, shape, code)
}

// Share gives a printer a renderer that others use too: parsing fonts is most of
// what a new one costs.
func (p *Printer) Share(r *Renderer) { p.renderer = r }

// Accented are the 134 letters that Vietnamese has beside A to Z.
func Accented() []rune { return accented() }

// SharedData reads a file of the data that lies beside the repository, or skips.
func SharedData(t *testing.T, name string) []byte { return sharedData(t, name) }

// WidthStrip is what PrintWidths sends.
func (r *Renderer) WidthStrip() ([]byte, error) { return r.widthStrip() }
