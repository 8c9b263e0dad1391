package cardsim

import (
	"crypto"
	_ "crypto/sha1" // what the first documents were signed with
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tiepdan/drivers/card"
)

// A Profile is what a chip can do and how it was issued, among all that Doc 9303
// allows. The zero value is the card in the field in Vietnam.
type Profile struct {
	PACE   []PACEOffer // nil: AES-128 over brainpoolP256r1; empty: none, so that only BAC is left
	NoBAC  bool        // no way in but PACE
	Nonce  int         // bytes of PACE's nonce, 16 or 32; 0 is 16
	CA     []CAKey     // nil: AES-128 over brainpoolP256r1; empty: none
	AA     *AAKey      // nil: ECDSA over brainpoolP256r1; its zero value: none
	Signer Signer      // of EF.SOD

	// The longest APDUs each way, announced in EF.ATR/INFO and insisted on; 0
	// says nothing.
	MaxCommand, MaxResponse int
}

// A PACEOffer is one PACE the chip can do: generic mapping over ECDH.
type PACEOffer struct {
	Suite    int  // last arc of its identifier: 1 triple DES, 2, 3, 4 AES-128, 192, 256
	Curve    int  // standardised domain parameters, 13 is brainpoolP256r1
	Explicit bool // the parameters are written out, under a number of the chip's own
}

// A CAKey is one static key of chip authentication. Of several each has a
// number, from 1.
type CAKey struct {
	Suite, Curve int  // as of a PACEOffer
	Explicit     bool // the parameters are written out
}

// An AAKey is the key of active authentication: RSA of so many bits with the
// trailer that names its hash, or ECDSA.
type AAKey struct {
	RSA     int
	Trailer uint16 // of ISO/IEC 9796-2: 0xBC, or 0x33CC to 0x38CC
	Curve   int
	Hash    crypto.Hash // of ECDSA
	DER     bool        // instead of r and s side by side
}

// A Signer is the document signer's kind of key. The zero value is ECDSA with
// SHA-256 over brainpoolP256r1.
type Signer struct {
	RSA   int // bits
	PSS   bool
	Curve int
	Hash  crypto.Hash // of the signature and of the data groups
	Old   bool        // no attributes are signed, but the content itself
}

// complete fills in what the field has.
func (p Profile) complete() Profile {
	if p.PACE == nil {
		p.PACE = []PACEOffer{{Suite: 2, Curve: 13}}
	}
	if p.CA == nil {
		p.CA = []CAKey{{Suite: 2, Curve: 13}}
	}
	if p.AA == nil {
		p.AA = &AAKey{Curve: 13, Hash: crypto.SHA256}
	}
	if p.Nonce == 0 {
		p.Nonce = 16
	}
	if p.Signer.Curve == 0 {
		p.Signer.Curve = 13
	}
	if p.Signer.Hash == 0 {
		p.Signer.Hash = crypto.SHA256
	}
	return p
}

// A ProfileWords is a Profile as a command line has it; empty words leave what
// the field has.
type ProfileWords struct {
	PACE   string // "aes128/brainpoolP256r1", several with commas, "/explicit" after it; or "none"
	Access string // "pace", "bac" or both
	Nonce  int
	CA     string // as PACE
	AA     string // "rsa2048/34cc", "ecdsa/P-256/sha256", "ecdsa/P-256/sha256/der" or "none"
	SOD    string // "rsa2048/sha256", "pss2048/sha256", "ecdsa/P-384/sha384", "/old" after it
	Max    int    // bytes of an APDU, each way
}

// ParseProfile reads them. Its error says what there is.
func ParseProfile(w ProfileWords) (p Profile, err error) {
	switch w.Access {
	case "", "both":
	case "pace":
		p.NoBAC = true
	case "bac":
		w.PACE = "none"
	default:
		return p, fmt.Errorf("access %q: pace, bac or both", w.Access)
	}
	if w.PACE != "" {
		p.PACE = []PACEOffer{}
		err = eachKey(w.PACE, func(suite, curve int, explicit bool) {
			p.PACE = append(p.PACE, PACEOffer{suite, curve, explicit})
		})
		if err != nil {
			return p, fmt.Errorf("PACE: %w", err)
		}
	}
	if len(w.PACE) > 0 && len(p.PACE) == 0 && p.NoBAC {
		return p, fmt.Errorf("access pace without any PACE leaves no way in")
	}
	if w.CA != "" {
		p.CA = []CAKey{}
		err = eachKey(w.CA, func(suite, curve int, explicit bool) { p.CA = append(p.CA, CAKey{suite, curve, explicit}) })
		if err != nil {
			return p, fmt.Errorf("chip authentication: %w", err)
		}
	}
	if p.AA, err = parseAA(w.AA); err != nil {
		return p, fmt.Errorf("active authentication: %w", err)
	}
	if p.Signer, err = parseSigner(w.SOD); err != nil {
		return p, fmt.Errorf("document signer: %w", err)
	}
	if w.Nonce != 0 && w.Nonce != 16 && w.Nonce != 32 {
		return p, fmt.Errorf("nonce of %d bytes: 16 or 32", w.Nonce)
	}
	if w.Max != 0 && (w.Max < 258 || w.Max > 65535) {
		return p, fmt.Errorf("APDUs of at most %d bytes: 258 to 65535", w.Max)
	}
	p.Nonce, p.MaxCommand, p.MaxResponse = w.Nonce, w.Max, w.Max
	return p, nil
}

