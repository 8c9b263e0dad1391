package cardsim

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/card/lds"
)

// A scripted answer is what a card in a trace said to one APDU, where that is
// not what a good chip would say.
type scripted struct {
	bare    status // without protection; 0 is none
	secured status // protected, in place of carrying the command out
	gone    error  // no answer at all
	data    int    // of a READ BINARY, at most; -1 is as much as is asked for
}

// Replay makes a virtual chip of a trace that somebody sent in
// ([cccd.TraceLine]): a chip with those files, masked as they are, that answers
// APDU for APDU with what the card answered. Keys are its own, in the places of
// the card's; key opens it. Only the kind of dialogue it had can be led with it.
func Replay(trace io.Reader) (chip *Chip, key card.Key, err error) {
	c := &Chip{faults: faults{tornAfter: -1, silentAfter: -1}, rand: rand.Reader,
		lds: map[uint16][]byte{}, mf: map[uint16][]byte{}, can: "000000"}
	lines := bufio.NewScanner(trace)
	lines.Buffer(nil, 4<<20)
	byMRZ := false
	for n := 1; lines.Scan(); n++ {
		var l cccd.TraceLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, key, fmt.Errorf("trace, line %d: %w", n, err)
		}
		switch {
		case l.Card != nil:
			if c.atr, err = hex.DecodeString(l.Card.ATR); err != nil {
				return nil, key, fmt.Errorf("trace, line %d: %w", n, err)
			}
		case l.APDU != nil:
			if err := c.script(*l.APDU); err != nil {
				return nil, key, fmt.Errorf("trace, line %d: %w", n, err)
			}
			// PACE opens with either; BAC tells that the MRZ was known.
			byMRZ = byMRZ || strings.HasPrefix(l.APDU.Command, "0084") || strings.HasPrefix(l.APDU.Command, "0082")
		case l.File != nil:
			if err := c.file(*l.File); err != nil {
				return nil, key, fmt.Errorf("trace, line %d: %w", n, err)
			}
		default:
			return nil, key, fmt.Errorf("trace, line %d: nothing we know", n)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, key, fmt.Errorf("trace: %w", err)
	}
	c.profile = Profile{AA: new(AAKey), Nonce: 16, PACE: paceOf(c.mf[efCardAccess])}
	if err := c.rekeyFiles(); err != nil {
		return nil, key, fmt.Errorf("trace: %w", err)
	}
	c.mrz = card.MRZKey{Number: "D23145890", Birth: "740812", Expiry: "120415"} // of nobody
	key = card.Key{CAN: c.can}
	if byMRZ {
		key = card.Key{MRZ: &c.mrz}
	}
	return c, key, nil
}

// script takes down what was answered to one APDU.
func (c *Chip) script(a cccd.TraceAPDU) error {
	s := scripted{data: -1}
	sw, err := statusOf(a.SW)
	if err != nil {
		return err
	}
	switch {
	case a.Error == "removed":
		s.gone = card.ErrRemoved
	case a.Error != "":
		s.gone = card.ErrMute
	case a.Received == 2 && sw>>8 == 0x61:
		c.faults.getResponse = true
	case a.Received == 2 && sw != swOK:
		s.bare = sw
	case a.Plain != nil && a.Plain.Secured:
		inner, err := statusOf(a.Plain.SW)
		if err != nil {
			return err
		}
		if inner != swOK && inner != swEndOfFile && inner != 0 {
			s.secured = inner
		}
	}
	if a.Plain != nil && len(a.Command) == 8 && strings.HasPrefix(a.Command[2:], "B0") {
		s.data = a.Plain.Data
	}
	c.scripts = append(c.scripts, s)
	return nil
}

func statusOf(s string) (status, error) {
	if s == "" {
		return 0, nil
	}
	v, err := strconv.ParseUint(s, 16, 16)
	return status(v), err
}

// file takes a file, filled up to the length it says of itself.
func (c *Chip) file(f cccd.TraceFile) error {
	id, err := strconv.ParseUint(f.ID, 16, 16)
	if err != nil {
		return err
	}
	b, err := hex.DecodeString(f.Content)
	if err != nil {
		return err
	}
	const most = 1 << 20
	if n := declared(b); n > len(b) && n < most {
		b = append(b, make([]byte, n-len(b))...)
	}
	if id == efCardAccess || id == efATRInfo {
		c.mf[uint16(id)] = b
	} else {
		c.lds[uint16(id)] = b
	}
	return nil
}

