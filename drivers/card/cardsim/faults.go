package cardsim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Fault is something a chip can be made to do wrong. Where it takes a number,
// or a number and a status word, those are written after colons: "torn:7",
// "sw:7:6A82".
type Fault struct {
	Name  string
	Takes string // "", "N" or "N:SW"
	About string
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
	authority     string // whose CSCA signed; "" is the simulator's own
	expiredDS     bool
	clone         bool
	wrongIssuer   bool
	tampered      int   // the data group altered after signing
	without       int   // the data group the card was issued without
	unlisted      int   // the data group that is there and not in EF.SOD
	hidden        int   // the data group that is in EF.SOD and not given
	garbage       []int // the data groups that hold nonsense, signed as they are
	duplicateTags bool
	garbageSOD    bool
	noSOD         bool
	largeDG2      bool
	oversized     bool
	hugeLength    bool
	extraBytes    bool
	noCardAccess  bool
	garbageAccess bool
	downgrade     bool
	shortOnly     bool
	noHistory     bool
	noMF          bool
	getResponse   bool
	correctLe     bool
	leMax         int // READ BINARY for more is refused
	shortReads    int // READ BINARY gives no more at a time
	zeroSecret    bool
	bareErrors    bool
	caRefused     bool
	dead          bool // after chip authentication
	aaRefused     bool
	aaWrong       bool
	tries         int // wrong keys it takes, counting them; 0: as many as one likes
	badMAC        int // the protected answer whose MAC is wrong, counted from 1
	tornAfter     int // APDUs answered before the card is gone; -1: stays
	silentAfter   int // APDUs answered before it falls silent; -1: never

	status  statusAt // bare, by APDU
	secured statusAt // by protected command, in place of carrying it out
}

// statusAt is one answer that is a status word, counted from 1; 0 is none.
type statusAt struct {
	at int
	sw status
}

// A faultEntry's set gets what was given, or what stands in faultDefaults.
type faultEntry struct {
	Fault
	set func(f *faults, n int, sw status)
}

func fault(name, about string, set func(f *faults)) faultEntry {
	return faultEntry{Fault{name, "", about}, func(f *faults, _ int, _ status) { set(f) }}
}

func counted(name, about string, set func(f *faults, n int)) faultEntry {
	return faultEntry{Fault{name, "N", about}, func(f *faults, n int, _ status) { set(f, n) }}
}

