package trust

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"
	"strings"
	"time"

	"tiepdan/drivers/card"
)

// certificate is what we need of an X.509 certificate. crypto/x509 cannot read
// them: most states write EC parameters out in full.
type certificate struct {
	raw, tbs        []byte
	serial          []byte
	issuer, subject name
	notBefore       time.Time
	notAfter        time.Time
	key             crypto.PublicKey
	keyErr          error // why the key is of no use to us
	alg             algorithm
	algErr          error
	sig             []byte

	keyID, issuerKeyID []byte // SKI and AKI, nil when absent
	ca                 bool
	hasConstraints     bool
	usage              int // key usage bits, first bit highest; -1 when absent
	critical           []string
}

// Key usage bits of the first byte (RFC 5280 §4.2.1.3).
const (
	usageSignature = 0x80
	usageCertSign  = 0x04
)

// Extensions we read or may pass over even when they are marked critical.
const (
	extSubjectKeyID   = "2.5.29.14"
	extKeyUsage       = "2.5.29.15"
	extConstraints    = "2.5.29.19"
	extAuthorityKeyID = "2.5.29.35"
)

var passable = map[string]bool{
	"2.5.29.16":        true, // private key usage period
	"2.5.29.17":        true, // alternative names: contact addresses
	"2.5.29.18":        true,
	"2.5.29.31":        true, // CRL distribution points
	"2.5.29.32":        true, // policies
	"2.5.29.37":        true, // extended key usage
	"2.23.136.1.1.6.1": true, // name change
	"2.23.136.1.1.6.2": true, // document types
}

