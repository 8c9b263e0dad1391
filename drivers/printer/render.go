package printer

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ErrTooLong says that a document needs more paper than anybody would carry.
var ErrTooLong = errors.New("document is too long for one paper")

// maxRows is 1.5 m of paper.
const maxRows = 12000

// A Renderer draws documents as dots. It holds the fonts and the letters drawn
// so far, and may be used by many goroutines.
type Renderer struct {
	fonts typeface

	mu    sync.Mutex
	faces map[faceKey]*face
	cells map[rune]cell
}

type faceKey struct {
	weight  string
	xHeight int
}

// NewRenderer parses the fonts.
func NewRenderer() (*Renderer, error) {
	fonts, err := parseFonts()
	if err != nil {
		return nil, err
	}
	return &Renderer{fonts: fonts, faces: map[faceKey]*face{}, cells: map[rune]cell{}}, nil
}

// Render draws a document on paper of that many dots: 576 for 80 mm rolls, 384
// for 58 mm. It is what every encoding must come out as, dot for dot.
func (r *Renderer) Render(doc Document, dots int) (*Bitmap, error) {
	if dots < 200 || dots > 2000 {
		return nil, fmt.Errorf("paper of %d dots", dots)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &sheet{Renderer: r, width: dots, paper: NewBitmap(dots, 0)}
	for i := 0; i < len(doc.Blocks); i++ {
		b := doc.Blocks[i]
		if rows := leadingRows(doc.Blocks[i:]); len(rows) > 0 {
			err := s.rows(rows)
			if i += len(rows) - 1; err != nil {
				return nil, fmt.Errorf("rows up to block %d: %w", i+1, err)
			}
		} else if err := s.block(b); err != nil {
			return nil, fmt.Errorf("block %d (%T): %w", i+1, b, err)
		}
		if s.y > maxRows {
			return nil, ErrTooLong
		}
	}
	s.paper.Grow(s.y)
	return s.paper, nil
}

const (
	regular = "regular"
	bold    = "bold"
	narrow  = "narrow" // the large number, in pairs of rows: half the bytes
)

func (r *Renderer) face(weight string, xHeight int) *face {
	k := faceKey{weight, xHeight}
	if f, ok := r.faces[k]; ok {
		return f
	}
	font := r.fonts.regular
	switch weight {
	case bold:
		font = r.fonts.bold
	case narrow:
		font = r.fonts.narrow
	}
	f := newFace(font, em(xHeight))
	if weight == narrow {
		f.tall = 2
	}
	r.faces[k] = f
	return f
}

func (r *Renderer) textFace(size Size, isBold bool) (*face, error) {
	weight := regular
	if isBold {
		weight = bold
	}
	switch size {
	case SizeSmall:
		return r.face(weight, 12), nil
	case SizeNormal:
		return r.face(weight, 15), nil
	case SizeLarge:
		return r.face(weight, 18), nil
	case SizeTitle:
		return r.face(weight, 24), nil
	}
	return nil, fmt.Errorf("size %q", size)
}

// A sheet is one document being drawn, from the top down.
type sheet struct {
	*Renderer
	paper *Bitmap
	width int
	y     int // the first row not yet used
}

func (s *sheet) block(b Block) error {
	switch b := b.(type) {
	case Text:
		return s.text(b)
	case Number:
		return s.number(b)
	case Badge:
		return s.badge(b)
	case Item:
		return s.item(b)
	case QR:
		return s.qr(b)
	case Rule:
		s.space(10)
		s.fill(0, s.y, s.width, s.y+2)
		s.space(2 + 8)
		return nil
	case Space:
		s.space(min(max(b.Dots, 0), maxRows+1))
		return nil
	case Image:
		return s.image(b.Bitmap)
	}
	return errors.New("unknown kind of block")
}

func (s *sheet) space(dots int) { s.y += dots }

func (s *sheet) fill(x0, y0, x1, y1 int) {
	s.paper.Grow(y1)
	s.paper.Fill(x0, y0, x1, y1)
}

// clean makes what people typed fit to be drawn: composed (NFC, because a face
// puts no mark on a letter), and one line without controls.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r), r == '\u200b', r == '\ufeff', r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, norm.NFC.String(text))
}

// lines draws lines below each other, the first one's top at s.y, x the left
// edge, and moves on. Vietnamese capitals carry two marks (Ẫ), hence the leading.
func (s *sheet) lines(f *face, lines []string, x int) error {
	for _, l := range lines {
		s.paper.Grow(s.y + leading(f) + f.em/2)
		if err := f.draw(s.paper, x, s.y+f.em, l, true); err != nil {
			return err
		}
		s.y += leading(f)
	}
	return nil
}

func leading(f *face) int { return f.em + f.em/4 + 1 }

// smaller is the next size down; what is worth a line of its own is never small print.
var smaller = map[Size]Size{SizeTitle: SizeLarge, SizeLarge: SizeNormal}

