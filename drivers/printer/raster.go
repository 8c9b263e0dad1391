package printer

import (
	"math"
	"slices"
)

// ESC/POS commands, named as Epson's reference names them.
const (
	dle  = 0x10
	xon  = 0x11
	xoff = 0x13
	esc  = 0x1b
	gs   = 0x1d
)

const (
	// bandOverhead is what one more GS v 0 costs: its 8 bytes, often an ESC a and
	// an ESC J, and a little, because a head that stops and starts leaves lines.
	bandOverhead = 24
	// maxBand bounds the image data of one GS v 0: clones have small buffers, and
	// a printer whose line was cut in an image swallows up to this much (resync).
	maxBand = 2000
	// longestHeader is GS v 0 without its data. So many zeros before a question
	// keep DLE EOT from becoming the height of an image that was cut off in its
	// header: 0x0410 rows of it would swallow the next tickets.
	longestHeader = 8
)

// Encode turns a drawn paper into what is sent to the printer: ink as raster
// images (GS v 0), white rows as feeds (ESC J), a tail past the cutter, and the
// cut. The printer's line buffer is empty throughout, as GS v 0 demands.
func Encode(paper *Bitmap, p Profile) []byte {
	out := []byte{esc, '@'}
	centered := false
	feed := 0
	for _, b := range bands(paper, p) {
		if b.white {
			feed += b.y1 - b.y0
			continue
		}
		out, feed = appendFeed(out, feed, p), 0
		if b.centered != centered {
			centered = b.centered
			out = append(out, esc, 'a', bit(centered))
		}
		out = b.append(out, paper)
	}
	// What is white at the end is part of the tail. The tail is white raster: where
	// a profile is wrong about the motion unit, a cut through the last line is worse
	// than 100 bytes.
	return appendCut(appendBlank(out, p.Tail), p)
}

