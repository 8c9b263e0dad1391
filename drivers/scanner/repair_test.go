package scanner

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// asLatin1 is what a scanner makes of UTF-8 that takes each byte for a letter.
func asLatin1(table *charmap.Charmap, s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		r := table.DecodeByte(c)
		if r == utf8.RuneError {
			r = rune(c)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// as1258 is a text in Vietnam's code page: vowels, then their tone marks.
func as1258(t *testing.T, s string) string {
	t.Helper()
	var out []byte
	for _, r := range s {
		if c, ok := charmap.Windows1258.EncodeRune(r); ok {
			out = append(out, c)
			continue
		}
		parts := []rune(norm.NFD.String(string(r)))
		// The mark of the vowel stays on it, the tone comes after.
		tone := parts[len(parts)-1]
		base := []rune(norm.NFC.String(string(parts[:len(parts)-1])))
		if len(parts) == 3 && !strings.ContainsRune("\u0300\u0301\u0309\u0303\u0323", tone) { // ậ is a, dot, circumflex
			tone = parts[1]
			base = []rune(norm.NFC.String(string([]rune{parts[0], parts[2]})))
		}
		for _, r := range append(base, tone) {
			c, ok := charmap.Windows1258.EncodeRune(r)
			if !ok {
				t.Fatalf("%q has no place in Windows-1258", r)
			}
			out = append(out, c)
		}
	}
	return string(out)
}

// Everybody's name comes through whatever the scanner makes of it.
func TestRepair(t *testing.T) {
	names := []string{cardText, "Nguyễn Văn An", "ĐỖ THỊ HỮU NGHĨA", "Trần Quốc Toản", "Hoàng Thị Ý Nhi", "Lê Ánh Dương", "Đặng Ngọc Ửng",
		"Phường Văn Miếu - Quốc Tử Giám", "A012 · UBND phường Ba Đình · 09:41 23/11/2026", "Nguyen Van An"}
	for _, name := range names {
		for how, damaged := range map[string]string{
			"as it is":      name,
			"decomposed":    norm.NFD.String(name),
			"Latin-1":       asLatin1(charmap.ISO8859_1, name),
			"Windows-1252":  asLatin1(charmap.Windows1252, name),
			"Latin-1 twice": asLatin1(charmap.ISO8859_1, asLatin1(charmap.ISO8859_1, name)),
			"with a BOM":    "\ufeff" + name,
		} {
			if got := text([]byte(damaged)); got != name {
				t.Errorf("%s: %q becomes %q", how, name, got)
			}
		}
		if strings.Contains(name, "·") {
			continue
		}
		if got := text([]byte(as1258(t, name))); got != name && !strings.Contains(got, "\ufffd") {
			t.Errorf("Windows-1258: %q becomes %q", name, got)
		}
	}
	for in, want := range map[string]string{
		as1258(t, "Trần Quốc Toản"): "Trần Quốc Toản",
		"Th\xe0nh":                  "Thành",         // the same in both
		"Nguy\xe3n":                 "Nguy\ufffdn",   // ã in one, ă in the other
		"Nguy\xe1\xbb\x85n \xff":    "Nguyễn \ufffd", // UTF-8 with a hole
		"\xff\xfe\xfd":              "\ufffd",        // nothing anybody wrote
		"5 € für Ärger":             "5 € für Ärger", // right, and not Vietnamese
		"Ã":                         "Ã",             // a letter of its own
		"100 m² ở Hồ Tây":           "100 m² ở Hồ Tây",
	} {
		if got := text([]byte(in)); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// What is right is never touched: each letter alone, in a word, and in capitals.
func TestRepairLeavesWhatIsRight(t *testing.T) {
	for r := range vietnamese {
		for _, s := range []string{string(r), "x" + string(r) + "y", strings.ToUpper("x" + string(r) + "y"), strings.Repeat(string(r), 3), string(unicode.ToUpper(r)) + "n"} {
			if got := text([]byte(s)); got != s {
				t.Errorf("%q becomes %q", s, got)
			}
		}
	}
}
