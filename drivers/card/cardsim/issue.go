package cardsim

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
)

// A dataGroup is one file of the LDS and its number.
type dataGroup struct {
	number  int
	content []byte
}

// Tags of data groups (Doc 9303-10 table 39), for EF.COM and the files.
var groupTags = map[int]uint32{1: 0x61, 2: 0x75, 13: 0x6D, 14: 0x6E, 15: 0x6F}

// issue personalises the chip: data groups, EF.SOD over them, EF.COM, keys.
func (c *Chip) issue() {
	p, f := c.persona, c.faults
	c.caKeys = newCAKeys(c.profile, p.Name+" chip authentication")
	c.aaKey = newAAKey(*c.profile.AA, p.Name+" active authentication")
	groups := c.groups()
	listed := slices.DeleteFunc(slices.Clone(groups), func(g dataGroup) bool { return g.number == f.unlisted })
	sod := authorityOf(f.authority).documentSigner(c.profile.Signer, f.expiredDS).securityObject(listed)
	if f.garbageSOD {
		sod = tlv(0x77, bytes.Repeat([]byte{0x30, 0x82, 0x00}, 100))
	}
	c.mf = map[uint16][]byte{efCardAccess: c.securityInfos(false)}
	if n := c.profile.MaxResponse; n > 0 {
		c.mf[efATRInfo] = tlv(0x7F66, small(int64(c.profile.MaxCommand)), small(int64(n)))
	}
	c.lds = map[uint16][]byte{efSOD: sod, efCOM: com(groups)}
	for _, g := range groups {
		if g.number == f.tampered {
			g.content = tamper(g)
		}
		c.lds[efDG|uint16(g.number)] = g.content
	}
	c.spoil()
}

// groups are the data groups as they are signed.
func (c *Chip) groups() []dataGroup {
	p, f := c.persona, c.faults
	zone := p.MRZ()
	if f.wrongIssuer {
		zone = zone[:2] + "UTO" + zone[5:]
	}
	holder := cccd.EncodeDG13(p.Holder)
	if f.duplicateTags {
		holder = repeatFields(holder)
	}
	groups := []dataGroup{{1, tlv(0x61, tlv(0x5F1F, []byte(zone)))}}
	if !p.NoPortrait {
		groups = append(groups, dataGroup{2, faceFile(p.portrait(f.largeDG2))})
	}
	groups = append(groups, dataGroup{13, holder})
	aa := *c.profile.AA
	if len(c.caKeys) > 0 || aa != (AAKey{}) {
		groups = append(groups, dataGroup{14, tlv(0x6E, c.securityInfos(true))})
	}
	if aa != (AAKey{}) {
		groups = append(groups, dataGroup{15, tlv(0x6F, publicAA(aa, c.aaKey))})
	}
	groups = slices.DeleteFunc(groups, func(g dataGroup) bool { return g.number == f.without })
	for i, g := range groups {
		if slices.Contains(f.garbage, g.number) {
			groups[i].content = tlv(groupTags[g.number], bytes.Repeat([]byte{0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0x02, 0x01}, 20))
		}
		if f.oversized && g.number == 2 {
			groups[i].content = slices.Concat([]byte{0x75, 0x83, 0xFF, 0xFF, 0xFF}, g.content[4:])
		}
		if f.hugeLength && g.number == 13 {
			groups[i].content = slices.Concat([]byte{0x6D, 0x84, 0x7F, 0xFF, 0xFF, 0xFF}, g.content[4:])
		}
	}
	return groups
}

