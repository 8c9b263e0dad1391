package card

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"strings"
)

// Password references of PACE (Doc 9303-11 §4.4.4.1).
const (
	passwordMRZ = 1
	passwordCAN = 2
)

var errKey = errors.New("card: not a usable access key")

// Valid tells whether the key could open a chip at all, so that a slip of the
// keyboard costs the card no try.
func (k Key) Valid() error {
	if (k.CAN != "") == (k.MRZ != nil) {
		return fmt.Errorf("%w: want either CAN or MRZ", errKey)
	}
	if k.MRZ != nil {
		return k.MRZ.valid()
	}
	if len(k.CAN) != 6 || !digits(k.CAN) {
		return fmt.Errorf("%w: a CAN has six digits", errKey)
	}
	return nil
}

func (k MRZKey) valid() error {
	if len(k.Birth) != 6 || len(k.Expiry) != 6 || k.Number == "" || len(k.Number) > 24 {
		return fmt.Errorf("%w: MRZ fields have wrong lengths", errKey)
	}
	for _, r := range k.Number + k.Birth + k.Expiry {
		if _, ok := mrzValue(byte(r)); r > 0x7F || !ok {
			return fmt.Errorf("%w: character that no MRZ has", errKey)
		}
	}
	return nil
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// password is what PACE derives its first key from: the digits of the CAN, or
// the hash of the MRZ fields with their check digits.
func (k Key) password() (secret []byte, reference byte) {
	if k.MRZ == nil {
		return []byte(k.CAN), passwordCAN
	}
	h := k.MRZ.hash()
	return h[:], passwordMRZ
}

// seed is BAC's K_seed (§9.7.2).
func (k MRZKey) seed() []byte {
	h := k.hash()
	return h[:16]
}

func (k MRZKey) hash() [sha1.Size]byte {
	var b []byte
	for _, field := range []string{k.Number + strings.Repeat("<", max(0, 9-len(k.Number))), k.Birth, k.Expiry} {
		cd, _ := CheckDigit(field)
		b = append(append(b, field...), cd)
	}
	defer clear(b)
	return sha1.Sum(b)
}

// CheckDigit is the check digit of a field of the machine readable zone
// (Doc 9303-3 §4.9); ok is false when a character has no place in one.
func CheckDigit(field string) (digit byte, ok bool) {
	sum := 0
	for i := range len(field) {
		v, ok := mrzValue(field[i])
		if !ok {
			return 0, false
		}
		sum += v * [3]int{7, 3, 1}[i%3]
	}
	return '0' + byte(sum%10), true
}

func mrzValue(c byte) (int, bool) {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0'), true
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10, true
	case c == '<':
		return 0, true
	}
	return 0, false
}
