package lds

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"tiepdan/drivers/card"
)

// Synthetic zones: the Vietnamese card's, and the specimens of Doc 9303 parts
// 4, 5 and 6.
var zones = []struct {
	name, text                     string
	number, birth, expiry          string
	surname, given, sex, key, want string
}{
	{name: "Vietnam", text: "IDVNM0990123459001099012345<<0" + "9905201M3905209VNM<<<<<<<<<<<4" + "NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<",
		number: "099012345", birth: "990520", expiry: "390520", surname: "NGUYEN", given: "VAN AN", sex: "M"},
	{name: "TD1", text: "I<UTOD231458907<<<<<<<<<<<<<<<" + "7408122F1204159UTO<<<<<<<<<<<6" + "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
		number: "D23145890", birth: "740812", expiry: "120415", surname: "ERIKSSON", given: "ANNA MARIA", sex: "F"},
	{name: "TD1 with a long number", text: "I<UTOD23145890<7349<<<<<<<<<<<" + "3407127M9507122UTO<<<<<<<<<<<2" + "STEVENSON<<PETER<JOHN<<<<<<<<<",
		number: "D23145890734", birth: "340712", expiry: "950712", surname: "STEVENSON", given: "PETER JOHN", sex: "M"},
	{name: "TD2", text: "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<" + "D231458907UTO7408122F1204159<<<<<<<6",
		number: "D23145890", birth: "740812", expiry: "120415", surname: "ERIKSSON", given: "ANNA MARIA", sex: "F"},
	{name: "TD3", text: "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<" + "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
		number: "L898902C3", birth: "740812", expiry: "120415", surname: "ERIKSSON", given: "ANNA MARIA", sex: "F"},
}

func TestMRZ(t *testing.T) {
	for _, z := range zones {
		t.Run(z.name, func(t *testing.T) {
			m, err := ParseMRZ(z.text)
			if err != nil {
				t.Fatal(err)
			}
			surname, given := m.Name()
			if m.DocumentNumber() != z.number || m.Birth != z.birth || m.Expiry != z.expiry || m.Sex != z.sex || surname != z.surname || given != z.given {
				t.Errorf("number %s, birth %s, expiry %s, sex %s, name %s, %s", m.DocumentNumber(), m.Birth, m.Expiry, m.Sex, surname, given)
			}
			if m.Encode() != z.text {
				t.Errorf("encodes to\n%s, not\n%s", m.Encode(), z.text)
			}
			if want := (card.MRZKey{Number: z.number, Birth: z.birth, Expiry: z.expiry}); m.Key() != want {
				t.Error("another key opens it")
			}
			again, err := ParseDG1(EncodeDG1(m))
			if err != nil || again != m {
				t.Errorf("through DG1: %v", err)
			}
		})
	}
}

// The Vietnamese document number is the last nine digits of the PIN, and all of
// the PIN stands in the optional field.
func TestVietnameseZone(t *testing.T) {
	m, err := ParseMRZ(JoinMRZ("idvnm0990123459001099012345<<0 / 9905201m3905209vnm<<<<<<<<<<<4 /\r\nnguyen<<van<an<<<<<<<<<<<<<<<<\n"))
	if err != nil {
		t.Fatal(err)
	}
	if m.Optional != "001099012345<<0" || !strings.HasPrefix(m.Optional, "001"+m.Number) || m.Issuer != "VNM" || m.Type != "ID" {
		t.Error("fields are not where they belong")
	}
	for _, s := range []string{fmt.Sprint(m), fmt.Sprintf("%+v %#v %d %s", m, m, m, &m)} {
		if strings.Contains(s, "NGUYEN") || strings.Contains(s, "099012345") {
			t.Error("it gives itself away")
		}
	}
}

