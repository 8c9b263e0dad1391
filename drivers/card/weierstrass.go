package card

import (
	"crypto/elliptic"
	"math/big"
)

// weierstrass is arithmetic on a curve y² = x³ + ax + b of prime order for which
// the standard library has none of its own: brainpool's. A read costs a dozen
// multiplications, and with numbers of any length each would take as long as
// all of them do here.
//
// It is homogeneous projective, x = X/Z and y = Y/Z, with the complete formulas
// of Renes, Costello and Batina (EUROCRYPT 2016): they hold for all points, so
// that no secret decides which are used. A multiplication does the same work
// for every scalar, up to the [big.Int]s it comes and goes in.
type weierstrass struct {
	params  *elliptic.CurveParams
	a, b    *big.Int
	f       *field
	aM, b3M element // a and 3b
}

// projective is a point; (0 : 1 : 0) is infinity.
type projective struct{ x, y, z element }

// newWeierstrass takes p, a, b, the generator and the order in hexadecimal.
func newWeierstrass(name, p, a, b, gx, gy, n string) *weierstrass {
	number := func(s string) *big.Int {
		v, ok := new(big.Int).SetString(s, 16)
		if !ok {
			panic("card: " + name + " is mistyped")
		}
		return v
	}
	c := &weierstrass{a: number(a), b: number(b)}
	c.params = &elliptic.CurveParams{Name: name, P: number(p), N: number(n), B: c.b, Gx: number(gx), Gy: number(gy)}
	c.params.BitSize = c.params.P.BitLen()
	c.f = newField(c.params.P)
	c.aM = c.f.from(c.a)
	c.b3M = c.f.from(new(big.Int).Mod(new(big.Int).Mul(c.b, big.NewInt(3)), c.params.P))
	return c
}

// Params are the parameters; there is no place in them for a.
func (c *weierstrass) Params() *elliptic.CurveParams { return c.params }

// IsOnCurve tells whether (x, y) solves the equation, both below p. Infinity,
// which is written (0, 0), does not.
func (c *weierstrass) IsOnCurve(x, y *big.Int) bool {
	if x.Sign() < 0 || y.Sign() < 0 || x.Cmp(c.params.P) >= 0 || y.Cmp(c.params.P) >= 0 {
		return false
	}
	right := new(big.Int).Mul(x, x)
	right.Add(right, c.a).Mul(right, x).Add(right, c.b).Mod(right, c.params.P)
	left := new(big.Int).Mul(y, y)
	return left.Mod(left, c.params.P).Cmp(right) == 0
}

// lift brings a point in, and affine out again.
func (c *weierstrass) lift(x, y *big.Int) projective {
	if x.Sign() == 0 && y.Sign() == 0 {
		return projective{y: c.f.one}
	}
	mod := func(v *big.Int) *big.Int { return new(big.Int).Mod(v, c.params.P) }
	return projective{c.f.from(mod(x)), c.f.from(mod(y)), c.f.one}
}

func (c *weierstrass) affine(p *projective) (x, y *big.Int) {
	var inverse element
	c.f.invert(&inverse, &p.z) // of 0 it is 0: infinity becomes (0, 0)
	c.f.mul(&p.x, &p.x, &inverse)
	c.f.mul(&p.y, &p.y, &inverse)
	return c.f.int(&p.x), c.f.int(&p.y)
}

// Add is the sum of two points, equal, opposite or infinite as they may be.
func (c *weierstrass) Add(x1, y1, x2, y2 *big.Int) (x, y *big.Int) {
	p, q := c.lift(x1, y1), c.lift(x2, y2)
	c.add(&p, &p, &q)
	return c.affine(&p)
}

// Double is a point added to itself.
func (c *weierstrass) Double(x1, y1 *big.Int) (x, y *big.Int) {
	p := c.lift(x1, y1)
	c.double(&p, &p)
	return c.affine(&p)
}

// ScalarBaseMult is k times the generator.
func (c *weierstrass) ScalarBaseMult(k []byte) (x, y *big.Int) {
	return c.ScalarMult(c.params.Gx, c.params.Gy, k)
}

// ScalarMult is k times a point, k being a number of any length.
func (c *weierstrass) ScalarMult(x1, y1 *big.Int, k []byte) (x, y *big.Int) {
	scalar := new(big.Int).SetBytes(k)
	if scalar.Cmp(c.params.N) >= 0 {
		scalar.Mod(scalar, c.params.N)
	}
	digits := scalar.FillBytes(make([]byte, (c.params.N.BitLen()+7)/8))
	p := c.lift(x1, y1)
	r := c.mult(&p, digits)
	clear(digits)
	return c.affine(&r)
}

// window is how many bits of a scalar are done at once.
const window = 4

