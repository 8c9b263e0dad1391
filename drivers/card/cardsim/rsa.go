package cardsim

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"io"
	"math/big"
	"slices"
	"sync"
)

// The simulator's RSA keys, one for each size: like all of its keys the same on
// every machine, and made when first asked for.
var rsaKeys = map[int]func() *rsa.PrivateKey{
	1024: sync.OnceValue(func() *rsa.PrivateKey { return deriveRSA(1024) }),
	1280: sync.OnceValue(func() *rsa.PrivateKey { return deriveRSA(1280) }),
	2048: sync.OnceValue(func() *rsa.PrivateKey { return deriveRSA(2048) }),
	3072: sync.OnceValue(func() *rsa.PrivateKey { return deriveRSA(3072) }),
	4096: sync.OnceValue(func() *rsa.PrivateKey { return deriveRSA(4096) }),
}

const rsaExponent = 65537

// deriveRSA looks for two primes from where a number made of a name points to.
func deriveRSA(bits int) *rsa.PrivateKey {
	h := hmac.New(sha256.New, []byte("tiepdan cardsim"))
	fmt.Fprintf(h, "rsa %d", bits)
	stream := drbg(h.Sum(nil), nil, sha256.New)
	one, e := big.NewInt(1), big.NewInt(rsaExponent)
	half := new(big.Int).Lsh(one, uint(bits/2))
	prime := func() *big.Int {
		p := stream(half)
		p.SetBit(p, bits/2-1, 1).SetBit(p, bits/2-2, 1).SetBit(p, 0, 1) // so that the product has all its bits
		for {
			less := new(big.Int).Sub(p, one)
			if p.ProbablyPrime(8) && new(big.Int).GCD(nil, nil, less, e).Cmp(one) == 0 {
				return p
			}
			p.Add(p, big.NewInt(2))
		}
	}
	p, q := prime(), prime()
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: rsaExponent},
		D: new(big.Int).ModInverse(e, phi), Primes: []*big.Int{p, q}}
	k.Precompute()
	return k
}

// trailerHashes are the hashes of the trailers of ISO/IEC 9796-2.
var trailerHashes = map[uint16]crypto.Hash{
	0xBC: crypto.SHA1, 0x33CC: crypto.SHA1, 0x34CC: crypto.SHA256, 0x35CC: crypto.SHA512, 0x36CC: crypto.SHA384, 0x38CC: crypto.SHA224,
}

// signISO9796 is ISO/IEC 9796-2 scheme 1 with partial recovery over the chip's
// own random bytes and the challenge (Doc 9303-11 §6.1.2.1). d is the private
// exponent, of the key or of another.
func signISO9796(key *rsa.PublicKey, d *big.Int, trailer uint16, random io.Reader, challenge []byte) []byte {
	tail := []byte{byte(trailer)}
	if trailer > 0xFF {
		tail = []byte{byte(trailer >> 8), byte(trailer)}
	}
	hash := trailerHashes[trailer]
	own := make([]byte, key.Size()-1-hash.Size()-len(tail))
	if _, err := io.ReadFull(random, own); err != nil {
		panic("cardsim: randomness: " + err.Error())
	}
	h := hash.New()
	h.Write(own)
	h.Write(challenge)
	f := slices.Concat([]byte{0x6A}, own, h.Sum(nil), tail)
	s := new(big.Int).Exp(new(big.Int).SetBytes(f), d, key.N)
	if other := new(big.Int).Sub(key.N, s); other.Cmp(s) < 0 {
		s = other
	}
	return s.FillBytes(make([]byte, key.Size()))
}
