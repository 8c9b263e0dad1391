package trust

import (
	"crypto"
	"crypto/subtle"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/lds"
)

// Content types a document security object comes under: Doc 9303-10 §4.6.2,
// and what the first passports had before it was fixed.
const (
	oidLDSSecurityObject    = "2.23.136.1.1.1"
	oidLDSSecurityObjectOld = "1.2.528.1.1006.1.20.1"
)

// SOD is EF.SOD: the hashes of the data groups, signed by a document signer.
type SOD struct {
	data   *signedData
	hash   crypto.Hash
	hashes map[int][]byte
}

// ParseSOD reads EF.SOD. It checks nothing: what it lists is believed only
// after [SOD.Verify].
func ParseSOD(ef []byte) (*SOD, error) {
	outer, err := card.ParseOneTLV(ef, card.EFSOD.Tag)
	if err != nil {
		return nil, fmt.Errorf("EF.SOD: %w", err)
	}
	d, err := parseSignedData(outer.Value)
	if err != nil {
		return nil, fmt.Errorf("EF.SOD: %w", err)
	}
	if d.contentType != oidLDSSecurityObject && d.contentType != oidLDSSecurityObjectOld {
		return nil, fmt.Errorf("EF.SOD: %w: content type %s", card.ErrMalformed, d.contentType)
	}
	s := &SOD{data: d, hashes: map[int][]byte{}}
	if err := s.parseHashes(d.content); err != nil {
		return nil, fmt.Errorf("EF.SOD: LDS security object: %w", err)
	}
	return s, nil
}

// parseHashes reads an LDSSecurityObject (Doc 9303-10 §4.6.2.3).
func (s *SOD) parseHashes(b []byte) error {
	object, err := card.ParseOneTLV(b, card.TagSequence)
	if err != nil {
		return err
	}
	parts, err := object.Children()
	if err != nil {
		return err
	}
	if len(parts) < 3 || parts[2].Tag != card.TagSequence {
		return malformed("shape")
	}
	if s.hash, err = parseHash(parts[1]); err != nil {
		return err
	}
	list, err := parts[2].Children()
	if err != nil {
		return err
	}
	for _, e := range list {
		pair, err := e.Children()
		if err != nil || len(pair) != 2 || pair[1].Tag != card.TagOctetString {
			return malformed("data group hash")
		}
		n, err := pair[0].Int()
		if err != nil {
			return err
		}
		if lds.Tag(n) == 0 || s.hashes[n] != nil || len(pair[1].Value) != s.hash.Size() {
			return malformed("data group hash")
		}
		s.hashes[n] = pair[1].Value
	}
	return nil
}

// DataGroups are the data groups the object lists, ascending.
func (s *SOD) DataGroups() []int { return slices.Sorted(maps.Keys(s.hashes)) }

// A Check is the outcome of one part of passive authentication.
type Check string

const (
	OK        Check = "ok"
	Failed    Check = "failed"
	Unchecked Check = "unchecked"
	NoAnchors Check = "no-anchors" // Anchor only: the deployer installed none
)

// Result is what passive authentication found. Nothing in it is personal.
type Result struct {
	Hashes    Check // the data groups given are those that were signed
	Signature Check // the enclosed document signer signed them, and may
	Anchor    Check // the document signer chains to an installed anchor
	Weak      bool  // SHA-1 had a part in it
	Why       []string

	Signer   string    // subject of the document signer's certificate
	Country  string    // of the state whose CSCA issued it, two letters
	SignedAt time.Time // as the signer says; zero when it says nothing
	Listed   []int     // data groups in EF.SOD
}

// Reason is Why in one line.
func (r Result) Reason() string { return strings.Join(r.Why, "; ") }

func (r *Result) fail(c *Check, why string) {
	*c = Failed
	r.Why = append(r.Why, why)
}

// Verify does passive authentication of the data groups read (whole files, by
// number) against EF.SOD and the anchors; at is the time the signing is taken
// to be at where the signer does not tell. It never fails but in its result.
func Verify(sod []byte, dgs map[int][]byte, store *Store, at time.Time) Result {
	s, err := ParseSOD(sod)
	if err != nil {
		r := Result{Hashes: Unchecked, Signature: Unchecked, Anchor: Unchecked}
		r.fail(&r.Signature, err.Error())
		return r
	}
	return s.Verify(dgs, store, at)
}

