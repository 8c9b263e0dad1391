package card

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"io"
	"math/big"
)

// A Curve is one of the elliptic curves Doc 9303 allows: ID is its number as
// standardised domain parameters (9303-11 §9.5.1), OID its name in X.509.
type Curve struct {
	ID   int
	Name string
	OID  string
	ec   func() elliptic.Curve
}

// Curves are all the curves we know. Explicit parameters are mapped to one of
// these or refused: a curve somebody else chose proves nothing (CVE-2020-0601).
var curves = []Curve{
	{10, "P-224", "1.3.132.0.33", elliptic.P224},
	{12, "P-256", "1.2.840.10045.3.1.7", elliptic.P256},
	{13, "brainpoolP256r1", "1.3.36.3.3.2.8.1.1.7", func() elliptic.Curve { return brainpoolP256r1() }},
	{15, "P-384", "1.3.132.0.34", elliptic.P384},
	{16, "brainpoolP384r1", "1.3.36.3.3.2.8.1.1.11", func() elliptic.Curve { return brainpoolP384r1() }},
	{17, "brainpoolP512r1", "1.3.36.3.3.2.8.1.1.13", func() elliptic.Curve { return brainpoolP512r1() }},
	{18, "P-521", "1.3.132.0.35", elliptic.P521},
}

// Params are p, b, the base point and the order, as in [elliptic.CurveParams].
func (c Curve) Params() *elliptic.CurveParams {
	k := *c.params()
	return &k
}

func (c Curve) params() *elliptic.CurveParams { return c.ec().Params() }

// Elliptic is the curve for crypto/ecdsa.
func (c Curve) Elliptic() elliptic.Curve { return c.ec() }

// CurveByID looks a curve up by its standardised domain parameter id.
func CurveByID(id int) (Curve, bool) {
	for _, c := range curves {
		if c.ID == id {
			return c, true
		}
	}
	return Curve{}, false
}

// CurveByOID looks a curve up by its object identifier.
func CurveByOID(oid string) (Curve, bool) {
	for _, c := range curves {
		if c.OID == oid {
			return c, true
		}
	}
	return Curve{}, false
}

// CurveByParams finds the known curve that has exactly these parameters.
func CurveByParams(p, a, b, gx, gy, n *big.Int) (Curve, bool) {
	for _, c := range curves {
		k := c.params()
		if p.Cmp(k.P) != 0 || n.Cmp(k.N) != 0 || gx.Cmp(k.Gx) != 0 || gy.Cmp(k.Gy) != 0 {
			continue
		}
		if ca, cb := c.Coefficients(); a.Cmp(ca) == 0 && b.Cmp(cb) == 0 {
			return c, true
		}
	}
	return Curve{}, false
}

// Coefficients are a and b of y² = x³ + ax + b. CurveParams has no place for a:
// it is p − 3 on the curves they were made for.
func (c Curve) Coefficients() (a, b *big.Int) {
	if w, ok := c.ec().(*weierstrass); ok {
		return new(big.Int).Set(w.a), new(big.Int).Set(w.b)
	}
	k := c.params()
	return new(big.Int).Sub(k.P, big.NewInt(3)), new(big.Int).Set(k.B)
}

// size is the length of a coordinate in bytes.
func (c Curve) size() int { return (c.params().BitSize + 7) / 8 }

// A point is a point of a curve, never the one at infinity.
type point struct{ x, y *big.Int }

// encode is the uncompressed encoding, 04 x y.
func (c Curve) encode(p point) []byte {
	n := c.size()
	b := make([]byte, 1+2*n)
	b[0] = 4
	p.x.FillBytes(b[1 : 1+n])
	p.y.FillBytes(b[1+n:])
	return b
}

// secret is what ECDH agrees on: the x coordinate, with its leading zeros, for
// chips hash all of it (Doc 9303-11 §9.6).
func (c Curve) secret(p point) []byte { return p.x.FillBytes(make([]byte, c.size())) }

