package cccd

import (
	"fmt"
	"iter"
	"slices"
	"strconv"

	"tiepdan/drivers/card"
)

// Tags of DG13 and the ASN.1 in it.
const (
	tagDG13      = 0x6D
	tagSequence  = 0x30
	tagSet       = 0x31
	tagInteger   = 0x02
	tagUTF8      = 0x0C
	tagPrintable = 0x13
	tagIA5       = 0x16
	tagVisible   = 0x1A
)

// Ids of the fields the ministry put into DG13.
const (
	idPIN = 1 + iota
	idName
	idDOB
	idSex
	idNationality
	idEthnicity
	idReligion
	idOrigin
	idResidence
	idFeatures
	idIssued
	idExpires
	idParents
	idSpouse
	idOldID
	idChipID
)

const (
	maxDG13       = 32 << 10 // bytes; real ones have some 500
	maxDG13Fields = 128
)

// A DG13Field is one `SEQUENCE { INTEGER id, value… }`.
type DG13Field struct {
	ID    int
	Value []byte // the data objects after the id, as they stood
}

// DG13 is data group 13, the ministry's own (Doc 9303-10 leaves it free): a
// container of numbered fields. Ids nobody has told us of are kept as they are.
type DG13 struct {
	Container uint32 // 0x30, 0x31, or 0 where fields stand in the 6D directly
	Fields    []DG13Field
}

// DecodeDG13 takes data group 13 apart. It goes as far as the data is sound and
// says in the warnings what was not; it fails only if b is no DG13 at all. What
// decodes without a warning encodes to the same bytes.
func DecodeDG13(b []byte) (DG13, []string, error) {
	if len(b) > maxDG13 {
		return DG13{}, nil, fmt.Errorf("DG13 of %d bytes: %w", len(b), card.ErrMalformed)
	}
	w := warnings{}
	outer, rest, ok := w.next(b)
	if !ok || outer.Tag != tagDG13 {
		return DG13{}, nil, fmt.Errorf("no DG13: %w", card.ErrMalformed)
	}
	if len(rest) > 0 {
		w.add("dg13-trailing")
	}
	var dg DG13
	body := outer.Value
	if t, after, ok := w.next(body); ok && (t.Tag == tagSequence || t.Tag == tagSet) && !isField(t.Value) {
		if len(after) > 0 {
			w.add("dg13-trailing")
		}
		dg.Container, body = t.Tag, t.Value
	} else {
		w.add("dg13-container")
	}
	for n := 1; len(body) > 0; n++ {
		item, after, ok := w.next(body)
		if !ok || n > maxDG13Fields {
			w.add("dg13-truncated")
			break
		}
		body = after
		id, value, ok := w.next(item.Value)
		if !ok || item.Tag != tagSequence || id.Tag != tagInteger || len(id.Value) != 1 || id.Value[0] > 0x7F {
			w.add(fmt.Sprintf("dg13-item-%d-malformed", n))
			continue
		}
		dg.Fields = append(dg.Fields, DG13Field{int(id.Value[0]), value})
	}
	return dg, w.list, nil
}

// isField tells a field from a container: it starts with an INTEGER.
func isField(b []byte) bool { return len(b) > 0 && b[0] == tagInteger }

// Encode is the DER of data group 13. Ids are 0 to 127.
func (dg DG13) Encode() []byte {
	var body []byte
	for _, f := range dg.Fields {
		body = card.AppendTLV(body, tagSequence, append([]byte{tagInteger, 1, byte(f.ID)}, f.Value...))
	}
	if dg.Container != 0 {
		body = card.AppendTLV(nil, dg.Container, body)
	}
	return card.AppendTLV(nil, tagDG13, body)
}