var faultTable = []faultEntry{
	// Forgers, and authorities.
	fault("tampered-dg1", "DG1 was altered after signing", func(f *faults) { f.tampered = 1 }),
	fault("tampered-dg2", "the portrait was altered after signing", func(f *faults) { f.tampered = 2 }),
	fault("tampered-dg13", "DG13 was altered after signing: another name", func(f *faults) { f.tampered = 13 }),
	fault("wrong-csca", "the signer's chain ends in a CSCA of the right name and another key", func(f *faults) { f.authority = "impostor" }),
	fault("unknown-csca", "the signer's chain ends in a CSCA nobody knows", func(f *faults) { f.authority = "stranger" }),
	fault("expired-ds", "the document signer's certificate had run out before the card was issued", func(f *faults) { f.expiredDS = true }),
	fault("wrong-issuer", "DG1 names another state than the signer's", func(f *faults) { f.wrongIssuer = true }),
	fault("clone", "the chip does not hold the private keys of DG14 and DG15", func(f *faults) { f.clone = true }),
	fault("ca-refused", "the chip refuses the chip authentication that DG14 announces", func(f *faults) { f.caRefused = true }),
	fault("ca-dead", "the chip falls silent in chip authentication", func(f *faults) { f.dead = true }),
	fault("aa-refused", "the chip refuses active authentication, though there is a DG15", func(f *faults) { f.aaRefused = true }),
	fault("aa-wrong", "the chip signs with another key than that of DG15", func(f *faults) { f.aaWrong = true }),
	fault("downgrade", "EF.CardAccess offers a weaker PACE than DG14 says", func(f *faults) { f.downgrade = true }),
	// Files that are not there, or are nonsense.
	fault("no-dg13", "the card was issued without DG13", func(f *faults) { f.without = 13 }),
	fault("no-dg2", "the card was issued without a portrait", func(f *faults) { f.without = 2 }),
	fault("no-sod", "there is no EF.SOD", func(f *faults) { f.noSOD = true }),
	fault("hidden-dg13", "DG13 is in EF.SOD, and the chip does not give it", func(f *faults) { f.hidden = 13 }),
	fault("hidden-dg14", "DG14 is in EF.SOD, and the chip does not give it", func(f *faults) { f.hidden = 14 }),
	fault("hidden-dg15", "DG15 is in EF.SOD, and the chip does not give it", func(f *faults) { f.hidden = 15 }),
	fault("unlisted-dg13", "DG13 is on the chip and in EF.COM, but not in EF.SOD", func(f *faults) { f.unlisted = 13 }),
	fault("no-cardaccess", "there is no EF.CardAccess", func(f *faults) { f.noCardAccess = true }),
	fault("garbage-cardaccess", "EF.CardAccess holds nonsense", func(f *faults) { f.garbageAccess = true }),
	fault("garbage-tlv", "DG13 holds broken TLV, properly signed", func(f *faults) { f.garbage = append(f.garbage, 13) }),
	fault("garbage-dg14", "DG14 holds broken TLV, properly signed", func(f *faults) { f.garbage = append(f.garbage, 14) }),
	fault("garbage-dg15", "DG15 holds broken TLV, properly signed", func(f *faults) { f.garbage = append(f.garbage, 15) }),
	fault("garbage-sod", "EF.SOD holds nonsense", func(f *faults) { f.garbageSOD = true }),
	fault("duplicate-tags", "every field of DG13 is there twice, properly signed", func(f *faults) { f.duplicateTags = true }),
	fault("extra-bytes", "every file is longer than its content", func(f *faults) { f.extraBytes = true }),
	fault("large-dg2", "a sound portrait of 40 kB: needs READ BINARY with odd instruction", func(f *faults) { f.largeDG2 = true }),
	fault("oversized-dg2", "DG2 claims to be 16 MB long", func(f *faults) { f.oversized = true }),
	fault("huge-length", "DG13 claims to be 2 GB long", func(f *faults) { f.hugeLength = true }),
	// Habits that chips in the field have, and nothing is wrong with.
	fault("select-mf-refused", "SELECT of the master file answers 6D00, as cards in the field do", func(f *faults) { f.noMF = true }),
	fault("short-only", "extended length is refused with 6700, and the ATR says so", func(f *faults) { f.shortOnly = true }),
	fault("no-history", "the ATR has no historical bytes", func(f *faults) { f.noHistory = true }),
	fault("get-response", "answers wait behind 61xx and GET RESPONSE", func(f *faults) { f.getResponse = true }),
	fault("correct-le", "asking for more than there is gets 6Cxx", func(f *faults) { f.correctLe = true }),
	counted("le-max", "READ BINARY for more than N bytes is refused with 6700", func(f *faults, n int) { f.leMax = max(n, 4) }),
	counted("short-reads", "READ BINARY never gives more than N bytes at a time", func(f *faults, n int) { f.shortReads = max(n, 4) }),
	fault("zero-secret", "the secret PACE agrees on starts with a zero byte, as one in 256 does: nothing is wrong with that", func(f *faults) { f.zeroSecret = true }),
	// What breaks.
	fault("bare-errors", "refusals come without secure messaging, and end it", func(f *faults) { f.bareErrors = true }),
	counted("tries", "the chip takes N wrong keys, counting down with 63Cx", func(f *faults, n int) { f.tries = max(n, 1) }),
	counted("bad-mac", "the MAC of the Nth protected answer is wrong", func(f *faults, n int) { f.badMAC = max(n, 1) }),
	counted("torn", "the card is pulled after N APDUs", func(f *faults, n int) { f.tornAfter = n }),
	counted("silent", "the card stops answering after N APDUs", func(f *faults, n int) { f.silentAfter = n }),
	{Fault{"sw", "N:SW", "the Nth APDU is answered with this status alone"}, func(f *faults, n int, sw status) { f.status = statusAt{n, sw} }},
	{Fault{"sm-sw", "N:SW", "the Nth protected command is answered with this status, protected"}, func(f *faults, n int, sw status) { f.secured = statusAt{n, sw} }},
}

// Numbers of those that take one and were given none.
var faultDefaults = map[string]int{"bad-mac": 3, "torn": 7, "silent": 0, "tries": 3, "le-max": 200, "short-reads": 100, "sw": 8, "sm-sw": 2}

// The status of those that take one and were given none.
const defaultStatus status = 0x6F00 // no precise diagnosis

// parseFaults reads names joined with "+", the persona's own first.
func parseFaults(specs ...string) (faults, error) {
	f := faults{tornAfter: -1, silentAfter: -1}
	for spec := range strings.SplitSeq(strings.Join(specs, "+"), "+") {
		spec = strings.TrimSpace(spec)
		if spec == "" {
			continue
		}
		words := strings.Split(spec, ":")
		i := slices.IndexFunc(faultTable, func(e faultEntry) bool { return e.Name == words[0] })
		if i < 0 {
			return faults{}, fmt.Errorf("cardsim: no fault %q: there are %s", spec, faultNames())
		}
		e := faultTable[i]
		if takes := strings.Count(e.Takes, ":") + min(len(e.Takes), 1); len(words)-1 > takes {
			return faults{}, fmt.Errorf("cardsim: no fault %q: it is %s", spec, e.Spelled())
		}
		n, sw := faultDefaults[e.Name], defaultStatus
		if len(words) > 1 {
			var err error
			if n, err = strconv.Atoi(words[1]); err != nil || n < 0 {
				return faults{}, fmt.Errorf("cardsim: fault %s: %q is no number", e.Spelled(), words[1])
			}
		}
		if len(words) > 2 {
			v, err := strconv.ParseUint(words[2], 16, 16)
			if err != nil || len(words[2]) != 4 {
				return faults{}, fmt.Errorf("cardsim: fault %s: %q is no status word", e.Spelled(), words[2])
			}
			sw = status(v)
		}
		e.set(&f, n, sw)
	}
	return f, nil
}

// Spelled is the name with what it takes.
func (f Fault) Spelled() string {
	if f.Takes == "" {
		return f.Name
	}
	return f.Name + ":" + f.Takes
}

func faultNames() string {
	var names []string
	for _, f := range faultTable {
		names = append(names, f.Spelled())
	}
	return strings.Join(names, ", ")
}
