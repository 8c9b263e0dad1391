package printer

// Size is how large a text is. The steps are chosen for 203 dpi: at each of
// them the x-height and the height of capitals are whole dots, which is what
// keeps small Vietnamese letters even on thermal paper.
type Size string

const (
	SizeSmall  Size = "small"  // capitals 2 mm: times, sources, the second language
	SizeNormal Size = "normal" // 2.5 mm: the default when empty
	SizeLarge  Size = "large"  // 3 mm: what the paper is about
	SizeTitle  Size = "title"  // 4 mm
)

// Align is where a text stands on the paper; empty means left.
type Align string

const (
	AlignLeft   Align = "left"
	AlignCenter Align = "center"
)

type (
	// Text is a paragraph, broken between words. Centred ones are broken into
	// lines of about equal length.
	Text struct {
		Text  string
		Size  Size // with Line, the largest size
		Bold  bool
		Align Align
		Line  bool // rather smaller than broken: names, numbers
	}
	// Number is the one thing to be read from across the hall: drawn as large
	// as the paper allows, on one line.
	Number struct{ Text string }
	// Badge is white on black, rounded and centred: what must not be overlooked.
	Badge struct{ Text string }
	// Row is a label and its value, each with a note in small print below it: the
	// other language, a code. Neighbouring rows share two columns; a value that
	// does not fit its column stands below its label.
	Row struct{ Label, LabelNote, Value, ValueNote string }
	// Item is an entry of a list: a mark, a text with a hanging indent, and a
	// note below it in small print.
	Item struct {
		Mark string // "1.", "•" or [MarkBox]
		Text string
		Note string
	}
	// QR is a QR code with its quiet zone, error correction level M.
	QR struct{ Text string }
	// Rule is a line across the paper.
	Rule struct{}
	// Space is white paper, in dots of 1/8 mm.
	Space struct{ Dots int }
	// Image is a picture in the middle of the paper: a logo.
	Image struct{ Bitmap *Bitmap }
)

// MarkBox is the mark of an [Item] to be ticked with a pen.
const MarkBox = "☐"

func (Text) block()   {}
func (Number) block() {}
func (Badge) block()  {}
func (Row) block()    {}
func (Item) block()   {}
func (QR) block()     {}
func (Rule) block()   {}
func (Space) block()  {}
func (Image) block()  {}