func (s *sheet) text(b Text) error {
	b.Size = cmp.Or(b.Size, SizeNormal)
	f, err := s.textFace(b.Size, b.Bold)
	if err != nil {
		return err
	}
	if next, ok := smaller[b.Size]; b.Line && ok {
		w, err := f.measure(clean(b.Text))
		if err != nil {
			return err
		}
		if w > s.width {
			b.Size = next
			return s.text(b)
		}
	}
	switch b.Align {
	case AlignCenter:
		return s.centered(f, b.Text)
	case AlignLeft, "":
		lines, err := wrap(f, clean(b.Text), s.width)
		if err != nil {
			return err
		}
		return s.lines(f, lines, 0)
	}
	return fmt.Errorf("alignment %q", b.Align)
}

func (s *sheet) centered(f *face, text string) error {
	lines, err := balance(f, clean(text), s.width)
	if err != nil {
		return err
	}
	for _, l := range lines {
		w, err := f.measure(l)
		if err != nil {
			return err
		}
		if err := s.lines(f, []string{l}, (s.width-w)/2); err != nil {
			return err
		}
	}
	return nil
}

// number draws digits 14 mm high, or as high as fits the width.
func (s *sheet) number(b Number) error {
	text := strings.TrimSpace(clean(b.Text))
	if text == "" {
		return errors.New("empty number")
	}
	for x := 84; x >= 18; x -= 3 {
		f := s.face(narrow, x)
		w, err := f.measure(text)
		if err != nil {
			return err
		}
		if w > s.width {
			continue
		}
		capital := x * 4 / 3
		s.space(12)
		s.paper.Grow(s.y + capital + f.em/2)
		if err := f.draw(s.paper, (s.width-w)/2, s.y+capital, text, true); err != nil {
			return err
		}
		s.space(capital + 18)
		return nil
	}
	return fmt.Errorf("%q is too long for a number", text)
}

func (s *sheet) badge(b Badge) error {
	f := s.face(bold, 15)
	const padX, padTop, padBottom, gap = 18, 2, 8, 6
	lines, err := balance(f, clean(b.Text), s.width-2*padX)
	if err != nil || len(lines) == 0 {
		return err
	}
	width := 0
	for _, l := range lines {
		w, err := f.measure(l)
		if err != nil {
			return err
		}
		width = max(width, w)
	}
	s.space(gap)
	top, bottom := s.y, s.y+padTop+len(lines)*leading(f)+padBottom-f.em/8
	left := (s.width - width - 2*padX) / 2
	right := left + width + 2*padX
	s.fill(left, top, right, bottom)
	s.roundCorners(left, top, right, bottom, 10)
	for i, l := range lines {
		w, err := f.measure(l)
		if err != nil {
			return err
		}
		if err := f.draw(s.paper, (s.width-w)/2, top+padTop+f.em+i*leading(f), l, false); err != nil {
			return err
		}
	}
	s.y = bottom
	s.space(gap + 2)
	return nil
}

// roundCorners takes the corners of a black box off again.
func (s *sheet) roundCorners(x0, y0, x1, y1, r int) {
	for dy := range r {
		for dx := range r {
			// distance of the dot's centre from that of the corner's circle, in half dots
			if ex, ey := 2*(r-dx)-1, 2*(r-dy)-1; ex*ex+ey*ey > 4*r*r {
				s.paper.Set(x0+dx, y0+dy, false)
				s.paper.Set(x1-1-dx, y0+dy, false)
				s.paper.Set(x0+dx, y1-1-dy, false)
				s.paper.Set(x1-1-dx, y1-1-dy, false)
			}
		}
	}
}

func (s *sheet) item(b Item) error {
	f, note := s.face(regular, 15), s.face(regular, 12)
	indent := f.em * 3 / 2
	if b.Mark == "•" {
		indent = f.em
	}
	lines, err := wrap(f, clean(b.Text), s.width-indent)
	if err != nil {
		return err
	}
	notes, err := wrap(note, clean(b.Note), s.width-indent)
	if err != nil {
		return err
	}
	if b.Mark == MarkBox {
		s.box(4, s.y+f.em-22, 24)
	} else if err := f.draw(s.grown(s.y+2*f.em), 0, s.y+f.em, clean(b.Mark), true); err != nil {
		return err
	}
	if err := s.lines(f, lines, indent); err != nil {
		return err
	}
	s.y -= 2
	if err := s.lines(note, notes, indent); err != nil {
		return err
	}
	s.space(8)
	return nil
}

func (s *sheet) grown(height int) *Bitmap {
	s.paper.Grow(height)
	return s.paper
}

// box draws an empty square to be ticked.
func (s *sheet) box(x, y, side int) {
	const line = 2
	s.fill(x, y, x+side, y+line)
	s.fill(x, y+side-line, x+side, y+side)
	s.fill(x, y, x+line, y+side)
	s.fill(x+side-line, y, x+side, y+side)
}

// image draws a picture in the middle.
func (s *sheet) image(b *Bitmap) error {
	if b == nil || b.Width > s.width {
		return errors.New("picture does not fit the paper")
	}
	paper, left := s.grown(s.y+b.Height), (s.width-b.Width)/16*8
	for y := range b.Height {
		for x := range b.Width {
			if b.Black(x, y) {
				paper.Set(left+x, s.y+y, true)
			}
		}
	}
	s.space(b.Height)
	return nil
}
