package scannersim

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// A Fault is one thing that can be wrong with a scanner, or with how it was set up.
type Fault struct{ Name, About string }

// Faults lists them.
func Faults() []Fault {
	return []Fault{
		{"latin1", "takes each byte for a letter of Latin-1, and sends that in UTF-8"},
		{"latin1-twice", "the same, by the scanner and by its adapter"},
		{"cp1252", "takes each byte for a letter of Windows-1252, and sends that in UTF-8"},
		{"chunks", "sends its bytes one by one"},
		{"twice", "reads every code twice"},
		{"noise", "sends bytes that mean nothing before the scan"},
		{"torn", "sends the first half, and no end"},
		{"bit", "turns one bit over"},
		{"megabyte", "sends the text over and over, a megabyte of it, in one scan"},
		{"stx-etx", "frames its scans with STX and ETX"},
		{"no-end", "ends its scans with nothing"},
	}
}

// SetFault makes the scanner have a fault, or none: "".
func (s *Sim) SetFault(name string) error {
	if name != "" && !slices.ContainsFunc(Faults(), func(f Fault) bool { return f.Name == name }) {
		return fmt.Errorf("scanner simulator: there is no fault %q", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = name
	return nil
}

// pieces are what a scan is sent as.
func (s *Sim) pieces(text, fault string) [][]byte {
	prefix, suffix := s.Prefix, s.Suffix
	switch fault {
	case "latin1":
		text = mistaken(charmap.ISO8859_1, text)
	case "latin1-twice":
		text = mistaken(charmap.ISO8859_1, mistaken(charmap.ISO8859_1, text))
	case "cp1252":
		text = mistaken(charmap.Windows1252, text)
	case "noise":
		prefix = "\x00\xff\x7f\x15" + prefix
	case "torn":
		text, suffix = text[:len(text)/2], ""
	case "bit":
		b := []byte(text)
		if len(b) > 0 {
			b[len(b)/2] ^= 0x80
		}
		text = string(b)
	case "megabyte":
		text = strings.Repeat(text, 1+(1<<20)/max(1, len(text)))
	case "stx-etx":
		prefix, suffix = "\x02", "\x03"
	case "no-end":
		suffix = ""
	}
	scan := []byte(prefix + text + suffix)
	switch fault {
	case "chunks":
		return slices.Collect(slices.Chunk(scan, 1))
	case "twice":
		return [][]byte{scan, bytes.Clone(scan)}
	}
	return [][]byte{scan}
}

// mistaken is what becomes of UTF-8 whose bytes are taken for letters.
func mistaken(table *charmap.Charmap, text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		r := table.DecodeByte(c)
		if r == 0xfffd {
			r = rune(c) // what Windows makes of the five that its table leaves out
		}
		b.WriteRune(r)
	}
	return b.String()
}
