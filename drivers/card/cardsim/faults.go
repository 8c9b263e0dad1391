package cardsim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Fault is something a chip can be made to do wrong. Where it takes a number,
// that is written after a colon: "torn:7".
type Fault struct {
	Name   string
	Number bool
	About  string
}

// Faults lists them all.
func Faults() []Fault {
	all := make([]Fault, 0, len(faultTable))
	for _, f := range faultTable {
		all = append(all, f.Fault)
	}
	return all
}

// faults are the ones switched on in one chip.
type faults struct {
	authority   string // whose CSCA signed; "" is the simulator's own
	expiredDS   bool
	clone       bool
	tampered    int // the data group altered after signing
	without     int // the data group the card was issued without
	unlisted    int // the data group that is there and not in EF.SOD
	garbage     int // the data group that holds nonsense, signed as it is
	garbageSOD  bool
	largeDG2    bool
	oversized   bool
	shortOnly   bool
	noMF        bool
	getResponse bool
	correctLe   bool
	zeroSecret  bool
	badMAC      int // the protected answer whose MAC is wrong, counted from 1
	tornAfter   int // APDUs answered before the card is gone; -1: stays
	silentAfter int // APDUs answered before it falls silent; -1: never
}

// A faultEntry's set gets the number given, or the one of faultDefaults.
type faultEntry struct {
	Fault
	set func(f *faults, n int)
}

var faultTable = []faultEntry{
	{Fault{"tampered-dg1", false, "DG1 was altered after signing"}, func(f *faults, _ int) { f.tampered = 1 }},
	{Fault{"tampered-dg2", false, "the portrait was altered after signing"}, func(f *faults, _ int) { f.tampered = 2 }},
	{Fault{"tampered-dg13", false, "DG13 was altered after signing: another name"}, func(f *faults, _ int) { f.tampered = 13 }},
	{Fault{"wrong-csca", false, "the signer's chain ends in a CSCA of the right name and another key"}, func(f *faults, _ int) { f.authority = "impostor" }},
	{Fault{"unknown-csca", false, "the signer's chain ends in a CSCA nobody knows"}, func(f *faults, _ int) { f.authority = "stranger" }},
	{Fault{"expired-ds", false, "the document signer's certificate had run out before the card was issued"}, func(f *faults, _ int) { f.expiredDS = true }},
	{Fault{"clone", false, "the chip does not hold the private keys of DG14 and DG15"}, func(f *faults, _ int) { f.clone = true }},
	{Fault{"no-dg13", false, "the card was issued without DG13"}, func(f *faults, _ int) { f.without = 13 }},
	{Fault{"no-dg2", false, "the card was issued without a portrait"}, func(f *faults, _ int) { f.without = 2 }},
	{Fault{"unlisted-dg13", false, "DG13 is on the chip and in EF.COM, but not in EF.SOD"}, func(f *faults, _ int) { f.unlisted = 13 }},
	{Fault{"garbage-tlv", false, "DG13 holds broken TLV, properly signed"}, func(f *faults, _ int) { f.garbage = 13 }},
	{Fault{"garbage-sod", false, "EF.SOD holds nonsense"}, func(f *faults, _ int) { f.garbageSOD = true }},
	{Fault{"large-dg2", false, "a sound portrait of 40 kB: needs READ BINARY with odd instruction"}, func(f *faults, _ int) { f.largeDG2 = true }},
	{Fault{"oversized-dg2", false, "DG2 claims to be 16 MB long"}, func(f *faults, _ int) { f.oversized = true }},
	{Fault{"select-mf-refused", false, "SELECT of the master file answers 6D00, as cards in the field do"}, func(f *faults, _ int) { f.noMF = true }},
	{Fault{"short-only", false, "extended length is refused with 6700"}, func(f *faults, _ int) { f.shortOnly = true }},
	{Fault{"get-response", false, "answers wait behind 61xx and GET RESPONSE"}, func(f *faults, _ int) { f.getResponse = true }},
	{Fault{"correct-le", false, "asking for more than there is gets 6Cxx"}, func(f *faults, _ int) { f.correctLe = true }},
	{Fault{"zero-secret", false, "the secret PACE agrees on starts with a zero byte, as one in 256 does: nothing is wrong with that"}, func(f *faults, _ int) { f.zeroSecret = true }},
	{Fault{"bad-mac", true, "the MAC of the Nth protected answer is wrong (3rd if no number is given)"}, func(f *faults, n int) { f.badMAC = max(n, 1) }},
	{Fault{"torn", true, "the card is pulled after N APDUs (7 if no number is given)"}, func(f *faults, n int) { f.tornAfter = n }},
	{Fault{"silent", true, "the card stops answering after N APDUs (at once if no number is given)"}, func(f *faults, n int) { f.silentAfter = n }},
}

// Numbers of those that take one and were given none.
var faultDefaults = map[string]int{"bad-mac": 3, "torn": 7, "silent": 0}

// parseFaults reads names joined with "+", the persona's own first.
func parseFaults(specs ...string) (faults, error) {
	f := faults{tornAfter: -1, silentAfter: -1}
	for name := range strings.SplitSeq(strings.Join(specs, "+"), "+") {
		name, number, given := strings.Cut(strings.TrimSpace(name), ":")
		if name == "" {
			continue
		}
		i := slices.IndexFunc(faultTable, func(e faultEntry) bool { return e.Name == name })
		if i < 0 || given && !faultTable[i].Number {
			return faults{}, fmt.Errorf("cardsim: no fault %q: there are %s", name, faultNames())
		}
		n := faultDefaults[name]
		if given {
			var err error
			if n, err = strconv.Atoi(number); err != nil || n < 0 {
				return faults{}, fmt.Errorf("cardsim: fault %s: %q is no number of APDUs", name, number)
			}
		}
		faultTable[i].set(&f, n)
	}
	return f, nil
}

func faultNames() string {
	var names []string
	for _, f := range faultTable {
		name := f.Name
		if f.Number {
			name += ":N"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
