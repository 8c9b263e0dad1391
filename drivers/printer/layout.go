package printer

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Layouts say what stands on each kind of paper. They are data: a unit changes
// texts, logo and order without a new program.
type Layouts struct {
	byKind map[Kind][]layoutBlock
	logo   *Bitmap // nil: none
}

// A layoutBlock is one entry of layouts.yaml, where the fields are explained. Just
// one of the first group says what it is.
type layoutBlock struct {
	Text   *string `yaml:"text"`
	Part   *string `yaml:"part"`
	Number *string `yaml:"number"`
	Badge  *string `yaml:"badge"`
	Row    *string `yaml:"row"`
	List   *string `yaml:"list"`
	QR     *string `yaml:"qr"`
	Rule   bool    `yaml:"rule"`
	Space  int     `yaml:"space"`
	Logo   bool    `yaml:"logo"`

	EN      string `yaml:"en"`
	Value   string `yaml:"value"`
	ValueEN string `yaml:"value_en"`
	Note    string `yaml:"note"`
	Mark    string `yaml:"mark"`
	Size    Size   `yaml:"size"`
	Bold    bool   `yaml:"bold"`
	Line    bool   `yaml:"line"`
	Align   Align  `yaml:"align"`
	If      string `yaml:"if"`
	Unless  string `yaml:"unless"`
}

//go:embed layouts.yaml
var layoutsYAML []byte

// The largest logo: 50 × 20 mm.
const (
	maxLogoWidth  = 400
	maxLogoHeight = 160
)

// papersOfAllKinds are papers without content: what they name is what layouts may.
var papersOfAllKinds = []Paper{Ticket{}, Slip{}, Checklist{}, Acceptance{}, TestPage{}, Readiness{}}

// NewLayouts returns the layouts there are, with those of own (a YAML text in the
// form of layouts.yaml, or nil) in place of ours, and a logo (base64 of a PNG, or
// empty) at the head of those that have a place for one. A layout is refused if it
// names what its paper has not, or if a paper laid out by it could not be printed
// on a 58 mm roll.
func NewLayouts(own []byte, logo string) (*Layouts, error) {
	l := &Layouts{byKind: map[Kind][]layoutBlock{}}
	for _, raw := range [][]byte{layoutsYAML, own} {
		var some map[Kind][]layoutBlock
		if err := yaml.UnmarshalWithOptions(raw, &some, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("layouts: %w", err)
		}
		maps.Copy(l.byKind, some)
	}
	if logo != "" {
		var err error
		if l.logo, err = parseLogo(logo); err != nil {
			return nil, fmt.Errorf("layouts: logo: %w", err)
		}
	}
	if own == nil && logo == "" {
		return l, nil // ours alone: tests lay out every paper by them
	}
	return l, l.check()
}

// parseLogo makes a picture dots: what is darker than middle grey is ink.
func parseLogo(text string) (*Bitmap, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, fmt.Errorf("not base64: %w", err)
	}
	size, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	if size.Width > maxLogoWidth || size.Height > maxLogoHeight {
		return nil, fmt.Errorf("%d × %d dots, at most %d × %d fit", size.Width, size.Height, maxLogoWidth, maxLogoHeight)
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	b := NewBitmap((size.Width+7)/8*8, size.Height)
	ink := false
	for y := range size.Height {
		for x := range size.Width {
			red, green, blue, alpha := img.At(img.Bounds().Min.X+x, img.Bounds().Min.Y+y).RGBA()
			// Luma of ITU-R BT.601, on white paper.
			if grey := (299*red+587*green+114*blue)/1000 + 0xffff - alpha; grey < 0x8000 {
				b.Set(x, y, true)
				ink = true
			}
		}
	}
	if !ink {
		return nil, errors.New("nothing on it is dark enough to print")
	}
	return b, nil
}

