package card

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"testing"

	"github.com/ProtonMail/go-crypto/brainpool"
)

// arithmetic is what we hold against each other: elliptic.Curve, which is
// deprecated for those who have no need of it.
type arithmetic interface {
	Params() *elliptic.CurveParams
	Add(x1, y1, x2, y2 *big.Int) (x, y *big.Int)
	Double(x1, y1 *big.Int) (x, y *big.Int)
	ScalarMult(x1, y1 *big.Int, k []byte) (x, y *big.Int)
	ScalarBaseMult(k []byte) (x, y *big.Int)
}

// ours beside one that somebody else wrote, with numbers of any length.
func ours() map[*weierstrass]arithmetic {
	return map[*weierstrass]arithmetic{
		brainpoolP256r1(): brainpool.P256r1(),
		brainpoolP384r1(): brainpool.P384r1(),
		brainpoolP512r1(): brainpool.P512r1(),
	}
}

func TestBrainpoolParameters(t *testing.T) {
	for c, oracle := range ours() {
		k, want := c.Params(), oracle.Params()
		for what, pair := range map[string][2]*big.Int{"p": {k.P, want.P}, "n": {k.N, want.N}, "Gx": {k.Gx, want.Gx}, "Gy": {k.Gy, want.Gy}} {
			if pair[0].Cmp(pair[1]) != 0 {
				t.Errorf("%s: %s is %X", k.Name, what, pair[0])
			}
		}
		if k.BitSize != want.BitSize || !k.P.ProbablyPrime(32) || !k.N.ProbablyPrime(32) || !c.IsOnCurve(k.Gx, k.Gy) {
			t.Errorf("%s is no such curve", k.Name)
		}
		if x, y := c.ScalarBaseMult(k.N.Bytes()); x.Sign() != 0 || y.Sign() != 0 {
			t.Errorf("%s: n·G is not infinity", k.Name)
		}
	}
}

// random is a stream that is the same in every run.
func random(seed uint64) *mathrand.Rand { return mathrand.New(mathrand.NewPCG(seed, 9303)) }

func number(r *mathrand.Rand, below *big.Int) *big.Int {
	b := make([]byte, (below.BitLen()+7)/8+8)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return new(big.Int).Mod(new(big.Int).SetBytes(b), below)
}

// edges are the numbers that go wrong where any does.
func edges(m *big.Int) []*big.Int {
	var all []*big.Int
	for d := int64(-2); d <= 2; d++ {
		all = append(all, new(big.Int).Add(m, big.NewInt(d)), big.NewInt(d+2))
	}
	for bit := 0; bit < m.BitLen(); bit += 32 {
		one := new(big.Int).Lsh(big.NewInt(1), uint(bit))
		all = append(all, one, new(big.Int).Sub(one, big.NewInt(1)), new(big.Int).Sub(m, one))
	}
	return append(all, new(big.Int).Rsh(m, 1), new(big.Int).Rsh(m, 9), new(big.Int).Rsh(m, 65))
}

func TestField(t *testing.T) {
	r := random(1)
	for c := range ours() {
		f, p := c.f, c.params.P
		var numbers []*big.Int
		for _, e := range edges(p) {
			numbers = append(numbers, e.Mod(e, p))
		}
		for range 40 {
			numbers = append(numbers, number(r, p))
		}
		check := func(what string, got *element, want, x, y *big.Int) {
			if v := f.int(got); v.Cmp(want.Mod(want, p)) != 0 {
				t.Errorf("%s: %X %s %X is %X", c.params.Name, x, what, y, v)
			}
		}
		for _, x := range numbers {
			a := f.from(x)
			var z element
			f.invert(&z, &a)
			want := new(big.Int).ModInverse(x, p)
			if x.Sign() == 0 {
				want = new(big.Int)
			}
			check("inverted", &z, want, x, x)
			for _, y := range numbers {
				b := f.from(y)
				f.mul(&z, &a, &b)
				check("·", &z, new(big.Int).Mul(x, y), x, y)
				f.add(&z, &a, &b)
				check("+", &z, new(big.Int).Add(x, y), x, y)
				f.sub(&z, &a, &b)
				check("−", &z, new(big.Int).Sub(x, y), x, y)
			}
		}
	}
}

// Scalars of all kinds on points of all kinds, as the other arithmetic has them.
func TestScalarMult(t *testing.T) {
	r := random(2)
	for c, oracle := range ours() {
		k := c.Params()
		px, py := oracle.ScalarBaseMult(number(r, k.N).Bytes())
		scalars := edges(k.N)
		for range 60 {
			scalars = append(scalars, number(r, k.N))
		}
		scalars = append(scalars, new(big.Int).Lsh(k.N, 64), number(r, new(big.Int).Lsh(k.N, 100)))
		for i, s := range scalars {
			reduced := new(big.Int).Mod(s, k.N) // the other one goes wrong on some that are not
			wx, wy := oracle.ScalarMult(px, py, reduced.Bytes())
			if x, y := c.ScalarMult(px, py, s.Bytes()); x.Cmp(wx) != 0 || y.Cmp(wy) != 0 {
				t.Errorf("%s: %X times a point", k.Name, s)
			}
			wx, wy = oracle.ScalarBaseMult(reduced.Bytes())
			if x, y := c.ScalarBaseMult(s.Bytes()); x.Cmp(wx) != 0 || y.Cmp(wy) != 0 {
				t.Errorf("%s: %X times the generator", k.Name, s)
			}
			if i%8 == 0 {
				px, py = wx, wy
			}
			if px.Sign() == 0 {
				px, py = k.Gx, k.Gy
			}
		}
		if x, y := c.ScalarMult(new(big.Int), new(big.Int), []byte{5}); x.Sign() != 0 || y.Sign() != 0 {
			t.Errorf("%s: 5 times infinity", k.Name)
		}
		if x, y := c.ScalarMult(px, py, nil); x.Sign() != 0 || y.Sign() != 0 {
			t.Errorf("%s: no scalar", k.Name)
		}
	}
}

