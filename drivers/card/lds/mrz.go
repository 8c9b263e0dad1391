package lds

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"tiepdan/drivers/card"
)

// MRZ is a machine readable zone whose check digits hold. Fields stand as
// printed, without the fillers at their end.
type MRZ struct {
	Form        Format
	Type        string // "ID", "P", "I"
	Issuer      string // three letters, "VNM"
	Number      string // nine places or fewer
	Optional    string // TD1: line 1, where Vietnam puts the PIN
	Birth       string // YYMMDD, unknown parts filled with '<'
	Sex         string // "M", "F", or "" where unspecified
	Expiry      string // YYMMDD
	Nationality string
	Optional2   string // TD1: line 2
	Names       string // as printed: SURNAME<<GIVEN<NAMES

	// Check digits that a filler may stand for: of the number, when it goes on
	// in the optional field (Doc 9303-5 §4.2.2); of an empty TD3 optional field.
	numberCD, optionalCD byte
}

// Format is the size of document the zone is printed on.
type Format string

const (
	TD1 Format = "TD1" // cards, 3 × 30
	TD2 Format = "TD2" // 2 × 36
	TD3 Format = "TD3" // passports, 2 × 44
)

// The zone of a person prints as its kind, by whatever verb.
func (MRZ) String() string               { return "[MRZ]" }
func (MRZ) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, "[MRZ]") } // a fmt.State keeps its own errors
func (MRZ) LogValue() slog.Value         { return slog.StringValue("[MRZ]") }
func (MRZ) MarshalText() ([]byte, error) { return []byte("[MRZ]"), nil }

// field is a stretch of the zone and where it belongs.
type field struct {
	at, len int
	in      func(*MRZ) *string
}

// digit is a check digit: where it stands and which stretches it is over.
type digit struct {
	at   int
	name string
	over [][2]int
	free func(*MRZ) *byte // where '<' may stand for it, and is remembered
}

type layout struct {
	size   int
	fields []field
	digits []digit
}

func (m *MRZ) number() *byte   { return &m.numberCD }
func (m *MRZ) optional() *byte { return &m.optionalCD }

// Layouts of Doc 9303-5 §4.2 (TD1), 9303-6 §4.2 (TD2), 9303-4 §4.2 (TD3).
var layouts = map[Format]layout{
	TD1: {90, []field{
		{0, 2, func(m *MRZ) *string { return &m.Type }},
		{2, 3, func(m *MRZ) *string { return &m.Issuer }},
		{5, 9, func(m *MRZ) *string { return &m.Number }},
		{15, 15, func(m *MRZ) *string { return &m.Optional }},
		{30, 6, func(m *MRZ) *string { return &m.Birth }},
		{37, 1, func(m *MRZ) *string { return &m.Sex }},
		{38, 6, func(m *MRZ) *string { return &m.Expiry }},
		{45, 3, func(m *MRZ) *string { return &m.Nationality }},
		{48, 11, func(m *MRZ) *string { return &m.Optional2 }},
		{60, 30, func(m *MRZ) *string { return &m.Names }},
	}, []digit{
		{14, "document number", [][2]int{{5, 14}}, (*MRZ).number},
		{36, "date of birth", [][2]int{{30, 36}}, nil},
		{44, "expiry", [][2]int{{38, 44}}, nil},
		{59, "composite", [][2]int{{5, 30}, {30, 37}, {38, 45}, {48, 59}}, nil},
	}},
	TD2: {72, []field{
		{0, 2, func(m *MRZ) *string { return &m.Type }},
		{2, 3, func(m *MRZ) *string { return &m.Issuer }},
		{5, 31, func(m *MRZ) *string { return &m.Names }},
		{36, 9, func(m *MRZ) *string { return &m.Number }},
		{46, 3, func(m *MRZ) *string { return &m.Nationality }},
		{49, 6, func(m *MRZ) *string { return &m.Birth }},
		{56, 1, func(m *MRZ) *string { return &m.Sex }},
		{57, 6, func(m *MRZ) *string { return &m.Expiry }},
		{64, 7, func(m *MRZ) *string { return &m.Optional }},
	}, []digit{
		{45, "document number", [][2]int{{36, 45}}, (*MRZ).number},
		{55, "date of birth", [][2]int{{49, 55}}, nil},
		{63, "expiry", [][2]int{{57, 63}}, nil},
		{71, "composite", [][2]int{{36, 46}, {49, 56}, {57, 71}}, nil},
	}},
	TD3: {88, []field{
		{0, 2, func(m *MRZ) *string { return &m.Type }},
		{2, 3, func(m *MRZ) *string { return &m.Issuer }},
		{5, 39, func(m *MRZ) *string { return &m.Names }},
		{44, 9, func(m *MRZ) *string { return &m.Number }},
		{54, 3, func(m *MRZ) *string { return &m.Nationality }},
		{57, 6, func(m *MRZ) *string { return &m.Birth }},
		{64, 1, func(m *MRZ) *string { return &m.Sex }},
		{65, 6, func(m *MRZ) *string { return &m.Expiry }},
		{72, 14, func(m *MRZ) *string { return &m.Optional }},
	}, []digit{
		{53, "document number", [][2]int{{44, 53}}, nil},
		{63, "date of birth", [][2]int{{57, 63}}, nil},
		{71, "expiry", [][2]int{{65, 71}}, nil},
		{86, "optional data", [][2]int{{72, 86}}, (*MRZ).optional},
		{87, "composite", [][2]int{{44, 54}, {57, 64}, {65, 87}}, nil},
	}},
}

