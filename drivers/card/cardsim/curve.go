package cardsim

import (
	"bytes"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"math/big"
	"sync"

	"github.com/ProtonMail/go-crypto/brainpool"

	"tiepdan/drivers/card"
)

// A point is a point of a curve; both coordinates 0 are infinity.
type point struct{ x, y *big.Int }

func (p point) infinity() bool { return p.x.Sign() == 0 && p.y.Sign() == 0 }

// curveOf looks up a curve that stands in a table here.
func curveOf(id int) card.Curve {
	c, ok := card.CurveByID(id)
	if !ok {
		panic("cardsim: no such curve")
	}
	return c
}

func base(c card.Curve) point { return point{c.Params().Gx, c.Params().Gy} }

// arithmetic is the curve's, where brainpool's is another than the reader's:
// the chip is what that is tested against. The generic mapping of PACE needs
// plain arithmetic of points, which crypto/ecdh does not give and
// crypto/elliptic deprecates.
func arithmetic(c card.Curve) elliptic.Curve {
	switch c.ID {
	case 13:
		return brainpool.P256r1()
	case 16:
		return brainpool.P384r1()
	case 17:
		return brainpool.P512r1()
	}
	return c.Elliptic()
}

func mul(c card.Curve, p point, k *big.Int) point {
	elliptic.P224()                                       // generic arithmetic looks at it, and does not make sure that it is there
	x, y := arithmetic(c).ScalarMult(p.x, p.y, k.Bytes()) //lint:ignore SA1019 see above
	return point{x, y}
}

func add(c card.Curve, p, q point) point {
	elliptic.P224()
	x, y := arithmetic(c).Add(p.x, p.y, q.x, q.y) //lint:ignore SA1019 see above
	return point{x, y}
}

// public is the public half of a key of the simulator's own. Those are the same
// every time, and each costs a multiplication: they are made once.
func public(c card.Curve, key *big.Int) point {
	name := fmt.Sprintf("%d %x", c.ID, key)
	if p, ok := publics.Load(name); ok {
		return p.(point)
	}
	p := mul(c, base(c), key)
	publics.Store(name, p)
	return p
}

var publics, certificates sync.Map // tables of what is made once

// fieldSize is the length of a coordinate in bytes.
func fieldSize(c card.Curve) int { return (c.Params().BitSize + 7) / 8 }

// x is the shared secret of ECDH: the coordinate in full length, zeros in front
// kept (Doc 9303-11 §4.4.3.3).
func (p point) secret(c card.Curve) []byte { return p.x.FillBytes(make([]byte, fieldSize(c))) }

// encode is the uncompressed form 04 x y.
func (p point) encode(c card.Curve) []byte {
	return append(append([]byte{4}, p.secret(c)...), p.y.FillBytes(make([]byte, fieldSize(c)))...)
}

// decode takes an uncompressed point that is on the curve.
func decode(c card.Curve, b []byte) (point, bool) {
	x, y, err := c.ParsePoint(b)
	return point{x, y}, err == nil
}

// deriveKey makes a private key out of a name. Cards of the simulator are the
// same on every machine, so that an installed anchor and a golden stay good.
func deriveKey(c card.Curve, name string) *big.Int {
	h := hmac.New(sha256.New, []byte("tiepdan cardsim"))
	h.Write([]byte(name))
	stream := drbg(h.Sum(nil), nil, sha256.New)
	return stream(c.Params().N)
}

// sign is ECDSA with the deterministic nonce of RFC 6979, r and s.
func sign(c card.Curve, key *big.Int, newHash func() hash.Hash, msg []byte) (r, s *big.Int) {
	n := c.Params().N
	h := newHash()
	h.Write(msg)
	e := bits2int(h.Sum(nil), n)
	size := (n.BitLen() + 7) / 8
	nonce := drbg(key.FillBytes(make([]byte, size)), new(big.Int).Mod(e, n).FillBytes(make([]byte, size)), newHash)
	for {
		k := nonce(n)
		r = new(big.Int).Mod(mul(c, base(c), k).x, n)
		s = new(big.Int).Mul(r, key)
		s.Add(s, e)
		s.Mul(s, new(big.Int).ModInverse(k, n))
		s.Mod(s, n)
		if r.Sign() != 0 && s.Sign() != 0 {
			return r, s
		}
	}
}

// bits2int takes the leftmost bits of a hash (RFC 6979 §2.3.2).
func bits2int(b []byte, n *big.Int) *big.Int {
	v := new(big.Int).SetBytes(b)
	if excess := len(b)*8 - n.BitLen(); excess > 0 {
		v.Rsh(v, uint(excess))
	}
	return v
}

// drbg is the HMAC generator of RFC 6979 §3.2: a stream of numbers in [1, n).
func drbg(secret, hashed []byte, newHash func() hash.Hash) func(n *big.Int) *big.Int {
	size := newHash().Size()
	k, v := make([]byte, size), bytes.Repeat([]byte{1}, size)
	hm := func(parts ...[]byte) []byte {
		m := hmac.New(newHash, k)
		for _, p := range parts {
			m.Write(p)
		}
		return m.Sum(nil)
	}
	for _, sep := range []byte{0, 1} {
		k = hm(v, []byte{sep}, secret, hashed)
		v = hm(v)
	}
	return func(n *big.Int) *big.Int {
		for {
			var t []byte
			for len(t) < (n.BitLen()+7)/8 {
				v = hm(v)
				t = append(t, v...)
			}
			x := bits2int(t[:(n.BitLen()+7)/8], n)
			if x.Sign() > 0 && x.Cmp(n) < 0 {
				return x
			}
			k = hm(v, []byte{0})
			v = hm(v)
		}
	}
}