// check lays out a sample of every paper by every layout.
func (l *Layouts) check() error {
	var errs []error
	known := map[Kind]values{}
	for _, p := range papersOfAllKinds {
		known[p.values().kind] = p.values()
	}
	for _, kind := range slices.Sorted(maps.Keys(l.byKind)) {
		v, ok := known[kind]
		if !ok {
			errs = append(errs, fmt.Errorf("layouts: there is no paper %q", kind))
			continue
		}
		for i, b := range l.byKind[kind] {
			if err := b.check(v); err != nil {
				errs = append(errs, fmt.Errorf("layouts: %s, block %d: %w", kind, i+1, err))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	r, err := NewRenderer()
	if err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(l.byKind)) {
		for _, lang := range []string{"vi", "en"} {
			paper, err := Sample(kind, time.Unix(0, 0), lang)
			if err != nil {
				return err
			}
			if _, err := r.Render(l.Document(paper), 384); err != nil {
				errs = append(errs, fmt.Errorf("layouts: %s on a 58 mm roll: %w", kind, err))
			}
		}
	}
	return errors.Join(errs...)
}

var field = regexp.MustCompile(`\{([a-z]*)\}`)

// check says everything that is wrong with a block of a paper with such values.
func (b layoutBlock) check(v values) error {
	var errs []error
	kinds := 0
	for _, is := range []bool{b.Text != nil, b.Part != nil, b.Number != nil, b.Badge != nil, b.Row != nil, b.List != nil, b.QR != nil, b.Rule, b.Space != 0, b.Logo} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		errs = append(errs, errors.New("has to be one of text, part, number, badge, row, list, qr, rule, space and logo"))
	}
	for _, text := range append(b.texts(), b.EN, b.ValueEN) {
		for _, m := range field.FindAllStringSubmatch(text, -1) {
			if _, ok := v.text[m[1]]; !ok {
				errs = append(errs, fmt.Errorf("%q: the paper has no such field, but %s", m[0], strings.Join(slices.Sorted(maps.Keys(v.text)), ", ")))
			}
		}
		if strings.ContainsAny(field.ReplaceAllString(text, ""), "{}") {
			errs = append(errs, fmt.Errorf("%q: braces are for fields", text))
		}
	}
	for _, name := range []string{b.If, b.Unless} {
		_, isText := v.text[name]
		if _, isList := v.list[name]; name != "" && !isText && !isList {
			errs = append(errs, fmt.Errorf("%q: the paper has no such field", name))
		}
	}
	if b.List != nil {
		if _, ok := v.list[*b.List]; !ok {
			errs = append(errs, fmt.Errorf("list %q: the paper has no such list", *b.List))
		}
		if !slices.Contains([]string{"•", "number", "box"}, b.Mark) {
			errs = append(errs, fmt.Errorf(`mark %q: "•", number or box`, b.Mark))
		}
	}
	if !slices.Contains([]Size{"", SizeSmall, SizeNormal, SizeLarge, SizeTitle}, b.Size) {
		errs = append(errs, fmt.Errorf("size %q: small, normal, large or title", b.Size))
	}
	if !slices.Contains([]Align{"", AlignLeft, AlignCenter}, b.Align) {
		errs = append(errs, fmt.Errorf("align %q: left or center", b.Align))
	}
	if b.Space < 0 || b.Space > 400 {
		errs = append(errs, fmt.Errorf("space %d: 1 to 400", b.Space))
	}
	return errors.Join(errs...)
}

// texts are those whose fields have to be there.
func (b layoutBlock) texts() []string {
	texts := []string{b.Value, b.Note}
	for _, t := range []*string{b.Text, b.Part, b.Number, b.Badge, b.Row, b.QR} {
		if t != nil {
			texts = append(texts, *t)
		}
	}
	return texts
}

// Document lays a paper out.
func (l *Layouts) Document(p Paper) Document {
	v := p.values()
	doc := Document{Kind: v.kind, Number: v.number}
	for _, b := range l.byKind[v.kind] {
		if v.wants(b) {
			doc.Blocks = append(doc.Blocks, l.blocks(b, v)...)
		}
	}
	return doc
}

// wants reports whether a block stands on a paper with these values.
func (v values) wants(b layoutBlock) bool {
	has := func(name string) bool { return v.text[name].vi != "" || len(v.list[name]) > 0 }
	if b.If != "" && !has(b.If) || b.Unless != "" && has(b.Unless) {
		return false
	}
	for i, text := range b.texts() {
		const note = 1 // a note that has nothing to say is left out, not its row
		for _, m := range field.FindAllStringSubmatch(text, -1) {
			if !has(m[1]) && i != note {
				return false
			}
		}
	}
	return true
}

// blocks are what one block of a layout becomes.
func (l *Layouts) blocks(b layoutBlock, v values) []Block {
	en := ""
	if v.lang == "en" {
		en = v.fill(b.EN, true)
	}
	switch {
	case b.Text != nil:
		align := b.Align
		if align == "" {
			align = AlignCenter
		}
		out := []Block{Text{Text: v.fill(*b.Text, false), Size: b.Size, Bold: b.Bold, Line: b.Line, Align: align}}
		if en != "" {
			out = append(out, Text{Text: en, Size: SizeSmall, Align: align})
		}
		return out
	case b.Part != nil:
		out := []Block{Space{10}, Text{Text: v.fill(*b.Part, false), Size: SizeNormal, Bold: true}}
		if en != "" {
			out = append(out, Text{Text: en, Size: SizeSmall})
		}
		return append(out, Space{4})
	case b.Number != nil:
		return []Block{Number{v.fill(*b.Number, false)}}
	case b.Badge != nil:
		text := v.fill(*b.Badge, false)
		if en != "" {
			text += " · " + en
		}
		return []Block{Badge{text}}
	case b.Row != nil:
		note := v.fill(b.Note, false)
		if note == "" && v.lang == "en" {
			note = v.fill(b.ValueEN, true)
		}
		return []Block{Row{Label: v.fill(*b.Row, false), LabelNote: en, Value: v.fill(b.Value, false), ValueNote: note}}
	case b.List != nil:
		var out []Block
		for i, e := range v.list[*b.List] {
			out = append(out, Item{Mark: mark(b.Mark, i), Text: e.text, Note: e.note})
		}
		return out
	case b.QR != nil:
		return []Block{QR{v.fill(*b.QR, false)}}
	case b.Rule:
		return []Block{Rule{}}
	case b.Logo:
		if l.logo == nil {
			return nil
		}
		return []Block{Image{l.logo}, Space{8}}
	}
	return []Block{Space{b.Space}}
}

func mark(kind string, i int) string {
	switch kind {
	case "number":
		return fmt.Sprintf("%d.", i+1)
	case "box":
		return MarkBox
	}
	return kind
}

// fill puts the values into a text.
func (v values) fill(text string, english bool) string {
	return field.ReplaceAllStringFunc(text, func(m string) string {
		l := v.text[m[1:len(m)-1]]
		if english && l.en != "" {
			return l.en
		}
		return l.vi
	})
}
