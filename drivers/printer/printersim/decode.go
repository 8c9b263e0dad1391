package printersim

import "fmt"

const (
	dle = 0x10
	esc = 0x1b
	gs  = 0x1d
)

// An op is one thing that happens to paper, in its turn.
type op struct {
	bytes   int      // what arrived for it, since the last
	rows    [][]byte // ink, top down
	feed    int      // white rows
	cut     bool     // GS V
	begin   bool     // ESC @
	ask     byte     // GS r n
	asb     *byte    // GS a n
	who     byte     // GS I n
	recover bool     // DLE ENQ
	from    *end     // who asked

	trouble string // not understood
}

// A decoder turns the stream into ops. It keeps the printer's modes, which a
// broken line does not reset: a printer left in the middle of an image swallows
// what comes next as image.
type decoder struct {
	dots int
	buf  []byte // the command so far
	need int    // how long it is at least
	n    int    // bytes since the last op

	dleAt int // how much of DLE EOT was seen

	// an image on its way
	image struct{ mode, width, left int } // bytes a row, bytes still to come
	row   []byte

	align               byte
	scale               byte // GS !, and the size bits of ESC !
	bold, reverse, user bool
	underline           byte
	spacing             int // dots from line to line
	defined             map[byte]letter
	line                []letter // the line buffer
	lineWidth           int
	qr                  []byte
	module              int
	level               byte // of error correction: L, M, Q, H

	quirks quirks
}

// quirks are what some clones do otherwise; they are the machine's, and survive ESC @.
type quirks struct {
	feedUnits int  // of ESC J in a dot; 0 counts as 1
	noFeed    bool // ESC J is read and forgotten
	noJustify bool // ESC a does not move raster images
	noDouble  bool // GS v 0 draws all modes as 0
	noGlyphs  bool // ESC & is read and forgotten
	noStyle   bool // ESC E, GS ! and GS B leave defined letters as they are
	noReverse bool // GS B is read and forgotten
}

func (d *decoder) init(dots int) {
	*d = decoder{dots: dots, dleAt: d.dleAt, spacing: lineFeed, module: 3, quirks: d.quirks}
}

// realtime finds DLE EOT 1 to 4 wherever it stands, in images too, as the
// receiving interrupt of a real printer does.
func (d *decoder) realtime(c byte) (question byte) {
	switch {
	case d.dleAt == 2 && c >= 1 && c <= 4:
		d.dleAt = 0
		return c
	case d.dleAt == 1 && c == 0x04:
		d.dleAt = 2
	case c == dle:
		d.dleAt = 1
	default:
		d.dleAt = 0
	}
	return 0
}

// feed takes one byte and returns what it completes.
func (d *decoder) feed(c byte) (ops []op) {
	d.n++
	if d.image.left > 0 {
		return d.imageByte(c)
	}
	if len(d.buf) == 0 {
		switch {
		case c == 0: // NUL means nothing
			d.n--
			return nil
		case c == '\n':
			return d.flush()
		case c >= 0x20:
			return d.char(c)
		case c == dle, c == esc, c == gs:
		default:
			return d.strange([]byte{c})
		}
	}
	d.buf = append(d.buf, c)
	if len(d.buf) < d.need {
		return nil
	}
	cmd := d.buf
	ops, done := d.command(cmd)
	if done {
		if cmd[0] == dle {
			d.n -= len(cmd) // questions are no part of a paper
		}
		d.buf, d.need = d.buf[:0], 0
	}
	return ops
}

// emit gives an op the bytes that led to it.
func (d *decoder) emit(o op) op {
	o.bytes, d.n = d.n, 0
	return o
}

func (d *decoder) strange(cmd []byte) []op {
	return []op{{trouble: fmt.Sprintf("not understood: % X", cmd)}}
}

