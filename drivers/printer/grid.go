package printer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A grid is a document laid out in the letters of the printer's own font: the same
// blocks as a sheet, in columns instead of dots.
type grid struct {
	columns int
	dots    int
	styled  bool // letters that are defined can be large and bold too
	steps   []step
}

// A step is what the printer does next: it prints a line of text, a picture or a
// QR code, or feeds. Just one of the fields is set.
type step struct {
	line *textLine
	rule bool
	img  *Bitmap
	qr   string
	feed int // dots
}

// A textLine is one printed line of letters, all of one size.
type textLine struct {
	center        bool
	width, height int // times font A
	runs          []textRun
}

type textRun struct {
	text          string
	bold, reverse bool
}

// letters is a measurer of text whose letters are so many columns wide.
type letters int

func (w letters) measure(line string) (int, error) { return utf8.RuneCountInString(line) * int(w), nil }

// layGrid lays a document out for a printer in text mode.
func layGrid(doc Document, p Profile) (*grid, error) {
	g := &grid{columns: p.Columns, dots: p.Dots, styled: p.Styled}
	for i := 0; i < len(doc.Blocks); i++ {
		if rows := leadingRows(doc.Blocks[i:]); len(rows) > 0 {
			err := g.rows(rows)
			if i += len(rows) - 1; err != nil {
				return nil, fmt.Errorf("rows up to block %d: %w", i+1, err)
			}
		} else if err := g.block(doc.Blocks[i], p); err != nil {
			return nil, fmt.Errorf("block %d (%T): %w", i+1, doc.Blocks[i], err)
		}
	}
	if g.height() > maxRows {
		return nil, ErrTooLong
	}
	return g, nil
}

// height is about how many dots of paper the grid takes.
func (g *grid) height() (dots int) {
	for _, s := range g.steps {
		switch {
		case s.line != nil:
			dots += max(s.line.height*cellHeight, lineSpacing)
		case s.img != nil:
			dots += s.img.Height
		case s.qr != "":
			dots += maxQR
		}
		dots += s.feed
	}
	return dots
}

func (g *grid) block(b Block, p Profile) error {
	switch b := b.(type) {
	case Text:
		return g.text(b)
	case Number:
		return g.number(b)
	case Badge:
		return g.badge(b, p.Reverse && p.Styled)
	case Item:
		return g.item(b)
	case QR:
		g.feed(quietZone * moduleSizes[0])
		g.steps = append(g.steps, step{qr: b.Text})
		g.feed(quietZone * moduleSizes[0])
		return nil
	case Rule:
		g.feed(8)
		g.steps = append(g.steps, step{rule: true})
		g.feed(8)
		return nil
	case Space:
		g.feed(min(max(b.Dots, 0), maxRows+1))
		return nil
	case Image:
		if b.Bitmap == nil || b.Bitmap.Width > g.dots {
			return errors.New("picture does not fit the paper")
		}
		g.steps = append(g.steps, step{img: b.Bitmap})
		return nil
	}
	return errors.New("unknown kind of block")
}

func (g *grid) feed(dots int) {
	if dots > 0 {
		g.steps = append(g.steps, step{feed: dots})
	}
}

func (g *grid) line(l textLine) {
	if !g.styled && slices.ContainsFunc(l.runs, textRun.isForeign) {
		// The words are what matters: half of them large would be worse than none.
		l.width, l.height = 1, 1
		for i := range l.runs {
			l.runs[i].bold, l.runs[i].reverse = false, false
		}
	}
	g.steps = append(g.steps, step{line: &l})
}

// isForeign reports whether a run has letters that the printer's own font has not.
func (t textRun) isForeign() bool {
	return strings.ContainsFunc(t.text, func(r rune) bool { return r != ' ' && r != '\u00a0' && !isNative(r) })
}

// scale is how large a size is, times font A.
func scale(s Size) (width, height int, err error) {
	switch s {
	case SizeSmall, SizeNormal:
		return 1, 1, nil
	case SizeLarge:
		return 1, 2, nil
	case SizeTitle:
		return 2, 2, nil
	}
	return 0, 0, fmt.Errorf("size %q", s)
}

