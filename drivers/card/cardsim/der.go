package cardsim

import (
	"bytes"
	"math/big"
	"slices"
	"time"

	"tiepdan/drivers/card"
)

// A few words of DER, to write certificates and EF.SOD with.

func tlv(tag uint32, parts ...[]byte) []byte {
	return card.AppendTLV(nil, tag, bytes.Join(parts, nil))
}

func seq(parts ...[]byte) []byte { return tlv(card.TagSequence, parts...) }

// setOf sorts its elements, as DER wants it.
func setOf(parts ...[]byte) []byte {
	sorted := slices.Clone(parts)
	slices.SortFunc(sorted, bytes.Compare)
	return tlv(card.TagSet, sorted...)
}

func oid(dotted string) []byte { return tlv(card.TagOID, card.AppendOID(nil, dotted)) }

// integer is a number that is not negative.
func integer(v *big.Int) []byte {
	b := v.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return tlv(card.TagInteger, b)
}

func small(n int64) []byte { return integer(big.NewInt(n)) }

func octets(parts ...[]byte) []byte { return tlv(card.TagOctetString, parts...) }

func bits(b []byte) []byte { return tlv(card.TagBitString, []byte{0}, b) }

func text(s string) []byte { return tlv(0x0C, []byte(s)) }

func printable(s string) []byte { return tlv(0x13, []byte(s)) }

func utcTime(t time.Time) []byte { return tlv(0x17, []byte(t.UTC().Format("060102150405Z"))) }

func explicit(n uint32, parts ...[]byte) []byte { return tlv(0xA0|n, parts...) }
