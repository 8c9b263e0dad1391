package cardsim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" // BAC is two-key triple DES (Doc 9303-11 §9.7.1)
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
)

// The chip has its own key derivation, ciphers and MACs, so that a slip in the
// reader's cannot cancel out against itself.

// A suite is a cipher of secure messaging: the last arc of the object
// identifiers of PACE and CA (Doc 9303-11 §9.2.1, §9.2.7), and the sizes.
type suite struct {
	arc   byte
	key   int // bytes
	block int
}

var (
	suite3DES   = suite{1, 16, des.BlockSize}
	suiteAES128 = suite{2, 16, aes.BlockSize}
	suiteAES192 = suite{3, 24, aes.BlockSize}
	suiteAES256 = suite{4, 32, aes.BlockSize}

	suites = []suite{suite3DES, suiteAES128, suiteAES192, suiteAES256}
)

// What a derived key is for (Doc 9303-11 §9.7.1).
const (
	forEnc  = 1
	forMAC  = 2
	forPACE = 3
)

// kdf derives a key from a shared secret.
func (s suite) kdf(secret []byte, purpose uint32) []byte {
	seed := binary.BigEndian.AppendUint32(bytes.Clone(secret), purpose)
	if s.key > 16 {
		h := sha256.Sum256(seed)
		return h[:s.key]
	}
	h := sha1.Sum(seed)
	key := h[:s.key]
	if s.block == des.BlockSize {
		for i, b := range key { // odd parity; no cipher looks at it, the examples do
			ones := byte(0)
			for v := b >> 1; v != 0; v >>= 1 {
				ones ^= v & 1
			}
			key[i] = b&0xFE | ones ^ 1
		}
	}
	return key
}

// cipher panics on a key of a wrong length: kdf makes them.
func (s suite) cipher(key []byte) cipher.Block {
	var b cipher.Block
	var err error
	if s.block == des.BlockSize {
		b, err = des.NewTripleDESCipher(append(bytes.Clone(key), key[:8]...))
	} else {
		b, err = aes.NewCipher(key)
	}
	if err != nil {
		panic(err)
	}
	return b
}

// cbc encrypts whole blocks; a nil iv is zeros.
func (s suite) encrypt(key, iv, plain []byte) []byte {
	out := bytes.Clone(plain)
	cipher.NewCBCEncrypter(s.cipher(key), s.iv(iv)).CryptBlocks(out, plain)
	return out
}

func (s suite) decrypt(key, iv, text []byte) []byte {
	out := bytes.Clone(text)
	cipher.NewCBCDecrypter(s.cipher(key), s.iv(iv)).CryptBlocks(out, text)
	return out
}

func (s suite) iv(iv []byte) []byte {
	if iv == nil {
		return make([]byte, s.block)
	}
	return iv
}

// mac is eight bytes over msg: for triple DES MAC algorithm 3 of ISO/IEC 9797-1
// (whole blocks only, the caller pads), for AES CMAC of any length.
func (s suite) mac(key, msg []byte) []byte {
	if s.block == des.BlockSize {
		return retailMAC(key, msg)
	}
	return cmac(s.cipher(key), msg)[:8]
}

// token is the authentication token of PACE (Doc 9303-11 §4.4.3.4).
func (s suite) token(key, msg []byte) []byte {
	if s.block == des.BlockSize {
		msg = pad(msg, s.block)
	}
	return s.mac(key, msg)
}

// pad is padding method 2 of ISO/IEC 9797-1.
func pad(b []byte, block int) []byte {
	b = append(bytes.Clone(b), 0x80)
	return append(b, make([]byte, (block-len(b)%block)%block)...)
}

func unpad(b []byte) ([]byte, bool) {
	end := len(bytes.TrimRight(b, "\x00")) - 1
	if end < 0 || b[end] != 0x80 {
		return nil, false
	}
	return b[:end], true
}

func retailMAC(key, msg []byte) []byte {
	left, err := des.NewCipher(key[:8])
	if err != nil {
		panic(err)
	}
	right, err := des.NewCipher(key[8:16])
	if err != nil {
		panic(err)
	}
	mac := make([]byte, 8)
	for ; len(msg) > 0; msg = msg[8:] {
		xor(mac, msg[:8])
		left.Encrypt(mac, mac)
	}
	right.Decrypt(mac, mac)
	left.Encrypt(mac, mac)
	return mac
}

// cmac is NIST SP 800-38B for a block of 16 bytes.
func cmac(c cipher.Block, msg []byte) []byte {
	sub := make([]byte, 16)
	c.Encrypt(sub, sub)
	double(sub)
	last := make([]byte, 16)
	full := max(0, (len(msg)-1)/16) * 16
	if n := copy(last, msg[full:]); n < 16 {
		double(sub)
		last[n] = 0x80
	}
	xor(last, sub)
	mac := make([]byte, 16)
	for msg := msg[:full]; len(msg) > 0; msg = msg[16:] {
		xor(mac, msg[:16])
		c.Encrypt(mac, mac)
	}
	xor(mac, last)
	c.Encrypt(mac, mac)
	return mac
}

// double multiplies by x in GF(2^128).
func double(b []byte) {
	carry := b[0] >> 7
	for i := range b {
		b[i] <<= 1
		if i+1 < len(b) {
			b[i] |= b[i+1] >> 7
		}
	}
	b[15] ^= carry * 0x87
}

func xor(dst, src []byte) {
	for i, b := range src {
		dst[i] ^= b
	}
}
