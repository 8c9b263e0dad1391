package card

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A SecurityInfo is one entry of EF.CardAccess or DG14 (Doc 9303-11 §9.2): a
// protocol the chip offers and its parameters, left as they are.
type SecurityInfo struct {
	OID      string
	Required TLV
	Optional TLV // Tag 0 when absent
}

const maxSecurityInfos = 64

// ParseSecurityInfos reads a SET OF SecurityInfo, keeping entries it does not
// know.
func ParseSecurityInfos(b []byte) ([]SecurityInfo, error) {
	set, err := ParseOneTLV(b, TagSet)
	if err != nil {
		return nil, fmt.Errorf("security infos: %w", err)
	}
	entries, err := set.Children()
	if err != nil {
		return nil, fmt.Errorf("security infos: %w", err)
	}
	if len(entries) > maxSecurityInfos {
		return nil, fmt.Errorf("%w: %d security infos", ErrMalformed, len(entries))
	}
	infos := make([]SecurityInfo, 0, len(entries))
	for _, e := range entries {
		parts, err := e.Children()
		if err != nil || e.Tag != TagSequence || len(parts) < 2 || len(parts) > 3 {
			return nil, fmt.Errorf("%w: security info of unknown shape", ErrMalformed)
		}
		oid, err := parts[0].OID()
		if err != nil {
			return nil, err
		}
		info := SecurityInfo{OID: oid, Required: parts[1]}
		if len(parts) == 3 {
			info.Optional = parts[2]
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// paceOffer is one way to do PACE: a PACEInfo we can follow.
type paceOffer struct {
	info      SecurityInfo
	oid       string
	suite     suite
	curve     Curve
	parameter int  // the number the chip knows the curve by
	ambiguous bool // other offers share the OID: the chip must be told the curve
}

// Object identifiers of PACE are id-PACE, the mapping, the cipher (§9.2.1).
const idPACE = "0.4.0.127.0.7.2.2.4."

// Generic mapping over elliptic curves is the one mapping we do. Plain DH (1),
// integrated (3, 4) and chip authentication mapping (6) are known by name only.
const mappingECDHGM = 2

// paceSuites are the last arc of the object identifier.
var paceSuites = map[int]suite{1: tripleDES, 2: aes128, 3: aes192, 4: aes256}

// knownPACE is what every Vietnamese card seen offers: the offer to try where
// EF.CardAccess cannot be read.
var knownPACE = []SecurityInfo{{
	OID:      idPACE + "2.2",
	Required: TLV{Tag: TagInteger, Value: []byte{2}},
	Optional: TLV{Tag: TagInteger, Value: []byte{13}},
}}

// paceOffers picks what we can do from what the chip offers: AES before 3DES,
// otherwise in the chip's own order.
func paceOffers(infos []SecurityInfo) []paceOffer {
	var offers []paceOffer
	count := map[string]int{}
	for _, info := range infos {
		mapping, cipher, ok := paceOID(info.OID)
		if !ok {
			continue
		}
		count[info.OID]++
		version, err := info.Required.Int()
		if err != nil || version != 2 || mapping != mappingECDHGM {
			continue
		}
		curve, parameter, ok := paceCurve(infos, info)
		s, known := paceSuites[cipher]
		if known && ok {
			offers = append(offers, paceOffer{info: info, oid: info.OID, suite: s, curve: curve, parameter: parameter})
		}
	}
	for i := range offers {
		offers[i].ambiguous = count[offers[i].oid] > 1
	}
	slices.SortStableFunc(offers, func(a, b paceOffer) int { return b.suite.block - a.suite.block })
	return offers
}

// paceCurve finds the curve of a PACEInfo: by the number of standardised
// parameters, or by a PACEDomainParameterInfo beside it that writes the
// parameters out, under a number of the chip's own or as the only one
// (TR-03110-3 A.1.1.1).
func paceCurve(infos []SecurityInfo, info SecurityInfo) (curve Curve, parameter int, ok bool) {
	own := info.Optional.Tag != 0
	if own {
		var err error
		if parameter, err = info.Optional.Int(); err != nil || parameter > 0xFF {
			return Curve{}, 0, false
		}
		if curve, ok := CurveByID(parameter); ok {
			return curve, parameter, true
		}
	}
	for _, d := range infos {
		if d.OID != idPACE+strconv.Itoa(mappingECDHGM) {
			continue
		}
		id, err := d.Optional.Int()
		numbered := d.Optional.Tag != 0
		if numbered && err != nil || own != numbered || own && id != parameter {
			continue
		}
		curve, err := parseECAlgorithm(d.Required)
		return curve, parameter, err == nil
	}
	return Curve{}, 0, false
}

// paceOID takes the object identifier of a PACEInfo apart.
func paceOID(oid string) (mapping, cipher int, ok bool) {
	tail, ok := strings.CutPrefix(oid, idPACE)
	if !ok {
		return 0, 0, false
	}
	m, c, ok := strings.Cut(tail, ".")
	if !ok {
		return 0, 0, false // PACEDomainParameterInfo
	}
	mapping, err1 := strconv.Atoi(m)
	cipher, err2 := strconv.Atoi(c)
	return mapping, cipher, err1 == nil && err2 == nil
}

// Weakened compares what EF.CardAccess offered for PACE, which nobody signed,
// with what the signed EF.DG14 repeats of it (Doc 9303-11 §4.2, §9.2): a
// difference means that somebody may have changed the offer on the way, to be
// talked to in a weaker way. why is for the officer. A DG14 that repeats
// nothing leaves nothing to compare, which is not a difference.
func (c *Conn) Weakened(dg14 []SecurityInfo) (why string, weakened bool) {
	signed := paceEntries(dg14)
	if len(signed) == 0 {
		return "", false
	}
	if c.access == nil {
		switch {
		case c.using.oid == "" && len(paceOffers(dg14)) > 0:
			return "the chip can do PACE and was opened without", true
		case c.using.oid != "" && !slices.Contains(signed, infoKey(c.using.info)):
			return "PACE was done in a way EF.DG14 does not list", true
		}
		return "", false
	}
	infos, err := ParseSecurityInfos(c.access)
	if err != nil {
		return "", false // it was parsed when it was read
	}
	offered := paceEntries(infos)
	for _, entry := range signed {
		if !slices.Contains(offered, entry) {
			return "EF.CardAccess lacks a PACE offer that EF.DG14 has", true
		}
	}
	for _, entry := range offered {
		if !slices.Contains(signed, entry) {
			return "EF.CardAccess has a PACE offer that EF.DG14 lacks", true
		}
	}
	return "", false
}

// paceEntries are the entries about PACE, to be compared as sets.
func paceEntries(infos []SecurityInfo) []string {
	var entries []string
	for _, info := range infos {
		if strings.HasPrefix(info.OID, idPACE) {
			entries = append(entries, infoKey(info))
		}
	}
	return entries
}

func infoKey(info SecurityInfo) string {
	return fmt.Sprintf("%s %X:%X %X:%X", info.OID,
		info.Required.Tag, info.Required.Value, info.Optional.Tag, info.Optional.Value)
}
