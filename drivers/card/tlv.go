package card

import "fmt"

// Limits of what a TLV may claim. The largest things we parse are CMS master
// lists (about a megabyte, some hundred certificates) and a DG2.
const (
	maxTLVValue    = 1 << 24
	maxTLVElements = 1 << 14
)

// TLV is one BER-TLV data object (ISO/IEC 7816-4 §5.2.2, ITU-T X.690). The tag
// stands as its bytes: 0x30, 0x5F1F, 0x7F61. Parsing copies nothing: Value and
// Raw are parts of the input, and Raw (tag, length and value) is what
// signatures and hashes are computed over.
type TLV struct {
	Tag   uint32
	Value []byte
	Raw   []byte
}

// ParseTLV takes the first data object off b. Lengths must be definite and
// fit into b; a length written longer than it need be is let through, for
// Doc 9303 says BER. Errors wrap [ErrMalformed].
func ParseTLV(b []byte) (t TLV, rest []byte, err error) {
	t, rest, _, err = parseTLV(b)
	return t, rest, err
}

// ParseDER is [ParseTLV] with lengths as short as they can be, so that
// [AppendTLV] gives the same bytes back.
func ParseDER(b []byte) (t TLV, rest []byte, err error) {
	t, rest, minimal, err := parseTLV(b)
	if err == nil && !minimal {
		return TLV{}, b, fmt.Errorf("%w: tag %X: length not in shortest form", ErrMalformed, t.Tag)
	}
	return t, rest, err
}

func parseTLV(b []byte) (t TLV, rest []byte, minimal bool, err error) {
	head, minimal, err := parseTLVHead(b)
	if err != nil {
		return TLV{}, b, false, err
	}
	if head.length > len(b)-head.size {
		return TLV{}, b, false, fmt.Errorf("%w: tag %X: length %d, only %d bytes left", ErrMalformed, head.tag, head.length, len(b)-head.size)
	}
	end := head.size + head.length
	return TLV{Tag: head.tag, Value: b[head.size:end:end], Raw: b[:end:end]}, b[end:], minimal, nil
}

// tlvHead is tag and length alone: a reader needs them to know how long the
// file is whose first bytes it holds.
type tlvHead struct {
	tag    uint32
	size   int // of tag and length together
	length int // of the value
}

func parseTLVHead(b []byte) (head tlvHead, minimal bool, err error) {
	fail := func(why string) (tlvHead, bool, error) {
		return tlvHead{}, false, fmt.Errorf("%w: TLV: %s", ErrMalformed, why)
	}
	if len(b) == 0 {
		return fail("no tag")
	}
	if b[0] == 0 || b[0] == 0xFF {
		return fail(fmt.Sprintf("tag %02X", b[0]))
	}
	tag, i := uint32(b[0]), 1
	for long := b[0]&0x1F == 0x1F; long; i++ {
		if i >= len(b) {
			return fail("tag is cut off")
		}
		if i == 4 {
			return fail("tag of more than four bytes")
		}
		if i == 1 && b[i] == 0x80 {
			return fail("tag starts with a zero")
		}
		tag, long = tag<<8|uint32(b[i]), b[i]&0x80 != 0
	}
	if i >= len(b) {
		return fail(fmt.Sprintf("tag %X: no length", tag))
	}
	n, minimal := int(b[i]), true
	i++
	if n >= 0x80 {
		k := n & 0x7F
		if k == 0 || k > 4 {
			return fail(fmt.Sprintf("tag %X: length byte %02X", tag, n))
		}
		if k > len(b)-i {
			return fail(fmt.Sprintf("tag %X: length is cut off", tag))
		}
		n = 0
		minimal = b[i] != 0
		for _, c := range b[i : i+k] {
			n = n<<8 | int(c)
		}
		i += k
		minimal = minimal && n >= 0x80
	}
	if n > maxTLVValue {
		return fail(fmt.Sprintf("tag %X: length %d is beyond any limit", tag, n))
	}
	return tlvHead{tag, i, n}, minimal, nil
}

// ParseTLVs splits b into the data objects it is made of, leaving nothing.
func ParseTLVs(b []byte) ([]TLV, error) {
	var all []TLV
	for len(b) > 0 {
		t, rest, err := ParseTLV(b)
		if err != nil {
			return nil, err
		}
		if len(all) == maxTLVElements {
			return nil, fmt.Errorf("%w: more than %d TLV elements", ErrMalformed, maxTLVElements)
		}
		all, b = append(all, t), rest
	}
	return all, nil
}

// ParseOneTLV parses b as one data object with the given tag and nothing after.
func ParseOneTLV(b []byte, tag uint32) (TLV, error) {
	t, rest, err := ParseTLV(b)
	switch {
	case err != nil:
		return TLV{}, err
	case t.Tag != tag:
		return TLV{}, fmt.Errorf("%w: tag %X, want %X", ErrMalformed, t.Tag, tag)
	case len(rest) > 0:
		return TLV{}, fmt.Errorf("%w: %d bytes after tag %X", ErrMalformed, len(rest), tag)
	}
	return t, nil
}

// Children splits the value into the data objects it is made of.
func (t TLV) Children() ([]TLV, error) { return ParseTLVs(t.Value) }

// Find follows a path of tags downwards, taking the first match on each level.
func (t TLV) Find(path ...uint32) (TLV, bool) {
	for _, tag := range path {
		all, err := t.Children()
		if err != nil {
			return TLV{}, false
		}
		found := false
		for _, c := range all {
			if c.Tag == tag {
				t, found = c, true
				break
			}
		}
		if !found {
			return TLV{}, false
		}
	}
	return t, true
}

// AppendTLV appends one data object to dst, its length in the shortest form.
func AppendTLV(dst []byte, tag uint32, value []byte) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if tag>>shift != 0 {
			dst = append(dst, byte(tag>>shift))
		}
	}
	n := len(value)
	switch {
	case n < 0x80:
		dst = append(dst, byte(n))
	case n <= 0xFF:
		dst = append(dst, 0x81, byte(n))
	case n <= 0xFFFF:
		dst = append(dst, 0x82, byte(n>>8), byte(n))
	case n <= 0xFFFFFF:
		dst = append(dst, 0x83, byte(n>>16), byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, value...)
}
