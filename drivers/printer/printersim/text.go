package printersim

const (
	lineFeed     = 30 // the line spacing after ESC @
	headToCutter = 96 // 12 mm
)

// A letter is one character as dots.
type letter struct {
	width, height int
	black         []bool
}

// char puts a character into the line buffer, printing the line if it is full.
func (d *decoder) char(c byte) (ops []op) {
	l, known := d.defined[c]
	if !d.user || !known {
		if c > 0x7e {
			// Which letters the upper half holds depends on a code page, and no
			// two clones agree: nothing we print may use it.
			return append(ops, d.strange([]byte{c})...)
		}
		l = fontA()[c]
	}
	if !d.user || !known || !d.quirks.noStyle {
		l = l.enlarge(int(d.scale>>4)+1, int(d.scale&7)+1, d.bold).mark(d.underline, d.reverse)
	}
	if d.lineWidth+l.width > d.dots {
		ops = d.flush()
	}
	d.line = append(d.line, l)
	d.lineWidth += l.width
	return ops
}

// flush prints the line buffer; an empty one prints nothing.
func (d *decoder) flush() []op {
	if len(d.line) == 0 {
		return nil
	}
	height := 0
	for _, l := range d.line {
		height = max(height, l.height)
	}
	o := op{feed: max(0, d.spacing-height)}
	for y := range height {
		var dots []bool
		for _, l := range d.line {
			top := height - l.height // letters stand on one line
			for x := range l.width {
				dots = append(dots, y >= top && l.black[(y-top)*l.width+x])
			}
		}
		o.rows = append(o.rows, d.place(dots))
	}
	d.line, d.lineWidth = nil, 0
	return []op{d.emit(o)}
}

// define does ESC & y c1 c2 [x d1 … d(y·x)]…: a column of y bytes for each dot of width.
func (d *decoder) define(b []byte) ([]op, bool) {
	if len(b) < 5 {
		return nil, false
	}
	y, c1, c2 := int(b[2]), b[3], b[4]
	if y != 3 || c1 < 0x20 || c2 > 0x7e || c1 > c2 {
		return d.strange(b), true
	}
	rest, size := b[5:], 0
	for c := int(c1); c <= int(c2); c++ { // how long it is, before anything is drawn
		if size >= len(rest) {
			d.need = len(b) + int(c2) - c + 1
			return nil, false
		}
		size += 1 + y*int(rest[size])
	}
	if d.need = 5 + size; len(rest) < size {
		return nil, false
	}
	letters := map[byte]letter{}
	for c := int(c1); c <= int(c2); c++ {
		x, data := int(rest[0]), rest[1:]
		if x > cellWidth {
			return d.strange(b[:5]), true
		}
		l := letter{width: cellWidth, height: y * 8, black: make([]bool, cellWidth*y*8)}
		for col := range x {
			for row := range y * 8 {
				l.black[row*l.width+col] = data[col*y+row/8]&(0x80>>(row%8)) != 0
			}
		}
		letters[byte(c)] = l
		rest = data[y*x:]
	}
	if d.quirks.noGlyphs {
		return nil, true
	}
	if d.defined == nil {
		d.defined = map[byte]letter{}
	}
	for c, l := range letters {
		d.defined[c] = l
	}
	return nil, true
}

// enlarge makes a letter so many times as wide and high, and bold by a dot.
func (l letter) enlarge(w, h int, bold bool) letter {
	out := letter{width: l.width * w, height: l.height * h, black: make([]bool, l.width*w*l.height*h)}
	for y := range out.height {
		for x := range out.width {
			from := y/h*l.width + x/w
			out.black[y*out.width+x] = l.black[from] || (bold && x/w > 0 && l.black[from-1])
		}
	}
	return out
}

// mark underlines a letter by so many dots, or makes it white on black.
func (l letter) mark(underline byte, reverse bool) letter {
	for i := range l.black {
		if y := i / l.width; y >= l.height-int(underline) {
			l.black[i] = true
		}
		l.black[i] = l.black[i] != reverse
	}
	return l
}