// ParseDG1 reads the machine readable zone off data group 1.
func ParseDG1(ef []byte) (MRZ, error) {
	content, err := Content(1, ef)
	if err != nil {
		return MRZ{}, err
	}
	t, err := card.ParseOneTLV(content, 0x5F1F)
	if err != nil {
		return MRZ{}, fmt.Errorf("DG1: %w", err)
	}
	return ParseMRZ(string(t.Value))
}

// EncodeDG1 is data group 1 for a zone.
func EncodeDG1(m MRZ) []byte {
	return card.AppendTLV(nil, tags[1], card.AppendTLV(nil, 0x5F1F, []byte(m.Encode())))
}

// JoinMRZ makes one line of what a person or a scanner gives: lines, or lines
// parted by slashes, in small letters.
func JoinMRZ(s string) string {
	return strings.ToUpper(strings.NewReplacer("/", "", " ", "", "\t", "", "\r", "", "\n", "").Replace(s))
}

// ParseMRZ reads a zone without line breaks: 90 characters of TD1, 72 of TD2,
// 88 of TD3. Errors name the field, never what stands in it.
func ParseMRZ(s string) (MRZ, error) {
	var m MRZ
	for f, l := range layouts {
		if l.size == len(s) {
			m.Form = f
		}
	}
	if m.Form == "" {
		return MRZ{}, fmt.Errorf("%w: MRZ of %d characters", card.ErrMalformed, len(s))
	}
	if _, ok := card.CheckDigit(s); !ok {
		return MRZ{}, fmt.Errorf("%w: MRZ holds a character that none may", card.ErrMalformed)
	}
	l := layouts[m.Form]
	for _, f := range l.fields {
		*f.in(&m) = strings.TrimRight(s[f.at:f.at+f.len], "<")
	}
	for _, d := range l.digits {
		if d.free != nil && s[d.at] == '<' && m.mayOmit(d) {
			*d.free(&m) = '<'
			continue
		}
		if s[d.at] != d.of(s) {
			return MRZ{}, fmt.Errorf("%w: MRZ: check digit of %s", card.ErrMalformed, d.name)
		}
	}
	if m.numberCD == '<' {
		if _, ok := m.longNumber(); !ok {
			return MRZ{}, fmt.Errorf("%w: MRZ: check digit of long document number", card.ErrMalformed)
		}
	}
	return m, nil
}

func (m *MRZ) mayOmit(d digit) bool {
	return d.name != "optional data" || m.Optional == ""
}

func (d digit) of(s string) byte {
	var over strings.Builder
	for _, r := range d.over {
		over.WriteString(s[r[0]:r[1]])
	}
	cd, _ := card.CheckDigit(over.String())
	return cd
}

// longNumber puts together a document number of more than nine places: the
// rest and its check digit lead the optional field.
func (m *MRZ) longNumber() (string, bool) {
	tail, _, _ := strings.Cut(m.Optional, "<")
	if len(tail) < 2 {
		return "", false
	}
	number := m.Number + strings.Repeat("<", 9-len(m.Number)) + tail[:len(tail)-1]
	cd, _ := card.CheckDigit(number)
	return number, cd == tail[len(tail)-1]
}

// DocumentNumber is the whole document number, also where it is a long one.
func (m MRZ) DocumentNumber() string {
	if m.numberCD == '<' {
		if n, ok := m.longNumber(); ok {
			return n
		}
	}
	return m.Number
}

// Key is what opens the chip that carries this zone.
func (m MRZ) Key() card.MRZKey {
	return card.MRZKey{Number: m.DocumentNumber(), Birth: m.filled(m.Birth, 6), Expiry: m.filled(m.Expiry, 6)}
}

func (m MRZ) filled(s string, n int) string { return s + strings.Repeat("<", max(0, n-len(s))) }

// Name parts the names at the double filler; single fillers become spaces.
func (m MRZ) Name() (surname, given string) {
	surname, given, _ = strings.Cut(m.Names, "<<")
	space := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '<' }), " ")
	}
	return space(surname), space(given)
}

// Encode is the zone as one line, check digits computed. A field too long for
// its place is cut.
func (m MRZ) Encode() string {
	l, ok := layouts[m.Form]
	if !ok {
		return ""
	}
	b := []byte(strings.Repeat("<", l.size))
	for _, f := range l.fields {
		copy(b[f.at:f.at+f.len], *f.in(&m))
	}
	for _, d := range l.digits {
		if d.free != nil && *d.free(&m) == '<' {
			continue
		}
		b[d.at] = d.of(string(b))
	}
	return string(b)
}
