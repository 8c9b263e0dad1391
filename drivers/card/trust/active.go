package trust

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/lds"
)

// oidActiveAuthentication is id-icao-mrtd-security-aaProtocolObject: it names
// the hash of ECDSA in EF.DG14 (Doc 9303-11 §9.2.8).
const oidActiveAuthentication = "2.23.136.1.1.5"

// An ActiveKey is the public key of EF.DG15, whose private half never leaves
// the chip (Doc 9303-11 §6.1).
type ActiveKey struct {
	rsa *rsa.PublicKey
	ec  *ecdsa.PublicKey
}

// ParseActiveKey reads EF.DG15. It wraps [card.ErrUnsupported] for a sound key
// of a kind we cannot check signatures with.
func ParseActiveKey(dg15 []byte) (*ActiveKey, error) {
	content, err := lds.Content(15, dg15)
	if err != nil {
		return nil, err
	}
	info, err := card.ParseOneTLV(content, card.TagSequence)
	if err != nil {
		return nil, fmt.Errorf("DG15: %w", err)
	}
	key, err := parsePublicKey(info)
	if err != nil {
		return nil, fmt.Errorf("DG15: %w", err)
	}
	switch k := key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits%8 != 0 || bits < 1024 || k.E < 3 || k.E&1 == 0 || k.N.Bit(0) == 0 {
			return nil, fmt.Errorf("DG15: %w: RSA key of %d bits with exponent %d", errUnsupported, bits, k.E)
		}
		return &ActiveKey{rsa: k}, nil
	case *ecdsa.PublicKey:
		return &ActiveKey{ec: k}, nil
	}
	return nil, fmt.Errorf("DG15: %w: kind of key", errUnsupported)
}

// Size is how long a signature with this key can be: of RSA exactly the
// modulus, of ECDSA at most its DER form.
func (k *ActiveKey) Size() int {
	if k.rsa != nil {
		return k.rsa.Size()
	}
	const der = 2 + 1 + 2*(2+1) // SEQUENCE, two INTEGERs with a zero in front
	return der + 2*orderSize(k.ec)
}

func orderSize(k *ecdsa.PublicKey) int { return (k.Params().N.BitLen() + 7) / 8 }

// Verify checks the chip's answer to a challenge. dg14, which may be nil, names
// the hash of ECDSA.
func (k *ActiveKey) Verify(dg14, challenge, response []byte) error {
	if k.rsa != nil {
		return verifyISO9796(k.rsa, crypto.SHA1, challenge, response)
	}
	return k.verifyECDSA(activeHashes(dg14, orderSize(k.ec)), challenge, response)
}

// verifyECDSA takes r and s side by side (TR-03111 §5.2.1), which Doc 9303 asks
// for, and the DER form that chips answer with all the same.
func (k *ActiveKey) verifyECDSA(hashes []crypto.Hash, challenge, response []byte) error {
	if len(hashes) == 0 {
		return fmt.Errorf("%w: hash of active authentication", errUnsupported)
	}
	var err error
	for _, h := range hashes {
		for _, form := range []scheme{ecdsaPlain, ecdsaDER} {
			if err = (algorithm{scheme: form, hash: h}).verify(k.ec, challenge, response); err == nil {
				return nil
			}
		}
	}
	return errSignature
}

// activeHashes are those the signature may be made with: the one EF.DG14 names
// or, on chips whose EF.DG14 does not say, what fits the key and the two most
// used.
func activeHashes(dg14 []byte, size int) []crypto.Hash {
	if content, err := lds.Content(14, dg14); err == nil {
		infos, err := card.ParseSecurityInfos(content)
		for _, info := range infos {
			if err != nil || info.OID != oidActiveAuthentication {
				continue
			}
			oid, err := info.Optional.OID()
			s, known := signatures[oid]
			if err != nil || !known || s.hash == 0 || s.scheme != ecdsaPlain && s.scheme != ecdsaDER {
				return nil
			}
			return []crypto.Hash{s.hash}
		}
	}
	fits := crypto.SHA512
	for _, h := range []crypto.Hash{crypto.SHA384, crypto.SHA256, crypto.SHA224} {
		if size <= h.Size() {
			fits = h
		}
	}
	all := []crypto.Hash{fits, crypto.SHA256, crypto.SHA1}
	return slices.Compact(all)
}