func parseCertificate(b []byte) (*certificate, error) {
	outer, err := card.ParseOneTLV(b, card.TagSequence)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	parts, err := outer.Children()
	if err != nil || len(parts) != 3 || parts[0].Tag != card.TagSequence {
		return nil, malformed("certificate")
	}
	c := &certificate{raw: outer.Raw, tbs: parts[0].Raw, usage: -1}
	if c.sig, err = parts[2].Bits(); err != nil {
		return nil, err
	}
	c.alg, c.algErr = parseAlgorithm(parts[1], 0)

	tbs, err := parts[0].Children()
	if err != nil {
		return nil, err
	}
	if len(tbs) > 0 && tbs[0].Tag == 0xA0 {
		tbs = tbs[1:] // version
	}
	if len(tbs) < 6 || tbs[0].Tag != card.TagInteger {
		return nil, malformed("certificate body")
	}
	if !bytes.Equal(tbs[1].Raw, parts[1].Raw) {
		return nil, malformed("certificate: two signature algorithms")
	}
	c.serial = tbs[0].Value
	if c.issuer, err = parseName(tbs[2]); err != nil {
		return nil, err
	}
	if c.subject, err = parseName(tbs[4]); err != nil {
		return nil, err
	}
	span, err := tbs[3].Children()
	if err != nil || len(span) != 2 {
		return nil, malformed("certificate validity")
	}
	if c.notBefore, err = parseTime(span[0]); err != nil {
		return nil, err
	}
	if c.notAfter, err = parseTime(span[1]); err != nil {
		return nil, err
	}
	c.key, c.keyErr = parsePublicKey(tbs[5])
	for _, t := range tbs[6:] {
		if t.Tag == 0xA3 {
			if err := c.parseExtensions(t); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func (c *certificate) parseExtensions(t card.TLV) error {
	list, err := card.ParseOneTLV(t.Value, card.TagSequence)
	if err != nil {
		return err
	}
	all, err := list.Children()
	if err != nil {
		return err
	}
	for _, e := range all {
		parts, err := e.Children()
		if err != nil || len(parts) < 2 || len(parts) > 3 || parts[len(parts)-1].Tag != card.TagOctetString {
			return malformed("certificate extension")
		}
		oid, err := parts[0].OID()
		if err != nil {
			return err
		}
		critical := len(parts) == 3 && !bytes.Equal(parts[1].Value, []byte{0})
		if err := c.parseExtension(oid, parts[len(parts)-1].Value, critical); err != nil {
			return fmt.Errorf("extension %s: %w", oid, err)
		}
	}
	return nil
}

func (c *certificate) parseExtension(oid string, value []byte, critical bool) error {
	t, _, err := card.ParseTLV(value)
	if err != nil {
		if critical {
			return err
		}
		return nil
	}
	switch oid {
	case extSubjectKeyID:
		c.keyID = t.Value
	case extAuthorityKeyID:
		if id, ok := t.Find(0x80); ok {
			c.issuerKeyID = id.Value
		}
	case extConstraints:
		c.hasConstraints = true
		if flag, ok := t.Find(card.TagBoolean); ok {
			c.ca = len(flag.Value) == 1 && flag.Value[0] != 0
		}
	case extKeyUsage:
		if t.Tag != card.TagBitString || len(t.Value) < 2 {
			return malformed("key usage")
		}
		c.usage = int(t.Value[1])
	default:
		if critical && !passable[oid] {
			c.critical = append(c.critical, oid)
		}
	}
	return nil
}

// may tells whether the key usage, where there is one, allows a use.
func (c *certificate) may(use int) bool { return c.usage < 0 || c.usage&use != 0 }

func (c *certificate) validAt(t time.Time) bool {
	return !t.Before(c.notBefore) && !t.After(c.notAfter)
}

// signedBy checks c's signature with the key of another certificate.
func (c *certificate) signedBy(issuer *certificate) error {
	if c.algErr != nil {
		return c.algErr
	}
	if issuer.keyErr != nil {
		return issuer.keyErr
	}
	return c.alg.verify(issuer.key, c.tbs, c.sig)
}

// name is a distinguished name: its bytes, and its attributes folded so that
// names written with other string types, case or spaces are still the same.
type name struct {
	raw    []byte
	folded []string
	attr   map[string]string
}

const (
	attrCommonName = "2.5.4.3"
	attrCountry    = "2.5.4.6"
	maxNameParts   = 32
	tagBMPString   = 0x1E
	tagUTCTime     = 0x17
	tagGeneralTime = 0x18
)

func parseName(t card.TLV) (name, error) {
	sets, err := t.Children()
	if err != nil || t.Tag != card.TagSequence || len(sets) > maxNameParts {
		return name{}, malformed("distinguished name")
	}
	n := name{raw: t.Raw, attr: map[string]string{}}
	for _, set := range sets {
		pairs, err := set.Children()
		if err != nil || set.Tag != card.TagSet {
			return name{}, malformed("distinguished name")
		}
		for _, p := range pairs {
			kv, err := p.Children()
			if err != nil || len(kv) != 2 {
				return name{}, malformed("distinguished name")
			}
			oid, err := kv[0].OID()
			if err != nil {
				return name{}, err
			}
			text := strings.Join(strings.Fields(stringValue(kv[1])), " ")
			n.attr[oid] = text
			n.folded = append(n.folded, oid+"="+strings.ToLower(text))
		}
	}
	slices.Sort(n.folded)
	return n, nil
}

func stringValue(t card.TLV) string {
	if t.Tag != tagBMPString {
		return strings.ToValidUTF8(string(t.Value), "?")
	}
	var s strings.Builder
	for b := t.Value; len(b) >= 2; b = b[2:] {
		s.WriteRune(rune(b[0])<<8 | rune(b[1]))
	}
	return s.String()
}

func (n name) same(o name) bool { return slices.Equal(n.folded, o.folded) }

// country is the two letters of the state, in capitals.
func (n name) country() string { return strings.ToUpper(n.attr[attrCountry]) }

// String is short and for logs: certificates of states name no persons.
func (n name) String() string { return fmt.Sprintf("C=%s %q", n.country(), n.attr[attrCommonName]) }

func parseTime(t card.TLV) (time.Time, error) {
	var layouts []string
	switch t.Tag {
	case tagUTCTime:
		layouts = []string{"060102150405Z", "0601021504Z", "060102150405-0700"}
	case tagGeneralTime:
		layouts = []string{"20060102150405Z", "200601021504Z", "20060102150405-0700", "20060102150405.999Z"}
	}
	for _, l := range layouts {
		if v, err := time.Parse(l, string(t.Value)); err == nil {
			if t.Tag == tagUTCTime && v.Year() >= 2050 {
				v = v.AddDate(-100, 0, 0) // RFC 5280: 50 to 99 are 19xx
			}
			return v.UTC(), nil
		}
	}
	return time.Time{}, malformed("time")
}
