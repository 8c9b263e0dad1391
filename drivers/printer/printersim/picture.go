package printersim

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"tiepdan/drivers/printer"
)

// picture draws papers as they lie in the tray: white strips with a margin, the
// cut between them.
func picture(jobs []*Job, dots int) []byte {
	const (
		side   = 32 // 80 mm paper has 4 mm on each side that the head does not reach
		top    = 24
		bottom = 8
		gap    = 24
	)
	palette := color.Palette{color.Gray{0xd8}, color.White, color.Gray{0x18}, color.RGBA{0xb0, 0x20, 0x20, 0xff}}
	height := gap
	for _, j := range jobs {
		height += top + j.paper.Height + bottom + gap
	}
	img := image.NewPaletted(image.Rect(0, 0, dots+2*side+2*gap, max(height, 200)), palette)
	y := gap
	for _, j := range jobs {
		h := top + j.paper.Height + bottom
		draw.Draw(img, image.Rect(gap, y, gap+dots+2*side, y+h), image.NewUniform(palette[1]), image.Point{}, draw.Src)
		ink(img, j.paper, gap+side, y+top)
		if j.State == Torn || j.State == Stopped {
			// A red edge: this paper did not come out whole.
			draw.Draw(img, image.Rect(gap, y+h-3, gap+dots+2*side, y+h), image.NewUniform(palette[3]), image.Point{}, draw.Src)
		}
		y += h + gap
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil // bytes.Buffer takes everything
	}
	return out.Bytes()
}

func ink(img *image.Paletted, b *printer.Bitmap, x0, y0 int) {
	for y := range b.Height {
		for x := range b.Width {
			if b.Black(x, y) {
				img.SetColorIndex(x0+x, y0+y, 2)
			}
		}
	}
}
