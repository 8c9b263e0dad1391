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
	oid       string
	suite     suite
	curve     Curve
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
		id, err := info.Optional.Int()
		if err != nil {
			continue // the curve stands in a PACEDomainParameterInfo: proprietary
		}
		s, known := paceSuites[cipher]
		curve, hasCurve := CurveByID(id)
		if known && hasCurve {
			offers = append(offers, paceOffer{oid: info.OID, suite: s, curve: curve})
		}
	}
	for i := range offers {
		offers[i].ambiguous = count[offers[i].oid] > 1
	}
	slices.SortStableFunc(offers, func(a, b paceOffer) int { return b.suite.block - a.suite.block })
	return offers
}

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