// Verify is [Verify] of an EF.SOD that was parsed before.
func (s *SOD) Verify(dgs map[int][]byte, store *Store, at time.Time) Result {
	r := Result{Hashes: Unchecked, Signature: Unchecked, Anchor: Unchecked, Listed: s.DataGroups()}
	r.SignedAt = s.data.signer.signedAt
	r.Weak = s.hash == crypto.SHA1 || s.data.signer.alg.hash == crypto.SHA1 || s.data.signer.digest == crypto.SHA1
	s.checkHashes(&r, dgs)
	if store.Len() == 0 {
		r.Anchor = NoAnchors
	}
	signer, err := s.data.signerCert()
	if err != nil {
		r.fail(&r.Signature, err.Error())
		return r
	}
	r.Signer, r.Country = signer.subject.String(), signer.issuer.country()
	s.checkSignature(&r, signer, dgs[1], at)
	if store.Len() > 0 {
		store.checkChain(&r, signer, r.signingTime(at))
	}
	return r
}

func (r *Result) signingTime(at time.Time) time.Time {
	if r.SignedAt.IsZero() {
		return at
	}
	return r.SignedAt
}

func (s *SOD) checkHashes(r *Result, dgs map[int][]byte) {
	if len(dgs) == 0 {
		return
	}
	r.Hashes = OK
	for _, n := range slices.Sorted(maps.Keys(dgs)) {
		want, listed := s.hashes[n]
		if !listed {
			r.fail(&r.Hashes, fmt.Sprintf("DG%d is not in EF.SOD", n))
			continue
		}
		h := s.hash.New()
		h.Write(dgs[n])
		if subtle.ConstantTimeCompare(h.Sum(nil), want) != 1 {
			r.fail(&r.Hashes, fmt.Sprintf("DG%d is not what was signed", n))
		}
	}
}

// checkSignature is of the signature itself and of whether this signer may
// sign this document at all: by its certificate, its time and its state.
func (s *SOD) checkSignature(r *Result, signer *certificate, dg1 []byte, at time.Time) {
	r.Signature = OK
	if err := s.data.verify(signer); err != nil {
		r.fail(&r.Signature, "EF.SOD: "+err.Error())
	}
	if !signer.may(usageSignature) || signer.ca {
		r.fail(&r.Signature, "document signer's certificate is not for signing documents")
	}
	if len(signer.critical) > 0 {
		r.fail(&r.Signature, "document signer's certificate has a critical extension we do not know: "+signer.critical[0])
	}
	if r.SignedAt.After(at.Add(24 * time.Hour)) {
		r.fail(&r.Signature, "signed in the future")
	}
	if dg1 == nil {
		return
	}
	switch zone, err := lds.ParseDG1(dg1); {
	case err != nil:
		r.fail(&r.Signature, "DG1: "+err.Error())
	case !sameState(zone.Issuer, r.Country):
		r.fail(&r.Signature, fmt.Sprintf("signed by %q for a document of %q", r.Country, zone.Issuer))
	}
}

// checkChain looks for the anchor that issued the signer's certificate, by key
// identifier or name, and checks its signature and both validities at the time
// of signing.
func (s *Store) checkChain(r *Result, signer *certificate, at time.Time) {
	var reasons []string
	for _, a := range s.anchors {
		byKey := len(signer.issuerKeyID) > 0 && string(signer.issuerKeyID) == string(a.keyID)
		byName := signer.issuer.same(a.subject)
		if !byKey && !byName {
			continue
		}
		switch err := s.issuedBy(signer, a); {
		case err != nil:
			reasons = append(reasons, fmt.Sprintf("not signed by anchor %s: %v", a.subject, err))
		case !signer.validAt(at):
			reasons = append(reasons, "document signer's certificate was not valid when it signed")
		case !a.validAt(at):
			reasons = append(reasons, fmt.Sprintf("anchor %s was not valid at the time", a.subject))
		case signer.issuer.country() != a.subject.country():
			reasons = append(reasons, fmt.Sprintf("anchor %s is of another state", a.subject))
		default:
			r.Anchor = OK
			r.Weak = r.Weak || signer.alg.hash == crypto.SHA1
			return
		}
	}
	if len(reasons) == 0 {
		reasons = []string{fmt.Sprintf("no installed anchor is %s", signer.issuer)}
	}
	r.fail(&r.Anchor, strings.Join(reasons, "; "))
}