// Every check digit guards its field: a digit changed anywhere it covers is found.
func TestMRZCheckDigits(t *testing.T) {
	text := zones[0].text
	for i := range 60 {
		if text[i] < '0' || text[i] > '9' {
			continue
		}
		b := []byte(text)
		b[i] = '0' + (b[i]-'0'+1)%10
		if _, err := ParseMRZ(string(b)); !errors.Is(err, card.ErrMalformed) {
			t.Errorf("a change at %d is not noticed", i)
		}
	}
	for _, s := range []string{"", text[:89], text + "<", strings.ToLower(text), strings.Replace(text, "<", " ", 1), strings.Repeat("é", 45)} {
		if _, err := ParseMRZ(s); !errors.Is(err, card.ErrMalformed) {
			t.Errorf("%d characters are taken for a zone", len(s))
		}
	}
}

func TestCOM(t *testing.T) {
	const good = "\x60\x18\x5F\x01\x04" + "0107" + "\x5F\x36\x06" + "040000" + "\x5C\x06\x6E\x61\x75\x6D\x99\x61"
	for _, bad := range []string{"", good[:25], good + "\x00", "\x61" + good[1:], "\x60\x02\x5C\x01", "\x60\x00"} {
		if _, err := ParseCOM([]byte(bad)); !errors.Is(err, card.ErrMalformed) {
			t.Errorf("%X is taken for EF.COM", bad)
		}
	}
	com, err := ParseCOM([]byte(good))
	if err != nil || !slices.Equal(com.DataGroups, []int{1, 2, 13, 14}) || com.LDSVersion != "0107" || com.UnicodeVersion != "040000" {
		t.Errorf("%+v, %v", com, err)
	}
}

// face is DG2 around an image, as Doc 9303-10 §4.7.2 nests it.
func face(image []byte, points int, biometricTag uint32) []byte {
	record := append([]byte("FAC\x00010\x00\x00\x00\x00\x00\x00\x01"), make([]byte, 20+8*points+12)...)
	record = append(record, image...)
	inner := card.AppendTLV(card.AppendTLV(nil, 0xA1, []byte{0x80, 2, 1, 1}), biometricTag, record)
	group := card.AppendTLV(card.AppendTLV(nil, 2, []byte{1}), 0x7F60, inner)
	return card.AppendTLV(nil, 0x75, card.AppendTLV(nil, 0x7F61, group))
}

var (
	tinyJPEG = []byte{0xFF, 0xD8, 0xFF, 0xE0, 0, 6, 0xFF, 0xD9, 1, 2, 0xFF, 0xDA, 0, 3, 9, 0x12, 0xFF, 0, 0xFF, 0xD0, 0x34, 0xFF, 0xD9}
	jp2      = []byte{0, 0, 0, 0x0C, 'j', 'P', ' ', ' ', 0x0D, 0x0A, 0x87, 0x0A, 1}
)

func TestDG2(t *testing.T) {
	for _, c := range []struct {
		name  string
		ef    []byte
		mime  string
		image []byte
	}{
		{"JPEG", face(tinyJPEG, 0, 0x5F2E), "image/jpeg", tinyJPEG},
		{"feature points before it", face(tinyJPEG, 3, 0x5F2E), "image/jpeg", tinyJPEG},
		{"the other tag", face(tinyJPEG, 0, 0x7F2E), "image/jpeg", tinyJPEG},
		{"padding after it", face(append(slices.Clone(tinyJPEG), 0, 0, 0xFF, 0xD9), 0, 0x5F2E), "image/jpeg", tinyJPEG},
		{"JPEG 2000", face(jp2, 0, 0x5F2E), "image/jp2", jp2},
		{"JPEG 2000 codestream", face([]byte{0xFF, 0x4F, 0xFF, 0x51, 0}, 0, 0x5F2E), "image/jp2", []byte{0xFF, 0x4F, 0xFF, 0x51, 0}},
		{"a template nobody knows", card.AppendTLV(nil, 0x75, append([]byte{1, 2, 3}, tinyJPEG...)), "image/jpeg", tinyJPEG},
		{"cut off", face(tinyJPEG[:15], 0, 0x5F2E), "image/jpeg", tinyJPEG[:15]},
	} {
		f, err := ParseDG2(c.ef)
		if err != nil || f.MIME != c.mime || !bytes.Equal(f.Data, c.image) {
			t.Errorf("%s: %s of %d bytes, %v", c.name, f.MIME, len(f.Data), err)
		}
	}
	for _, b := range [][]byte{nil, {0x75, 0}, face(nil, 0, 0x5F2E), face([]byte("GIF89a"), 0, 0x5F2E), face(tinyJPEG, 0, 0x5F2E)[1:]} {
		if _, err := ParseDG2(b); !errors.Is(err, card.ErrMalformed) {
			t.Errorf("%d bytes are taken for a face: %v", len(b), err)
		}
	}
}

