package trust

import (
	"bytes"
	"crypto"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"tiepdan/drivers/card"
)

const (
	oidSignedData    = "1.2.840.113549.1.7.2"
	oidContentType   = "1.2.840.113549.1.9.3"
	oidMessageDigest = "1.2.840.113549.1.9.4"
	oidSigningTime   = "1.2.840.113549.1.9.5"

	tagContext0 = 0xA0
	tagContext1 = 0xA1
	maxCerts    = 4096
)

// signedData is a CMS SignedData (RFC 5652 §5) with its content inside.
type signedData struct {
	contentType string
	content     []byte
	certs       []*certificate
	signer      signerInfo
}

// signerInfo is the first of the signers: EF.SOD has exactly one.
type signerInfo struct {
	issuer, serial []byte // either these
	keyID          []byte // or this
	digest         crypto.Hash
	alg            algorithm
	attributes     []byte // as signed, or nil when the content itself is
	sig            []byte

	contentType   string
	messageDigest []byte
	signedAt      time.Time // zero when it is not said
}

func parseSignedData(b []byte) (*signedData, error) {
	info, err := card.ParseOneTLV(b, card.TagSequence)
	if err != nil {
		return nil, fmt.Errorf("CMS: %w", err)
	}
	parts, err := info.Children()
	if err != nil || len(parts) != 2 || parts[1].Tag != tagContext0 {
		return nil, malformed("CMS content info")
	}
	if oid, err := parts[0].OID(); err != nil || oid != oidSignedData {
		return nil, malformed("CMS content is no SignedData")
	}
	body, err := card.ParseOneTLV(parts[1].Value, card.TagSequence)
	if err != nil {
		return nil, fmt.Errorf("CMS: %w", err)
	}
	fields, err := body.Children()
	if err != nil || len(fields) < 4 {
		return nil, malformed("CMS SignedData")
	}
	d := &signedData{}
	if err := d.parseContent(fields[2]); err != nil {
		return nil, err
	}
	for _, f := range fields[3:] {
		switch f.Tag {
		case tagContext0:
			if d.certs, err = parseCertificates(f); err != nil {
				return nil, err
			}
		case tagContext1: // revocation lists
		case card.TagSet:
			first, _, err := card.ParseTLV(f.Value)
			if err != nil {
				return nil, fmt.Errorf("CMS signers: %w", err)
			}
			if d.signer, err = parseSigner(first); err != nil {
				return nil, fmt.Errorf("CMS signer: %w", err)
			}
		default:
			return nil, malformed("CMS SignedData")
		}
	}
	if d.signer.sig == nil {
		return nil, malformed("CMS without a signer")
	}
	return d, nil
}

func (d *signedData) parseContent(t card.TLV) error {
	parts, err := t.Children()
	if err != nil || len(parts) != 2 || parts[1].Tag != tagContext0 {
		return malformed("CMS encapsulated content")
	}
	if d.contentType, err = parts[0].OID(); err != nil {
		return err
	}
	octets, err := card.ParseOneTLV(parts[1].Value, card.TagOctetString)
	if err != nil {
		return fmt.Errorf("CMS content: %w", err)
	}
	d.content = octets.Value
	return nil
}

func parseCertificates(t card.TLV) ([]*certificate, error) {
	all, err := t.Children()
	if err != nil || len(all) > maxCerts {
		return nil, malformed("CMS certificates")
	}
	var certs []*certificate
	for _, c := range all {
		if c.Tag != card.TagSequence {
			continue // attribute certificates
		}
		cert, err := parseCertificate(c.Raw)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

func parseSigner(t card.TLV) (signerInfo, error) {
	var s signerInfo
	f, err := t.Children()
	if err != nil || t.Tag != card.TagSequence || len(f) < 5 {
		return s, malformed("SignerInfo")
	}
	switch f[1].Tag {
	case card.TagSequence:
		id, err := f[1].Children()
		if err != nil || len(id) != 2 || id[1].Tag != card.TagInteger {
			return s, malformed("issuer and serial number")
		}
		s.issuer, s.serial = id[0].Raw, id[1].Value
	case 0x80:
		s.keyID = f[1].Value
	default:
		return s, malformed("signer identifier")
	}
	if s.digest, err = parseHash(f[2]); err != nil {
		return s, err
	}
	f = f[3:]
	if f[0].Tag == tagContext0 {
		if err := s.parseAttributes(f[0]); err != nil {
			return s, err
		}
		f = f[1:]
	}
	if len(f) < 2 || f[1].Tag != card.TagOctetString {
		return s, malformed("SignerInfo")
	}
	if s.alg, err = parseAlgorithm(f[0], s.digest); err != nil {
		return s, err
	}
	s.sig = append([]byte{}, f[1].Value...)
	return s, nil
}

func (s *signerInfo) parseAttributes(t card.TLV) error {
	all, err := t.Children()
	if err != nil {
		return err
	}
	// What is signed is the same bytes as a SET OF (RFC 5652 §5.4).
	s.attributes = append([]byte{}, t.Raw...)
	s.attributes[0] = card.TagSet
	for _, a := range all {
		parts, err := a.Children()
		if err != nil || len(parts) != 2 {
			return malformed("signed attribute")
		}
		oid, err := parts[0].OID()
		if err != nil {
			return err
		}
		v, rest, err := card.ParseTLV(parts[1].Value)
		if err != nil || len(rest) > 0 {
			return malformed("signed attribute")
		}
		switch oid {
		case oidContentType:
			s.contentType, err = v.OID()
		case oidMessageDigest:
			s.messageDigest = v.Value
		case oidSigningTime:
			s.signedAt, err = parseTime(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var errNoSigner = errors.New("the certificate of the signer is not enclosed")

// signerCert finds the certificate the signer names.
func (d *signedData) signerCert() (*certificate, error) {
	for _, c := range d.certs {
		if s := d.signer; s.keyID != nil && bytes.Equal(s.keyID, c.keyID) {
			return c, nil
		} else if s.issuer != nil && bytes.Equal(s.serial, c.serial) {
			if bytes.Equal(s.issuer, c.issuer.raw) {
				return c, nil
			}
			if t, _, err := card.ParseTLV(s.issuer); err == nil {
				if n, err := parseName(t); err == nil && n.same(c.issuer) {
					return c, nil
				}
			}
		}
	}
	return nil, errNoSigner
}

// verify checks the signature over the content with the key of cert.
func (d *signedData) verify(cert *certificate) error {
	if cert.keyErr != nil {
		return cert.keyErr
	}
	s := d.signer
	signed := d.content
	if s.attributes != nil {
		h := s.digest.New()
		h.Write(d.content)
		if subtle.ConstantTimeCompare(h.Sum(nil), s.messageDigest) != 1 {
			return fmt.Errorf("%w: message digest", errSignature)
		}
		if s.contentType != d.contentType {
			return fmt.Errorf("%w: content type", errSignature)
		}
		signed = s.attributes
	}
	return s.alg.verify(cert.key, signed, s.sig)
}
