package cardsim

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/pem"
	"hash"
	"math/big"
	"time"

	"tiepdan/drivers/card"
)

// The simulator's own public key infrastructure (Doc 9303-12): a CSCA on
// brainpoolP384r1 with its parameters written out, which is what Vietnam's has
// and what crypto/x509 refuses; under it a document signer on brainpoolP256r1.
// Keys and certificates are the same on every machine.

const (
	oidECPublicKey = "1.2.840.10045.2.1"
	oidPrimeField  = "1.2.840.10045.1.1"
	oidRSA         = "1.2.840.113549.1.1.1"
	oidECDSA384    = "1.2.840.10045.4.3.3"
)

// authority is a CSCA.
type authority struct {
	name  string // common name
	curve card.Curve
	key   *big.Int
}

// authorities by the name faults give them.
func authorityOf(name string) authority {
	a := authority{name: "CSCA Tiep Dan Simulator", curve: curveOf(16)}
	if name == "stranger" {
		a.name = "CSCA Nobody Knows"
	}
	a.key = deriveKey(a.curve, "csca "+name)
	return a
}

// CSCA is the certificate of the simulator's country signing authority, DER.
// Whoever wants virtual cards to be anchored installs it as a trust anchor.
func CSCA() []byte { return authorityOf("").certificate() }

// CSCAPEM is [CSCA] as operators install it.
func CSCAPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: CSCA()})
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

func (a authority) public() []byte { return public(a.curve, a.key).encode(a.curve) }

func (a authority) dn() []byte { return distinguishedName(a.name) }

func distinguishedName(cn string) []byte {
	attribute := func(o string, v []byte) []byte { return setOf(seq(oid(o), v)) }
	return seq(attribute("2.5.4.6", printable("VN")), attribute("2.5.4.10", text("Tiep Dan")), attribute("2.5.4.3", text(cn)))
}

// sign makes a certificate, once for the same content.
func (a authority) sign(tbs []byte) []byte {
	name := a.name + " " + a.key.Text(16) + string(tbs)
	if c, ok := certificates.Load(name); ok {
		return bytes.Clone(c.([]byte))
	}
	c := seq(tbs, seq(oid(oidECDSA384)), bits(signature(a.curve, a.key, sha512.New384, tbs)))
	certificates.Store(name, c)
	return bytes.Clone(c)
}

func signature(c card.Curve, key *big.Int, newHash func() hash.Hash, msg []byte) []byte {
	r, s := sign(c, key, newHash, msg)
	return seq(integer(r), integer(s))
}

func keyID(public []byte) []byte {
	h := sha1.Sum(public)
	return h[:]
}

// extension is one X.509 extension.
func extension(o string, critical bool, value []byte) []byte {
	parts := [][]byte{oid(o)}
	if critical {
		parts = append(parts, tlv(card.TagBoolean, []byte{0xFF}))
	}
	return seq(append(parts, octets(value))...)
}

func (a authority) certificate() []byte {
	public := a.public()
	return a.sign(seq(
		explicit(0, small(2)), small(1), seq(oid(oidECDSA384)), a.dn(),
		seq(utcTime(day(2020, 1, 1)), utcTime(day(2049, 12, 31))), a.dn(),
		seq(seq(oid(oidECPublicKey), explicitParameters(a.curve)), bits(public)),
		explicit(3, seq(
			extension("2.5.29.15", true, tlv(card.TagBitString, []byte{1, 0x06})), // certificates and CRLs
			extension("2.5.29.19", true, seq(tlv(card.TagBoolean, []byte{0xFF}), small(0))),
			extension("2.5.29.14", false, octets(keyID(public))),
			extension("2.5.29.35", false, seq(tlv(0x80, keyID(public)))),
		)),
	))
}

// explicitParameters writes a curve out (RFC 3279 §2.3.5, BSI TR-03111).
func explicitParameters(c card.Curve) []byte {
	k, size := c.Params(), fieldSize(c)
	number := func(v *big.Int) []byte { return octets(v.FillBytes(make([]byte, size))) }
	// a, which CurveParams lacks, follows from the base point: (y² - b)/x - x².
	a := new(big.Int).Mul(k.Gy, k.Gy)
	a.Sub(a, k.B)
	a.Mul(a, new(big.Int).ModInverse(k.Gx, k.P))
	a.Sub(a, new(big.Int).Mul(k.Gx, k.Gx))
	a.Mod(a, k.P)
	return seq(small(1), seq(oid(oidPrimeField), integer(k.P)), seq(number(a), number(k.B)),
		octets(base(c).encode(c)), integer(k.N), small(1))
}

// signer is a document signer.
type signer struct {
	Signer
	key    *big.Int // of ECDSA
	issuer []byte
	serial *big.Int
	cert   []byte
}

