package printer

import (
	"image"
	"image/color"
	"image/png"
	"io"
	"slices"
)

// A Bitmap is paper as the print head sees it: rows of dots, one bit each, most
// significant bit leftmost, 1 is black. That is also the order of GS v 0.
type Bitmap struct {
	Width, Height int // dots
	Stride        int // bytes a row
	Bits          []byte
}

// NewBitmap returns white paper.
func NewBitmap(width, height int) *Bitmap {
	stride := (width + 7) / 8
	return &Bitmap{Width: width, Height: height, Stride: stride, Bits: make([]byte, stride*height)}
}

// Black reports whether the dot is black; outside the paper all is white.
func (b *Bitmap) Black(x, y int) bool {
	if x < 0 || y < 0 || x >= b.Width || y >= b.Height {
		return false
	}
	return b.Bits[y*b.Stride+x/8]&(0x80>>(x%8)) != 0
}

// Set makes a dot black or white. Dots outside the paper are lost, as ink is.
func (b *Bitmap) Set(x, y int, black bool) {
	if x < 0 || y < 0 || x >= b.Width || y >= b.Height {
		return
	}
	if i, bit := y*b.Stride+x/8, byte(0x80>>(x%8)); black {
		b.Bits[i] |= bit
	} else {
		b.Bits[i] &^= bit
	}
}

// Fill makes a rectangle black.
func (b *Bitmap) Fill(x0, y0, x1, y1 int) {
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			b.Set(x, y, true)
		}
	}
}

// Grow makes the paper at least height rows long.
func (b *Bitmap) Grow(height int) {
	if height <= b.Height {
		return
	}
	more := b.Stride*height - len(b.Bits)
	b.Bits = append(slices.Grow(b.Bits, more), make([]byte, more)...)
	b.Height = height
}

// Row returns the bytes of one row.
func (b *Bitmap) Row(y int) []byte { return b.Bits[y*b.Stride : (y+1)*b.Stride] }

// Equal reports whether two papers carry the same dots.
func (b *Bitmap) Equal(o *Bitmap) bool {
	return b.Width == o.Width && b.Height == o.Height && slices.Equal(b.Bits, o.Bits)
}

// Image returns the paper as a picture of two colours, with a white margin of
// that many dots all around.
func (b *Bitmap) Image(margin int) image.Image {
	img := image.NewPaletted(image.Rect(0, 0, b.Width+2*margin, b.Height+2*margin),
		color.Palette{color.White, color.Black})
	for y := range b.Height {
		row := img.Pix[(y+margin)*img.Stride+margin:]
		for x := range b.Width {
			if b.Black(x, y) {
				row[x] = 1
			}
		}
	}
	return img
}

// WritePNG writes the paper as a PNG with a white margin.
func (b *Bitmap) WritePNG(w io.Writer, margin int) error {
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	return enc.Encode(w, b.Image(margin))
}
