package printer

import (
	"fmt"
	"slices"
)

// Where a printer takes glyphs, letters travel as text: those of ASCII as they
// are, in the printer's own font, and each other letter as a code that ESC & gave
// its shape before. Two kilobytes instead of sixteen.

// Codes that ESC & may define, without the space.
const (
	firstCode = 0x21
	lastCode  = 0x7e
)

// lineSpacing is how many dots a line feeds after ESC @: 1/6 inch at 180 dpi, and
// 3.75 mm, which is as many, at 203.
const lineSpacing = 30

// Job turns a document into what is sent to a printer of that profile.
func (r *Renderer) Job(doc Document, p Profile) ([]byte, error) {
	if p.Glyphs == glyphsDown {
		return r.textJob(doc, p)
	}
	paper, err := r.Render(doc, p.Dots)
	if err != nil {
		return nil, err
	}
	return Encode(paper, p), nil
}

func (r *Renderer) textJob(doc Document, p Profile) ([]byte, error) {
	g, err := layGrid(doc, p)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e := textEncoder{renderer: r, profile: p, out: []byte{esc, '@'}, width: 1, height: 1}
	if p.Smooth {
		e.put(gs, 'b', 1)
	}
	alphabets := alphabetsOf(g.steps, p.MaxGlyphs)
	for i, s := range g.steps {
		if a := alphabets[i]; a != nil {
			if err := e.define(a); err != nil {
				return nil, err
			}
		}
		if err := e.step(s); err != nil {
			return nil, err
		}
	}
	if p.FeedUnits == 0 {
		e.flushFeed()
		e.put(esc, 'd', byte((p.Tail+lineSpacing-1)/lineSpacing))
	} else {
		e.feed += p.Tail
		e.flushFeed()
	}
	return appendCut(e.out, p), nil
}

// An alphabet says which code stands for which letter from one step on.
type alphabet struct {
	code   map[rune]byte
	native map[byte]bool // codes that are themselves
}

func newAlphabet() *alphabet { return &alphabet{map[rune]byte{}, map[byte]bool{}} }

// isNative reports whether the printer's own font is trusted with a letter.
func isNative(r rune) bool { return r > ' ' && r <= lastCode }

// alphabetsOf gives every letter of a document a code that the document does not
// use for itself. Where there are too few codes for all, a new alphabet begins
// with the line that has no room; the result has it at that step, nil elsewhere.
func alphabetsOf(steps []step, most int) []*alphabet {
	out := make([]*alphabet, len(steps))
	var now *alphabet
	for i, s := range steps {
		if s.line == nil {
			continue
		}
		if now == nil || !now.take(s.line, most) {
			now = newAlphabet()
			now.take(s.line, most)
			out[i] = now
		}
	}
	for _, a := range out {
		if a != nil {
			a.assign()
		}
	}
	return out
}

// take adds a line's letters, or says that there is no room for them.
func (a *alphabet) take(l *textLine, most int) bool {
	code, native := map[rune]byte{}, map[byte]bool{}
	for _, run := range l.runs {
		for _, r := range run.text {
			switch {
			case isNative(r):
				native[byte(r)] = true
			case r != ' ' && r != '\u00a0':
				code[r] = 0
			}
		}
	}
	for r := range a.code {
		code[r] = 0
	}
	for c := range a.native {
		native[c] = true
	}
	if len(code) > most || len(code)+len(native) > lastCode-firstCode+1 {
		return false
	}
	a.code, a.native = code, native
	return true
}

// assign gives the letters codes in as few runs as there can be: each run costs a
// header.
func (a *alphabet) assign() {
	type span struct{ from, n int }
	var spans []span
	for c := firstCode; c <= lastCode; c++ {
		if a.native[byte(c)] {
			continue
		}
		if k := len(spans) - 1; k >= 0 && spans[k].from+spans[k].n == c {
			spans[k].n++
		} else {
			spans = append(spans, span{c, 1})
		}
	}
	slices.SortStableFunc(spans, func(a, b span) int { return b.n - a.n })
	letters := make([]rune, 0, len(a.code))
	for r := range a.code {
		letters = append(letters, r)
	}
	slices.Sort(letters)
	for _, s := range spans {
		for c := s.from; c < s.from+s.n && len(letters) > 0; c++ {
			a.code[letters[0]], letters = byte(c), letters[1:]
		}
	}
}

// A textEncoder keeps what the printer was told, so that nothing is told twice.
type textEncoder struct {
	renderer *Renderer
	profile  Profile
	out      []byte
	code     map[rune]byte
	defined  [lastCode + 1]bool

	user, center, bold, reverse bool
	width, height               int
	feed                        int // dots not yet fed
}

func (e *textEncoder) put(b ...byte) { e.out = append(e.out, b...) }

