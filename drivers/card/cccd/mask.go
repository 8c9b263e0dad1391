package cccd

import (
	"bytes"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/lds"
)

// The zones of nobody in the three sizes there are: the specimens of Doc 9303
// parts 4, 5 and 6.
var nobody = map[int]string{
	90: "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
	72: "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<D231458907UTO7408122F1204159<<<<<<<6",
	88: "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10",
}

// maskFile leaves the shape of a file, which is what readers stumble over, and
// takes out whose it is: tags, lengths, object identifiers and small numbers
// stay; texts, keys, hashes, signatures, pictures and times become filler of the
// same length. Certificates of document signers stay: they are of the state.
// It works in place.
func maskFile(id uint16, b []byte) []byte {
	if _, _, err := card.ParseTLV(b); err != nil {
		const head = 8 // tag and length, and what tells of what kind it is
		fill(b[min(head, len(b)):])
		return b
	}
	switch id {
	case card.EFCOM.ID, card.EFCardAccess.ID, 0x2F01: // the last is EF.ATR/INFO
		return b // the same on thousands of cards
	case card.EFSOD.ID:
		maskSOD(b)
	case 0x0101:
		maskZone(b)
	case 0x0102:
		maskFace(b)
	case 0x010E, 0x010F:
		maskKeys(b)
	default:
		maskTLVs(b)
	}
	return b
}

const filler = 0x5A

func fill(b []byte) {
	for i := range b {
		b[i] = filler
	}
}

// maskTLVs masks a row of data objects. What is none becomes filler.
func maskTLVs(b []byte) {
	for len(b) > 0 {
		t, rest, err := card.ParseTLV(b)
		if err != nil {
			fill(b)
			return
		}
		maskTLV(t)
		b = rest
	}
}

func maskTLV(t card.TLV) {
	v := t.Value
	first := t.Tag
	for first > 0xFF {
		first >>= 8
	}
	switch {
	case first&0x20 != 0: // constructed
		maskTLVs(v)
	case t.Tag == card.TagOID, t.Tag == card.TagNull, t.Tag == card.TagBoolean, t.Tag == card.TagInteger && len(v) <= 2:
	case t.Tag == card.TagInteger:
		fill(v)
	case t.Tag == card.TagBitString && len(v) > 1 && v[0] == 0:
		fill(v[1:])
	case t.Tag == card.TagOctetString:
		// Some hold data objects of their own: EF.SOD's list of hashes does.
		if inner, rest, err := card.ParseTLV(v); err == nil && len(rest) == 0 && inner.Tag == card.TagSequence {
			maskTLV(inner)
			return
		}
		fill(v)
	case t.Tag == 0x17: // UTCTime
		copy(v, "200101000000Z")
	case t.Tag == 0x18: // GeneralizedTime
		copy(v, "20200101000000Z")
	case t.Tag == 0x0C || t.Tag >= 0x12 && t.Tag <= 0x1E: // texts
		maskText(v)
	default:
		fill(v)
	}
}

// maskKeys masks the public keys of the chip, which it alone has; what else
// stands beside them is the same on all cards of a series.
func maskKeys(b []byte) {
	for len(b) > 0 {
		t, rest, err := card.ParseTLV(b)
		if err != nil {
			fill(b)
			return
		}
		switch {
		case t.Tag == card.TagBitString && len(t.Value) > 1:
			fill(t.Value[1:])
		case t.Raw[0]&0x20 != 0:
			maskKeys(t.Value)
		}
		b = rest
	}
}

// maskText keeps what of a text a parser may stumble over: a digit stays some
// digit, a mark stays that mark. Where words end is nobody's business.
func maskText(b []byte) {
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9':
			b[i] = '0'
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80, c == ' ', c == ',':
			b[i] = 'X'
		}
	}
}

// maskSOD keeps the certificates, and who of them signed.
func maskSOD(b []byte) {
	keep := func(t card.TLV) func() {
		was := bytes.Clone(t.Raw)
		return func() { copy(t.Raw, was) }
	}
	restore := []func(){}
	if outer, _, err := card.ParseTLV(b); err == nil {
		if signed, ok := outer.Find(card.TagSequence, 0xA0, card.TagSequence); ok {
			parts, _ := signed.Children()
			for _, p := range parts {
				if p.Tag == 0xA0 {
					restore = append(restore, keep(p))
				}
			}
			if len(parts) > 0 {
				restore = append(restore, keepSigner(parts[len(parts)-1], keep)...)
			}
		}
	}
	maskTLVs(b)
	for _, r := range restore {
		r()
	}
}

// keepSigner keeps the issuer and serial number in the one SignerInfo.
func keepSigner(infos card.TLV, keep func(card.TLV) func()) []func() {
	all, err := infos.Children()
	if err != nil || infos.Tag != card.TagSet || len(all) == 0 {
		return nil
	}
	fields, err := all[0].Children()
	if err != nil || len(fields) < 2 {
		return nil
	}
	return []func(){keep(fields[1])}
}

// maskZone puts nobody's zone in the place of somebody's.
func maskZone(b []byte) {
	outer, _, err := card.ParseTLV(b)
	if err != nil {
		fill(b)
		return
	}
	objects, err := outer.Children()
	if err != nil {
		fill(outer.Value)
		return
	}
	for _, o := range objects {
		zone, ok := nobody[len(o.Value)]
		if o.Tag != 0x5F1F || !ok {
			fill(o.Value)
			continue
		}
		copy(o.Value, zone)
	}
}

// maskFace takes out the picture but for its first bytes, which say of what kind
// it is, and what the record says of the face.
func maskFace(b []byte) {
	face, err := lds.ParseDG2(b)
	at := -1
	if err == nil {
		at = bytes.Index(b, face.Data)
	}
	record := bytes.Index(b, []byte("FAC\x00"))
	const header, information, magic = 14, 20, 12 // ISO/IEC 19794-5 §5.4, §5.5
	if at < 0 || record < 0 || record+header+information > at {
		maskTLVs(b)
		return
	}
	fill(b[min(at+magic, len(b)):])
	clear(b[record+header+6 : record+header+information]) // sex, eyes, hair, properties, expression, pose
	if end := at - 12; end > record+header+information {
		clear(b[record+header+information : end]) // feature points
	}
	// Before the record: who made it and when.
	if t, _, err := card.ParseTLV(b); err == nil {
		maskBiometricHeaders(t)
	}
}

// maskBiometricHeaders masks what CBEFF headers (tag A1) say but for the format.
func maskBiometricHeaders(t card.TLV) {
	children, err := t.Children()
	if err != nil {
		return
	}
	for _, c := range children {
		switch c.Tag {
		case 0x7F61, 0x7F60:
			maskBiometricHeaders(c)
		case 0xA1:
			fields, _ := c.Children()
			for _, f := range fields {
				switch f.Tag {
				case 0x80, 0x81, 0x82, 0x87, 0x88: // version, type, subtype, owner and type of the format
				default:
					fill(f.Value)
				}
			}
		}
	}
}
