package trust

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/lds"
)

// A small authority of the tests' own, made with crypto/x509, so that what is
// read here was written by somebody else. (Explicit parameters, which that
// cannot write, are in the master list and on the simulator's cards.)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func ecKey(c elliptic.Curve) *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(c, rand.Reader)) }

var (
	signedOn = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	readOn   = time.Date(2026, 10, 14, 0, 0, 0, 0, time.UTC)
)

type issuer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newCSCA(key crypto.Signer, country string, alg x509.SignatureAlgorithm) issuer {
	return selfSigned(key, x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{country}, CommonName: "CSCA Test"},
		NotBefore: signedOn.AddDate(-3, 0, 0), NotAfter: signedOn.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, SignatureAlgorithm: alg,
		SubjectKeyId: []byte(country),
	})
}

func selfSigned(key crypto.Signer, t x509.Certificate) issuer {
	der := must(x509.CreateCertificate(rand.Reader, &t, &t, key.Public(), key))
	return issuer{must(x509.ParseCertificate(der)), key}
}

// renewed is the same authority with another certificate.
func (i issuer) renewed(change func(*x509.Certificate)) issuer {
	t := *i.cert
	change(&t)
	return selfSigned(i.key, t)
}

func (i issuer) signer(key crypto.Signer, change func(*x509.Certificate)) issuer {
	t := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: pkix.Name{Country: i.cert.Subject.Country, CommonName: "DS Test"},
		NotBefore: signedOn.AddDate(0, -1, 0), NotAfter: signedOn.AddDate(0, 2, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(t)
	}
	der := must(x509.CreateCertificate(rand.Reader, t, i.cert, key.Public(), i.key))
	return issuer{must(x509.ParseCertificate(der)), key}
}

func (i issuer) store(t testing.TB) *Store {
	var s Store
	if err := s.Add(i.cert.Raw); err != nil {
		t.Fatal(err)
	}
	return &s
}

func seq(parts ...[]byte) []byte { return wrap(card.TagSequence, parts...) }

func wrap(tag uint32, parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return card.AppendTLV(nil, tag, all)
}

func oid(dotted string) []byte { return wrap(card.TagOID, card.AppendOID(nil, dotted)) }

func oidOf(h crypto.Hash) []byte {
	for dotted, known := range hashes {
		if known == h {
			return seq(oid(dotted))
		}
	}
	panic("no such hash")
}

// sodSpec is an EF.SOD to be made.
type sodSpec struct {
	ds           issuer
	alg          string // signature algorithm
	hash         crypto.Hash
	dgs          map[int][]byte
	contentType  string // the signed attribute; "" is the right one
	noAttributes bool
	noTime       bool
	byKeyID      bool
	spoil        func(content, attributes []byte)
}