// spoil does to the files, and to the keys behind them, what happens after a
// card was issued.
func (c *Chip) spoil() {
	f := c.faults
	if f.clone { // the files were copied; the keys cannot be
		c.caKeys = newCAKeys(c.profile, "somebody else's chip authentication")
	}
	if aa := *c.profile.AA; (f.clone || f.aaWrong) && c.aaKey != nil {
		if aa.RSA > 0 {
			c.aaKey = new(big.Int).Sub(c.aaKey, big.NewInt(2))
		} else {
			c.aaKey = newAAKey(aa, "somebody else's active authentication")
		}
	}
	if f.noSOD {
		delete(c.lds, efSOD)
	}
	if f.hidden > 0 {
		delete(c.lds, efDG|uint16(f.hidden))
	}
	if f.noCardAccess {
		delete(c.mf, efCardAccess)
	}
	if f.garbageAccess {
		c.mf[efCardAccess] = bytes.Repeat([]byte{0x31, 0x84, 0xFF}, 9)
	}
	if f.extraBytes {
		for id, b := range c.lds {
			c.lds[id] = append(bytes.Clone(b), bytes.Repeat([]byte{0xA5}, 40)...)
		}
	}
}

// repeatFields writes every field of DG13 twice, the second time with another
// text in it.
func repeatFields(dg13 []byte) []byte {
	var id cccd.Identity
	id, _, err := cccd.ParseDG13(dg13)
	if err != nil {
		panic(err) // we have just written it
	}
	first := fieldsOf(dg13)
	id.Name, id.Residence = tamperedName, "Nơi khác"
	list := slices.Concat(first, fieldsOf(cccd.EncodeDG13(id)))
	return tlv(0x6D, seq(list))
}

// fieldsOf are the fields of DG13 in their list.
func fieldsOf(dg13 []byte) []byte {
	outer, _, _ := card.ParseTLV(dg13)
	list, _, _ := card.ParseTLV(outer.Value)
	return list.Value
}

// tamper alters what a forger would: the name in DG1 and DG13, the picture.
func tamper(g dataGroup) []byte {
	b := bytes.Clone(g.content)
	switch g.number {
	case 13:
		id, _, err := cccd.ParseDG13(b)
		if err != nil {
			panic(err) // we have just written it
		}
		id.Name = tamperedName
		return cccd.EncodeDG13(id)
	case 1:
		copy(b[len(b)-30:], "TRAN<<")
	default:
		b[len(b)/2] ^= 1
	}
	return b
}

const tamperedName = "Quách Tuấn Khải"

// com is EF.COM (Doc 9303-10 §4.6.1): LDS 1.7, Unicode 4.0.0, the tags.
func com(groups []dataGroup) []byte {
	var tags []byte
	for _, g := range groups {
		tags = append(tags, byte(groupTags[g.number]))
	}
	return tlv(0x60, tlv(0x5F01, []byte("0107")), tlv(0x5F36, []byte("040000")), tlv(0x5C, tags))
}

// Object identifiers of EF.DG14 for active authentication.
const (
	oidAA    = "2.23.136.1.1.5"
	oidPlain = "0.4.0.127.0.7.1.1.4.1." // ecdsa-plain and the number of the hash
)

// plainHashes are the last arcs of ecdsa-plain signatures (TR-03111 §5.2.1).
var plainHashes = map[crypto.Hash]string{crypto.SHA1: "1", crypto.SHA224: "2", crypto.SHA256: "3", crypto.SHA384: "4", crypto.SHA512: "5"}

