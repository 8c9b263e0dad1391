package card

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/sha1"
	"crypto/sha256"
)

// A suite is a cipher with its key length and hash, as Doc 9303-11 §9.7 pairs
// them for key derivation, encryption and MAC.
type suite struct {
	name   string
	keyLen int
	block  int // of the cipher; also the length of the send sequence counter
	new    func(key []byte) (cipher.Block, error)
	mac    func(key, message []byte) []byte // of a message already padded to whole blocks
	sha256 bool                             // keys derived with SHA-256 instead of SHA-1
}

var (
	tripleDES = suite{"3DES", 16, des.BlockSize, newTripleDES, retailMAC, false}
	aes128    = suite{"AES-128", 16, aes.BlockSize, aes.NewCipher, shortCMAC, false}
	aes192    = suite{"AES-192", 24, aes.BlockSize, aes.NewCipher, shortCMAC, true}
	aes256    = suite{"AES-256", 32, aes.BlockSize, aes.NewCipher, shortCMAC, true}
)

// What a key is derived for (Doc 9303-11 §9.7.1).
const (
	forEncryption = 1
	forMAC        = 2
	forPassword   = 3
)

// derive is the key derivation function: hash(secret ‖ counter), cut to length.
func (s suite) derive(secret []byte, counter byte) []byte {
	in := append(append(make([]byte, 0, len(secret)+4), secret...), 0, 0, 0, counter)
	var key []byte
	if s.sha256 {
		h := sha256.Sum256(in)
		key = h[:s.keyLen]
	} else {
		h := sha1.Sum(in)
		key = h[:s.keyLen]
	}
	if s.block == des.BlockSize {
		for i, b := range key {
			key[i] = oddParity(b)
		}
	}
	clear(in)
	return key
}

func oddParity(b byte) byte {
	p := b ^ b>>4
	p ^= p >> 2
	p ^= p >> 1
	// p's last bit is the parity of all eight: flip the last bit of b when even.
	return b ^ (^p & 1)
}

// encrypt and decrypt are CBC over whole blocks. Key lengths come from the
// table, so a cipher that refuses its key is a bug.
func (s suite) encrypt(key, iv, plain []byte) []byte {
	out := make([]byte, len(plain))
	cipher.NewCBCEncrypter(s.cipher(key), iv).CryptBlocks(out, plain)
	return out
}

func (s suite) decrypt(key, iv, text []byte) []byte {
	out := make([]byte, len(text))
	cipher.NewCBCDecrypter(s.cipher(key), iv).CryptBlocks(out, text)
	return out
}

func (s suite) cipher(key []byte) cipher.Block {
	b, err := s.new(key)
	if err != nil {
		panic("card: " + s.name + ": " + err.Error())
	}
	return b
}

func (s suite) zeroIV() []byte { return make([]byte, s.block) }

// tokenMAC is the MAC of PACE's authentication token. CMAC pads by itself;
// the retail MAC wants the padding of ISO/IEC 9797-1 method 2.
func (s suite) tokenMAC(key, message []byte) []byte {
	if s.block == des.BlockSize {
		message = pad(message, s.block)
	}
	return s.mac(key, message)
}

// pad appends 80 and zeros up to a whole block (ISO/IEC 9797-1 method 2). The
// result never shares memory with b.
func pad(b []byte, block int) []byte {
	out := make([]byte, (len(b)/block+1)*block)
	copy(out, b)
	out[len(b)] = 0x80
	return out
}

func unpad(b []byte) ([]byte, bool) {
	for i := len(b) - 1; i >= 0; i-- {
		switch b[i] {
		case 0x80:
			return b[:i:i], true
		case 0:
		default:
			return nil, false
		}
	}
	return nil, false
}

func newTripleDES(key []byte) (cipher.Block, error) {
	three := append(append(make([]byte, 0, 24), key...), key[:8]...)
	return des.NewTripleDESCipher(three) // 2-key: K1 K2 K1
}

// retailMAC is ISO/IEC 9797-1 algorithm 3 with DES, over whole blocks.
func retailMAC(key, message []byte) []byte {
	k1, err1 := des.NewCipher(key[:8])
	k2, err2 := des.NewCipher(key[8:16])
	if err1 != nil || err2 != nil {
		panic("card: retail MAC with a key of the wrong length")
	}
	h := make([]byte, des.BlockSize)
	for ; len(message) >= des.BlockSize; message = message[des.BlockSize:] {
		xor(h, message)
		k1.Encrypt(h, h)
	}
	k2.Decrypt(h, h)
	k1.Encrypt(h, h)
	return h
}

// shortCMAC is AES-CMAC (NIST SP 800-38B, RFC 4493) cut to the eight bytes
// Doc 9303-11 §9.8.5 uses.
func shortCMAC(key, message []byte) []byte { return cmac(key, message)[:8] }

func cmac(key, message []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("card: CMAC: " + err.Error())
	}
	sub := make([]byte, aes.BlockSize)
	block.Encrypt(sub, sub)
	double(sub)
	h := make([]byte, aes.BlockSize)
	for len(message) > aes.BlockSize {
		xor(h, message[:aes.BlockSize])
		block.Encrypt(h, h)
		message = message[aes.BlockSize:]
	}
	if len(message) < aes.BlockSize {
		message = pad(message, aes.BlockSize)
		double(sub)
	}
	xor(h, message)
	xor(h, sub)
	block.Encrypt(h, h)
	return h
}

// double multiplies by x in GF(2^128).
func double(b []byte) {
	carry := b[0] >> 7
	for i := range b[:len(b)-1] {
		b[i] = b[i]<<1 | b[i+1]>>7
	}
	b[len(b)-1] = b[len(b)-1]<<1 ^ carry*0x87
}

func xor(dst, src []byte) {
	for i := range dst {
		dst[i] ^= src[i]
	}
}