func digest(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

func (s sodSpec) make() []byte {
	var list []byte
	for n := 1; n <= 16; n++ {
		if dg, ok := s.dgs[n]; ok {
			list = append(list, seq(wrap(card.TagInteger, []byte{byte(n)}), wrap(card.TagOctetString, digest(s.hash, dg)))...)
		}
	}
	content := seq(wrap(card.TagInteger, []byte{0}), oidOf(s.hash), seq(list))
	attr := func(name string, value []byte) []byte { return seq(oid(name), wrap(card.TagSet, value)) }
	attributes := append(attr(oidContentType, oid(cmp.Or(s.contentType, oidLDSSecurityObject))), attr(oidMessageDigest, wrap(card.TagOctetString, digest(s.hash, content)))...)
	if !s.noTime {
		attributes = append(attributes, attr(oidSigningTime, wrap(tagUTCTime, []byte(signedOn.Format("060102150405Z"))))...)
	}
	signed, implicit := wrap(card.TagSet, attributes), wrap(tagContext0, attributes)
	if s.noAttributes {
		signed, implicit = content, nil
	}
	alg, sig := s.sign(digest(s.hash, signed))
	if s.spoil != nil {
		s.spoil(content, implicit)
	}
	id := seq(s.ds.cert.RawIssuer, wrap(card.TagInteger, s.ds.cert.SerialNumber.Bytes()))
	if s.byKeyID {
		id = wrap(0x80, s.ds.cert.SubjectKeyId)
	}
	info := seq(wrap(card.TagInteger, []byte{1}), id, oidOf(s.hash), implicit, alg, wrap(card.TagOctetString, sig))
	data := seq(wrap(card.TagInteger, []byte{3}), wrap(card.TagSet, oidOf(s.hash)),
		seq(oid(oidLDSSecurityObject), wrap(tagContext0, wrap(card.TagOctetString, content))),
		wrap(tagContext0, s.ds.cert.Raw), wrap(card.TagSet, info))
	return wrap(card.EFSOD.Tag, seq(oid(oidSignedData), wrap(tagContext0, data)))
}

func (s sodSpec) sign(digest []byte) (alg, sig []byte) {
	alg = seq(oid(s.alg))
	switch key := s.ds.key.(type) {
	case *rsa.PrivateKey:
		if s.alg != oidPSS {
			return alg, must(rsa.SignPKCS1v15(rand.Reader, key, s.hash, digest))
		}
		params := seq(wrap(0xA0, oidOf(s.hash)), wrap(0xA1, seq(oid(oidMGF1), oidOf(s.hash))), wrap(0xA2, wrap(card.TagInteger, []byte{32})))
		return seq(oid(oidPSS), params), must(rsa.SignPSS(rand.Reader, key, s.hash, digest, &rsa.PSSOptions{SaltLength: 32}))
	case *ecdsa.PrivateKey:
		if signatures[s.alg].scheme == ecdsaDER {
			return alg, must(ecdsa.SignASN1(rand.Reader, key, digest))
		}
		r, v, err := ecdsa.Sign(rand.Reader, key, digest)
		must(r, err)
		size := (key.Params().BitSize + 7) / 8
		return alg, append(r.FillBytes(make([]byte, size)), v.FillBytes(make([]byte, size))...)
	}
	panic("no such key")
}

func testDG1(t testing.TB) []byte {
	m, err := lds.ParseMRZ("IDVNM0990123459001099012345<<0" + "9905201M3905209VNM<<<<<<<<<<<4" + "NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<")
	if err != nil {
		t.Fatal(err)
	}
	return lds.EncodeDG1(m)
}

func TestVerifyAlgorithms(t *testing.T) {
	p256, p521 := ecKey(elliptic.P256()), ecKey(elliptic.P521())
	dgs := map[int][]byte{1: testDG1(t), 13: {0x6D, 0}}
	csca := newCSCA(p256, "VN", 0)
	for _, c := range []struct {
		name string
		key  crypto.Signer
		alg  string
		hash crypto.Hash
		weak bool
	}{
		{"ECDSA-SHA256", p256, "1.2.840.10045.4.3.2", crypto.SHA256, false},
		{"ECDSA-SHA1", p256, "1.2.840.10045.4.1", crypto.SHA1, true},
		{"ECDSA-SHA512, hash longer than the curve", p256, "1.2.840.10045.4.3.4", crypto.SHA512, false},
		{"ECDSA-SHA384 on P-521", p521, "1.2.840.10045.4.3.3", crypto.SHA384, false},
		{"plain ECDSA", p521, "0.4.0.127.0.7.1.1.4.1.5", crypto.SHA512, false},
		{"ECDSA by the name of its key", p256, card.OIDECPublicKey, crypto.SHA224, false},
		{"RSA-SHA256", rsaKey(), "1.2.840.113549.1.1.11", crypto.SHA256, false},
		{"RSA-SHA1", rsaKey(), "1.2.840.113549.1.1.5", crypto.SHA1, true},
		{"RSA by the name of its key", rsaKey(), oidRSA, crypto.SHA384, false},
		{"RSA-PSS", rsaKey(), oidPSS, crypto.SHA256, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sodSpec{ds: csca.signer(c.key, nil), alg: c.alg, hash: c.hash, dgs: dgs}
			if r := Verify(s.make(), dgs, csca.store(t), readOn); r.Hashes != OK || r.Signature != OK || r.Anchor != OK || r.Weak != c.weak ||
				r.Country != "VN" || !r.SignedAt.Equal(signedOn) || len(r.Listed) != 2 || len(r.Why) > 0 {
				t.Errorf("%+v", r)
			}
			s.spoil = func(_, attributes []byte) { attributes[len(attributes)-3] ^= 1 } // the seconds of the signing time
			if r := Verify(s.make(), dgs, csca.store(t), readOn); r.Signature != Failed {
				t.Errorf("with a changed attribute: %+v", r)
			}
			s.spoil = func(content, _ []byte) { content[len(content)-1] ^= 1 }
			if r := Verify(s.make(), dgs, csca.store(t), readOn); r.Signature != Failed || r.Hashes != Failed {
				t.Errorf("with a changed hash: %+v", r)
			}
			s.spoil, s.noAttributes, s.noTime = nil, true, true
			if r := Verify(s.make(), dgs, csca.store(t), signedOn); r.Signature != OK || r.Anchor != OK || !r.SignedAt.IsZero() {
				t.Errorf("without attributes: %+v", r)
			}
		})
	}
	// Authorities sign with all these too.
	for name, authority := range map[string]issuer{
		"RSA-PSS": newCSCA(rsaKey(), "VN", x509.SHA384WithRSAPSS), "RSA": newCSCA(rsaKey(), "VN", x509.SHA512WithRSA), "P-521": newCSCA(p521, "VN", 0),
	} {
		s := sodSpec{ds: authority.signer(p256, nil), alg: "1.2.840.10045.4.3.2", hash: crypto.SHA256, dgs: dgs}
		if r := Verify(s.make(), dgs, authority.store(t), readOn); r.Anchor != OK {
			t.Errorf("authority with %s: %+v", name, r)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	key, other := ecKey(elliptic.P256()), ecKey(elliptic.P256())
	csca := newCSCA(key, "VN", 0)
	store := csca.store(t)
	dgs := map[int][]byte{1: testDG1(t), 13: {0x6D, 0}}
	good := sodSpec{ds: csca.signer(other, nil), alg: "1.2.840.10045.4.3.2", hash: crypto.SHA256, dgs: dgs}
	with := func(change func(*sodSpec)) []byte {
		s := good
		change(&s)
		return s.make()
	}
	cert := func(change func(*x509.Certificate)) []byte {
		return with(func(s *sodSpec) { s.ds = csca.signer(other, change) })
	}
	of := func(i issuer) []byte { return with(func(s *sodSpec) { s.ds = i.signer(other, nil) }) }
	late := csca.renewed(func(c *x509.Certificate) { c.NotBefore = signedOn.AddDate(0, 0, 1) })
	twin := csca.renewed(func(c *x509.Certificate) { c.SubjectKeyId = []byte("LA") })
	early := good
	early.noTime = true
	for _, c := range []struct {
		name                      string
		sod                       []byte
		dgs                       map[int][]byte
		store                     *Store
		at                        time.Time
		hashes, signature, anchor Check
		why                       string
	}{
		{"good", good.make(), dgs, store, readOn, OK, OK, OK, ""},
		{"signer by its key identifier", with(func(s *sodSpec) {
			s.ds, s.byKeyID = csca.signer(other, func(c *x509.Certificate) { c.SubjectKeyId = []byte{9, 9} }), true
		}), dgs, store, readOn, OK, OK, OK, ""},
		{"some of the data groups", good.make(), map[int][]byte{13: dgs[13]}, store, readOn, OK, OK, OK, ""},
		{"no data groups", good.make(), nil, store, readOn, Unchecked, OK, OK, ""},
		{"no anchors", good.make(), dgs, nil, readOn, OK, OK, NoAnchors, ""},
		{"empty store", good.make(), dgs, &Store{}, readOn, OK, OK, NoAnchors, ""},
		{"changed data group", good.make(), map[int][]byte{1: dgs[1], 13: {0x6D, 1, 0}}, store, readOn, Failed, OK, OK, "DG13 is not what was signed"},
		{"data group that is not listed", good.make(), map[int][]byte{1: dgs[1], 14: {0x6E, 0}}, store, readOn, Failed, OK, OK, "DG14 is not in EF.SOD"},
		{"unknown authority", of(newCSCA(key, "LA", 0)), map[int][]byte{13: dgs[13]}, store, readOn, OK, OK, Failed, "no installed anchor"},
		{"same name, other key", of(newCSCA(other, "VN", 0)), dgs, store, readOn, OK, OK, Failed, "not signed by anchor"},
		{"another state's signer", of(newCSCA(key, "LA", 0)), dgs, nil, readOn, OK, Failed, NoAnchors, `signed by "LA" for a document of "VNM"`},
		{"signed as something else", with(func(s *sodSpec) { s.contentType = oidMasterList }), dgs, store, readOn, OK, Failed, OK, "content type"},
		{"anchor not yet valid", good.make(), dgs, late.store(t), readOn, OK, OK, Failed, "was not valid at the time"},
		{"anchor with the key of another state's", of(newCSCA(key, "LA", 0)), map[int][]byte{13: dgs[13]}, twin.store(t), readOn, OK, OK, Failed, "of another state"},
		{"signer not yet valid", cert(func(c *x509.Certificate) { c.NotBefore = signedOn.AddDate(0, 0, 1) }), dgs, store, readOn, OK, OK, Failed, "not valid when it signed"},
		{"signer run out", cert(func(c *x509.Certificate) { c.NotAfter = signedOn.AddDate(0, 0, -1) }), dgs, store, readOn, OK, OK, Failed, "not valid when it signed"},
		{"time not told: signer valid then, not now", early.make(), dgs, store, readOn, OK, OK, Failed, "not valid when it signed"},
		{"signed in the future", good.make(), dgs, store, signedOn.AddDate(-1, 0, 0), OK, Failed, OK, "in the future"},
		{"an authority signs itself", cert(func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }), dgs, store, readOn, OK, Failed, OK, "not for signing documents"},
		{"signer for other things", cert(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), dgs, store, readOn, OK, Failed, OK, "not for signing documents"},
		{"critical extension", cert(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}), dgs, store, readOn, OK, Failed, OK, "1.2.3.4"},
		{"signature of another kind than the key", with(func(s *sodSpec) { s.alg = "1.2.840.113549.1.1.11"; s.ds.key = rsaKey() }), dgs, store, readOn, OK, Failed, OK, "with an EC key"},
		{"nothing", nil, dgs, store, readOn, Unchecked, Failed, Unchecked, "EF.SOD"},
		{"nonsense", []byte{0x77, 2, 0x30, 0}, dgs, store, readOn, Unchecked, Failed, Unchecked, "EF.SOD"},
		{"DG1 is nonsense", with(func(s *sodSpec) { s.dgs = map[int][]byte{1: {0x61, 0}} }), map[int][]byte{1: {0x61, 0}}, store, readOn, OK, Failed, OK, "DG1"},
	} {
		r := Verify(c.sod, c.dgs, c.store, c.at)
		if r.Hashes != c.hashes || r.Signature != c.signature || r.Anchor != c.anchor || !strings.Contains(r.Reason(), c.why) || c.why == "" && len(r.Why) > 0 {
			t.Errorf("%s: %s %s %s, %q", c.name, r.Hashes, r.Signature, r.Anchor, r.Why)
		}
		if strings.Contains(r.Reason(), "NGUYEN") || strings.Contains(r.Reason(), "099012345") {
			t.Errorf("%s: the reason is personal", c.name)
		}
	}
}