// The sums that are exceptions to other formulas.
func TestAddPoints(t *testing.T) {
	r := random(3)
	for c, oracle := range ours() {
		k := c.Params()
		zero := new(big.Int)
		for range 20 {
			px, py := oracle.ScalarBaseMult(number(r, k.N).Bytes())
			qx, qy := oracle.ScalarBaseMult(number(r, k.N).Bytes())
			minus := new(big.Int).Sub(k.P, py)
			dx, dy := oracle.Double(px, py)
			sx, sy := oracle.Add(px, py, qx, qy)
			for what, sum := range map[string][6]*big.Int{
				"p + q": {px, py, qx, qy, sx, sy}, "q + p": {qx, qy, px, py, sx, sy}, "p + p": {px, py, px, py, dx, dy},
				"p − p": {px, py, px, minus, zero, zero}, "p + 0": {px, py, zero, zero, px, py}, "0 + p": {zero, zero, px, py, px, py}, "0 + 0": {zero, zero, zero, zero, zero, zero},
			} {
				if x, y := c.Add(sum[0], sum[1], sum[2], sum[3]); x.Cmp(sum[4]) != 0 || y.Cmp(sum[5]) != 0 {
					t.Errorf("%s: %s is %X %X", k.Name, what, x, y)
				}
			}
			if x, y := c.Double(px, py); x.Cmp(dx) != 0 || y.Cmp(dy) != 0 {
				t.Errorf("%s: 2p is %X %X", k.Name, x, y)
			}
			for _, off := range [][2]*big.Int{{px, new(big.Int).Add(py, big.NewInt(1))}, {new(big.Int).Add(px, k.P), py}, {px, new(big.Int).Neg(py)}, {zero, zero}} {
				if c.IsOnCurve(off[0], off[1]) {
					t.Errorf("%s: %X %X is taken for a point", k.Name, off[0], off[1])
				}
			}
		}
		if x, y := c.Double(zero, zero); x.Sign() != 0 || y.Sign() != 0 {
			t.Errorf("%s: twice infinity", k.Name)
		}
	}
}

// Signatures of either arithmetic verify with the other.
func TestECDSAOverBrainpool(t *testing.T) {
	digest := sha256.Sum256([]byte("tiếp dân"))
	for c, oracle := range ours() {
		for _, pair := range [][2]elliptic.Curve{{c, oracle.(elliptic.Curve)}, {oracle.(elliptic.Curve), c}} {
			key, err := ecdsa.GenerateKey(pair[0], rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
			if err != nil {
				t.Fatal(err)
			}
			pub := &ecdsa.PublicKey{Curve: pair[1], X: key.X, Y: key.Y} //lint:ignore SA1019 curves crypto/ecdsa has no other way to
			if !ecdsa.Verify(pub, digest[:], r, s) {
				t.Errorf("%s: a good signature does not verify", c.params.Name)
			}
			if ecdsa.Verify(pub, digest[1:], r, s) {
				t.Errorf("%s: the signature of something else verifies", c.params.Name)
			}
		}
	}
}

func FuzzScalarMult(f *testing.F) {
	f.Add([]byte{1}, []byte{2})
	f.Add(bytes.Repeat([]byte{0xFF}, 64), make([]byte, 70))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a) > 80 || len(b) > 80 {
			return
		}
		for c, oracle := range ours() {
			n := c.params.N
			reduce := func(k []byte) []byte { return new(big.Int).Mod(new(big.Int).SetBytes(k), n).Bytes() }
			px, py := oracle.ScalarBaseMult(reduce(a))
			if x, y := c.ScalarBaseMult(a); x.Cmp(px) != 0 || y.Cmp(py) != 0 {
				t.Fatalf("%s: %X·G", c.params.Name, a)
			}
			if px.Sign() == 0 {
				continue
			}
			qx, qy := oracle.ScalarMult(px, py, reduce(b))
			if x, y := c.ScalarMult(px, py, b); x.Cmp(qx) != 0 || y.Cmp(qy) != 0 {
				t.Fatalf("%s: %X·%X·G", c.params.Name, b, a)
			}
		}
	})
}

func BenchmarkScalarMult(b *testing.B) {
	for _, c := range curves[1:] {
		b.Run(c.Name, func(b *testing.B) {
			k, err := c.scalar(rand.Reader)
			if err != nil {
				b.Fatal(err)
			}
			p := c.base()
			for b.Loop() {
				if p, err = c.mul(p, k); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for c, oracle := range ours() {
		b.Run(fmt.Sprintf("%s of numbers of any length", c.params.Name), func(b *testing.B) {
			x, y := c.params.Gx, c.params.Gy
			for b.Loop() {
				x, y = oracle.ScalarMult(x, y, c.params.N.Bytes()[1:])
			}
		})
	}
}
