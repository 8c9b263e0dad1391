package trust

import (
	"crypto"
	"crypto/rsa"
	"fmt"

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
	oid, _, err := algorithmID(parts[0])
	if err != nil {
		return nil, err
	}
	bits, err := parts[1].Bits()
	if err != nil {
		return nil, err
	}
	switch oid {
	case oidRSA, oidPSS:
		return parseRSA(bits)
	case card.OIDECPublicKey:
		curve, point, err := card.ParseECKey(t)
		if err != nil {
			return nil, err
		}
		return curve.PublicKey(point)
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