// Whoever changes one byte of EF.SOD gets nowhere with it.
func TestVerifyEveryByte(t *testing.T) {
	csca := newCSCA(ecKey(elliptic.P256()), "VN", 0)
	store := csca.store(t)
	dgs := map[int][]byte{1: testDG1(t)}
	sod := sodSpec{ds: csca.signer(ecKey(elliptic.P256()), nil), alg: "1.2.840.10045.4.3.2", hash: crypto.SHA256, dgs: dgs}.make()
	want := Verify(sod, dgs, store, readOn)
	for i := range sod {
		b := append([]byte{}, sod...)
		b[i] ^= 0x55
		r := Verify(b, dgs, store, readOn)
		if r.Hashes == OK && r.Signature == OK && r.Anchor == OK {
			// Bytes nobody signs may change: the version of the CMS, its list of
			// hashes. What the result says must not.
			if r.Signer != want.Signer || r.Country != want.Country || !r.SignedAt.Equal(want.SignedAt) || len(r.Listed) != 1 {
				t.Errorf("byte %d of %d changes the result: %+v", i, len(sod), r)
			}
		}
	}
}

func TestAddRefuses(t *testing.T) {
	csca := newCSCA(ecKey(elliptic.P256()), "VN", 0)
	var s Store
	if err := s.Add(csca.signer(ecKey(elliptic.P256()), nil).cert.Raw); err == nil {
		t.Error("a document signer is taken for an authority")
	}
	broken := append([]byte{}, csca.cert.Raw...)
	broken[len(broken)-1] ^= 1
	if err := s.Add(broken); err == nil {
		t.Error("a broken certificate is taken")
	}
	if err := s.Add(hexBytes("3003020101")); err == nil {
		t.Error("nonsense is taken")
	}
	if s.Len() != 0 {
		t.Errorf("%d anchors", s.Len())
	}
}

