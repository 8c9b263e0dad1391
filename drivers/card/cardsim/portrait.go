package cardsim

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"sync"
)

// A look tells one drawn face from another.
type look struct {
	skin    int // 0 light to 2 dark
	hair    hair
	old     bool
	glasses bool
}

type hair int

const (
	short hair = iota
	bun
	long
)

const (
	portraitWidth, portraitHeight = 420, 560 // 3 × 4, as on the card
	portraitBytes                 = 15 << 10
	largePortraitBytes            = 40 << 10
)

// portrait is the face as a JPEG of about 15 kB, the size cards have, or of
// about 40 kB.
func (p Persona) portrait(large bool) (data []byte, width, height int) {
	drawn, ok := portraits[portraitOf{p.look, large}]
	if !ok { // somebody's own persona
		return p.look.jpeg(large), portraitWidth, portraitHeight
	}
	return bytes.Clone(drawn()), portraitWidth, portraitHeight
}

type portraitOf struct {
	look  look
	large bool
}

// portraits are drawn when first asked for, and once: it takes longer than all
// else about a chip.
var portraits = func() map[portraitOf]func() []byte {
	table := map[portraitOf]func() []byte{}
	for _, p := range personas {
		for _, large := range []bool{false, true} {
			table[portraitOf{p.look, large}] = sync.OnceValue(func() []byte { return p.look.jpeg(large) })
		}
	}
	return table
}()

// jpeg draws the face.
func (l look) jpeg(large bool) (data []byte) {
	grain, size := 5.0, portraitBytes
	if large { // film grain does not compress
		grain, size = 12, largePortraitBytes
	}
	img := l.draw(grain)
	for low, high := 30, 100; low <= high; { // the best quality that fits
		quality := (low + high) / 2
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
			panic(err) // a buffer takes everything
		}
		if b.Len() <= size {
			data, low = b.Bytes(), quality+1
		} else {
			high = quality - 1
		}
	}
	return data
}

// A shape is the signed distance, in pixels, from a point to a figure: negative
// inside. Its edge is what anti-aliasing is done on.
type shape func(x, y float64) float64

func ellipse(cx, cy, rx, ry float64) shape {
	return func(x, y float64) float64 {
		dx, dy := (x-cx)/rx, (y-cy)/ry
		d := math.Hypot(dx, dy)
		slope := math.Hypot(dx/rx, dy/ry)
		if slope == 0 {
			return -min(rx, ry)
		}
		return d * (d - 1) / slope
	}
}

func rounded(cx, cy, hw, hh, r float64) shape {
	return func(x, y float64) float64 {
		dx, dy := math.Abs(x-cx)-hw+r, math.Abs(y-cy)-hh+r
		return math.Hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - r
	}
}

// arc is a stroke along the lower (or, with negative bend, upper) part of a circle.
func arc(cx, cy, half, bend, width float64) shape {
	return func(x, y float64) float64 {
		t := max(-1, min(1, (x-cx)/half))
		return math.Hypot(x-cx-t*half, y-cy-bend*(1-t*t)) - width/2
	}
}

func both(a, b shape) shape { return func(x, y float64) float64 { return max(a(x, y), b(x, y)) } }

func ring(s shape, width float64) shape {
	return func(x, y float64) float64 { return math.Abs(s(x, y)) - width/2 }
}

func above(limit float64) shape { return func(_, y float64) float64 { return y - limit } }

// A layer is one figure of the drawing in one colour, with a soft edge.
type layer struct {
	shape
	color color.RGBA
	blur  float64
}

func rgb(v uint32) color.RGBA { return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} }

