package web

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// What signing in can be answered with.
var (
	ErrWrongPIN = errors.New("wrong officer or PIN")
	ErrTooMany  = errors.New("too many tries: wait a minute")
)

const (
	triesBeforeWait = 5
	waitAfterTries  = time.Minute
	signedInFor     = 12 * time.Hour // one working day
	maxSignedIn     = 64
)

// An Officer may sign in at a counter. PIN is an argon2id hash in PHC form.
type Officer struct{ ID, Name, PIN string }

// Officers checks PINs, slows down guessing, and knows who is signed in where.
type Officers struct {
	known    map[string]Officer
	counters []string

	mu       sync.Mutex
	wrong    map[string]guesses
	sessions map[string]SignedIn
}

type guesses struct {
	n    int
	last time.Time
}

// SignedIn is an officer at a counter.
type SignedIn struct {
	Officer Officer
	Counter string
	until   time.Time
}

// NewOfficers keeps them in memory: a restart signs everybody out.
func NewOfficers(list []Officer, counters []string) *Officers {
	o := &Officers{known: map[string]Officer{}, counters: counters, wrong: map[string]guesses{}, sessions: map[string]SignedIn{}}
	for _, f := range list {
		o.known[f.ID] = f
	}
	return o
}

// signIn answers with a session token, or why not. An unknown officer costs the
// same time as a wrong PIN, so that ids cannot be found by the clock.
func (o *Officers) signIn(id, pin, counter string, now time.Time) (string, error) {
	o.mu.Lock()
	f, known := o.known[id]
	key := id
	if !known {
		key, f = "", Officer{PIN: decoyPIN}
	}
	g := o.wrong[key]
	if now.Sub(g.last) > waitAfterTries {
		g = guesses{}
	}
	if g.n >= triesBeforeWait {
		o.mu.Unlock()
		return "", ErrTooMany
	}
	// Count the try before the slow check: parallel guesses are counted too.
	o.wrong[key] = guesses{g.n + 1, now}
	o.mu.Unlock()

	right, err := CheckPIN(f.PIN, pin)
	if err != nil {
		return "", err
	}
	if !right || !known {
		return "", ErrWrongPIN
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.wrong, key)
	for token, s := range o.sessions {
		if now.After(s.until) || s.Counter == counter {
			delete(o.sessions, token) // the counter's former officer is signed out
		}
	}
	if len(o.sessions) >= maxSignedIn {
		return "", ErrTooMany
	}
	token := rand.Text()
	o.sessions[token] = SignedIn{f, counter, now.Add(signedInFor)}
	return token, nil
}

func (o *Officers) signedIn(token string, now time.Time) (SignedIn, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, ok := o.sessions[token]
	return s, ok && now.Before(s.until)
}

func (o *Officers) signOut(token string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.sessions, token)
}

// decoyPIN is a hash nobody's PIN has.
const decoyPIN = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// HashPIN makes an argon2id hash in PHC form (RFC 9106; parameters of the OWASP
// password storage sheet).
func HashPIN(pin string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	return fmt.Sprintf("$argon2id$v=19$m=19456,t=2,p=1$%s$%s", b64(salt),
		b64(argon2.IDKey([]byte(pin), salt, 2, 19456, 1, 32)))
}

// CheckPIN compares pin with a PHC hash.
func CheckPIN(phc, pin string) (bool, error) {
	var version, m, t, p int
	var rest string
	if _, err := fmt.Sscanf(phc, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &m, &t, &p, &rest); err != nil {
		return false, fmt.Errorf("officer's PIN is not an argon2id hash: %w", err)
	}
	salt64, sum64, ok := strings.Cut(rest, "$")
	salt, err1 := base64.RawStdEncoding.DecodeString(salt64)
	sum, err2 := base64.RawStdEncoding.DecodeString(sum64)
	if !ok || err1 != nil || err2 != nil || version != argon2.Version || len(sum) < 16 ||
		m < 8 || m > 1<<20 || t < 1 || t > 16 || p < 1 || p > 16 {
		return false, errors.New("officer's PIN is not an argon2id hash we accept")
	}
	got := argon2.IDKey([]byte(pin), salt, uint32(t), uint32(m), uint8(p), uint32(len(sum)))
	return subtle.ConstantTimeCompare(got, sum) == 1, nil
}

func b64(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }
