package trust

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"

	_ "golang.org/x/crypto/ripemd160" //lint:ignore SA1019 the published vectors are made with it

	"tiepdan/drivers/card"
)

func number(t testing.TB, s string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		t.Fatal("no number")
	}
	return n
}

func raw(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Published vectors of ISO/IEC 9796-2, first edition: a message that is all in
// its signature, under a trailer that names RIPEMD-128, and one of which a part
// is, under BC and RIPEMD-160 by agreement.
func TestISO9796Vectors(t *testing.T) {
	key := &rsa.PublicKey{E: 3, N: number(t, "ffffffff78f6c55506c59785e871211ee120b0b5dd644aa796d82413a47b24573f1be5745b5cd9950f6b389b52350d4e01e90009669a8720bf265a2865994190a661dea3c7828e2e7ca1b19651adc2d5")}
	message := bytes.Repeat(raw(t, "fedcba9876543210"), 14)
	sig := raw(t, "5cf9a01854dbacaec83aae8efc563d74538192e95466babacd361d7c86000fe42dcb4581e48e4feb862d04698da9203b1803b262105104d510b365ee9c660857ba1c001aa57abfd1c8de92e47c275cae")
	m, err := openISO9796(key, crypto.RIPEMD160, sig)
	if err != nil || m.total || !bytes.HasPrefix(message, m.recovered) {
		t.Fatalf("%+v, %v", m, err)
	}
	rest := message[len(m.recovered):]
	if err := verifyISO9796(key, crypto.RIPEMD160, rest, sig); err != nil {
		t.Error(err)
	}
	rest = slices.Clone(rest)
	rest[len(rest)-1] ^= 1
	if err := verifyISO9796(key, crypto.RIPEMD160, rest, sig); !errors.Is(err, errSignature) {
		t.Errorf("another message: %v", err)
	}

	whole := []byte("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
	sig = raw(t, "374695b7ee8b273925b4656cc2e008d41463996534aa5aa5afe72a52ffd84e118085f8558f36631471d043ad342de268b94b080bee18a068c10965f581e7f32899ad378835477064abed8ef3bd530fce")
	trailers[0x32] = crypto.MD5 // as long as RIPEMD-128, which nobody here has
	defer delete(trailers, 0x32)
	if m, err := openISO9796(key, crypto.SHA1, sig); err != nil || !m.total || !bytes.Equal(m.recovered, whole) {
		t.Errorf("%+v, %v", m, err)
	}
}

// isoSigner signs as a chip does, in all the forms there are, and some there
// are not.
type isoSigner struct {
	key     *rsa.PrivateKey
	hash    crypto.Hash
	trailer []byte
	header  byte // 0x6A partial, 0x4A total
	larger  bool // of s and n − s
	spoil   func(representative []byte)
}

func (s isoSigner) sign(challenge []byte) []byte {
	size := s.key.Size()
	free := size - 1 - s.hash.Size() - len(s.trailer)
	m1 := make([]byte, free)
	if _, err := rand.Read(m1); err != nil {
		panic(err)
	}
	message := slices.Concat(m1, challenge)
	padding := []byte{s.header}
	if s.header>>4 == 4 { // all of it: a short message, and padding
		message = slices.Concat([]byte("nonce"), challenge)
		m1 = message
		if fill := free - len(m1); fill > 0 {
			padding = append([]byte{0x4B}, bytes.Repeat([]byte{0xBB}, fill-1)...)
			padding = append(padding, 0xBA)
		}
	}
	h := s.hash.New()
	h.Write(message)
	j := slices.Concat(padding, m1, h.Sum(nil), s.trailer)
	if s.spoil != nil {
		s.spoil(j)
	}
	sig := new(big.Int).Exp(new(big.Int).SetBytes(j), s.key.D, s.key.N)
	other := new(big.Int).Sub(s.key.N, sig)
	if (sig.Cmp(other) > 0) != s.larger {
		sig = other
	}
	return sig.FillBytes(make([]byte, size))
}

func TestISO9796(t *testing.T) {
	challenge := []byte("12345678")
	forms := []struct {
		hash    crypto.Hash
		trailer []byte
	}{
		{crypto.SHA1, []byte{0xBC}}, {crypto.SHA1, []byte{0x33, 0xCC}}, {crypto.SHA224, []byte{0x38, 0xCC}},
		{crypto.SHA256, []byte{0x34, 0xCC}}, {crypto.SHA384, []byte{0x36, 0xCC}}, {crypto.SHA512, []byte{0x35, 0xCC}},
	}
	for _, bits := range []int{1024, 1280, 2048} {
		private, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ParseActiveKey(dg15RSA(private.PublicKey))
		if err != nil || key.Size() != bits/8 {
			t.Fatal(err, bits)
		}
		for _, f := range forms {
			for _, header := range []byte{0x6A, 0x4A} {
				for _, larger := range []bool{false, true} {
					s := isoSigner{key: private, hash: f.hash, trailer: f.trailer, header: header, larger: larger}
					name := fmt.Sprintf("RSA-%d %v trailer %X header %X larger %v", bits, f.hash, f.trailer, header, larger)
					if err := key.Verify(nil, challenge, s.sign(challenge)); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					if err := key.Verify(nil, challenge, s.sign([]byte("87654321"))); !errors.Is(err, errSignature) {
						t.Errorf("%s, another challenge: %v", name, err)
					}
				}
			}
		}
	}
}

func TestISO9796Refuses(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	challenge := []byte("12345678")
	key := &ActiveKey{rsa: &private.PublicKey}
	good := isoSigner{key: private, hash: crypto.SHA256, trailer: []byte{0x34, 0xCC}, header: 0x6A}
	sig := good.sign(challenge)
	if err := key.Verify(nil, challenge, sig); err != nil {
		t.Fatal(err)
	}
	spoilt := func(at int, to byte) []byte {
		s := good
		s.spoil = func(j []byte) {
			if at < 0 {
				at += len(j)
			}
			j[at] = to
		}
		return s.sign(challenge)
	}
	for name, sig := range map[string][]byte{
		"none":             {},
		"too short":        sig[1:],
		"too long":         append([]byte{0}, sig...),
		"zero":             make([]byte, len(sig)),
		"the modulus":      private.N.Bytes(),
		"header 0A":        spoilt(0, 0x0A),
		"header 6C":        spoilt(0, 0x6C),
		"padding unended":  spoilt(0, 0x6B),
		"hash of another":  spoilt(-3, 0),
		"trailer 39CC":     spoilt(-2, 0x39),
		"trailer AC":       spoilt(-1, 0xAC),
		"message changed":  spoilt(20, 0),
		"a bit fell over":  append(slices.Clone(sig[:len(sig)-1]), sig[len(sig)-1]^1),
		"no room for hash": isoSigner{key: private, hash: crypto.SHA1, trailer: []byte{0xBC}, header: 0x6A, spoil: func(j []byte) { copy(j, bytes.Repeat([]byte{0xBB}, 120)); j[0] = 0x6B; j[119] = 0xBA }}.sign(challenge),
	} {
		if err := key.Verify(nil, challenge, sig); !errors.Is(err, errSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func spki(algorithm, key []byte) []byte {
	bits := card.AppendTLV(nil, card.TagBitString, append([]byte{0}, key...))
	return card.AppendTLV(nil, 0x6F, card.AppendTLV(nil, card.TagSequence, append(card.AppendTLV(nil, card.TagSequence, algorithm), bits...)))
}

func dg15RSA(k rsa.PublicKey) []byte {
	oid := card.AppendTLV(card.AppendTLV(nil, card.TagOID, card.AppendOID(nil, oidRSA)), card.TagNull, nil)
	n := card.AppendTLV(nil, card.TagInteger, append([]byte{0}, k.N.Bytes()...))
	n = card.AppendTLV(n, card.TagInteger, big.NewInt(int64(k.E)).Bytes())
	return spki(oid, card.AppendTLV(nil, card.TagSequence, n))
}

func dg15EC(c card.Curve, k *ecdsa.PublicKey) []byte {
	oid := card.AppendTLV(nil, card.TagOID, card.AppendOID(nil, card.OIDECPublicKey))
	oid = card.AppendTLV(oid, card.TagOID, card.AppendOID(nil, c.OID))
	n := (c.Params().BitSize + 7) / 8
	point := make([]byte, 1+2*n)
	point[0] = 4
	k.X.FillBytes(point[1 : 1+n]) //lint:ignore SA1019 crypto/ecdsa writes points of its own curves only
	k.Y.FillBytes(point[1+n:])    //lint:ignore SA1019 as above
	return spki(oid, point)
}

// dg14Hash is an EF.DG14 that names a signature algorithm for active
// authentication, or has something else in that place.
func dg14Hash(oid string) []byte {
	body := card.AppendTLV(nil, card.TagOID, card.AppendOID(nil, oidActiveAuthentication))
	body = card.AppendTLV(body, card.TagInteger, []byte{1})
	if oid != "" {
		body = card.AppendTLV(body, card.TagOID, card.AppendOID(nil, oid))
	}
	return card.AppendTLV(nil, 0x6E, card.AppendTLV(nil, card.TagSet, card.AppendTLV(nil, card.TagSequence, body)))
}

func TestActiveECDSA(t *testing.T) {
	challenge := []byte("12345678")
	for _, id := range []int{10, 12, 13, 15, 16, 17, 18} {
		curve, _ := card.CurveByID(id)
		private, err := ecdsa.GenerateKey(curve.Elliptic(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ParseActiveKey(dg15EC(curve, &private.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		for oid, alg := range signatures {
			if alg.scheme != ecdsaPlain {
				continue
			}
			h := alg.hash.New()
			h.Write(challenge)
			r, s, err := ecdsa.Sign(rand.Reader, private, h.Sum(nil))
			if err != nil {
				t.Fatal(err)
			}
			n := orderSize(&private.PublicKey)
			plain := append(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))...)
			integer := func(v *big.Int) []byte { return card.AppendTLV(nil, card.TagInteger, append([]byte{0}, v.Bytes()...)) }
			der := card.AppendTLV(nil, card.TagSequence, append(integer(r), integer(s)...))
			for form, sig := range map[string][]byte{"plain": plain, "DER": der} {
				if len(sig) > key.Size() {
					t.Errorf("%s %s: %d bytes, said to be at most %d", curve.Name, form, len(sig), key.Size())
				}
				if err := key.Verify(dg14Hash(oid), challenge, sig); err != nil {
					t.Errorf("%s %v %s: %v", curve.Name, alg.hash, form, err)
				}
				if err := key.Verify(dg14Hash(oid), []byte("87654321"), sig); !errors.Is(err, errSignature) {
					t.Errorf("%s %v %s, another challenge: %v", curve.Name, alg.hash, form, err)
				}
				if err := key.Verify(dg14Hash(oid), challenge, sig[:len(sig)-1]); !errors.Is(err, errSignature) {
					t.Errorf("%s %v %s, cut off: %v", curve.Name, alg.hash, form, err)
				}
			}
		}
	}
}

// Which hashes are tried when EF.DG14 names one, names none, or one we cannot do.
func TestActiveHashes(t *testing.T) {
	for _, c := range []struct {
		name string
		dg14 []byte
		size int
		want string
	}{
		{"named", dg14Hash("0.4.0.127.0.7.1.1.4.1.4"), 32, "[SHA-384]"},
		{"named as in certificates", dg14Hash("1.2.840.10045.4.3.2"), 32, "[SHA-256]"},
		{"named, RIPEMD-160", dg14Hash("0.4.0.127.0.7.1.1.4.1.6"), 32, "[]"},
		{"named, RSA", dg14Hash("1.2.840.113549.1.1.11"), 32, "[]"},
		{"no name where it belongs", dg14Hash(""), 32, "[]"},
		{"no EF.DG14", nil, 28, "[SHA-224 SHA-256 SHA-1]"},
		{"no EF.DG14", nil, 32, "[SHA-256 SHA-1]"},
		{"no EF.DG14", nil, 48, "[SHA-384 SHA-256 SHA-1]"},
		{"no EF.DG14", nil, 66, "[SHA-512 SHA-256 SHA-1]"},
		{"EF.DG14 of garbage", []byte{0x6E, 2, 1, 1}, 32, "[SHA-256 SHA-1]"},
	} {
		if got := fmt.Sprint(activeHashes(c.dg14, c.size)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestParseActiveKeyRefuses(t *testing.T) {
	curve, _ := card.CurveByID(13)
	private, err := ecdsa.GenerateKey(curve.Elliptic(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec := dg15EC(curve, &private.PublicKey)
	off := slices.Clone(ec)
	off[len(off)-1] ^= 1
	odd := func(n *big.Int, e int) []byte { return dg15RSA(rsa.PublicKey{N: n, E: e}) }
	full := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 1024), big.NewInt(1))
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, card.ErrMalformed},
		{"another data group", append([]byte{0x6E}, ec[1:]...), card.ErrMalformed},
		{"cut off", ec[:len(ec)-1], card.ErrMalformed},
		{"point off the curve", off, card.ErrMalformed},
		{"RSA of 768 bits", odd(new(big.Int).Rsh(full, 256), 3), card.ErrUnsupported},
		{"RSA of 1023 bits", odd(new(big.Int).Rsh(full, 1), 3), card.ErrUnsupported},
		{"even modulus", odd(new(big.Int).Sub(full, big.NewInt(1)), 3), card.ErrUnsupported},
		{"exponent 1", odd(full, 1), card.ErrUnsupported},
		{"exponent 2", odd(full, 2), card.ErrUnsupported},
		{"DSA", spki(card.AppendTLV(nil, card.TagOID, card.AppendOID(nil, "1.2.840.10040.4.1")), []byte{2, 1, 1}), card.ErrUnsupported},
	} {
		if _, err := ParseActiveKey(c.file); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzActive(f *testing.F) {
	private, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		f.Fatal(err)
	}
	curve, _ := card.CurveByID(13)
	ec, err := ecdsa.GenerateKey(curve.Elliptic(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(dg15RSA(private.PublicKey), dg14Hash(""), isoSigner{key: private, hash: crypto.SHA1, trailer: []byte{0xBC}, header: 0x6A}.sign([]byte("12345678")))
	f.Add(dg15EC(curve, &ec.PublicKey), dg14Hash("0.4.0.127.0.7.1.1.4.1.3"), make([]byte, 64))
	f.Fuzz(func(t *testing.T, dg15, dg14, response []byte) {
		bounded(t, func() {
			key, err := ParseActiveKey(dg15)
			if err != nil {
				return
			}
			if err := key.Verify(dg14, []byte("another challenge"), response); err == nil {
				t.Error("a signature nobody made")
			}
		})
	})
}
