package cardsim

import (
	"bytes"
	"encoding/binary"
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
	c.caKey = deriveKey(curveOf(caCurve), p.Name+" chip authentication")
	c.aaKey = deriveKey(curveOf(aaCurve), p.Name+" active authentication")
	groups := []dataGroup{
		{1, tlv(0x61, tlv(0x5F1F, []byte(p.MRZ())))},
		{13, cccd.EncodeDG13(p.Holder)},
		{14, tlv(0x6E, c.securityInfos(true))},
		{15, tlv(0x6F, publicKeyInfo(curveOf(aaCurve), mul(curveOf(aaCurve), base(curveOf(aaCurve)), c.aaKey).encode(curveOf(aaCurve))))},
	}
	if !p.NoPortrait {
		groups = slices.Insert(groups, 1, dataGroup{2, faceFile(p.portrait(f.largeDG2))})
	}
	groups = slices.DeleteFunc(groups, func(g dataGroup) bool { return g.number == f.without })
	for i, g := range groups {
		if g.number == f.garbage {
			groups[i].content = tlv(groupTags[g.number], bytes.Repeat([]byte{0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0x02, 0x01}, 20))
		}
		if f.oversized && g.number == 2 {
			groups[i].content = slices.Concat([]byte{0x75, 0x83, 0xFF, 0xFF, 0xFF}, g.content[4:])
		}
	}
	listed := slices.DeleteFunc(slices.Clone(groups), func(g dataGroup) bool { return g.number == f.unlisted })
	sod := authorityOf(f.authority).documentSigner(f.expiredDS).securityObject(listed)
	if f.garbageSOD {
		sod = tlv(0x77, bytes.Repeat([]byte{0x30, 0x82, 0x00}, 100))
	}
	c.mf = map[uint16][]byte{efCardAccess: c.securityInfos(false)}
	c.lds = map[uint16][]byte{efSOD: sod, efCOM: com(groups)}
	for _, g := range groups {
		if g.number == f.tampered {
			g.content = tamper(g)
		}
		c.lds[efDG|uint16(g.number)] = g.content
	}
	if f.clone { // the files were copied; the keys cannot be
		c.caKey = deriveKey(curveOf(caCurve), "somebody else's chip authentication")
		c.aaKey = deriveKey(curveOf(aaCurve), "somebody else's active authentication")
	}
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

// securityInfos is the content of EF.CardAccess or, with the keys of chip and
// active authentication, of DG14 (Doc 9303-11 §9.2).
func (c *Chip) securityInfos(dg14 bool) []byte {
	infos := [][]byte{
		seq(oid(oidTA), small(1)),
		seq(oid(oidCA+strconv.Itoa(caSuite)), small(1)),
	}
	for _, o := range c.offers {
		infos = append(infos, seq(oid(o.oid()), small(2), small(int64(o.Curve))))
	}
	if dg14 {
		curve := curveOf(caCurve)
		const oidAA, oidPlainSHA256 = "2.23.136.1.1.5", "0.4.0.127.0.7.1.1.4.1.3"
		infos = append(infos,
			seq(oid(oidPK), publicKeyInfo(curve, mul(curve, base(curve), c.caKey).encode(curve))),
			seq(oid(oidAA), small(1), oid(oidPlainSHA256)))
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
