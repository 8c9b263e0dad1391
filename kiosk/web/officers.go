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
	triesBeforeWait = 5  // of one officer's PIN from one address
	triesOfAddress  = 20 // of anybody's
	waitAfterTries  = time.Minute
	maxGuesses      = 4096           // remembered; more at a time is an attack, and waits
	signedInFor     = 12 * time.Hour // one working day
	maxSignedIn     = 64
)

// An Officer may sign in at a counter. PIN is an argon2id hash in PHC form.
type Officer struct{ ID, Name, PIN string }

// Officers checks PINs, slows down guessing, and knows who is signed in where.
type Officers struct {
	known    map[string]Officer
	decoy    string // PHC of nobody's PIN that takes as long to check as theirs
	counters []string

	checking sync.Mutex // a check takes megabytes: one at a time

	mu       sync.Mutex
	wrong    map[guess]guesses
	sessions map[string]SignedIn
}

// A guess is at an officer's PIN, from an address; without an id, at anybody's.
// Counted by address too, so that a stranger who guesses locks out nobody else.
type guess struct{ id, from string }

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
	o := &Officers{decoy: decoyPIN, counters: counters, wrong: map[guess]guesses{}, sessions: map[string]SignedIn{}}
	o.replace(list)
	return o
}

// replace says who may sign in from now on. Who is signed in stays so.
func (o *Officers) replace(list []Officer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.known = map[string]Officer{}
	for _, f := range list {
		o.known[f.ID] = f
		o.decoy = f.PIN
	}
}

// signIn answers with a session token, or why not. An unknown officer is slowed
// down like a known one and costs the same time as a wrong PIN, so that ids
// cannot be found by asking, nor by the clock.
func (o *Officers) signIn(id, pin, counter, from string, now time.Time) (string, error) {
	o.mu.Lock()
	f, known := o.known[id]
	if !known {
		f.PIN = o.decoy
	}
	o.mu.Unlock()
	if !o.mayGuess(guess{id, from}, now) {
		return "", ErrTooMany
	}
	o.checking.Lock()
	right, err := CheckPIN(f.PIN, pin)
	o.checking.Unlock()
	if err != nil {
		return "", err
	}
	if !right || !known {
		return "", ErrWrongPIN
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.wrong, guess{id, from})
	if all := o.wrong[guess{from: from}]; all.n > 0 { // this one was no guess
		o.wrong[guess{from: from}] = guesses{all.n - 1, all.last}
	}
	return o.admit(f, counter, now)
}

// admit signs somebody in who has proven himself. o.mu is held.
func (o *Officers) admit(f Officer, counter string, now time.Time) (string, error) {
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

// mayGuess counts a try, unless there were too many. It is counted before the
// slow check, so that parallel ones are counted too.
func (o *Officers) mayGuess(g guess, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.wrong) >= maxGuesses {
		for old, tries := range o.wrong {
			if now.Sub(tries.last) > waitAfterTries {
				delete(o.wrong, old)
			}
		}
		if len(o.wrong) >= maxGuesses {
			return false
		}
	}
	anybody := guess{from: g.from}
	mine, all := o.wrong[g].at(now), o.wrong[anybody].at(now)
	if mine.n >= triesBeforeWait || all.n >= triesOfAddress {
		return false
	}
	o.wrong[g], o.wrong[anybody] = guesses{mine.n + 1, now}, guesses{all.n + 1, now}
	return true
}

// at is what still counts at now.
func (g guesses) at(now time.Time) guesses {
	if now.Sub(g.last) > waitAfterTries {
		return guesses{}
	}
	return g
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

// decoyPIN is a hash nobody's PIN has, for a kiosk without officers.
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
		m < 8 || m > 256<<10 || t < 1 || t > 16 || p < 1 || p > 16 {
		return false, errors.New("officer's PIN is not an argon2id hash we accept")
	}
	got := argon2.IDKey([]byte(pin), salt, uint32(t), uint32(m), uint8(p), uint32(len(sum)))
	return subtle.ConstantTimeCompare(got, sum) == 1, nil
}

func b64(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }
