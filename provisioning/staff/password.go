package staff

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The costs of RFC 9106's second recommended option.
const (
	argonMemory  = 64 << 10 // KiB
	argonTimes   = 3
	argonThreads = 4
	saltLength   = 16
	hashLength   = 32
)

// hashing bounds how many passwords are hashed at once: each takes 64 MiB.
type hashing chan struct{}

func (h hashing) run(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case h <- struct{}{}:
		defer func() { <-h }()
		return argon2.IDKey([]byte(password), salt, argonTimes, argonMemory, argonThreads, hashLength), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// HashSecret is argon2id in PHC form.
func HashSecret(secret string) string {
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails
	return phc(argonMemory, argonTimes, argonThreads, salt, argon2.IDKey([]byte(secret), salt, argonTimes, argonMemory, argonThreads, hashLength))
}

// HashCode is the same for eight random digits that only a kiosk checks. Whoever has its
// disk tries all of them under any parameters, and what they open is on that disk; at
// the kiosk it is the limit of tries that protects. So it costs little: a list makes a
// thousand of them at once.
func HashCode(code string) string {
	const memory, times, threads = 4 << 10, 1, 1
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails
	return phc(memory, times, threads, salt, argon2.IDKey([]byte(code), salt, times, memory, threads, hashLength))
}

func phc(memory, times, threads int, salt, hash []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, times, threads, b64(salt), b64(hash))
}

// nobody is hashed against when there is no such name, so that time tells nothing.
var nobody = phc(argonMemory, argonTimes, argonThreads, make([]byte, saltLength), make([]byte, hashLength))

// check hashes a password as the stored one was, and compares.
func (h hashing) check(ctx context.Context, stored, password string) (bool, error) {
	part := strings.Split(stored, "$")
	if len(part) != 6 || part[3] != fmt.Sprintf("m=%d,t=%d,p=%d", argonMemory, argonTimes, argonThreads) {
		return false, fmt.Errorf("staff: a password hash of another kind")
	}
	salt, err := base64.RawStdEncoding.DecodeString(part[4])
	if err != nil {
		return false, fmt.Errorf("staff: salt: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(part[5])
	if err != nil {
		return false, fmt.Errorf("staff: hash: %w", err)
	}
	got, err := h.run(ctx, password, salt)
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

// weak tells a password that must not be one. Length is what counts (NIST SP 800-63B
// section 5.1.1.2): no rules about signs and digits.
func weak(name, password string) bool {
	n := utf8.RuneCountInString(password)
	return n < 12 || len(password) > 200 || !utf8.ValidString(password) || strings.Contains(strings.ToLower(password), name) ||
		strings.Count(password, password[:1]) == len(password)
}