// draw paints a calm face, looking straight ahead, before a pale ground.
func (l look) draw(grain float64) *image.RGBA {
	skin := []uint32{0xF3D3B8, 0xE8BE9C, 0xD6A37C}[l.skin]
	shade := []uint32{0xE2B795, 0xD3A27D, 0xC8946B}[l.skin]
	hair := uint32(0x2A211E)
	if l.old {
		hair = 0x9A9692
	}
	const cx, cy = 210, 250 // of the face
	layers := []layer{}
	put := func(blur float64, c uint32, shapes ...shape) {
		for _, s := range shapes {
			layers = append(layers, layer{s, rgb(c), blur})
		}
	}
	switch l.hair { // behind the head
	case long:
		put(2, hair, rounded(cx, 320, 138, 190, 110))
	case bun:
		put(2, hair, ellipse(cx, 82, 52, 40), ellipse(cx, 205, 124, 120))
	default:
		put(2, hair, ellipse(cx, 205, 122, 118))
	}
	put(1, 0x3E5166, rounded(cx, 620, 205, 180, 120))                            // shoulders
	put(1, shade, rounded(cx, 390, 48, 60, 30))                                  // neck
	put(1, 0xF4F4F0, both(ellipse(cx, 452, 74, 40), above(470)))                 // collar
	put(1, skin, ellipse(cx, 430, 50, 38))                                       // neckline
	put(1, shade, ellipse(cx-110, 258, 17, 30), ellipse(cx+110, 258, 17, 30))    // ears
	put(1, skin, ellipse(cx, cy, 108, 142))                                      // face
	put(26, shade, ellipse(cx-66, 296, 20, 16), ellipse(cx+66, 296, 20, 16))     // cheeks
	put(3, hair, both(ellipse(cx, 190, 116, 108), arcAbove(cx, 172, 110, 36)))   // hair in front
	put(1, hair, arc(cx-46, 218, 25, -7, 7), arc(cx+46, 218, 25, -7, 7))         // brows
	put(1, 0xFFFFFF, ellipse(cx-46, 244, 21, 9.5), ellipse(cx+46, 244, 21, 9.5)) // eyes
	put(1, 0x3A2A20, ellipse(cx-46, 244, 9, 9), ellipse(cx+46, 244, 9, 9))
	put(1, 0xFFFFFF, ellipse(cx-43, 241, 2.4, 2.4), ellipse(cx+49, 241, 2.4, 2.4))
	put(1, 0x4A362B, arc(cx-46, 243, 22, -9, 3), arc(cx+46, 243, 22, -9, 3)) // lids
	put(4, shade, arc(cx, 300, 17, 6, 6), arc(cx+10, 268, 2, 22, 4))         // nose
	put(1.5, 0xB4685C, arc(cx, 338, 33, 7, 9))                               // mouth
	put(1, 0x8E4A42, arc(cx, 337, 33, 6, 2))
	if l.old {
		put(2, shade, arc(cx-46, 264, 20, 4, 2.5), arc(cx+46, 264, 20, 4, 2.5), arc(cx, 168, 50, -5, 2.5), arc(cx, 182, 44, -5, 2))
	}
	if l.glasses {
		put(1, 0x33373D, ring(rounded(cx-46, 246, 36, 25, 16), 4), ring(rounded(cx+46, 246, 36, 25, 16), 4), arc(cx, 242, 11, -4, 4))
	}
	return paint(layers, grain)
}

// arcAbove is everything above a hairline that bends up in the middle.
func arcAbove(cx, y0, half, bend float64) shape {
	return func(x, y float64) float64 {
		t := (x - cx) / half
		return y - y0 + bend*(1-t*t)
	}
}

func paint(layers []layer, grain float64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, portraitWidth, portraitHeight))
	seed := uint32(1)
	for y := range portraitHeight {
		for x := range portraitWidth {
			fx, fy := float64(x)+0.5, float64(y)+0.5
			v := 226 - 22*fy/portraitHeight
			r, g, b := v-8, v, v+10
			for _, l := range layers {
				d := l.shape(fx, fy)
				if d >= l.blur {
					continue
				}
				a := min(1, (l.blur-d)/(2*l.blur))
				r += a * (float64(l.color.R) - r)
				g += a * (float64(l.color.G) - g)
				b += a * (float64(l.color.B) - b)
			}
			seed = seed*1664525 + 1013904223 // the grain of a photograph
			n := (float64(seed>>24)/255 - 0.5) * grain
			img.SetRGBA(x, y, color.RGBA{clamp(r + n), clamp(g + n), clamp(b + n), 255})
		}
	}
	return img
}

func clamp(v float64) uint8 { return uint8(max(0, min(255, math.Round(v)))) }
