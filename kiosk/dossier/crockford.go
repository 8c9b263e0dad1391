package dossier

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Crockford's base32 is for people: no I, L, O or U, so that nothing read from
// thermal paper or over the phone is taken for something else.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ErrNotCrockford is wrapped by the errors of [ParseCrockford].
var ErrNotCrockford = errors.New("not such a code")

// RandomCrockford returns n characters, five bits of rand each.
func RandomCrockford(rand io.Reader, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(rand, b); err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return string(b), nil
}

// ParseCrockford reads n characters as people type them: in any case, grouped
// by spaces or dashes, O for 0, I and L for 1. It returns the canonical form.
func ParseCrockford(s string, n int) (string, error) {
	if len(s) > 4*n {
		return "", fmt.Errorf("%w: longer than %d characters", ErrNotCrockford, n)
	}
	b := make([]byte, 0, n)
	for i := range len(s) {
		c := s[i]
		switch {
		case c == ' ' || c == '-':
			continue
		case 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		switch c {
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		if strings.IndexByte(alphabet, c) < 0 {
			return "", fmt.Errorf("%w: a character that is none of its letters and digits", ErrNotCrockford)
		}
		b = append(b, c)
	}
	if len(b) != n {
		return "", fmt.Errorf("%w: %d characters, not %d", ErrNotCrockford, len(b), n)
	}
	return string(b), nil
}

// Grouped sets s in groups of n, joined by dashes.
func grouped(s string, n int) string {
	var b strings.Builder
	for i := 0; i < len(s); i += n {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(s[i:min(i+n, len(s))])
	}
	return b.String()
}
