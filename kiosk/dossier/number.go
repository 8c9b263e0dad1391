package dossier

import (
	"errors"
	"io"
	"regexp"
	"strings"
)

const (
	numberLength = 12
	// qrPrefix makes the QR text of a slip ours: upper case and a colon stay in
	// the alphanumeric mode of QR codes, which is the small one.
	qrPrefix = "TIEPDAN:"
)

// ErrReceiptNumber says that a text is no receipt number: a wrong length or
// letter, or a check character that doesn't agree (somebody mistyped).
var ErrReceiptNumber = errors.New("not a receipt number")

// NewReceiptNumber draws a number: 55 random bits, so that holding one number
// tells nothing of any other, and the check character.
func NewReceiptNumber(rand io.Reader) (ReceiptNumber, error) {
	body, err := RandomCrockford(rand, numberLength-1)
	if err != nil {
		return "", err
	}
	return ReceiptNumber(body + string(alphabet[checkValue(body)])), nil
}

// ParseReceiptNumber reads a number as typed (see [ParseCrockford]) or as the
// QR code of a slip holds it, and returns its canonical form. The error is
// [ErrReceiptNumber] and never repeats what was typed.
func ParseReceiptNumber(s string) (ReceiptNumber, error) {
	s = strings.TrimSpace(s)
	if len(s) > len(qrPrefix) && strings.EqualFold(s[:len(qrPrefix)], qrPrefix) {
		s = s[len(qrPrefix):]
	}
	c, err := ParseCrockford(s, numberLength)
	if err != nil || !ReceiptNumber(c).Valid() {
		return "", ErrReceiptNumber
	}
	return ReceiptNumber(c), nil
}

// Valid reports whether r is canonical and its check character agrees.
func (r ReceiptNumber) Valid() bool {
	if len(r) != numberLength {
		return false
	}
	for i := range len(r) {
		if strings.IndexByte(alphabet, r[i]) < 0 {
			return false
		}
	}
	return r[numberLength-1] == alphabet[checkValue(string(r[:numberLength-1]))]
}

// Grouped is the number as people read it: K7QD-3M9X-V2TA.
func (r ReceiptNumber) Grouped() string { return grouped(string(r), 4) }

// QR is the text of the number's QR code, which [ParseReceiptNumber] reads.
func (r ReceiptNumber) QR() string { return qrPrefix + string(r) }

// checkValue is the check character's value: the sum of the characters, each
// times its own power of x, in GF(2⁵) modulo x⁵+x²+1 (one check symbol of a
// Reed–Solomon code). The powers are distinct and not zero for up to 31
// characters, so every wrong character, every exchange of two (neighbours or
// not) and every pair wrong in the same way (11 for 22) is caught. The ISO 7064
// hybrid for 32 letters (MOD 33,32) misses some exchanges of neighbours.
func checkValue(body string) byte {
	var sum byte
	for i := range len(body) { // Horner: sum = Σ value(i)·x^(len-i)
		sum = timesX(sum ^ byte(strings.IndexByte(alphabet, body[i])))
	}
	return sum
}

func timesX(a byte) byte {
	a <<= 1
	if a&32 != 0 {
		a ^= 0b100101
	}
	return a
}

// One-Stop's own numbers: <agency id>-<yyMMdd>-<seq of at least 4 digits>.
var (
	agencyPattern = regexp.MustCompile(`^[0-9A-Z]+(\.[0-9A-Z]+)*$`)
	codePattern   = regexp.MustCompile(`^[0-9A-Z]+(\.[0-9A-Z]+)*-[0-9]{6}-[0-9]{4,12}$`)
)

// ValidAgency reports whether s has the form of an agency id, "000.00.06.H26".
func ValidAgency(s string) bool { return len(s) <= 64 && agencyPattern.MatchString(s) }

// ParseCode reads an official dossier code as typed, "000.00.06.h26-261122-0361".
func ParseCode(s string) (string, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	return s, len(s) <= 96 && codePattern.MatchString(s)
}
