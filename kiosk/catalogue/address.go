package catalogue

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// ProposeUnit guesses which unit in force an address of a card lies in, to be
// put before the resident and never taken unasked. Cards hold the free text of
// their day, with three levels until 2025-06-30 ("…, Phường Phúc Xá, Quận Ba
// Đình, Hà Nội"): a ward that was merged away gives no proposal, and no
// district is taken for a ward of the same name when the text says it is one.
func (c *Catalogue) ProposeUnit(address string) (Unit, bool) {
	parts := strings.Split(address, ",")
	last := len(parts) - 1
	if last < 1 || !strings.HasSuffix(Fold(strings.Trim(parts[last], " .")), "ha noi") {
		return Unit{}, false // the units held are Hanoi's
	}
	for _, part := range parts[max(0, last-3):last] {
		name, kind := bareName(part)
		if kind == "district" {
			continue
		}
		for _, u := range c.Units {
			if unit, _ := bareName(u.Name); unit == name && name != "" {
				return u, true
			}
		}
	}
	return Unit{}, false
}

// bareName takes the kind off a unit's name: "Phường Ba Đình" is "ba đình", a commune.
// Marks are kept: Thanh Liệt and Thanh Liết are two places.
func bareName(s string) (name, kind string) {
	s = strings.ToLower(strings.Join(strings.Fields(norm.NFC.String(s)), " "))
	for _, prefix := range []struct{ text, kind string }{
		{"phường ", "commune"}, {"xã ", "commune"}, {"thị trấn ", "commune"}, {"p. ", "commune"}, {"x. ", "commune"},
		{"quận ", "district"}, {"huyện ", "district"}, {"thị xã ", "district"}, {"q. ", "district"}, {"h. ", "district"},
	} {
		if rest, ok := strings.CutPrefix(s, prefix.text); ok {
			return rest, prefix.kind
		}
	}
	return s, ""
}
