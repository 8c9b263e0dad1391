// Package lds reads the files of the logical data structure of an ICAO chip
// (Doc 9303-10): which there are, the machine readable zone, the face.
package lds

import (
	"fmt"
	"slices"

	"tiepdan/drivers/card"
)

// tags of the data groups (Doc 9303-10 table 34): there is no system in them.
var tags = [...]uint32{1: 0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70}

// What a data group may be long. Faces are 10 to 30 kB; the rest is small.
const (
	maxDG      = 64 << 10
	maxFace    = 1 << 20
	dataGroups = 16
)

// DG is the elementary file of data group n, 1 to 16: its short identifier is
// n, its identifier 01n.
func DG(n int) (card.EF, bool) {
	if n < 1 || n > dataGroups {
		return card.EF{}, false
	}
	f := card.EF{Name: fmt.Sprintf("EF.DG%d", n), SFI: byte(n), ID: 0x0100 | uint16(n), Tag: tags[n], Max: maxDG}
	if n == 2 {
		f.Max = maxFace
	}
	return f, true
}

// Tag is the tag of data group n, or 0.
func Tag(n int) uint32 {
	if n < 1 || n > dataGroups {
		return 0
	}
	return tags[n]
}

// Content takes the tag off data group n.
func Content(n int, ef []byte) ([]byte, error) {
	if Tag(n) == 0 {
		return nil, fmt.Errorf("%w: there is no DG%d", card.ErrMalformed, n)
	}
	t, err := card.ParseOneTLV(ef, Tag(n))
	if err != nil {
		return nil, fmt.Errorf("DG%d: %w", n, err)
	}
	return t.Value, nil
}

// COM is EF.COM: what the issuer says is on the chip. It is not signed, so it
// is a hint; EF.SOD is the list that counts.
type COM struct {
	LDSVersion, UnicodeVersion string
	DataGroups                 []int // ascending
}

// ParseCOM reads EF.COM.
func ParseCOM(ef []byte) (COM, error) {
	t, err := card.ParseOneTLV(ef, card.EFCOM.Tag)
	if err != nil {
		return COM{}, fmt.Errorf("EF.COM: %w", err)
	}
	list, ok := t.Find(0x5C)
	if !ok {
		return COM{}, fmt.Errorf("%w: EF.COM without a tag list", card.ErrMalformed)
	}
	var c COM
	if v, ok := t.Find(0x5F01); ok {
		c.LDSVersion = string(v.Value)
	}
	if v, ok := t.Find(0x5F36); ok {
		c.UnicodeVersion = string(v.Value)
	}
	for _, tag := range list.Value {
		n := slices.Index(tags[:], uint32(tag))
		if n < 1 {
			continue // a tag of a later edition
		}
		if !slices.Contains(c.DataGroups, n) {
			c.DataGroups = append(c.DataGroups, n)
		}
	}
	slices.Sort(c.DataGroups)
	return c, nil
}