func TestDG(t *testing.T) {
	f, ok := DG(13)
	if !ok || f.SFI != 13 || f.ID != 0x010D || f.Tag != 0x6D || f.Name != "EF.DG13" {
		t.Errorf("DG13 is %+v", f)
	}
	for _, n := range []int{-1, 0, 17} {
		if _, ok := DG(n); ok || Tag(n) != 0 {
			t.Errorf("there is a DG%d", n)
		}
	}
}

func FuzzMRZ(f *testing.F) {
	for _, z := range zones {
		f.Add(z.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMRZ(s)
		if err != nil {
			if !errors.Is(err, card.ErrMalformed) {
				t.Errorf("error %v", err)
			}
			return
		}
		if m.Encode() != s {
			t.Errorf("%q encodes to %q", s, m.Encode())
		}
		if err := (card.Key{MRZ: new(m.Key())}).Valid(); err != nil && m.Number != "" {
			t.Errorf("%q gives no key: %v", s, err)
		}
	})
}

// FuzzLDS feeds every parser of files; what they find is inside what they got.
func FuzzLDS(f *testing.F) {
	f.Add(face(tinyJPEG, 1, 0x5F2E))
	m, _ := ParseMRZ(zones[0].text)
	f.Add(EncodeDG1(m))
	f.Add([]byte("\x60\x05\x5C\x03\x61\x75\x6D"))
	f.Add(card.AppendTLV(nil, 0x75, bytes.Repeat([]byte{0xFF, 0xD8, 0xFF}, 9)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if com, err := ParseCOM(b); err == nil && len(com.DataGroups) > 16 {
			t.Error("more data groups than there are")
		}
		if m, err := ParseDG1(b); err == nil {
			if again, err := ParseDG1(EncodeDG1(m)); err != nil || again != m {
				t.Error("DG1 does not come back")
			}
		}
		for n := range 17 {
			_, _ = Content(n, b)
		}
	})
}

// ISO/IEC 19794-5 as it may be on anybody's card.
func FuzzDG2(f *testing.F) {
	f.Add(face(tinyJPEG, 1, 0x5F2E))
	f.Add(face(tinyJPEG, 3, 0x7F2E))
	f.Add(face([]byte("\x00\x00\x00\x0CjP  \x0D\x0A\x87\x0A"), 1, 0x5F2E))
	f.Add(card.AppendTLV(nil, 0x75, bytes.Repeat([]byte{0xFF, 0xD8, 0xFF}, 9)))
	f.Fuzz(func(t *testing.T, b []byte) {
		bounded(t, func() {
			if face, err := ParseDG2(b); err == nil && (len(face.Data) == 0 || !bytes.Contains(b, face.Data)) {
				t.Error("a face that is not in the file")
			}
		})
	})
}

// bounded fails when do allocates more than 64 MB in all.
func bounded(t *testing.T, do func()) {
	t.Helper()
	allocated := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	before := allocated()
	do()
	if n := allocated() - before; n > 64<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}