// command does a command once it is complete.
func (d *decoder) command(b []byte) (ops []op, done bool) {
	if len(b) < 2 {
		return nil, false
	}
	arg := func(n int) bool { return len(b) >= 2+n }
	switch string(b[:2]) {
	case "\x10\x04":
		return nil, arg(1)
	case "\x1b@":
		keep := d.n
		ops = d.flush()
		d.init(d.dots)
		d.n = keep
		return append(ops, op{begin: true}), true
	case "\x1b!":
		if arg(1) {
			d.scale = b[2]>>4&1 | b[2]>>1&0x10
			d.bold, d.underline = b[2]&8 != 0, b[2]>>7
		}
		return nil, arg(1)
	case "\x1d!":
		if arg(1) {
			d.scale = b[2] & 0x77
		}
		return nil, arg(1)
	case "\x1bE", "\x1bG": // double strike looks the same
		if arg(1) {
			d.bold = b[2]&1 != 0
		}
		return nil, arg(1)
	case "\x1ba":
		if arg(1) {
			d.align = b[2] & 3
		}
		return nil, arg(1)
	case "\x1b-":
		if arg(1) {
			d.underline = b[2] & 3
		}
		return nil, arg(1)
	case "\x1dB":
		if arg(1) {
			d.reverse = b[2]&1 != 0 && !d.quirks.noReverse
		}
		return nil, arg(1)
	case "\x1b2":
		d.spacing = lineFeed
		return nil, true
	case "\x1b3":
		if arg(1) {
			d.spacing = d.units(b[2])
		}
		return nil, arg(1)
	case "\x1dI": // who are you
		if !arg(1) {
			return nil, false
		}
		return append(d.flush(), d.emit(op{who: b[2]})), true
	case "\x1db", "\x1bt", "\x1bR": // smoothing; code pages, which nothing we print may need
		return nil, arg(1)
	case "\x10\x05": // DLE ENQ: recover from an error
		if !arg(1) {
			return nil, false
		}
		return []op{{recover: true}}, true
	case "\x1b%":
		if arg(1) {
			d.user = b[2]&1 != 0
		}
		return nil, arg(1)
	case "\x1b?":
		if arg(1) {
			delete(d.defined, b[2])
		}
		return nil, arg(1)
	case "\x1b&":
		return d.define(b)
	case "\x1bJ":
		if !arg(1) {
			return nil, false
		}
		if d.quirks.noFeed {
			return d.flush(), true
		}
		return append(d.flush(), d.emit(op{feed: d.units(b[2])})), true
	case "\x1bd":
		if !arg(1) {
			return nil, false
		}
		return append(d.flush(), d.emit(op{feed: int(b[2]) * d.spacing})), true
	case "\x1bp":
		return nil, arg(3) // a cash drawer, and we have none
	case "\x1dr":
		if !arg(1) {
			return nil, false
		}
		return append(d.flush(), d.emit(op{ask: b[2]})), true
	case "\x1da":
		if !arg(1) {
			return nil, false
		}
		n := b[2]
		return []op{d.emit(op{asb: &n})}, true
	case "\x1de": // a presenter: 5 throws the ticket out, 3 m pushes it m steps
		if !arg(1) {
			return nil, false
		}
		return nil, b[2] != 3 || arg(2)
	case "\x1dV":
		return d.cut(b)
	case "\x1dv":
		return d.raster(b)
	case "\x1d(":
		return d.symbol(b)
	}
	return d.strange(b), true
}

// units turns motion units of ESC J and ESC 3 into dots.
func (d *decoder) units(n byte) int { return int(n) / max(1, d.quirks.feedUnits) }

func (d *decoder) cut(b []byte) ([]op, bool) {
	if len(b) < 3 {
		return nil, false
	}
	switch b[2] {
	case 0, 1, '0', '1':
		return append(d.flush(), d.emit(op{cut: true})), true
	case 65, 66: // feed to the cutter, n more, and cut
		if len(b) < 4 {
			return nil, false
		}
		return append(d.flush(), d.emit(op{feed: headToCutter + int(b[3])}), d.emit(op{cut: true})), true
	}
	return d.strange(b), true
}
