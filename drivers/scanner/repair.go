package scanner

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// text makes the bytes of one scan a text: valid UTF-8 in composed letters (NFC),
// without controls. Codes hold UTF-8; a scanner that was set up for another part of
// the world makes something else of it:
//
//   - it takes each byte for a letter of Latin-1 or Windows-1252 and sends that in
//     UTF-8, once or twice ("Nguyá»…n"): undone, for no such text means anything else;
//   - it sends letters as single bytes of Windows-1258, Vietnam's code page, tone
//     marks after their vowels, or of Latin-1: taken for what can only be meant.
//
// What is right is never touched, and what cannot be known stays U+FFFD: a name with
// a hole is asked for again, a wrong one is not.
func text(b []byte) string {
	s := string(b)
	switch {
	case !utf8.ValidString(s) && isSingleBytes(b):
		s = singleBytes(b)
	case utf8.ValidString(s):
		if undone, ok := undoLatin1(s, 2); ok {
			s = undone
		}
	}
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\ufeff' {
			return -1
		}
		return r
	}, s)
	return norm.NFC.String(strings.TrimSpace(s))
}

// undoLatin1 turns letters back into the bytes they were taken from, so many times
// at most, if in the end those are UTF-8 and say something in Vietnamese letters.
func undoLatin1(s string, times int) (string, bool) {
	for _, table := range []*charmap.Charmap{charmap.Windows1252, charmap.ISO8859_1} {
		b := make([]byte, 0, len(s))
		high := false
		for _, r := range s {
			c, ok := byteOf(table, r)
			if !ok {
				b = nil
				break
			}
			high = high || c >= utf8.RuneSelf
			b = append(b, c)
		}
		switch {
		case !high || b == nil || !utf8.Valid(b):
		case isVietnamese(string(b)):
			return string(b), true
		case times > 1:
			if undone, ok := undoLatin1(string(b), times-1); ok {
				return undone, true
			}
		}
	}
	return "", false
}

// byteOf is the byte of a letter. The five that Windows-1252 leaves out pass as they
// are, which is what Windows makes of them.
func byteOf(table *charmap.Charmap, r rune) (byte, bool) {
	if c, ok := table.EncodeRune(r); ok {
		return c, true
	}
	switch r {
	case 0x81, 0x8d, 0x8f, 0x90, 0x9d:
		return byte(r), true
	}
	return 0, false
}

// isSingleBytes says that no two bytes above ASCII make a letter of UTF-8: then it
// is not UTF-8 with a hole in it.
func isSingleBytes(b []byte) bool {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r != utf8.RuneError && size > 1 {
			return false
		}
		i += size
	}
	return true
}

// singleBytes takes bytes for Windows-1258 or Latin-1 if only one of them can be
// meant, and for damage if both can.
func singleBytes(b []byte) string {
	vn, okVN := decode(charmap.Windows1258, b)
	latin, okLatin := decode(charmap.ISO8859_1, b)
	switch {
	case okVN && okLatin && vn != latin:
		return string(b)
	case okVN:
		return vn
	case okLatin:
		return latin
	}
	return string(b)
}

func decode(table *charmap.Charmap, b []byte) (string, bool) {
	raw, err := table.NewDecoder().Bytes(b)
	if err != nil {
		return "", false
	}
	s := norm.NFC.String(string(raw))
	return s, isVietnamese(s)
}

// isVietnamese reports whether all letters are ones that Vietnamese has, whole, and
// a capital stands only where one can: at the head of a word or in one of capitals.
func isVietnamese(s string) bool {
	var last rune
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf || strings.ContainsRune("–—·•…“”‘’", r):
		case !vietnamese[unicode.ToLower(r)]:
			return false
		}
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			return false
		}
		last = r
	}
	return true
}

// vietnamese are the letters beyond ASCII, in lower case.
var vietnamese = func() map[rune]bool {
	set := map[rune]bool{'đ': true}
	for _, vowel := range "aăâeêioôơuưy" {
		set[vowel] = true
		for _, tone := range "\u0300\u0301\u0309\u0303\u0323" {
			for _, r := range norm.NFC.String(string([]rune{vowel, tone})) {
				set[r] = true
			}
		}
	}
	return set
}()
