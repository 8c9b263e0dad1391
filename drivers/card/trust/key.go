package trust

import (
	"crypto"
	"crypto/rsa"
	"fmt"
	"math/big"

	"tiepdan/drivers/card"
)

// parsePublicKey reads a SubjectPublicKeyInfo with an RSA or EC key.
func parsePublicKey(t card.TLV) (crypto.PublicKey, error) {
	parts, err := t.Children()
	if err != nil {
		return nil, err
	}
	if t.Tag != card.TagSequence || len(parts) != 2 {
		return nil, malformed("public key")
	}
	oid, params, err := algorithmID(parts[0])
	if err != nil {
		return nil, err
	}
	bits, err := bitString(parts[1])
	if err != nil {
		return nil, err
	}
	switch oid {
	case oidRSA, oidPSS:
		return parseRSA(bits)
	case oidECPublicKey:
		curve, err := parseCurve(params)
		if err != nil {
			return nil, err
		}
		return curve.PublicKey(bits)
	}
	return nil, fmt.Errorf("%w: public key %s", errUnsupported, oid)
}

func parseRSA(b []byte) (*rsa.PublicKey, error) {
	seq, err := card.ParseOneTLV(b, card.TagSequence)
	if err != nil {
		return nil, err
	}
	parts, err := seq.Children()
	if err != nil || len(parts) != 2 {
		return nil, malformed("RSA key")
	}
	n, err := parts[0].Integer()
	if err != nil {
		return nil, err
	}
	e, err := parts[1].Int()
	if err != nil {
		return nil, err
	}
	if n.Sign() <= 0 || n.BitLen() > 16384 {
		return nil, malformed("RSA modulus")
	}
	return &rsa.PublicKey{N: n, E: e}, nil
}

// parseCurve reads ECParameters: the name of a curve, or all its parameters,
// which must then be those of a curve we know (Doc 9303-12 §4.4.3 asks for
// explicit parameters; RFC 3279 §2.3.5 has their shape).
func parseCurve(t card.TLV) (card.Curve, error) {
	if t.Tag == card.TagOID {
		oid, err := t.OID()
		if err != nil {
			return card.Curve{}, err
		}
		c, ok := card.CurveByOID(oid)
		if !ok {
			return c, fmt.Errorf("%w: curve %s", errUnsupported, oid)
		}
		return c, nil
	}
	parts, err := t.Children()
	if err != nil {
		return card.Curve{}, err
	}
	if t.Tag != card.TagSequence || len(parts) < 5 {
		return card.Curve{}, malformed("EC parameters")
	}
	field, err1 := parts[1].Children()
	ab, err2 := parts[2].Children()
	if err1 != nil || err2 != nil || len(field) != 2 || len(ab) < 2 {
		return card.Curve{}, malformed("EC parameters")
	}
	if oid, err := field[0].OID(); err != nil || oid != oidPrimeField {
		return card.Curve{}, fmt.Errorf("%w: curve over another field than a prime one", errUnsupported)
	}
	p, err := field[1].Integer()
	if err != nil {
		return card.Curve{}, err
	}
	n, err := parts[4].Integer()
	if err != nil {
		return card.Curve{}, err
	}
	if len(parts) > 5 {
		if h, err := parts[5].Int(); err != nil || h != 1 {
			return card.Curve{}, fmt.Errorf("%w: curve with a cofactor", errUnsupported)
		}
	}
	base := parts[3].Value
	if len(base) < 3 || len(base)%2 == 0 || base[0] != 4 {
		return card.Curve{}, fmt.Errorf("%w: base point in another form than uncompressed", errUnsupported)
	}
	half := (len(base) + 1) / 2
	number := func(b []byte) *big.Int { return new(big.Int).SetBytes(b) }
	c, ok := card.CurveByParams(p, number(ab[0].Value), number(ab[1].Value), number(base[1:half]), number(base[half:]), n)
	if !ok {
		return c, fmt.Errorf("%w: explicit parameters of no curve we know (%d bits)", errUnsupported, p.BitLen())
	}
	return c, nil
}

func bitString(t card.TLV) ([]byte, error) {
	if t.Tag != card.TagBitString || len(t.Value) < 1 || t.Value[0] != 0 {
		return nil, malformed("bit string")
	}
	return t.Value[1:], nil
}