var suiteNames = []string{"3des", "aes128", "aes192", "aes256"} // by last arc, from 1

// eachKey takes a list such as "aes128/brainpoolP256r1,3des/P-256/explicit" apart.
func eachKey(list string, each func(suite, curve int, explicit bool)) error {
	if list == "none" {
		return nil
	}
	for word := range strings.SplitSeq(list, ",") {
		parts := strings.Split(word, "/")
		explicit := len(parts) == 3 && parts[2] == "explicit"
		if len(parts) != 2 && !explicit {
			return fmt.Errorf("%q: want CIPHER/CURVE or CIPHER/CURVE/explicit", word)
		}
		suite := slices.Index(suiteNames, strings.ToLower(parts[0])) + 1
		if suite == 0 {
			return fmt.Errorf("no cipher %q: there are %s", parts[0], strings.Join(suiteNames, ", "))
		}
		curve, err := curveNamed(parts[1])
		if err != nil {
			return err
		}
		each(suite, curve.ID, explicit)
	}
	return nil
}

func curveNamed(name string) (card.Curve, error) {
	var names []string
	for id := range 32 {
		c, ok := card.CurveByID(id)
		if !ok {
			continue
		}
		if strings.EqualFold(c.Name, name) {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return card.Curve{}, fmt.Errorf("no curve %q: there are %s", name, strings.Join(names, ", "))
}

var hashNames = map[string]crypto.Hash{
	"sha1": crypto.SHA1, "sha224": crypto.SHA224, "sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512,
}

func hashNamed(name string) (crypto.Hash, error) {
	h, ok := hashNames[strings.ToLower(name)]
	if !ok {
		return 0, fmt.Errorf("no hash %q: there are sha1, sha224, sha256, sha384, sha512", name)
	}
	return h, nil
}

func rsaBits(word, prefix string) (int, error) {
	bits, err := strconv.Atoi(strings.TrimPrefix(word, prefix))
	if _, known := rsaKeys[bits]; err != nil || !known {
		return 0, fmt.Errorf("no RSA key of %q: there are 1024, 1280, 2048, 3072, 4096 bits", word)
	}
	return bits, nil
}

func parseAA(word string) (*AAKey, error) {
	parts := strings.Split(strings.ToLower(word), "/")
	switch {
	case word == "":
		return nil, nil
	case word == "none":
		return new(AAKey), nil
	case strings.HasPrefix(parts[0], "rsa") && len(parts) == 2:
		bits, err := rsaBits(parts[0], "rsa")
		if err != nil {
			return nil, err
		}
		trailer, err := strconv.ParseUint(parts[1], 16, 16)
		if _, known := trailerHashes[uint16(trailer)]; err != nil || !known {
			return nil, fmt.Errorf("no trailer %q: there are bc, 33cc, 34cc, 35cc, 36cc, 38cc", parts[1])
		}
		return &AAKey{RSA: bits, Trailer: uint16(trailer)}, nil
	case parts[0] == "ecdsa" && (len(parts) == 3 || len(parts) == 4 && parts[3] == "der"):
		curve, err := curveNamed(parts[1])
		if err != nil {
			return nil, err
		}
		hash, err := hashNamed(parts[2])
		return &AAKey{Curve: curve.ID, Hash: hash, DER: len(parts) == 4}, err
	}
	return nil, fmt.Errorf("%q: want rsaBITS/TRAILER, ecdsa/CURVE/HASH, ecdsa/CURVE/HASH/der or none", word)
}

func parseSigner(word string) (s Signer, err error) {
	if word == "" {
		return s, nil
	}
	word, s.Old = strings.CutSuffix(strings.ToLower(word), "/old")
	parts := strings.Split(word, "/")
	hash := parts[len(parts)-1]
	switch {
	case len(parts) == 2 && strings.HasPrefix(parts[0], "rsa"):
		s.RSA, err = rsaBits(parts[0], "rsa")
	case len(parts) == 2 && strings.HasPrefix(parts[0], "pss"):
		s.PSS = true
		s.RSA, err = rsaBits(parts[0], "pss")
	case len(parts) == 3 && parts[0] == "ecdsa":
		var curve card.Curve
		curve, err = curveNamed(parts[1])
		s.Curve = curve.ID
	default:
		return s, fmt.Errorf("%q: want rsaBITS/HASH, pssBITS/HASH or ecdsa/CURVE/HASH", word)
	}
	if err != nil {
		return s, err
	}
	s.Hash, err = hashNamed(hash)
	return s, err
}
