package card

import (
	"errors"
	"fmt"
	"math/big"
)

// ErrUnsupported is an algorithm, a curve or a kind of key that is sound and
// that we do not do.
var ErrUnsupported = errors.New("algorithm we do not do")

// Object identifiers of EC keys (RFC 3279 §2.3.5).
const (
	OIDECPublicKey = "1.2.840.10045.2.1"
	oidPrimeField  = "1.2.840.10045.1.1"
)

// oidStandardised is standardizedDomainParameters of TR-03110-3 A.2.1.1.
const oidStandardised = "0.4.0.127.0.7.1.2"

// ParseECKey reads a SubjectPublicKeyInfo with an EC key: the curve, and the
// point as it stands there, not yet looked at.
func ParseECKey(t TLV) (Curve, []byte, error) {
	fail := func(err error) (Curve, []byte, error) { return Curve{}, nil, err }
	parts, err := t.Children()
	if err != nil {
		return fail(err)
	}
	if t.Tag != TagSequence || len(parts) != 2 {
		return fail(fmt.Errorf("%w: public key", ErrMalformed))
	}
	curve, err := parseECAlgorithm(parts[0])
	if err != nil {
		return fail(err)
	}
	point, err := parts[1].Bits()
	return curve, point, err
}

// parseECAlgorithm reads an AlgorithmIdentifier that says on which curve a key
// or a PACE is: by X.509's parameters, or by the number of standardised domain
// parameters (Doc 9303-11 §9.5.1, TR-03110-3 A.2.1.1).
func parseECAlgorithm(t TLV) (Curve, error) {
	parts, err := t.Children()
	if err != nil {
		return Curve{}, err
	}
	if t.Tag != TagSequence || len(parts) != 2 {
		return Curve{}, fmt.Errorf("%w: algorithm identifier", ErrMalformed)
	}
	oid, err := parts[0].OID()
	if err != nil {
		return Curve{}, err
	}
	switch oid {
	case OIDECPublicKey:
		return parseCurve(parts[1])
	case oidStandardised:
		id, err := parts[1].Int()
		if err != nil {
			return Curve{}, err
		}
		c, ok := CurveByID(id)
		if !ok {
			return c, fmt.Errorf("%w: standardised domain parameters %d", ErrUnsupported, id)
		}
		return c, nil
	}
	return Curve{}, fmt.Errorf("%w: public key %s", ErrUnsupported, oid)
}

// parseCurve reads ECParameters: the name of a curve, or all its parameters,
// which must then be those of a curve we know (Doc 9303-12 §4.4.3 asks for
// explicit parameters; RFC 3279 §2.3.5 has their shape).
func parseCurve(t TLV) (Curve, error) {
	if t.Tag == TagOID {
		oid, err := t.OID()
		if err != nil {
			return Curve{}, err
		}
		c, ok := CurveByOID(oid)
		if !ok {
			return c, fmt.Errorf("%w: curve %s", ErrUnsupported, oid)
		}
		return c, nil
	}
	parts, err := t.Children()
	if err != nil {
		return Curve{}, err
	}
	if t.Tag != TagSequence || len(parts) < 5 {
		return Curve{}, fmt.Errorf("%w: EC parameters", ErrMalformed)
	}
	field, err1 := parts[1].Children()
	ab, err2 := parts[2].Children()
	if err1 != nil || err2 != nil || len(field) != 2 || len(ab) < 2 {
		return Curve{}, fmt.Errorf("%w: EC parameters", ErrMalformed)
	}
	if oid, err := field[0].OID(); err != nil || oid != oidPrimeField {
		return Curve{}, fmt.Errorf("%w: curve over another field than a prime one", ErrUnsupported)
	}
	p, err := field[1].Integer()
	if err != nil {
		return Curve{}, err
	}
	n, err := parts[4].Integer()
	if err != nil {
		return Curve{}, err
	}
	if len(parts) > 5 {
		if h, err := parts[5].Int(); err != nil || h != 1 {
			return Curve{}, fmt.Errorf("%w: curve with a cofactor", ErrUnsupported)
		}
	}
	base := parts[3].Value
	if len(base) < 3 || len(base)%2 == 0 || base[0] != 4 {
		return Curve{}, fmt.Errorf("%w: base point in another form than uncompressed", ErrUnsupported)
	}
	half := (len(base) + 1) / 2
	number := func(b []byte) *big.Int { return new(big.Int).SetBytes(b) }
	c, ok := CurveByParams(p, number(ab[0].Value), number(ab[1].Value), number(base[1:half]), number(base[half:]), n)
	if !ok {
		return c, fmt.Errorf("%w: explicit parameters of no curve we know (%d bits)", ErrUnsupported, p.BitLen())
	}
	return c, nil
}
