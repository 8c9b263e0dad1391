package printersim

import (
	"bytes"
	"fmt"

	"tiepdan/drivers/printer"
)

const (
	dle = 0x10
	esc = 0x1b
	gs  = 0x1d
)

// An op is one thing that happens to paper, in its turn.
type op struct {
	bytes int      // what arrived for it, since the last
	rows  [][]byte // ink, top down
	feed  int      // white rows
	cut   bool     // GS V
	begin bool     // ESC @
	ask   byte     // GS r n
	asb   *byte    // GS a n
	from  *end     // who asked

	trouble string // not understood
}

// A decoder turns the stream into ops. It keeps the printer's modes, which a
// broken line does not reset: a printer left in the middle of an image swallows
// what comes next as image.
type decoder struct {
	dots int
	buf  []byte // the command so far
	n    int    // bytes since the last op

	dleAt int // how much of DLE EOT was seen

	// an image on its way
	image struct{ mode, width, left int } // bytes a row, bytes still to come
	row   []byte

	align       byte
	mode, scale byte // ESC !, GS !
	bold, user  bool
	defined     map[byte]letter
	line        []letter // the line buffer
	lineWidth   int
	qr          []byte
	module      int
}

func (d *decoder) init(dots int) { *d = decoder{dots: dots, dleAt: d.dleAt, module: 3} }

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
	cmd := d.buf
	ops, done := d.command(cmd)
	if done {
		if cmd[0] == dle {
			d.n -= len(cmd) // questions are no part of a paper
		}
		d.buf = d.buf[:0]
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
			d.mode, d.scale = b[2], b[2]>>4&1|b[2]>>1&0x10
			d.bold = b[2]&8 != 0
		}
		return nil, arg(1)
	case "\x1d!":
		if arg(1) {
			d.scale = b[2] & 0x77
		}
		return nil, arg(1)
	case "\x1bE":
		if arg(1) {
			d.bold = b[2]&1 != 0
		}
		return nil, arg(1)
	case "\x1ba":
		if arg(1) {
			d.align = b[2] & 3
		}
		return nil, arg(1)
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
		return append(d.flush(), d.emit(op{feed: int(b[2])})), true
	case "\x1bd":
		if !arg(1) {
			return nil, false
		}
		return append(d.flush(), d.emit(op{feed: int(b[2]) * lineFeed})), true
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
	case "\x1dV":
		return d.cut(b)
	case "\x1dv":
		return d.raster(b)
	case "\x1d(":
		return d.symbol(b)
	}
	return d.strange(b), true
}

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

// raster begins GS v 0 m xL xH yL yH: m 1 and 3 are double width, 2 and 3 double height.
func (d *decoder) raster(b []byte) ([]op, bool) {
	if len(b) >= 3 && b[2] != '0' {
		return d.strange(b), true
	}
	if len(b) < 8 {
		return nil, false
	}
	mode, width, height := int(b[3])&^'0', int(b[4])|int(b[5])<<8, int(b[6])|int(b[7])<<8
	if mode > 3 || width == 0 || len(d.line) > 0 {
		return d.strange(b), true // GS v 0 wants an empty line buffer
	}
	d.image.mode, d.image.width, d.image.left = mode, width, width*height
	d.row = d.row[:0]
	return nil, true
}

func (d *decoder) imageByte(c byte) []op {
	d.row = append(d.row, c)
	d.image.left--
	if len(d.row) < d.image.width {
		return nil
	}
	dots := make([]bool, 0, len(d.row)*8)
	for i := range len(d.row) * 8 {
		black := d.row[i/8]&(0x80>>(i%8)) != 0
		dots = append(dots, black)
		if d.image.mode&1 != 0 {
			dots = append(dots, black)
		}
	}
	d.row = d.row[:0]
	rows := [][]byte{d.place(dots)}
	if d.image.mode&2 != 0 {
		rows = append(rows, rows[0])
	}
	return []op{d.emit(op{rows: rows})}
}

// place puts a row of dots where ESC a wants it.
func (d *decoder) place(dots []bool) []byte {
	b := printer.NewBitmap(d.dots, 1)
	left := 0
	switch d.align {
	case 1:
		left = max(0, (d.dots-len(dots))/2)
	case 2:
		left = max(0, d.dots-len(dots))
	}
	for i, black := range dots {
		if black {
			b.Set(left+i, 0, true)
		}
	}
	return bytes.Clone(b.Bits)
}

// symbol does GS ( k for QR codes (cn 49): 67 module size, 80 store, 81 print.
func (d *decoder) symbol(b []byte) ([]op, bool) {
	if len(b) < 5 {
		return nil, false
	}
	size := int(b[3]) | int(b[4])<<8
	if len(b) < 5+size {
		return nil, false
	}
	p := b[5:]
	if b[2] != 'k' || size < 3 || p[0] != 49 {
		return d.strange(b[:5]), true
	}
	switch p[1] {
	case 65, 69: // model and level: what we draw is model 2, level M
		return nil, true
	case 67:
		d.module = max(1, min(16, int(p[2])))
		return nil, true
	case 80:
		d.qr = bytes.Clone(p[3:])
		return nil, true
	case 81:
		modules, err := printer.QRModules(string(d.qr))
		if err != nil {
			return []op{{trouble: err.Error()}}, true
		}
		ops := d.flush()
		for _, m := range modules {
			var dots []bool
			for _, dark := range m {
				for range d.module {
					dots = append(dots, dark)
				}
			}
			row := d.place(dots)
			for range d.module {
				ops = append(ops, d.emit(op{rows: [][]byte{row}}))
			}
		}
		return ops, true
	}
	return d.strange(b[:7]), true
}