// mult is a fixed window method: whatever the digits are, four doublings, a look
// through the whole table, and one addition for each.
func (c *weierstrass) mult(p *projective, digits []byte) projective {
	var table [1 << window]projective
	table[0].y = c.f.one
	table[1] = *p
	for i := 2; i < len(table); i += 2 {
		c.double(&table[i], &table[i/2])
		c.add(&table[i+1], &table[i], p)
	}
	r := table[0]
	for _, d := range digits {
		for _, nibble := range [2]byte{d >> window, d & (1<<window - 1)} {
			for range window {
				c.double(&r, &r)
			}
			var q projective
			for i := range table {
				// All ones where i is the nibble.
				mask := uint64(((int64(i) ^ int64(nibble)) - 1) >> 63)
				q.x.pick(&table[i].x, mask)
				q.y.pick(&table[i].y, mask)
				q.z.pick(&table[i].z, mask)
			}
			c.add(&r, &r, &q)
		}
	}
	return r
}

// add is algorithm 1 of the paper: complete addition for any a.
func (c *weierstrass) add(r, p, q *projective) {
	f := c.f
	var t0, t1, t2, t3, t4, t5, x3, y3, z3 element
	f.mul(&t0, &p.x, &q.x)
	f.mul(&t1, &p.y, &q.y)
	f.mul(&t2, &p.z, &q.z)
	f.add(&t3, &p.x, &p.y)
	f.add(&t4, &q.x, &q.y)
	f.mul(&t3, &t3, &t4)
	f.add(&t4, &t0, &t1)
	f.sub(&t3, &t3, &t4)
	f.add(&t4, &p.x, &p.z)
	f.add(&t5, &q.x, &q.z)
	f.mul(&t4, &t4, &t5)
	f.add(&t5, &t0, &t2)
	f.sub(&t4, &t4, &t5)
	f.add(&t5, &p.y, &p.z)
	f.add(&x3, &q.y, &q.z)
	f.mul(&t5, &t5, &x3)
	f.add(&x3, &t1, &t2)
	f.sub(&t5, &t5, &x3)
	f.mul(&z3, &c.aM, &t4)
	f.mul(&x3, &c.b3M, &t2)
	f.add(&z3, &x3, &z3)
	f.sub(&x3, &t1, &z3)
	f.add(&z3, &t1, &z3)
	f.mul(&y3, &x3, &z3)
	f.add(&t1, &t0, &t0)
	f.add(&t1, &t1, &t0)
	f.mul(&t2, &c.aM, &t2)
	f.mul(&t4, &c.b3M, &t4)
	f.add(&t1, &t1, &t2)
	f.sub(&t2, &t0, &t2)
	f.mul(&t2, &c.aM, &t2)
	f.add(&t4, &t4, &t2)
	f.mul(&t0, &t1, &t4)
	f.add(&y3, &y3, &t0)
	f.mul(&t0, &t5, &t4)
	f.mul(&x3, &t3, &x3)
	f.sub(&x3, &x3, &t0)
	f.mul(&t0, &t3, &t1)
	f.mul(&z3, &t5, &z3)
	f.add(&z3, &z3, &t0)
	r.x, r.y, r.z = x3, y3, z3
}

// double is algorithm 3 of the paper: doubling for any a.
func (c *weierstrass) double(r, p *projective) {
	f := c.f
	var t0, t1, t2, t3, x3, y3, z3 element
	f.mul(&t0, &p.x, &p.x)
	f.mul(&t1, &p.y, &p.y)
	f.mul(&t2, &p.z, &p.z)
	f.mul(&t3, &p.x, &p.y)
	f.add(&t3, &t3, &t3)
	f.mul(&z3, &p.x, &p.z)
	f.add(&z3, &z3, &z3)
	f.mul(&x3, &c.aM, &z3)
	f.mul(&y3, &c.b3M, &t2)
	f.add(&y3, &x3, &y3)
	f.sub(&x3, &t1, &y3)
	f.add(&y3, &t1, &y3)
	f.mul(&y3, &x3, &y3)
	f.mul(&x3, &t3, &x3)
	f.mul(&z3, &c.b3M, &z3)
	f.mul(&t2, &c.aM, &t2)
	f.sub(&t3, &t0, &t2)
	f.mul(&t3, &c.aM, &t3)
	f.add(&t3, &t3, &z3)
	f.add(&z3, &t0, &t0)
	f.add(&t0, &z3, &t0)
	f.add(&t0, &t0, &t2)
	f.mul(&t0, &t0, &t3)
	f.add(&y3, &y3, &t0)
	f.mul(&t2, &p.y, &p.z)
	f.add(&t2, &t2, &t2)
	f.mul(&t0, &t2, &t3)
	f.sub(&x3, &x3, &t0)
	f.mul(&z3, &t2, &t1)
	f.add(&z3, &z3, &z3)
	f.add(&z3, &z3, &z3)
	r.x, r.y, r.z = x3, y3, z3
}
