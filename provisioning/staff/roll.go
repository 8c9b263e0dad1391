package staff

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A Roll is the list of people and of who is signed in, in two KV buckets. Every
// change is compare-and-set: any number of centres may share it.
type Roll struct {
	people, sessions jetstream.KeyValue
	key              []byte // seals the second factors: who reads a backup can't use them
	optional         bool   // a second factor is
	hashing          hashing
}

// entry is a person as kept.
type entry struct {
	Person
	Hash     string    `json:"hash"`
	TOTP     []byte    `json:"totp_sealed,omitempty"`
	Used     uint64    `json:"totp_used,omitempty"` // the last time step a code was taken of
	Failures int       `json:"failures,omitempty"`  // in a row
	Ended    time.Time `json:"ended,omitzero"`      // sessions begun before are over
}

// session is kept under the hash of its token.
type session struct {
	Name  string    `json:"name"`
	Begun time.Time `json:"begun"`
	Seen  time.Time `json:"seen"`
}

const (
	sessionLife = 12 * time.Hour
	sessionIdle = 30 * time.Minute
	seenEvery   = time.Minute // how fresh a session's Seen is kept
	freeTries   = 5           // wrong ones in a row before a lock
	firstLock   = time.Minute // doubled by each further one
	longestLock = time.Hour
)

// OpenRoll opens the buckets, or makes them. key is a secret of the centre, of any
// length; without optional nobody works without a second factor.
func OpenRoll(ctx context.Context, js jetstream.JetStream, replicas int, key []byte, optional bool) (*Roll, error) {
	sum := sha256.Sum256(append([]byte("tiepdan staff v1\n"), key...))
	r := &Roll{key: sum[:], optional: optional, hashing: make(hashing, 2)}
	for _, b := range []struct {
		kv  *jetstream.KeyValue
		cfg jetstream.KeyValueConfig
	}{
		{&r.people, jetstream.KeyValueConfig{Bucket: "people", History: 5, Replicas: replicas}},
		{&r.sessions, jetstream.KeyValueConfig{Bucket: "sessions", History: 1, TTL: sessionLife, Replicas: replicas}},
	} {
		kv, err := js.CreateOrUpdateKeyValue(ctx, b.cfg)
		if err != nil {
			return nil, fmt.Errorf("staff: bucket %s: %w", b.cfg.Bucket, err)
		}
		*b.kv = kv
	}
	return r, nil
}

// Add makes a person, with a password that somebody tells them.
func (r *Roll) Add(ctx context.Context, name string, role Role, units []string, password string) (Person, error) {
	if err := valid(name, role, units); err != nil {
		return Person{}, err
	}
	if weak(name, password) {
		return Person{}, ErrWeak
	}
	e := entry{Person: Person{Name: name, Role: role, Units: units, Added: time.Now().UTC()}, Hash: HashSecret(password)}
	data, err := json.Marshal(e)
	if err != nil {
		return Person{}, err
	}
	_, err = r.people.Create(ctx, name, data)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return Person{}, ErrThere
	}
	return e.Person, err
}

// Set changes what a person is and may. Their sessions go on with the new rights, and
// end when they are disabled.
func (r *Roll) Set(ctx context.Context, name string, role Role, units []string, disabled bool) (Person, error) {
	if err := valid(name, role, units); err != nil {
		return Person{}, err
	}
	all, err := r.All(ctx)
	if err != nil {
		return Person{}, err
	}
	rules := func(p Person) bool { return p.Role == Admin && p.Everywhere() && !p.Disabled }
	next := Person{Name: name, Role: role, Units: units, Disabled: disabled}
	if !rules(next) && !slices.ContainsFunc(all, func(p Person) bool { return p.Name != name && rules(p) }) {
		return Person{}, ErrLastAdmin
	}
	e, err := r.change(ctx, name, func(e *entry) error {
		e.Role, e.Units, e.Disabled = role, units, disabled
		if disabled {
			e.Ended = time.Now().UTC()
		}
		return nil
	})
	return e.Person, err
}