func appendCut(out []byte, p Profile) []byte {
	switch p.Cutter {
	case cutterFull:
		out = append(out, gs, 'V', 0)
	case cutterPartial:
		out = append(out, gs, 'V', 1)
	}
	if p.Presenter == presenterEject {
		out = append(out, gs, 'e', 5)
	}
	return out
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// appendFeed feeds that many dots: by ESC J, which counts in the printer's motion
// units, or where nobody knows these, by white rows.
func appendFeed(out []byte, dots int, p Profile) []byte {
	for dots > 0 && p.FeedUnits == 0 {
		n := min(dots, maxBand)
		out = appendBlank(out, n)
		dots -= n
	}
	for dots > 0 {
		n := min(dots, 255/p.FeedUnits) // whole dots
		out = append(out, esc, 'J', byte(n*p.FeedUnits))
		dots -= n
	}
	return out
}

// appendBlank feeds exactly that many rows, one white byte each.
func appendBlank(out []byte, rows int) []byte {
	out = append(out, gs, 'v', '0', 0, 1, 0, byte(rows), byte(rows>>8))
	return append(out, make([]byte, rows)...)
}

// resync brings a printer back that may have been left in the middle of a job:
// zeros end an image that still waits for data, and mean nothing otherwise. With
// cut, the torn paper is then cut off, so that it is not the head of the next.
func resync(p Profile, cut bool) []byte {
	out := make([]byte, maxBand)
	if !cut {
		return out
	}
	out = append(out, esc, '@')
	out = appendBlank(out, p.Tail)
	if p.Cutter != choiceNone {
		out = append(out, gs, 'V', 0)
	}
	return out
}

// A band is rows that travel together: white ones as a feed, others as an image
// of the bytes [left, right).
type band struct {
	y0, y1      int
	white       bool
	left, right int
	centered    bool // placed by ESC a 1
	// Sent at half the width or height, and doubled by the printer (m of GS v 0).
	wide, tall bool
}

func (b band) append(out []byte, paper *Bitmap) []byte {
	width, rows := b.right-b.left, b.y1-b.y0
	if b.wide {
		width /= 2
	}
	step := 1
	if b.tall {
		rows, step = rows/2, 2
	}
	out = append(out, gs, 'v', '0', bit(b.wide)|bit(b.tall)<<1, byte(width), byte(width>>8), byte(rows), byte(rows>>8))
	for y := b.y0; y < b.y1; y += step {
		row := paper.Row(y)[b.left:b.right]
		if !b.wide {
			out = append(out, row...)
			continue
		}
		for i := 0; i < len(row); i += 2 {
			out = append(out, everySecond(row[i])<<4|everySecond(row[i+1]))
		}
	}
	return out
}

// everySecond packs the bits 7, 5, 3, 1 of a byte.
func everySecond(b byte) byte { return b>>4&8 | b>>3&4 | b>>2&2 | b>>1&1 }

// An extent is what a band has to cover of the rows seen so far.
type extent struct {
	left, right int  // bytes with ink
	wide        bool // dots come in pairs
	tall        bool // rows come in pairs
}

// bands divides a paper so that the fewest bytes travel: the shortest path over
// its rows, where an edge is one band and its weight what the band costs. Codes,
// rules and the large number are drawn in pairs of dots or rows (qr.go, render.go)
// and travel at half resolution without loss.
func bands(paper *Bitmap, p Profile) []band {
	h := paper.Height
	rows := make([]extent, h)
	for y := range rows {
		rows[y] = paper.rowExtent(y)
	}
	best := make([]int, h+1) // cheapest way to send the rows above
	last := make([]band, h+1)
	for y1 := 1; y1 <= h; y1++ {
		best[y1] = math.MaxInt
		e := extent{left: paper.Stride, wide: p.Double, tall: p.Double}
		for y0 := y1 - 1; y0 >= 0; y0-- {
			r := rows[y0]
			e.left, e.right, e.wide = min(e.left, r.left), max(e.right, r.right), e.wide && r.wide
			even := (y1-y0)%2 == 0
			if even {
				e.tall = e.tall && r.tall
			}
			b, cost := e.band(paper.Stride, y0, y1, p)
			if cost > maxBand {
				if e.tall && !even {
					continue // one row more, and it can be sent at half the height
				}
				break // it only grows
			}
			if c := best[y0] + cost; c < best[y1] {
				best[y1], last[y1] = c, b
			}
		}
	}
	var out []band
	for y := h; y > 0; y = last[y].y0 {
		out = append(out, last[y])
	}
	slices.Reverse(out)
	return out
}

// band is the cheapest band for rows of this extent, and what it costs.
func (e extent) band(stride, y0, y1 int, p Profile) (band, int) {
	b := band{y0: y0, y1: y1, white: e.right == 0}
	switch {
	case b.white && p.FeedUnits == 0:
		return b, longestHeader + y1 - y0
	case b.white:
		return b, 3 // ESC J n
	}
	b.tall = e.tall && (y1-y0)%2 == 0
	b.right = e.right
	if side := min(e.left, stride-e.right); p.Justify && stride-2*side < b.right {
		b.left, b.right, b.centered = side, stride-side, true
	}
	if e.wide { // whole bytes at half the width
		switch {
		case b.centered && (b.right-b.left)%2 == 0:
			b.wide = true
		case !b.centered && b.right < stride:
			b.right += b.right % 2
			b.wide = true
		default:
			b.wide = b.right%2 == 0 && !b.centered
		}
	}
	cost := (b.right - b.left) * (y1 - y0)
	if b.wide {
		cost /= 2
	}
	if b.tall {
		cost /= 2
	}
	return b, cost + bandOverhead
}

// rowExtent looks at one row, and whether it is the same as the next.
func (b *Bitmap) rowExtent(y int) extent {
	row := b.Row(y)
	e := extent{left: len(row), wide: true, tall: y+1 < b.Height && slices.Equal(row, b.Row(y+1))}
	for i, v := range row {
		if v != 0 {
			e.left, e.right = min(e.left, i), i+1
		}
		if (v^v>>1)&0x55 != 0 { // a pair that is not 00 or 11
			e.wide = false
		}
	}
	return e
}