// Explicit parameters are those of a known curve, all of them, or refused.
func TestExplicitParameters(t *testing.T) {
	c, _ := card.CurveByID(13)
	k := c.Params()
	a, b := c.Coefficients()
	params := func(g byte, cofactor []byte) []byte {
		base := append([]byte{g}, append(k.Gx.Bytes(), k.Gy.Bytes()...)...)
		n := append([]byte{0}, k.N.Bytes()...)
		return seq(wrap(card.TagInteger, []byte{1}), seq(oid("1.2.840.10045.1.1"), wrap(card.TagInteger, []byte{0}, k.P.Bytes())),
			seq(wrap(card.TagOctetString, a.Bytes()), wrap(card.TagOctetString, b.Bytes())), wrap(card.TagOctetString, base), wrap(card.TagInteger, n), cofactor)
	}
	for name, test := range map[string]struct {
		der []byte
		ok  bool
	}{
		"whole":                {params(4, wrap(card.TagInteger, []byte{1})), true},
		"without cofactor":     {params(4, nil), true},
		"with another":         {params(4, wrap(card.TagInteger, []byte{2})), false},
		"base point not plain": {params(6, nil), false},
		"by name":              {oid(c.OID), true},
		"by a name unknown":    {oid("1.3.36.3.3.2.8.1.1.99"), false},
	} {
		key, _, err := card.ParseTLV(seq(seq(oid(card.OIDECPublicKey), test.der), wrap(card.TagBitString, []byte{0, 4})))
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := card.ParseECKey(key); (err == nil) != test.ok || test.ok && got.ID != 13 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func hexBytes(s string) []byte { return must(hex.DecodeString(s)) }

func FuzzSOD(f *testing.F) {
	csca := newCSCA(ecKey(elliptic.P256()), "VN", 0)
	store := &Store{}
	if err := store.Add(csca.cert.Raw); err != nil {
		f.Fatal(err)
	}
	dgs := map[int][]byte{1: testDG1(f)}
	for _, s := range []sodSpec{
		{ds: csca.signer(ecKey(elliptic.P256()), nil), alg: "1.2.840.10045.4.3.2", hash: crypto.SHA256, dgs: dgs},
		{ds: csca.signer(rsaKey(), nil), alg: oidPSS, hash: crypto.SHA256, dgs: dgs},
		{ds: csca.signer(rsaKey(), nil), alg: oidRSA, hash: crypto.SHA1, dgs: dgs, noAttributes: true},
	} {
		f.Add(s.make())
	}
	f.Add([]byte{0x77, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Result
		bounded(t, func() { r = Verify(b, dgs, store, readOn) })
		if (r.Hashes == Failed || r.Signature == Failed || r.Anchor == Failed) != (len(r.Why) > 0) {
			t.Errorf("failures without reasons, or reasons without failures: %+v", r)
		}
	})
}