// Reset gives a person a new password and takes the second factor away, for who lost
// one of them. Every session ends.
func (r *Roll) Reset(ctx context.Context, name, password string) error {
	if weak(name, password) {
		return ErrWeak
	}
	_, err := r.change(ctx, name, func(e *entry) error {
		e.Hash, e.TOTP, e.Person.TOTP, e.Used = HashSecret(password), nil, false, 0
		e.Failures, e.Locked, e.Ended = 0, time.Time{}, time.Now().UTC()
		return nil
	})
	return err
}

// ChangePassword is what people do themselves; their other sessions end.
func (r *Roll) ChangePassword(ctx context.Context, name, old, password string) error {
	if weak(name, password) {
		return ErrWeak
	}
	e, _, err := r.get(ctx, name)
	if err != nil {
		return err
	}
	if ok, err := r.hashing.check(ctx, e.Hash, old); err != nil || !ok {
		return errors.Join(err, ErrWrong)
	}
	_, err = r.change(ctx, name, func(e *entry) error {
		e.Hash, e.Ended = HashSecret(password), time.Now().UTC()
		return nil
	})
	return err
}

// SignIn returns the token of a new session. The errors for people are [ErrWrong],
// [ErrLocked] and [ErrNeedsTOTP]; who has no second factor yet gets a session good for
// nothing but setting one up.
func (r *Roll) SignIn(ctx context.Context, name, password, code string, now time.Time) (token string, p Person, err error) {
	e, _, err := r.get(ctx, name)
	if errors.Is(err, ErrNobody) {
		e.Hash, err = nobody, nil
	}
	if err != nil {
		return "", Person{}, err
	}
	if now.Before(e.Locked) {
		return "", Person{}, ErrLocked
	}
	ok, err := r.hashing.check(ctx, e.Hash, password)
	if err != nil {
		return "", Person{}, err
	}
	if e.Name == "" || e.Disabled {
		return "", Person{}, ErrWrong
	}
	var step uint64
	if ok && e.Person.TOTP {
		if code == "" {
			return "", Person{}, ErrNeedsTOTP
		}
		secret, err := r.unseal(name, e.TOTP)
		if err != nil {
			return "", Person{}, err
		}
		step, ok = checkTOTP(secret, code, e.Used, now)
	}
	good := ok
	e, err = r.change(ctx, name, func(e *entry) error {
		switch {
		case now.Before(e.Locked):
			return ErrLocked // by wrong tries at the same time
		case !good:
			if e.Failures++; e.Failures >= freeTries {
				e.Locked = now.Add(min(firstLock<<min(e.Failures-freeTries, 10), longestLock)).UTC()
			}
		case step != 0 && step <= e.Used:
			return ErrWrong // the same code at the same time
		default:
			e.Failures, e.Locked, e.LastSeen = 0, time.Time{}, now.UTC()
			e.Used = max(e.Used, step)
		}
		return nil
	})
	if err != nil {
		return "", Person{}, err
	}
	if !good {
		return "", e.Person, ErrWrong
	}
	token = rand.Text() + rand.Text()
	data, err := json.Marshal(session{Name: name, Begun: now.UTC(), Seen: now.UTC()})
	if err != nil {
		return "", Person{}, err
	}
	_, err = r.sessions.Create(ctx, sessionKey(token), data)
	return token, e.Person, err
}

func sessionKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// SignedIn returns whose session a token is of. ready is false while the person has
// to set up a second factor first.
func (r *Roll) SignedIn(ctx context.Context, token string, now time.Time) (p Person, ready bool, err error) {
	if token == "" {
		return Person{}, false, ErrWrong
	}
	got, err := r.sessions.Get(ctx, sessionKey(token))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Person{}, false, ErrWrong
	}
	if err != nil {
		return Person{}, false, fmt.Errorf("staff: session: %w", err)
	}
	var s session
	if err := json.Unmarshal(got.Value(), &s); err != nil {
		return Person{}, false, fmt.Errorf("staff: session: %w", err)
	}
	e, _, err := r.get(ctx, s.Name)
	if err != nil {
		return Person{}, false, err
	}
	if now.Sub(s.Begun) > sessionLife || now.Sub(s.Seen) > sessionIdle || !s.Begun.After(e.Ended) || e.Disabled {
		return Person{}, false, ErrWrong
	}
	if now.Sub(s.Seen) > seenEvery {
		s.Seen = now.UTC()
		data, err := json.Marshal(s)
		if err != nil {
			return Person{}, false, err
		}
		if _, err := r.sessions.Update(ctx, got.Key(), data, got.Revision()); err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
			return Person{}, false, fmt.Errorf("staff: session: %w", err)
		}
	}
	return e.Person, r.optional || e.Person.TOTP, nil
}

