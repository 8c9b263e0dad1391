package card

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// ASN.1 tags of the structures in EF.CardAccess, EF.SOD, DG13 and DG14.
const (
	TagBoolean     = 0x01
	TagInteger     = 0x02
	TagBitString   = 0x03
	TagOctetString = 0x04
	TagNull        = 0x05
	TagOID         = 0x06
	TagSequence    = 0x30
	TagSet         = 0x31
)

// OID reads an object identifier in dotted form.
func (t TLV) OID() (string, error) {
	if t.Tag != TagOID {
		return "", fmt.Errorf("%w: tag %X where an object identifier belongs", ErrMalformed, t.Tag)
	}
	return ParseOID(t.Value)
}

// ParseOID turns the value of an object identifier into dotted form.
func ParseOID(b []byte) (string, error) {
	if len(b) == 0 || len(b) > 64 || b[len(b)-1]&0x80 != 0 {
		return "", fmt.Errorf("%w: object identifier of %d bytes", ErrMalformed, len(b))
	}
	var s strings.Builder
	var arc uint64
	first, start := true, true
	for _, c := range b {
		if start && c == 0x80 || arc > 1<<48 {
			return "", fmt.Errorf("%w: object identifier", ErrMalformed)
		}
		arc, start = arc<<7|uint64(c&0x7F), c&0x80 == 0
		if !start {
			continue
		}
		if first {
			top := min(arc/40, 2)
			s.WriteString(strconv.FormatUint(top, 10))
			arc, first = arc-top*40, false
		}
		s.WriteByte('.')
		s.WriteString(strconv.FormatUint(arc, 10))
		arc = 0
	}
	return s.String(), nil
}

// AppendOID is the value of a dotted object identifier, without tag. It panics
// on what is none: identifiers stand in tables.
func AppendOID(dst []byte, dotted string) []byte {
	var arcs []uint64
	for part := range strings.SplitSeq(dotted, ".") {
		n, err := strconv.ParseUint(part, 10, 56)
		if err != nil {
			panic("card: bad object identifier " + dotted)
		}
		arcs = append(arcs, n)
	}
	if len(arcs) < 2 {
		panic("card: bad object identifier " + dotted)
	}
	arcs[1] += arcs[0] * 40
	for _, n := range arcs[1:] {
		shift := 0
		for n>>(shift+7) != 0 {
			shift += 7
		}
		for ; shift > 0; shift -= 7 {
			dst = append(dst, byte(n>>shift)|0x80)
		}
		dst = append(dst, byte(n&0x7F))
	}
	return dst
}

// Integer reads an INTEGER of any length.
func (t TLV) Integer() (*big.Int, error) {
	v := t.Value
	if t.Tag != TagInteger || len(v) == 0 {
		return nil, fmt.Errorf("%w: tag %X where an integer belongs", ErrMalformed, t.Tag)
	}
	n := new(big.Int).SetBytes(v)
	if v[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v))))
	}
	return n, nil
}

// Int reads an INTEGER that is a small number, not below zero.
func (t TLV) Int() (int, error) {
	n, err := t.Integer()
	if err != nil {
		return 0, err
	}
	if n.Sign() < 0 || n.BitLen() > 31 {
		return 0, fmt.Errorf("%w: integer out of range", ErrMalformed)
	}
	return int(n.Int64()), nil
}

// Bits is the value of a BIT STRING of whole bytes.
func (t TLV) Bits() ([]byte, error) {
	if t.Tag != TagBitString || len(t.Value) < 1 || t.Value[0] != 0 {
		return nil, fmt.Errorf("%w: bit string", ErrMalformed)
	}
	return t.Value[1:], nil
}