// tell sets a mode unless it is set.
func (e *textEncoder) tell(mode *bool, to bool, command ...byte) {
	if *mode != to {
		*mode = to
		e.put(append(command, bit(to))...)
	}
}

func (e *textEncoder) flushFeed() {
	e.out, e.feed = appendFeed(e.out, e.feed, e.profile), 0
}

// define sends the glyphs of an alphabet: ESC & y c1 c2 [x d1 … d(3·x)]… What an
// alphabet before it defined, and this one wants from the printer's own font, is
// taken back (ESC ?).
func (e *textEncoder) define(a *alphabet) error {
	for c := range byte(lastCode + 1) {
		if e.defined[c] && a.native[c] {
			e.put(esc, '?', c)
			e.defined[c] = false
		}
	}
	e.code = a.code
	letter := map[byte]rune{}
	for r, c := range a.code {
		letter[c] = r
	}
	for c := byte(firstCode); c <= lastCode; c++ {
		if letter[c] == 0 {
			continue
		}
		last := c
		for last < lastCode && letter[last+1] != 0 {
			last++
		}
		e.put(esc, '&', cellHeight/8, c, last)
		for ; c <= last; c++ {
			glyph, err := e.renderer.cellOf(letter[c])
			if err != nil {
				return err
			}
			w := glyph.width()
			e.defined[c] = true
			e.put(byte(w))
			for _, column := range glyph[:w] {
				e.put(column[:]...)
			}
		}
	}
	if len(a.code) > 0 {
		e.tell(&e.user, true, esc, '%')
	}
	return nil
}

func (e *textEncoder) step(s step) error {
	e.feed += s.feed
	switch {
	case s.line != nil:
		e.flushFeed()
		e.line(s.line)
	case s.rule:
		e.flushFeed()
		e.rule()
	case s.img != nil:
		e.flushFeed()
		e.image(s.img)
	case s.qr != "":
		e.flushFeed()
		return e.qr(s.qr)
	}
	return nil
}

func (e *textEncoder) line(l *textLine) {
	e.tell(&e.center, l.center, esc, 'a')
	if l.width != e.width || l.height != e.height {
		e.width, e.height = l.width, l.height
		e.put(gs, '!', byte((l.width-1)<<4|(l.height-1)))
	}
	for _, run := range l.runs {
		e.tell(&e.bold, run.bold, esc, 'E')
		e.tell(&e.reverse, run.reverse, gs, 'B')
		for _, r := range run.text {
			switch {
			case r == ' ' || r == '\u00a0':
				e.put(' ')
			case isNative(r):
				e.put(byte(r))
			default:
				e.put(e.code[r])
			}
		}
	}
	e.put('\n')
}

// rule draws a line across the paper, two dots high.
func (e *textEncoder) rule() {
	b := NewBitmap(e.profile.Dots, 2)
	b.Fill(0, 0, b.Width, 2)
	e.image(b)
}

// image sends a picture in the middle of the paper, as GS v 0 wants it.
func (e *textEncoder) image(img *Bitmap) {
	p := e.profile
	e.tell(&e.center, p.Justify, esc, 'a')
	paper := img
	if left := (p.Dots - img.Width) / 16 * 8; !p.Justify || (p.Dots-img.Width)/2 != left {
		paper = NewBitmap(p.Dots, img.Height)
		for y := range img.Height {
			for x := range img.Width {
				if img.Black(x, y) {
					paper.Set(left+x, y, true)
				}
			}
		}
	}
	p.Justify = false // nothing within it moves
	for _, b := range bands(paper, p) {
		if b.white {
			e.out = appendFeed(e.out, b.y1-b.y0, p)
			continue
		}
		e.out = b.append(e.out, paper)
	}
}

// qr has the printer draw a QR code (GS ( k, cn 49), or sends it drawn.
func (e *textEncoder) qr(text string) error {
	modules, err := QRModules(text)
	if err != nil {
		return err
	}
	size, err := moduleSize(len(modules), e.profile.Dots)
	if err != nil {
		return err
	}
	if e.profile.QR != qrNative {
		e.image(qrImage(modules, size))
		return nil
	}
	if len(text) > maxNativeQR {
		return fmt.Errorf("QR code of %d bytes: a printer is trusted with %d", len(text), maxNativeQR)
	}
	e.tell(&e.center, true, esc, 'a')
	for _, f := range [][]byte{
		{65, 50, 0},                     // model 2
		{67, byte(size)},                // dots a module
		{69, 49},                        // level M
		append([]byte{80, 48}, text...), // store
		{81, 48},                        // print
	} {
		n := len(f) + 1
		e.put(append([]byte{gs, '(', 'k', byte(n), byte(n >> 8), 49}, f...)...)
	}
	return nil
}

// maxNativeQR bounds what is stored in a printer: our codes are a tenth of it, and
// a printer whose line was cut meanwhile swallows up to this much (resync).
const maxNativeQR = 700