// securityInfos is the content of EF.CardAccess or, with the keys of chip and
// active authentication, of DG14 (Doc 9303-11 §9.2).
func (c *Chip) securityInfos(dg14 bool) []byte {
	infos := [][]byte{seq(oid(oidTA), small(1))}
	for i, k := range c.profile.CA {
		info := [][]byte{oid(oidCA + strconv.Itoa(k.Suite)), small(1)}
		if len(c.profile.CA) > 1 {
			info = append(info, small(int64(i+1)))
		}
		infos = append(infos, seq(info...))
	}
	offers := c.profile.PACE
	if c.faults.downgrade && !dg14 {
		offers = []PACEOffer{weakPACE}
	}
	for i, o := range offers {
		infos = append(infos, seq(oid(o.oid()), small(2), small(int64(o.parameter(i)))))
		if o.Explicit {
			curve := curveOf(o.Curve)
			infos = append(infos, seq(oid(strings.TrimSuffix(oidPACE, ".")),
				seq(oid(oidECPublicKey), explicitParameters(curve)), small(int64(o.parameter(i)))))
		}
	}
	if !dg14 {
		return setOf(infos...)
	}
	for i, k := range c.caKeys {
		curve := curveOf(k.Curve)
		point := public(curve, k.private).encode(curve)
		info := [][]byte{oid(oidPK), publicKeyInfo(curve, point)}
		if k.Explicit {
			info[1] = seq(seq(oid(oidECPublicKey), explicitParameters(curve)), bits(point))
		}
		if k.id != nil {
			info = append(info, small(int64(i+1)))
		}
		infos = append(infos, seq(info...))
	}
	if aa := c.profile.AA; aa.Curve > 0 {
		infos = append(infos, seq(oid(oidAA), small(1), oid(oidPlain+plainHashes[aa.Hash])))
	}
	return setOf(infos...)
}

// faceFile is DG2: one JPEG face in ISO/IEC 19794-5 within a CBEFF template
// (Doc 9303-10 §4.7.2). As on the cards seen, the picture starts at byte 84.
func faceFile(jpeg []byte, width, height int) []byte {
	var facial []byte
	facial = binary.BigEndian.AppendUint32(facial, uint32(20+12+len(jpeg)))
	facial = append(facial, make([]byte, 16)...) // no feature points; nothing said of sex, eyes, hair, pose
	facial = append(facial, 1, 0)                // full frontal, JPEG
	facial = binary.BigEndian.AppendUint16(facial, uint16(width))
	facial = binary.BigEndian.AppendUint16(facial, uint16(height))
	facial = append(facial, 1, 2, 0, 0, 0, 0) // sRGB, from a camera
	facial = append(facial, jpeg...)
	record := append([]byte("FAC\x00010\x00"), 0, 0, 0, 0, 0, 1)
	binary.BigEndian.PutUint32(record[8:], uint32(len(record)+len(facial)))
	header := tlv(0xA1, tlv(0x81, []byte{2}), tlv(0x82, []byte{0}), tlv(0x87, []byte{1, 1}), tlv(0x88, []byte{0, 8}))
	return tlv(0x75, tlv(0x7F61, tlv(card.TagInteger, []byte{1}), tlv(0x7F60, header, tlv(0x5F2E, record, facial))))
}

// withCheck appends the check digit of Doc 9303-3 §4.9.
func withCheck(s string) string {
	sum := 0
	for i, r := range s {
		v := 0
		switch {
		case r >= '0' && r <= '9':
			v = int(r - '0')
		case r >= 'A' && r <= 'Z':
			v = int(r-'A') + 10
		}
		sum += v * [...]int{7, 3, 1}[i%3]
	}
	return s + strconv.Itoa(sum%10)
}

// mrz is the machine readable zone of a TD1 card as Vietnam fills it, 90
// characters: the document number is the last nine digits of the PIN, which
// stands whole in the optional data, with a check digit.
func mrz(p Persona) string {
	number := withCheck(p.Holder.PIN[3:])
	line1 := "IDVNM" + number + p.Holder.PIN + "<<" + withCheck(p.Holder.PIN)[12:]
	birth, expiry := withCheck(p.mrzKey().Birth), withCheck(p.mrzKey().Expiry)
	sex := "M"
	if p.Holder.Sex == "Nữ" {
		sex = "F"
	}
	line2 := birth + sex + expiry + "VNM" + strings.Repeat("<", 11)
	line2 += withCheck(line1[5:] + line2[:7] + line2[8:15] + line2[18:])[50:]
	words := strings.Fields(plain(p.Holder.Name))
	line3 := words[0] + "<<" + strings.Join(words[1:], "<") + strings.Repeat("<", 30)
	return line1 + line2 + line3[:30]
}