// Trailers of ISO/IEC 9796-2 that name their hash, by its number in ISO/IEC
// 10118-3; CC follows. The trailer BC alone leaves the hash to agreement.
var trailers = map[byte]crypto.Hash{
	0x33: crypto.SHA1,
	0x34: crypto.SHA256,
	0x35: crypto.SHA512,
	0x36: crypto.SHA384,
	0x38: crypto.SHA224,
}

// verifyISO9796 checks a signature of ISO/IEC 9796-2 digital signature scheme 1
// over M1 ‖ challenge, where M1 is the chip's own and comes out of the
// signature (Doc 9303-11 §6.1.2.1). One that holds all of the message itself
// must end in the challenge. agreed is the hash of the trailer BC: SHA-1, says
// Doc 9303.
func verifyISO9796(key *rsa.PublicKey, agreed crypto.Hash, challenge, sig []byte) error {
	m, err := openISO9796(key, agreed, sig)
	if err != nil {
		return fmt.Errorf("%w: %w", errSignature, err)
	}
	message := slices.Concat(m.recovered, challenge)
	if m.total {
		if !bytes.HasSuffix(m.recovered, challenge) {
			return fmt.Errorf("%w: it is of another challenge", errSignature)
		}
		message = m.recovered
	}
	h := m.hash.New()
	h.Write(message)
	if subtle.ConstantTimeCompare(h.Sum(nil), m.digest) != 1 {
		return errSignature
	}
	return nil
}

// recoverable is what an ISO/IEC 9796-2 signature holds.
type recoverable struct {
	total     bool // recovered is the whole message
	recovered []byte
	digest    []byte
	hash      crypto.Hash
}

var errISO9796 = errors.New("not in the form of ISO/IEC 9796-2")

// openISO9796 recovers the message representative (ISO/IEC 9796-2 §9): header
// 01, more data or not, padding up to a nibble A; the message; its hash; the
// trailer, which ends in C. Of s and n − s the signer takes the smaller.
func openISO9796(key *rsa.PublicKey, agreed crypto.Hash, sig []byte) (recoverable, error) {
	fail := func(why string) (recoverable, error) { return recoverable{}, fmt.Errorf("%w: %s", errISO9796, why) }
	if len(sig) != key.Size() {
		return fail(fmt.Sprintf("%d bytes, want %d", len(sig), key.Size()))
	}
	s := new(big.Int).SetBytes(sig)
	if s.Cmp(key.N) >= 0 {
		return fail("not below the modulus")
	}
	j := new(big.Int).Exp(s, big.NewInt(int64(key.E)), key.N)
	if j.Bit(0) != 0 || j.Bit(1) != 0 { // the last nibble of a representative is C; that of n − J is not
		j.Sub(key.N, j)
	}
	b := j.FillBytes(make([]byte, key.Size()))
	var m recoverable
	switch trailer := b[len(b)-1]; trailer {
	case 0xBC:
		m.hash, b = agreed, b[:len(b)-1]
	case 0xCC:
		hash, ok := trailers[b[len(b)-2]]
		if !ok {
			return fail(fmt.Sprintf("trailer %02XCC", b[len(b)-2]))
		}
		m.hash, b = hash, b[:len(b)-2]
	default:
		return fail("no trailer")
	}
	start, total, ok := iso9796Header(b)
	if !ok {
		return fail("header")
	}
	end := len(b) - m.hash.Size()
	if end < start {
		return fail("no room for the hash")
	}
	m.total, m.recovered, m.digest = total, b[start:end], b[end:]
	return m, nil
}

// iso9796Header reads the padding in front: 6A, or 4A for a message that is
// all there, and between its nibbles as many B as fill the room.
func iso9796Header(b []byte) (size int, total, ok bool) {
	if len(b) == 0 || b[0]>>4 != 4 && b[0]>>4 != 6 {
		return 0, false, false
	}
	total = b[0]>>4 == 4
	if b[0]&0x0F == 0x0A {
		return 1, total, true
	}
	if b[0]&0x0F != 0x0B {
		return 0, false, false
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case 0xBB:
		case 0xBA:
			return i + 1, total, true
		default:
			return 0, false, false
		}
	}
	return 0, false, false
}