// SignOut ends a session.
func (r *Roll) SignOut(ctx context.Context, token string) error {
	return r.sessions.Purge(ctx, sessionKey(token))
}

// OfferTOTP makes a secret for a person's authenticator; it counts once a code of it
// was shown to [Roll.ConfirmTOTP].
func (r *Roll) OfferTOTP(ctx context.Context, name string) (secret string, err error) {
	raw := newTOTP()
	_, err = r.change(ctx, name, func(e *entry) (err error) {
		if e.Person.TOTP {
			return ErrThere
		}
		e.TOTP, err = r.seal(name, raw)
		return err
	})
	return totpText.EncodeToString(raw), err
}

// ConfirmTOTP puts the offered secret in force.
func (r *Roll) ConfirmTOTP(ctx context.Context, name, code string, now time.Time) error {
	_, err := r.change(ctx, name, func(e *entry) error {
		if e.Person.TOTP || e.TOTP == nil {
			return ErrWrong
		}
		secret, err := r.unseal(name, e.TOTP)
		if err != nil {
			return err
		}
		step, ok := checkTOTP(secret, code, 0, now)
		if !ok {
			return ErrWrong
		}
		e.Person.TOTP, e.Used = true, step
		return nil
	})
	return err
}

// All lists the people by name.
func (r *Roll) All(ctx context.Context) ([]Person, error) {
	watch, err := r.people.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("staff: %w", err)
	}
	defer watch.Stop() // only frees what ctx frees too
	var all []Person
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case got := <-watch.Updates():
			if got == nil {
				slices.SortFunc(all, func(a, b Person) int { return strings.Compare(a.Name, b.Name) })
				return all, nil
			}
			var e entry
			if err := json.Unmarshal(got.Value(), &e); err != nil {
				return nil, fmt.Errorf("staff: %s: %w", got.Key(), err)
			}
			all = append(all, e.Person)
		}
	}
}

func (r *Roll) get(ctx context.Context, name string) (entry, uint64, error) {
	if !nameForm.MatchString(name) {
		return entry{}, 0, ErrNobody
	}
	got, err := r.people.Get(ctx, name)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return entry{}, 0, ErrNobody
	}
	if err != nil {
		return entry{}, 0, fmt.Errorf("staff: %w", err)
	}
	var e entry
	if err := json.Unmarshal(got.Value(), &e); err != nil {
		return entry{}, 0, fmt.Errorf("staff: %s: %w", name, err)
	}
	return e, got.Revision(), nil
}

func (r *Roll) change(ctx context.Context, name string, with func(*entry) error) (entry, error) {
	for range 20 {
		e, revision, err := r.get(ctx, name)
		if err != nil {
			return entry{}, err
		}
		if err := with(&e); err != nil {
			return entry{}, err
		}
		data, err := json.Marshal(e)
		if err != nil {
			return entry{}, err
		}
		if _, err = r.people.Update(ctx, name, data, revision); err == nil {
			return e, nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) {
			return entry{}, fmt.Errorf("staff: change %s: %w", name, err)
		}
	}
	return entry{}, fmt.Errorf("staff: %s changes all the time", name)
}

// seal hides a secret from who reads the bucket; it opens under the same name alone.
func (r *Roll) seal(name string, secret []byte) ([]byte, error) {
	aead, err := r.aead()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails
	return aead.Seal(nonce, nonce, secret, []byte(name)), nil
}

func (r *Roll) unseal(name string, sealed []byte) ([]byte, error) {
	aead, err := r.aead()
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("staff: a second factor that is none")
	}
	secret, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(name))
	if err != nil {
		return nil, fmt.Errorf("staff: a second factor of another key: %w", err)
	}
	return secret, nil
}

func (r *Roll) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(r.key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