// declared is how long a file says it is, with one or two bytes of tag.
func declared(b []byte) int {
	at := 1
	if len(b) > 1 && b[0]&0x1F == 0x1F {
		at = 2
	}
	if len(b) <= at {
		return 0
	}
	n := int(b[at])
	if n < 0x80 {
		return at + 1 + n
	}
	length := 0
	for _, v := range b[at+1 : min(len(b), at+1+n&0x7F)] {
		length = length<<8 | int(v)
	}
	return at + 1 + n&0x7F + length
}

// paceOf reads the offers of EF.CardAccess; without that, what the field has.
func paceOf(access []byte) []PACEOffer {
	infos, err := card.ParseSecurityInfos(access)
	if err != nil {
		return []PACEOffer{{Suite: 2, Curve: 13}}
	}
	offers := []PACEOffer{}
	for _, info := range infos {
		suite, err := strconv.Atoi(strings.TrimPrefix(info.OID, oidPACE))
		curve, err2 := info.Optional.Int()
		if err == nil && err2 == nil && suite >= 1 && suite <= len(suites) {
			if _, known := card.CurveByID(curve); known {
				offers = append(offers, PACEOffer{Suite: suite, Curve: curve})
			}
		}
	}
	return offers
}

// rekeyFiles puts keys of our own where EF.DG14 and EF.DG15 had the card's.
func (c *Chip) rekeyFiles() error {
	infos := c.infosOfDG14()
	for _, info := range infos {
		if info.OID != oidPK {
			continue
		}
		curve, masked, err := card.ParseECKey(info.Required)
		if err != nil {
			continue // a key we cannot have; nor could the reader
		}
		k := caKey{CAKey: CAKey{Suite: 1, Curve: curve.ID}, private: deriveKey(curve, "replay"), id: info.Optional.Value}
		copy(masked, public(curve, k.private).encode(curve))
		for _, protocol := range infos {
			suite, err := strconv.Atoi(strings.TrimPrefix(protocol.OID, oidCA))
			if err == nil && (protocol.Optional.Tag == 0 || bytes.Equal(protocol.Optional.Value, k.id)) {
				k.Suite = suite
				c.caKeys = append(c.caKeys, k)
			}
		}
	}
	return c.rekeyDG15(infos)
}

func (c *Chip) infosOfDG14() []card.SecurityInfo {
	content, err := lds.Content(14, c.lds[efDG|14])
	if err != nil {
		return nil
	}
	infos, err := card.ParseSecurityInfos(content)
	if err != nil {
		return nil
	}
	return infos
}

func (c *Chip) rekeyDG15(infos []card.SecurityInfo) error {
	content, err := lds.Content(15, c.lds[efDG|15])
	if err != nil {
		return nil // there is none
	}
	info, _, err := card.ParseTLV(content)
	if err != nil {
		return nil
	}
	if curve, masked, err := card.ParseECKey(info); err == nil {
		c.aaKey = deriveKey(curve, "replay")
		copy(masked, public(curve, c.aaKey).encode(curve))
		c.profile.AA = &AAKey{Curve: curve.ID, Hash: crypto.SHA256}
		for _, info := range infos {
			oid, err := info.Optional.OID()
			for hash, arc := range plainHashes {
				if info.OID == oidAA && err == nil && oid == oidPlain+arc {
					c.profile.AA.Hash = hash
				}
			}
		}
		return nil
	}
	// RSA: the key of ours whose file is as long.
	for bits, key := range rsaKeys {
		ones := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(bits)), big.NewInt(1))
		if len(tlv(0x6F, rsaKeyInfo(&rsa.PublicKey{N: ones, E: rsaExponent}))) == len(c.lds[efDG|15]) {
			c.lds[efDG|15], c.aaKey = tlv(0x6F, rsaKeyInfo(&key().PublicKey)), new(big.Int).Set(key().D)
			c.profile.AA = &AAKey{RSA: bits, Trailer: 0xBC}
			return nil
		}
	}
	return nil
}