// documentSigner certifies one.
func (a authority) documentSigner(kind Signer, expired bool) signer {
	from, to, serial := day(2021, 1, 1), day(2046, 12, 31), int64(0x2021)
	if expired {
		from, to, serial = day(2010, 1, 1), day(2020, 12, 31), 0x2010
	}
	s := signer{Signer: kind, issuer: a.dn(), serial: big.NewInt(serial)}
	var info, keyBits []byte
	if kind.RSA > 0 {
		info = rsaKeyInfo(&rsaKeys[kind.RSA]().PublicKey)
		keyBits = info
	} else {
		c := curveOf(kind.Curve)
		s.key = deriveKey(c, a.name+" document signer "+from.String())
		point := public(c, s.key).encode(c)
		info, keyBits = publicKeyInfo(c, point), point
	}
	s.cert = a.sign(seq(
		explicit(0, small(2)), integer(s.serial), seq(oid(oidECDSA384)), s.issuer,
		seq(utcTime(from), utcTime(to)), distinguishedName("Document Signer Tiep Dan Simulator"),
		info,
		explicit(3, seq(
			extension("2.5.29.15", true, tlv(card.TagBitString, []byte{7, 0x80})), // digital signature
			extension("2.5.29.14", false, octets(keyID(keyBits))),
			extension("2.5.29.35", false, seq(tlv(0x80, keyID(a.public())))),
		)),
	))
	return s
}

func publicKeyInfo(c card.Curve, public []byte) []byte {
	return seq(seq(oid(oidECPublicKey), oid(c.OID)), bits(public))
}

func rsaKeyInfo(k *rsa.PublicKey) []byte {
	return seq(seq(oid(oidRSA), tlv(card.TagNull)), bits(seq(integer(k.N), small(int64(k.E)))))
}

// hashAlgorithm names a hash.
func hashAlgorithm(h crypto.Hash) []byte {
	return seq(oid(map[crypto.Hash]string{
		crypto.SHA1: "1.3.14.3.2.26", crypto.SHA224: "2.16.840.1.101.3.4.2.4", crypto.SHA256: "2.16.840.1.101.3.4.2.1",
		crypto.SHA384: "2.16.840.1.101.3.4.2.2", crypto.SHA512: "2.16.840.1.101.3.4.2.3",
	}[h]))
}

// algorithm names the signature (RFC 5754, RFC 4056, RFC 5753).
func (s signer) algorithm() []byte {
	switch {
	case s.PSS:
		hash := hashAlgorithm(s.Hash)
		return seq(oid("1.2.840.113549.1.1.10"), seq(explicit(0, hash), explicit(1, seq(oid("1.2.840.113549.1.1.8"), hash)), explicit(2, small(int64(s.Hash.Size())))))
	case s.RSA > 0:
		return seq(oid(oidRSA), tlv(card.TagNull)) // the hash stands beside it
	}
	return seq(oid(map[crypto.Hash]string{
		crypto.SHA1: "1.2.840.10045.4.1", crypto.SHA224: "1.2.840.10045.4.3.1", crypto.SHA256: "1.2.840.10045.4.3.2",
		crypto.SHA384: "1.2.840.10045.4.3.3", crypto.SHA512: "1.2.840.10045.4.3.4",
	}[s.Hash]))
}

func (s signer) sign(message []byte) []byte {
	h := s.Hash.New()
	h.Write(message)
	var sig []byte
	var err error
	switch {
	case s.PSS:
		sig, err = rsa.SignPSS(rand.Reader, rsaKeys[s.RSA](), s.Hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: s.Hash.Size()})
	case s.RSA > 0:
		sig, err = rsa.SignPKCS1v15(nil, rsaKeys[s.RSA](), s.Hash, h.Sum(nil))
	default:
		sig = signature(curveOf(s.Curve), s.key, s.Hash.New, message)
	}
	if err != nil {
		panic(err) // a key too short for the hash
	}
	return sig
}

// securityObject is EF.SOD (Doc 9303-10 §4.6.2): CMS signed data over the
// hashes of the data groups.
func (s signer) securityObject(groups []dataGroup) []byte {
	digest := func(b []byte) []byte {
		h := s.Hash.New()
		h.Write(b)
		return h.Sum(nil)
	}
	var hashes [][]byte
	for _, g := range groups {
		hashes = append(hashes, seq(small(int64(g.number)), octets(digest(g.content))))
	}
	algorithm := hashAlgorithm(s.Hash)
	content := seq(small(0), algorithm, seq(hashes...))
	const oidLDSObject = "2.23.136.1.1.1"
	info := [][]byte{small(1), seq(s.issuer, integer(s.serial)), algorithm}
	signed := content
	if !s.Old {
		signed = setOf(
			seq(oid("1.2.840.113549.1.9.3"), setOf(oid(oidLDSObject))),
			seq(oid("1.2.840.113549.1.9.4"), setOf(octets(digest(content)))),
		)
		info = append(info, append([]byte{0xA0}, signed[1:]...)) // signed as a SET, written as [0]
	}
	info = append(info, s.algorithm(), octets(s.sign(signed)))
	data := seq(small(3), setOf(algorithm), seq(oid(oidLDSObject), explicit(0, octets(content))),
		explicit(0, s.cert), setOf(seq(info...)))
	return tlv(0x77, seq(oid("1.2.840.113549.1.7.2"), explicit(0, data)))
}
