package trust

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"tiepdan/drivers/card"
)

const (
	oidMasterList  = "2.23.136.1.1.2"
	maxStoreFile   = 16 << 20
	maxStoreAnchor = 10_000
)

// Store holds the trust anchors the deployer installed: CSCA certificates.
// Fill it, then share it; a nil Store holds none.
type Store struct {
	anchors []*certificate
	have    map[string]bool // raw certificates

	mu     sync.Mutex
	issued map[[sha256.Size]byte]bool // of signers and anchors, see issuedBy
}

// maxIssued bounds what is remembered: a state has a few document signers at a
// time, and each signs hundreds of thousands of cards.
const maxIssued = 256

// issuedBy checks the signature an anchor has put under a document signer's
// certificate, once for the two of them: it is the dearest check of all, and
// nearly every card of a day has the same signer. Only the mathematics are
// remembered; when either may be used is looked at each time.
func (s *Store) issuedBy(signer, anchor *certificate) error {
	key := sha256.Sum256(slices.Concat(signer.raw, anchor.raw))
	s.mu.Lock()
	known := s.issued[key]
	s.mu.Unlock()
	if known {
		return nil
	}
	if err := signer.signedBy(anchor); err != nil {
		return err // not remembered: forgeries are cheap to make
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.issued == nil || len(s.issued) >= maxIssued {
		s.issued = map[[sha256.Size]byte]bool{}
	}
	s.issued[key] = true
	return nil
}

// Refusal is a certificate or file that was not taken, and why: in its own words
// and by the kind of reason that others share.
type Refusal struct{ Source, Why, Kind string }

// Report says what loading came to.
type Report struct {
	Files   int
	Anchors int
	Refused []Refusal
}

func (r Report) String() string {
	return fmt.Sprintf("%d anchors from %d files, %d refused", r.Anchors, r.Files, len(r.Refused))
}

// Grouped is what was refused, one line a reason, the most frequent first.
func (r Report) Grouped() []string {
	sources := map[string][]string{}
	for _, refused := range r.Refused {
		sources[refused.Kind] = append(sources[refused.Kind], refused.Source)
	}
	kinds := slices.SortedFunc(maps.Keys(sources), func(a, b string) int {
		return cmp.Or(len(sources[b])-len(sources[a]), strings.Compare(a, b))
	})
	var lines []string
	for _, kind := range kinds {
		all := sources[kind]
		line := fmt.Sprintf("%d refused, %s: %s", len(all), kind, all[0])
		if len(all) > 1 {
			line += fmt.Sprintf(" and %d more", len(all)-1)
		}
		lines = append(lines, line)
	}
	return lines
}

var (
	errNotCA  = errors.New("not a certificate authority's certificate")
	errTooBig = errors.New("too much to be a trust store")
)

// Len is how many anchors are installed.
func (s *Store) Len() int {
	if s == nil {
		return 0
	}
	return len(s.anchors)
}

// Add installs one DER certificate as an anchor. It refuses what could never
// verify a document signer; what is there already is not added twice.
func (s *Store) Add(der []byte) error {
	c, err := parseCertificate(bytes.Clone(der))
	if err != nil {
		return err
	}
	switch {
	case c.keyErr != nil:
		return fmt.Errorf("%s: %w", c.subject, c.keyErr)
	case c.hasConstraints && !c.ca || !c.may(usageCertSign):
		return fmt.Errorf("%s: %w", c.subject, errNotCA)
	case len(c.critical) > 0:
		return fmt.Errorf("%s: %w: critical extension %s", c.subject, errUnsupported, c.critical[0])
	case len(s.anchors) >= maxStoreAnchor:
		return errTooBig
	}
	if c.subject.same(c.issuer) && (c.issuerKeyID == nil || bytes.Equal(c.keyID, c.issuerKeyID)) {
		// A broken self-signature is a broken file; it is no matter of trust. A
		// link certificate, signed by the state's last key, has two key identifiers.
		if err := c.signedBy(c); err != nil {
			return fmt.Errorf("%s: own signature: %w", c.subject, err)
		}
	}
	if s.have[string(c.raw)] {
		return nil
	}
	if s.have == nil {
		s.have = map[string]bool{}
	}
	s.have[string(c.raw)] = true
	s.anchors = append(s.anchors, c)
	return nil
}

// LoadDir makes a store of all the files in a directory: PEM, DER, and CMS
// master lists, told apart by content. A file that is none of these is in the
// report, not an error: the other anchors still count.
func LoadDir(dir string) (*Store, Report, error) {
	s, rep := &Store{}, Report{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return s, rep, fmt.Errorf("trust anchors: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, e.Name())) // through links
		if err != nil || info.Mode()&fs.ModeType != 0 {
			continue
		}
		rep.Files++
		if info.Size() > maxStoreFile {
			rep.refuse(e.Name(), errTooBig)
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			rep.refuse(e.Name(), err)
			continue
		}
		s.Load(e.Name(), b, &rep)
	}
	rep.Anchors = s.Len()
	return s, rep, nil
}

func (r *Report) refuse(source string, why error) {
	kind := "for another reason"
	for _, k := range []struct {
		is  error
		say string
	}{
		{errNotCA, "no certificate authority"},
		{errTooBig, "too large"},
		{errSignature, "a signature that does not verify"},
		{errUnsupported, "an algorithm, curve or extension we do not do"},
		{card.ErrMalformed, "not to be understood"},
	} {
		if errors.Is(why, k.is) {
			kind = k.say
			break
		}
	}
	r.Refused = append(r.Refused, Refusal{source, why.Error(), kind})
}

// Load installs the anchors of one file, whatever its kind, and notes in the
// report what it refused.
func (s *Store) Load(source string, b []byte, rep *Report) {
	defer func() { rep.Anchors = s.Len() }()
	if !bytes.Contains(b, []byte("-----BEGIN ")) {
		s.loadDER(source, b, rep)
		return
	}
	for n := 1; ; n++ {
		block, rest := pem.Decode(b)
		if block == nil {
			if n == 1 {
				rep.refuse(source, malformed("PEM"))
			}
			return
		}
		s.loadDER(fmt.Sprintf("%s, part %d", source, n), block.Bytes, rep)
		b = rest
	}
}

func (s *Store) loadDER(source string, b []byte, rep *Report) {
	outer, err := card.ParseOneTLV(b, card.TagSequence)
	if err != nil {
		rep.refuse(source, fmt.Errorf("neither PEM, DER nor CMS: %w", err))
		return
	}
	first, _, err := card.ParseTLV(outer.Value)
	if err == nil && first.Tag == card.TagOID {
		err = s.loadMasterList(source, b, rep)
	} else {
		err = s.Add(b)
	}
	if err != nil {
		rep.refuse(source, err)
	}
}

// loadMasterList installs what a CSCA master list holds (Doc 9303-12 §9). Its
// signature must verify, which shows that the file is whole; that its signer
// may be believed is what the deployer says by installing it.
func (s *Store) loadMasterList(source string, b []byte, rep *Report) error {
	d, err := parseSignedData(b)
	if err != nil {
		return err
	}
	if d.contentType != oidMasterList {
		return fmt.Errorf("%w: CMS content %s is no master list", errUnsupported, d.contentType)
	}
	cert, err := d.signerCert()
	if err != nil {
		return err
	}
	if err := d.verify(cert); err != nil {
		return fmt.Errorf("master list: %w", err)
	}
	body, err := card.ParseOneTLV(d.content, card.TagSequence)
	if err != nil {
		return err
	}
	list, ok := body.Find(card.TagSet)
	if !ok {
		return malformed("master list without certificates")
	}
	all, err := list.Children()
	if err != nil {
		return err
	}
	for i, c := range all {
		if err := s.Add(c.Raw); err != nil {
			rep.refuse(fmt.Sprintf("%s, certificate %d", source, i+1), err)
		}
	}
	return nil
}
