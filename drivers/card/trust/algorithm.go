package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // documents signed long ago; flagged as weak
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"fmt"
	"math/big"

	"tiepdan/drivers/card"
)

var (
	errUnsupported = card.ErrUnsupported
	errSignature   = errors.New("signature does not verify")
)

var hashes = map[string]crypto.Hash{
	"1.3.14.3.2.26":          crypto.SHA1,
	"2.16.840.1.101.3.4.2.4": crypto.SHA224,
	"2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384,
	"2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

// scheme is how a signature is made.
type scheme string

const (
	pkcs1      scheme = "RSA PKCS #1 v1.5"
	pss        scheme = "RSA-PSS"
	ecdsaDER   scheme = "ECDSA"
	ecdsaPlain scheme = "ECDSA, r and s side by side" // BSI TR-03111
)

const (
	oidRSA  = "1.2.840.113549.1.1.1"
	oidPSS  = "1.2.840.113549.1.1.10"
	oidMGF1 = "1.2.840.113549.1.1.8"
)

// signatures are the algorithms Doc 9303-12 §4.4 allows. Hash 0 means that the
// identifier leaves the hash to the message digest algorithm beside it.
var signatures = map[string]struct {
	scheme scheme
	hash   crypto.Hash
}{
	oidRSA:                    {pkcs1, 0},
	"1.2.840.113549.1.1.5":    {pkcs1, crypto.SHA1},
	"1.2.840.113549.1.1.14":   {pkcs1, crypto.SHA224},
	"1.2.840.113549.1.1.11":   {pkcs1, crypto.SHA256},
	"1.2.840.113549.1.1.12":   {pkcs1, crypto.SHA384},
	"1.2.840.113549.1.1.13":   {pkcs1, crypto.SHA512},
	oidPSS:                    {pss, 0},
	card.OIDECPublicKey:       {ecdsaDER, 0},
	"1.2.840.10045.4.1":       {ecdsaDER, crypto.SHA1},
	"1.2.840.10045.4.3.1":     {ecdsaDER, crypto.SHA224},
	"1.2.840.10045.4.3.2":     {ecdsaDER, crypto.SHA256},
	"1.2.840.10045.4.3.3":     {ecdsaDER, crypto.SHA384},
	"1.2.840.10045.4.3.4":     {ecdsaDER, crypto.SHA512},
	"0.4.0.127.0.7.1.1.4.1.1": {ecdsaPlain, crypto.SHA1},
	"0.4.0.127.0.7.1.1.4.1.2": {ecdsaPlain, crypto.SHA224},
	"0.4.0.127.0.7.1.1.4.1.3": {ecdsaPlain, crypto.SHA256},
	"0.4.0.127.0.7.1.1.4.1.4": {ecdsaPlain, crypto.SHA384},
	"0.4.0.127.0.7.1.1.4.1.5": {ecdsaPlain, crypto.SHA512},
}

// algorithm is a signature algorithm with all it needs to be checked.
type algorithm struct {
	scheme scheme
	hash   crypto.Hash
	salt   int // PSS
}

// algorithmID splits an AlgorithmIdentifier.
func algorithmID(t card.TLV) (oid string, params card.TLV, err error) {
	parts, err := t.Children()
	if err != nil {
		return "", card.TLV{}, err
	}
	if t.Tag != card.TagSequence || len(parts) < 1 || len(parts) > 2 {
		return "", card.TLV{}, malformed("algorithm identifier")
	}
	if len(parts) == 2 {
		params = parts[1]
	}
	oid, err = parts[0].OID()
	return oid, params, err
}

func parseHash(t card.TLV) (crypto.Hash, error) {
	oid, _, err := algorithmID(t)
	if err != nil {
		return 0, err
	}
	h, ok := hashes[oid]
	if !ok {
		return 0, fmt.Errorf("%w: hash %s", errUnsupported, oid)
	}
	return h, nil
}

// parseAlgorithm reads a signature algorithm; digest is the hash named beside
// it, or 0.
func parseAlgorithm(t card.TLV, digest crypto.Hash) (algorithm, error) {
	oid, params, err := algorithmID(t)
	if err != nil {
		return algorithm{}, err
	}
	s, ok := signatures[oid]
	if !ok {
		return algorithm{}, fmt.Errorf("%w: signature %s", errUnsupported, oid)
	}
	a := algorithm{scheme: s.scheme, hash: s.hash}
	if a.scheme == pss {
		return parsePSS(params)
	}
	if a.hash == 0 {
		a.hash = digest
	}
	if a.hash == 0 {
		return algorithm{}, fmt.Errorf("%w: signature %s names no hash", errUnsupported, oid)
	}
	return a, nil
}

// parsePSS reads RSASSA-PSS-params (RFC 4055 §3.1); all of it has defaults.
func parsePSS(params card.TLV) (algorithm, error) {
	a := algorithm{scheme: pss, hash: crypto.SHA1, salt: 20}
	mask := crypto.SHA1
	if params.Tag == 0 {
		return a, nil
	}
	parts, err := params.Children()
	if err != nil || params.Tag != card.TagSequence {
		return a, malformed("PSS parameters")
	}
	for _, p := range parts {
		inner, rest, err := card.ParseTLV(p.Value)
		if err != nil || len(rest) > 0 {
			return a, malformed("PSS parameters")
		}
		switch p.Tag {
		case 0xA0:
			a.hash, err = parseHash(inner)
		case 0xA1:
			var oid string
			var of card.TLV
			if oid, of, err = algorithmID(inner); err == nil && oid != oidMGF1 {
				err = fmt.Errorf("%w: PSS mask %s", errUnsupported, oid)
			}
			if err == nil {
				mask, err = parseHash(of)
			}
		case 0xA2:
			a.salt, err = inner.Int()
		case 0xA3:
			var trailer int
			if trailer, err = inner.Int(); err == nil && trailer != 1 {
				err = fmt.Errorf("%w: PSS trailer", errUnsupported)
			}
		default:
			err = malformed("PSS parameters")
		}
		if err != nil {
			return a, err
		}
	}
	if mask != a.hash {
		return a, fmt.Errorf("%w: PSS with two hashes", errUnsupported)
	}
	return a, nil
}

// verify checks a signature over message.
func (a algorithm) verify(key crypto.PublicKey, message, sig []byte) error {
	h := a.hash.New()
	h.Write(message)
	digest := h.Sum(nil)
	switch k := key.(type) {
	case *rsa.PublicKey:
		var err error
		switch a.scheme {
		case pkcs1:
			err = rsa.VerifyPKCS1v15(k, a.hash, digest, sig)
		case pss:
			// Salt length 0 would mean "any" to crypto/rsa: a looser check, of a
			// signature that is sound all the same.
			err = rsa.VerifyPSS(k, a.hash, digest, sig, &rsa.PSSOptions{SaltLength: a.salt})
		default:
			return fmt.Errorf("%w: %s with an RSA key", errSignature, a.scheme)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errSignature, err)
		}
		return nil
	case *ecdsa.PublicKey:
		r, s, err := a.ecdsaPair(sig, (k.Params().N.BitLen()+7)/8)
		if err != nil {
			return err
		}
		if !ecdsa.Verify(k, digest, r, s) {
			return errSignature
		}
		return nil
	}
	return fmt.Errorf("%w: kind of key", errUnsupported)
}

func (a algorithm) ecdsaPair(sig []byte, size int) (r, s *big.Int, err error) {
	switch a.scheme {
	case ecdsaPlain:
		if len(sig) != 2*size {
			return nil, nil, fmt.Errorf("%w: %d bytes", errSignature, len(sig))
		}
		return new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:]), nil
	case ecdsaDER:
		seq, err := card.ParseOneTLV(sig, card.TagSequence)
		if err != nil {
			return nil, nil, err
		}
		parts, err := seq.Children()
		if err != nil || len(parts) != 2 {
			return nil, nil, malformed("ECDSA signature")
		}
		r, err1 := parts[0].Integer()
		s, err2 := parts[1].Integer()
		return r, s, errors.Join(err1, err2)
	}
	return nil, nil, fmt.Errorf("%w: %s with an EC key", errSignature, a.scheme)
}

func malformed(what string) error { return fmt.Errorf("%w: %s", card.ErrMalformed, what) }
