package card

import (
	"bytes"
	"errors"
	"testing"
)

func TestTLVRefuses(t *testing.T) {
	for _, c := range []struct{ name, in string }{
		{"nothing", ""},
		{"padding", "0000"},
		{"tag FF", "FF00"},
		{"tag cut off", "5F"},
		{"tag that goes on", "1F8181818100"},
		{"tag that starts with zero", "1F800100"},
		{"no length", "30"},
		{"indefinite length", "30800000"},
		{"length of five bytes", "30850000000001"},
		{"length cut off", "308201"},
		{"length beyond the data", "3003 0201"},
		{"length beyond any limit", "3084FFFFFFFF"},
	} {
		if _, _, err := ParseTLV(unhex(t, c.in)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, _, err := ParseDER(unhex(t, "30820001 00")); !errors.Is(err, ErrMalformed) {
		t.Errorf("a long length for a short value is DER: %v", err)
	}
	if v, rest, err := ParseTLV(unhex(t, "30820001 00 FF")); err != nil || len(v.Value) != 1 || len(rest) != 1 {
		t.Errorf("a long length for a short value is not BER: %v", err)
	}
	if _, err := ParseOneTLV(unhex(t, "300000"), TagSequence); !errors.Is(err, ErrMalformed) {
		t.Errorf("a byte after the only object: %v", err)
	}
}

func TestTLVFind(t *testing.T) {
	v, _, err := ParseTLV(unhex(t, "7C0A 300402020105 3000 0500"))
	if err != nil {
		t.Fatal(err)
	}
	n, ok := v.Find(TagSequence, TagInteger)
	if i, err := n.Int(); !ok || err != nil || i != 0x105 {
		t.Errorf("found %v, %d, %v", ok, i, err)
	}
	if _, ok := v.Find(TagSequence, TagOID); ok {
		t.Error("found what is not there")
	}
	if _, ok := v.Find(TagNull, TagNull); ok {
		t.Error("found something in nothing")
	}
}

func TestOID(t *testing.T) {
	for _, c := range []struct{ hex, dotted string }{
		{"04007F00070202040202", "0.4.0.127.0.7.2.2.4.2.2"},
		{"2A8648CE3D0201", "1.2.840.10045.2.1"},
		{"678108010101", "2.23.136.1.1.1"},
		{"883703", "2.999.3"},
	} {
		got, err := ParseOID(unhex(t, c.hex))
		if err != nil || got != c.dotted {
			t.Errorf("%s is %s, %v", c.hex, got, err)
		}
		if b := AppendOID(nil, c.dotted); !bytes.Equal(b, unhex(t, c.hex)) {
			t.Errorf("%s becomes %X", c.dotted, b)
		}
	}
	for _, bad := range []string{"", "80", "2A80", "2A8001", "FFFFFFFFFFFFFFFFFFFF7F"} {
		if got, err := ParseOID(unhex(t, bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s is taken for %s", bad, got)
		}
	}
}

func FuzzTLV(f *testing.F) {
	for _, s := range []string{"3003020101", "5F1F00", "7F61820001AA", "30800000", "3084FFFFFFFF00", paceCardAccess} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := ParseTLV(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("error %v", err)
			}
			return
		}
		if !bytes.Equal(append(append([]byte{}, v.Raw...), rest...), b) {
			t.Error("bytes got lost")
		}
		again := AppendTLV(nil, v.Tag, v.Value)
		if _, _, err := ParseDER(b); (err == nil) != bytes.Equal(again, v.Raw) {
			t.Errorf("%X encodes to %X; DER: %v", v.Raw, again, err)
		}
		if all, err := v.Children(); err == nil {
			var joined []byte
			for _, c := range all {
				joined = append(joined, c.Raw...)
			}
			if !bytes.Equal(joined, v.Value) {
				t.Error("children are not the whole value")
			}
		}
		if oid, err := v.OID(); err == nil && !bytes.Equal(AppendOID(nil, oid), v.Value) {
			t.Errorf("%X is not %s", v.Value, oid)
		}
	})
}

func FuzzCardAccess(f *testing.F) {
	f.Add(unhex(f, paceCardAccess))
	// What cards in the field have: TA, CA with AES-128, PACE.
	f.Add(unhex(f, "3135 300D060804007F0007020202020101 3010060A04007F0007020203020202010102 3012060A04007F0007020204020202010202010D"))
	f.Add([]byte{0x31, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var infos []SecurityInfo
		var err error
		bounded(t, func() { infos, err = ParseSecurityInfos(b) })
		if err != nil {
			return
		}
		_, _, _ = caOffers(infos)
		for _, o := range paceOffers(infos) {
			if o.suite.new == nil || o.curve.ec == nil {
				t.Error("an offer that cannot be followed")
			}
		}
	})
}

func FuzzCommand(f *testing.F) {
	for _, s := range []string{"00A40400", "00B0000000", "00A4040C07A0000002471001", "0022C1A4028001AA00", "00B09C00000000", "0086000000000201020000"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCommand(b)
		if err != nil {
			return
		}
		if !bytes.Equal(c.Bytes(), b) {
			t.Errorf("%X encodes to %X", b, c.Bytes())
		}
	})
}