// ParseDG13 reads the identity in data group 13. Fields are found by id, in any
// order; what is missing or unsound is a warning with its field's number, and
// the rest is read nevertheless. The error means that b is no DG13 at all.
func ParseDG13(b []byte) (Identity, []string, error) {
	dg, list, err := DecodeDG13(b)
	if err != nil {
		return Identity{}, nil, err
	}
	w := warnings{list}
	fields := make(map[int][]byte)
	for _, f := range dg.Fields {
		if _, twice := fields[f.ID]; twice {
			w.field(f.ID, "duplicate") // the first one counts
			continue
		}
		fields[f.ID] = f.Value
		if f.ID < idPIN || f.ID > idChipID {
			w.field(f.ID, "unknown")
		}
	}
	var id Identity
	for n, into := range id.dg13() {
		if value, ok := fields[n]; ok {
			w.texts(n, value, into)
		} else if n != idSpouse && n != idOldID { // left out where there is none
			w.field(n, "missing")
		}
	}
	if _, err := ParsePIN(id.PIN); err != nil && id.PIN != "" {
		w.field(idPIN, "malformed")
	}
	if _, ok := parseDate(id.DOB); !ok && id.DOB != "" {
		w.field(idDOB, "date")
	}
	if _, ok := parseDate(id.Issued); !ok && id.Issued != "" {
		w.field(idIssued, "date")
	}
	id.mark(FromChip)
	return id, w.list, nil
}

// dg13 yields the ids of data group 13 in their order, with what they fill.
func (id *Identity) dg13() iter.Seq2[int, []*string] {
	all := [...][]*string{
		{&id.PIN}, {&id.Name}, {&id.DOB}, {&id.Sex}, {&id.Nationality}, {&id.Ethnicity}, {&id.Religion}, {&id.Origin},
		{&id.Residence}, {&id.Features}, {&id.Issued}, {&id.Expires}, {&id.Father, &id.Mother}, {&id.Spouse}, {&id.OldID}, {&id.ChipID},
	}
	return func(yield func(int, []*string) bool) {
		for i, into := range all {
			if !yield(i+1, into) {
				return
			}
		}
	}
}

// EncodeDG13 writes an identity as the ministry's cards have it.
func EncodeDG13(id Identity) []byte {
	dg := DG13{Container: tagSequence}
	for n, from := range id.dg13() {
		var value []byte
		switch n {
		case idPIN, idDOB, idIssued, idOldID, idChipID:
			value = card.AppendTLV(nil, tagPrintable, []byte(*from[0]))
		case idParents, idSpouse: // each name in a sequence of its own; no spouse, no sequence
			for _, s := range from {
				if *s != "" || n == idParents {
					value = card.AppendTLV(value, tagSequence, card.AppendTLV(nil, tagUTF8, []byte(*s)))
				}
			}
		default:
			value = card.AppendTLV(nil, tagUTF8, []byte(*from[0]))
		}
		dg.Fields = append(dg.Fields, DG13Field{n, value})
	}
	return dg.Encode()
}

// warnings gathers codes, each once.
type warnings struct{ list []string }

func (w *warnings) add(code string) {
	if !slices.Contains(w.list, code) {
		w.list = append(w.list, code)
	}
}

func (w *warnings) field(n int, what string) { w.add("dg13-field-" + strconv.Itoa(n) + "-" + what) }

// next takes one data object off b, noting a length that is not DER.
func (w *warnings) next(b []byte) (t card.TLV, rest []byte, ok bool) {
	t, rest, err := card.ParseDER(b)
	if err == nil {
		return t, rest, true
	}
	if t, rest, err = card.ParseTLV(b); err != nil {
		return card.TLV{}, b, false
	}
	w.add("dg13-not-der")
	return t, rest, true
}

// texts fills into with the strings of field n: one after the other, each bare
// or in a sequence of its own.
func (w *warnings) texts(n int, value []byte, into []*string) {
	for i := 0; len(value) > 0; i++ {
		t, rest, ok := w.next(value)
		if !ok || i >= len(into) {
			w.field(n, "malformed")
			return
		}
		value = rest
		if t.Tag == tagSequence {
			if len(t.Value) == 0 {
				continue
			}
			inner, after, ok := w.next(t.Value)
			if !ok || len(after) > 0 {
				w.field(n, "malformed")
			}
			if !ok {
				continue
			}
			t = inner
		}
		switch t.Tag {
		case tagUTF8, tagPrintable, tagIA5, tagVisible:
		default:
			w.field(n, "malformed")
			continue
		}
		s, whole := clean(string(t.Value))
		if !whole {
			w.field(n, "encoding")
		}
		*into[i] = s
	}
}
