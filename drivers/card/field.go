package card

import (
	"math/big"
	"math/bits"
)

// An element is a number modulo the p of a field, in Montgomery form (times R,
// R = 2^(64·limbs)) and always below p; least limb first. Limbs beyond the
// field's own stay zero.
type element [maxLimbs]uint64

const maxLimbs = 8 // 512 bits

// A field is arithmetic modulo an odd p that fills its limbs. What it does and
// how long it takes depends on p and never on the numbers, except in inverting
// and importing, which say so.
type field struct {
	p      [maxLimbs]uint64
	limbs  int
	inv    uint64  // −p⁻¹ mod 2⁶⁴
	square element // R² mod p, to bring numbers into Montgomery form
	one    element // R mod p
	less2  []byte  // p − 2, the exponent that inverts
}

func newField(p *big.Int) *field {
	f := &field{limbs: (p.BitLen() + 63) / 64}
	f.p = limbs(p)
	inv := f.p[0] // right in 3 bits, for p odd; each turn doubles them (Newton)
	for range 5 {
		inv *= 2 - f.p[0]*inv
	}
	f.inv = -inv
	r := new(big.Int).Lsh(big.NewInt(1), uint(64*f.limbs))
	f.one = limbs(new(big.Int).Mod(r, p))
	f.square = limbs(new(big.Int).Mod(new(big.Int).Mul(r, r), p))
	f.less2 = new(big.Int).Sub(p, big.NewInt(2)).Bytes()
	return f
}

func limbs(n *big.Int) (l element) {
	b := n.FillBytes(make([]byte, 8*maxLimbs))
	for i := range b {
		l[(len(b)-1-i)/8] |= uint64(b[i]) << (8 * ((len(b) - 1 - i) % 8))
	}
	return l
}

// from imports a number below p.
func (f *field) from(n *big.Int) (e element) {
	e = limbs(n)
	f.mul(&e, &e, &f.square)
	return e
}

// int exports a number.
func (f *field) int(e *element) *big.Int {
	var plain element
	f.mul(&plain, e, &element{1})
	b := make([]byte, 8*f.limbs)
	for i := range b {
		b[len(b)-1-i] = byte(plain[i/8] >> (8 * (i % 8)))
	}
	return new(big.Int).SetBytes(b)
}

// mul sets z to x·y/R: Montgomery's product, one limb of y after the other
// (CIOS; Koç, Acar, Kaliski 1996).
func (f *field) mul(z, x, y *element) {
	if f.limbs == 4 {
		f.mul4(z, x, y)
		return
	}
	var t [maxLimbs + 2]uint64
	n := f.limbs
	for _, yi := range y[:n] {
		var c, carry uint64
		for j := 0; j < n && j < maxLimbs; j++ {
			c, t[j] = mulAdd(x[j], yi, t[j], c)
		}
		t[n], t[n+1] = bits.Add64(t[n], c, 0)
		m := t[0] * f.inv
		c, _ = mulAdd(m, f.p[0], t[0], 0)
		for j := 1; j < n && j < maxLimbs; j++ {
			c, t[j-1] = mulAdd(m, f.p[j], t[j], c)
		}
		t[n-1], carry = bits.Add64(t[n], c, 0)
		t[n] = t[n+1] + carry
	}
	f.reduce(z, (*element)(t[:maxLimbs]), t[n])
}

// mul4 is mul of four limbs written out: the curve of nearly every card has
// those, and it takes half the time.
func (f *field) mul4(z, x, y *element) {
	var t0, t1, t2, t3, t4 uint64
	for _, yi := range y[:4] {
		var c, carry, t5 uint64
		c, t0 = mulAdd(x[0], yi, t0, 0)
		c, t1 = mulAdd(x[1], yi, t1, c)
		c, t2 = mulAdd(x[2], yi, t2, c)
		c, t3 = mulAdd(x[3], yi, t3, c)
		t4, t5 = bits.Add64(t4, c, 0)
		m := t0 * f.inv
		c, _ = mulAdd(m, f.p[0], t0, 0)
		c, t0 = mulAdd(m, f.p[1], t1, c)
		c, t1 = mulAdd(m, f.p[2], t2, c)
		c, t2 = mulAdd(m, f.p[3], t3, c)
		t3, carry = bits.Add64(t4, c, 0)
		t4 = t5 + carry
	}
	var borrow uint64
	var less [4]uint64
	less[0], borrow = bits.Sub64(t0, f.p[0], 0)
	less[1], borrow = bits.Sub64(t1, f.p[1], borrow)
	less[2], borrow = bits.Sub64(t2, f.p[2], borrow)
	less[3], borrow = bits.Sub64(t3, f.p[3], borrow)
	_, borrow = bits.Sub64(t4, 0, borrow)
	keep := -borrow
	z[0] = t0&keep | less[0]&^keep
	z[1] = t1&keep | less[1]&^keep
	z[2] = t2&keep | less[2]&^keep
	z[3] = t3&keep | less[3]&^keep
}

// mulAdd is x·y + t + c, which fits two limbs.
func mulAdd(x, y, t, c uint64) (hi, lo uint64) {
	var carry uint64
	hi, lo = bits.Mul64(x, y)
	lo, carry = bits.Add64(lo, t, 0)
	hi, _ = bits.Add64(hi, 0, carry)
	lo, carry = bits.Add64(lo, c, 0)
	hi, _ = bits.Add64(hi, 0, carry)
	return hi, lo
}

// reduce sets z to x, or to x − p where x, with high as its topmost limb, is
// not below p.
func (f *field) reduce(z, x *element, high uint64) {
	var less element
	var borrow uint64
	n := f.limbs
	for i := range n {
		less[i], borrow = bits.Sub64(x[i], f.p[i], borrow)
	}
	_, borrow = bits.Sub64(high, 0, borrow)
	keep := -borrow // all ones: x was below p
	for i := range n {
		z[i] = x[i]&keep | less[i]&^keep
	}
}

func (f *field) add(z, x, y *element) {
	var sum element
	var carry uint64
	for i := range f.limbs {
		sum[i], carry = bits.Add64(x[i], y[i], carry)
	}
	f.reduce(z, &sum, carry)
}

func (f *field) sub(z, x, y *element) {
	var diff element
	var borrow, carry uint64
	n := f.limbs
	for i := range n {
		diff[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	below := -borrow
	for i := range n {
		z[i], carry = bits.Add64(diff[i], f.p[i]&below, carry)
	}
}

// invert sets z to 1/x, or 0 of 0: x to the p−2, whose bits are no secret.
func (f *field) invert(z, x *element) {
	result := f.one
	for _, b := range f.less2 {
		for i := 7; i >= 0; i-- {
			f.mul(&result, &result, &result)
			if b>>i&1 == 1 {
				f.mul(&result, &result, x)
			}
		}
	}
	*z = result
}

// pick sets z to x where the mask is all ones, and leaves it where it is zero.
func (z *element) pick(x *element, mask uint64) {
	for i := range z {
		z[i] ^= mask & (z[i] ^ x[i])
	}
}