// ParsePoint decodes an uncompressed point and makes sure it is on the curve.
func (c Curve) ParsePoint(b []byte) (x, y *big.Int, err error) {
	n := c.size()
	if len(b) != 1+2*n || b[0] != 4 {
		return nil, nil, fmt.Errorf("%w: %d bytes are no uncompressed point of %s", ErrMalformed, len(b), c.Name)
	}
	x, y = new(big.Int).SetBytes(b[1:1+n]), new(big.Int).SetBytes(b[1+n:])
	p := c.params().P
	if x.Cmp(p) >= 0 || y.Cmp(p) >= 0 || !onCurve(c.ec(), x, y) {
		return nil, nil, fmt.Errorf("%w: point is not on %s", ErrMalformed, c.Name)
	}
	return x, y, nil
}

// PublicKey decodes an uncompressed point as a key to check signatures with.
// crypto/ecdsa decodes points of the NIST curves only.
func (c Curve) PublicKey(b []byte) (*ecdsa.PublicKey, error) {
	x, y, err := c.ParsePoint(b)
	if err != nil {
		return nil, err
	}
	return &ecdsa.PublicKey{Curve: c.Elliptic(), X: x, Y: y}, nil //lint:ignore SA1019 see below
}

func (c Curve) decode(b []byte) (point, error) {
	x, y, err := c.ParsePoint(b)
	return point{x, y}, err
}

// base is the generator.
func (c Curve) base() point { return point{c.params().Gx, c.params().Gy} }

// mul is k·p. It fails where the result is no point to go on with.
func (c Curve) mul(p point, k *big.Int) (point, error) {
	k = new(big.Int).Mod(k, c.params().N)
	if k.Sign() == 0 {
		return point{}, fmt.Errorf("%w: point at infinity", ErrSecurity)
	}
	x, y := scalarMult(c.ec(), p.x, p.y, k.Bytes())
	if x.Sign() == 0 && y.Sign() == 0 {
		return point{}, fmt.Errorf("%w: point at infinity", ErrSecurity)
	}
	return point{x, y}, nil
}

// add is p + q.
func (c Curve) add(p, q point) (point, error) {
	x, y := addPoints(c.ec(), p.x, p.y, q.x, q.y)
	if x.Sign() == 0 && y.Sign() == 0 {
		return point{}, fmt.Errorf("%w: point at infinity", ErrSecurity)
	}
	return point{x, y}, nil
}

// scalar draws a private key: uniform in [1, n).
func (c Curve) scalar(random io.Reader) (*big.Int, error) {
	n := c.params().N
	b := make([]byte, (n.BitLen()+7)/8)
	for range 256 {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, err
		}
		if excess := len(b)*8 - n.BitLen(); excess > 0 {
			b[0] &= 0xFF >> excess
		}
		if k := new(big.Int).SetBytes(b); k.Sign() > 0 && k.Cmp(n) < 0 {
			return k, nil
		}
	}
	return nil, fmt.Errorf("%w: random source gives no key", ErrSecurity)
}

// PACE's generic mapping adds points and multiplies generators that are not
// the curve's own. crypto/ecdh cannot do that and knows no brainpool, so these
// three are the one use of the arithmetic that crypto/elliptic deprecates, and
// PublicKey is the one of coordinates that crypto/ecdsa deprecates.

func onCurve(c elliptic.Curve, x, y *big.Int) bool {
	return c.IsOnCurve(x, y) //lint:ignore SA1019 see above
}

func addPoints(c elliptic.Curve, x1, y1, x2, y2 *big.Int) (x, y *big.Int) {
	return c.Add(x1, y1, x2, y2) //lint:ignore SA1019 see above
}

func scalarMult(c elliptic.Curve, x, y *big.Int, k []byte) (*big.Int, *big.Int) {
	return c.ScalarMult(x, y, k) //lint:ignore SA1019 see above
}