func (g *grid) text(b Text) error {
	b.Size = cmp.Or(b.Size, SizeNormal)
	w, h, err := scale(b.Size)
	if err != nil {
		return err
	}
	text := clean(b.Text)
	if next, ok := smaller[b.Size]; b.Line && ok && utf8.RuneCountInString(text)*w > g.columns {
		b.Size = next
		return g.text(b)
	}
	breakLines := wrap
	switch b.Align {
	case AlignCenter:
		breakLines = balance
	case AlignLeft, "":
	default:
		return fmt.Errorf("alignment %q", b.Align)
	}
	lines, err := breakLines(letters(w), text, g.columns)
	if err != nil {
		return err
	}
	for _, l := range lines {
		g.line(textLine{center: b.Align == AlignCenter, width: w, height: h, runs: []textRun{{text: l, bold: b.Bold}}})
	}
	return nil
}

// maxNumber is how many times font A a queue number is at most: 12 mm high.
const maxNumber = 6

func (g *grid) number(b Number) error {
	text := strings.TrimSpace(clean(b.Text))
	n := utf8.RuneCountInString(text)
	if n == 0 {
		return errors.New("empty number")
	}
	size := min(maxNumber, g.columns/n)
	if size == 0 {
		return fmt.Errorf("%q is too long for a number", text)
	}
	g.feed(10)
	g.line(textLine{center: true, width: size, height: size, runs: []textRun{{text: text, bold: true}}})
	g.feed(10)
	return nil
}

// badge is white on black where the printer has that, and fenced where not.
func (g *grid) badge(b Badge, reverse bool) error {
	lines, err := balance(letters(1), clean(b.Text), g.columns-6)
	if err != nil {
		return err
	}
	g.feed(6)
	for _, l := range lines {
		r := textRun{text: "\u00a0" + l + "\u00a0", bold: true, reverse: reverse}
		if !reverse {
			r.text = "**" + r.text + "**"
		}
		g.line(textLine{center: true, width: 1, height: 1, runs: []textRun{r}})
	}
	g.feed(6)
	return nil
}

func (g *grid) item(b Item) error {
	mark := clean(b.Mark)
	indent := utf8.RuneCountInString(mark) + 1
	for _, t := range []string{b.Text, b.Note} {
		lines, err := wrap(letters(1), clean(t), g.columns-indent)
		if err != nil {
			return err
		}
		for _, l := range lines {
			g.line(textLine{width: 1, height: 1, runs: []textRun{{text: pad(mark, indent) + l}}})
			mark = "" // it stands once
		}
	}
	g.feed(4)
	return nil
}

// pad makes a text so many columns wide at least.
func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-utf8.RuneCountInString(text)))
}

// rows puts labels and their values in two columns, or below each other where
// one would have to be broken within a word.
func (g *grid) rows(rows []Row) error {
	column := 0
	for _, r := range rows {
		column = max(column, utf8.RuneCountInString(clean(r.Label))+2, utf8.RuneCountInString(clean(r.LabelNote))+2)
	}
	column = min(column, g.columns/2)
	for _, r := range rows {
		beside := true
		for i, t := range []string{r.Label, r.LabelNote, r.Value, r.ValueNote} {
			ok, err := fits(letters(1), clean(t), [2]int{column - 2, g.columns - column}[i/2])
			if err != nil {
				return err
			}
			beside = beside && ok
		}
		if err := g.row(r, column, beside); err != nil {
			return err
		}
	}
	return nil
}

func (g *grid) row(r Row, column int, beside bool) error {
	widths := [2]int{g.columns, g.columns}
	if beside {
		widths = [2]int{column - 2, g.columns - column}
	}
	var cells [2][]textRun // left and right, a line each
	for i, t := range []string{r.Label, r.LabelNote, r.Value, r.ValueNote} {
		lines, err := wrap(letters(1), clean(t), widths[i/2])
		if err != nil {
			return err
		}
		for _, l := range lines {
			cells[i/2] = append(cells[i/2], textRun{text: l, bold: i == 2})
		}
	}
	if !beside {
		for _, c := range append(cells[0], cells[1]...) {
			g.line(textLine{width: 1, height: 1, runs: []textRun{c}})
		}
		return nil
	}
	for i := range max(len(cells[0]), len(cells[1])) {
		var l textLine
		l.width, l.height = 1, 1
		left := textRun{}
		if i < len(cells[0]) {
			left = cells[0][i]
		}
		if i < len(cells[1]) {
			left.text = pad(left.text, column)
			l.runs = []textRun{left, cells[1][i]}
		} else {
			l.runs = []textRun{left}
		}
		g.line(l)
	}
	return nil
}
