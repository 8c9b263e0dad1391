package enrol

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/config"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
)

// A Kiosk is what the centre knows of one, whether it has come yet or not.
type Kiosk struct {
	ID        string    `json:"id"`
	Unit      string    `json:"unit"`
	UnitName  string    `json:"unit_name"`
	Site      string    `json:"site"`
	Config    []byte    `json:"config"` // its first configuration, YAML
	Added     time.Time `json:"added"`
	Enrolled  time.Time `json:"enrolled,omitzero"`
	PublicKey string    `json:"public_key,omitempty"`
	Revoked   time.Time `json:"revoked,omitzero"`
	// Hardware is what the machine said of itself when it enrolled.
	Hardware map[string]string `json:"hardware,omitempty"`

	// Code is the key of the code it came in by, in the other bucket.
	Code string `json:"code,omitempty"`

	// What it is to be beside its configuration; see [link.Desired].
	Catalogue string       `json:"catalogue,omitempty"`
	Notice    *health.Text `json:"notice,omitempty"`
	Locked    bool         `json:"locked,omitempty"`

	// Shut are the keys that were this kiosk's and may not come back, and since when.
	Shut map[string]time.Time `json:"shut,omitempty"`
}

// shut keeps the present key out from now on.
func (k *Kiosk) shut(now time.Time) {
	if k.PublicKey != "" {
		if k.Shut == nil {
			k.Shut = map[string]time.Time{}
		}
		k.Shut[k.PublicKey] = now
	}
}

// ErrNoKiosk is wrapped when an id is not in the registry.
var ErrNoKiosk = errors.New("no such kiosk")

// ErrBusy is returned when others change the same entry all the time.
var ErrBusy = errors.New("enrol: the registry is busy, try again")

// Registry is the list of kiosks and of codes, in two KV buckets. Every change
// is compare-and-set, so that any number of centres may share it.
type Registry struct {
	// Keys is the chain of changes that every kiosk is told. Set it before anything else.
	Keys []link.KeyChange

	// Shelf has the catalogues that kiosks may be told to go by.
	Shelf *Shelf

	kiosks, codes  jetstream.KeyValue
	desired, blobs jetstream.KeyValue
	pepper         []byte
	ca             string // hash of what kiosks are told of the authority of the centre
}

// A code in the bucket, under its HMAC: who reads a backup can't use it.
type code struct {
	Kiosk   string    `json:"kiosk"`
	Expires time.Time `json:"expires"`
	Used    time.Time `json:"used,omitzero"`
}

// OpenRegistry opens the buckets, or makes them. pepper is a secret of the centre.
func OpenRegistry(ctx context.Context, js jetstream.JetStream, replicas int, pepper []byte) (*Registry, error) {
	r := &Registry{pepper: pepper, Shelf: &Shelf{}}
	for _, b := range []struct {
		kv   *jetstream.KeyValue
		name string
	}{{&r.kiosks, "kiosks"}, {&r.codes, "codes"}, {&r.desired, link.BucketDesired}, {&r.blobs, blobsBucket}, {&r.Shelf.index, shelfBucket}} {
		history := uint8(5)
		if b.name == blobsBucket { // called by their hashes, they never change
			history = 1
		}
		kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: b.name, History: history, Replicas: replicas})
		if err != nil {
			return nil, fmt.Errorf("enrol: bucket %s: %w", b.name, err)
		}
		*b.kv = kv
	}
	r.Shelf.blobs = r.blobs
	return r, nil
}

// TechnicianCode is what opens the technician's page of a kiosk: eight digits that only
// this centre can tell, at any time, from the kiosk's id.
func (r *Registry) TechnicianCode(kiosk string) string {
	mac := hmac.New(sha256.New, r.pepper)
	mac.Write([]byte("technician " + kiosk))
	return fmt.Sprintf("%08d", binary.BigEndian.Uint64(mac.Sum(nil))%100_000_000)
}

// Add makes a kiosk with the next free id of its unit: 00004-01, 00004-02, … hash makes
// of its technician's code what the kiosk may know of it.
func (r *Registry) Add(ctx context.Context, first config.Config, catalogue string, hash func(string) string) (Kiosk, error) {
	unit := strings.ToLower(first.Unit.Code)
	k := Kiosk{Unit: first.Unit.Code, UnitName: first.Unit.Name, Site: first.Site, Catalogue: catalogue, Added: time.Now().UTC()}
	for n := 1; n <= 9999; n++ {
		k.ID = fmt.Sprintf("%s-%02d", unit, n)
		if !dossier.ValidKiosk(k.ID) {
			return Kiosk{}, fmt.Errorf("enrol: unit code %q makes no kiosk id", first.Unit.Code)
		}
		if _, err := r.kiosks.Get(ctx, k.ID); err == nil {
			continue // taken; hashing is slow
		}
		first.Technician = hash(r.TechnicianCode(k.ID))
		var err error
		if k.Config, err = first.Marshal(); err != nil {
			return Kiosk{}, fmt.Errorf("enrol: first configuration: %w", err)
		}
		data, err := json.Marshal(k)
		if err != nil {
			return Kiosk{}, err
		}
		_, err = r.kiosks.Create(ctx, k.ID, data)
		switch {
		case err == nil:
			return k, r.desire(ctx, k)
		case !errors.Is(err, jetstream.ErrKeyExists):
			return Kiosk{}, fmt.Errorf("enrol: add %s: %w", k.ID, err)
		}
	}
	return Kiosk{}, fmt.Errorf("enrol: unit %s is full", first.Unit.Code)
}

// NewCode makes a one-time code for a kiosk, which trusts whoever holds receiptKey.
func (r *Registry) NewCode(ctx context.Context, kiosk string, life time.Duration, receiptKey ed25519.PublicKey) (k Kiosk, c link.EnrolCode, expires time.Time, err error) {
	if k, _, err = r.get(ctx, kiosk); err != nil {
		return Kiosk{}, "", expires, err
	}
	if c, err = link.NewEnrolCode(rand.Reader, receiptKey); err != nil {
		return Kiosk{}, "", expires, err
	}
	expires = time.Now().UTC().Add(life)
	data, err := json.Marshal(code{Kiosk: kiosk, Expires: expires})
	if err != nil {
		return Kiosk{}, "", expires, err
	}
	if _, err := r.codes.Create(ctx, r.key(c), data); err != nil {
		return Kiosk{}, "", expires, fmt.Errorf("enrol: keep a code: %w", err)
	}
	return k, c, expires, nil
}

func (r *Registry) key(c link.EnrolCode) string {
	mac := hmac.New(sha256.New, r.pepper)
	mac.Write([]byte(string(c)))
	return hex.EncodeToString(mac.Sum(nil))
}

// copiesWithin is about how long one copy of a bucket may be behind another.
const copiesWithin = 150 * time.Millisecond

// Redeem uses a code up for the kiosk that made publicKey. Of any number of
// tries at the same time one succeeds. The errors for the technician are
// [link.ErrWrongCode], [link.ErrCodeUsed] and [link.ErrCodeExpired].
func (r *Registry) Redeem(ctx context.Context, typed link.EnrolCode, publicKey string, hardware map[string]string) (Kiosk, error) {
	entry, err := r.codes.Get(ctx, r.key(typed))
	for range 2 { // in a cluster any copy answers, and one that is behind knows no new code
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			select {
			case <-ctx.Done():
				return Kiosk{}, ctx.Err()
			case <-time.After(copiesWithin):
			}
			entry, err = r.codes.Get(ctx, r.key(typed))
		}
	}
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Kiosk{}, link.ErrWrongCode
	}
	if err != nil {
		return Kiosk{}, fmt.Errorf("enrol: look a code up: %w", err)
	}
	var c code
	if err := json.Unmarshal(entry.Value(), &c); err != nil {
		return Kiosk{}, fmt.Errorf("enrol: a code in the registry: %w", err)
	}
	now := time.Now().UTC()
	switch {
	case !c.Used.IsZero():
		return Kiosk{}, link.ErrCodeUsed
	case now.After(c.Expires):
		return Kiosk{}, link.ErrCodeExpired
	}
	c.Used = now
	data, err := json.Marshal(c)
	if err != nil {
		return Kiosk{}, err
	}
	if _, err := r.codes.Update(ctx, entry.Key(), data, entry.Revision()); err != nil {
		if errors.Is(err, jetstream.ErrKeyExists) { // somebody was faster
			return Kiosk{}, link.ErrCodeUsed
		}
		return Kiosk{}, fmt.Errorf("enrol: use a code: %w", err)
	}
	return r.change(ctx, c.Kiosk, func(k *Kiosk) {
		if k.PublicKey != publicKey {
			k.shut(now) // a replacement: the machine before it is out
		}
		k.PublicKey, k.Enrolled, k.Revoked, k.Hardware, k.Code = publicKey, now, time.Time{}, hardware, entry.Key()
	})
}

// ErrLate says that an enrolment is too old to be taken back.
var ErrLate = errors.New("the enrolment is too old to be taken back")

// Undo takes an enrolment of at most this age back: its machine stood at the wrong
// site. The machine's key is shut out, and the code works again until it expires.
func (r *Registry) Undo(ctx context.Context, id string, within time.Duration) (Kiosk, error) {
	now := time.Now().UTC()
	code, late := "", false
	k, err := r.change(ctx, id, func(k *Kiosk) {
		if late = k.Enrolled.IsZero() || now.Sub(k.Enrolled) > within; late {
			return
		}
		code = k.Code
		k.shut(now)
		k.PublicKey, k.Enrolled, k.Hardware, k.Code = "", time.Time{}, nil, ""
	})
	switch {
	case err != nil:
		return Kiosk{}, err
	case late:
		return Kiosk{}, ErrLate
	case code == "":
		return k, nil
	}
	return k, r.freeCode(ctx, code)
}

// freeCode makes a used code work again.
func (r *Registry) freeCode(ctx context.Context, key string) error {
	entry, err := r.codes.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("enrol: free a code: %w", err)
	}
	var c code
	if err := json.Unmarshal(entry.Value(), &c); err != nil {
		return fmt.Errorf("enrol: a code in the registry: %w", err)
	}
	c.Used = time.Time{}
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if _, err := r.codes.Update(ctx, key, data, entry.Revision()); err != nil {
		return fmt.Errorf("enrol: free a code: %w", err)
	}
	return nil
}

// Revoke shuts a kiosk out. Servers have to be told: see [Authority.Accounts].
func (r *Registry) Revoke(ctx context.Context, id string) (Kiosk, error) {
	now := time.Now().UTC()
	return r.change(ctx, id, func(k *Kiosk) {
		k.shut(now)
		k.Revoked = now
	})
}

// Kiosk is what the registry has of one now.
func (r *Registry) Kiosk(ctx context.Context, id string) (Kiosk, error) {
	k, _, err := r.get(ctx, id)
	return k, err
}

func (r *Registry) get(ctx context.Context, id string) (Kiosk, uint64, error) {
	if !dossier.ValidKiosk(id) {
		return Kiosk{}, 0, fmt.Errorf("enrol: %q: %w", id, ErrNoKiosk)
	}
	entry, err := r.kiosks.Get(ctx, id)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Kiosk{}, 0, fmt.Errorf("enrol: %s: %w", id, ErrNoKiosk)
	}
	if err != nil {
		return Kiosk{}, 0, fmt.Errorf("enrol: %s: %w", id, err)
	}
	var k Kiosk
	if err := json.Unmarshal(entry.Value(), &k); err != nil {
		return Kiosk{}, 0, fmt.Errorf("enrol: %s in the registry: %w", id, err)
	}
	return k, entry.Revision(), nil
}

func (r *Registry) change(ctx context.Context, id string, with func(*Kiosk)) (Kiosk, error) {
	for range 10 {
		k, revision, err := r.get(ctx, id)
		if err != nil {
			return Kiosk{}, err
		}
		with(&k)
		data, err := json.Marshal(k)
		if err != nil {
			return Kiosk{}, err
		}
		_, err = r.kiosks.Update(ctx, id, data, revision)
		if err == nil {
			return k, nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) {
			return Kiosk{}, fmt.Errorf("enrol: change %s: %w", id, err)
		}
	}
	return Kiosk{}, ErrBusy
}

// All lists the kiosks by id.
func (r *Registry) All(ctx context.Context) ([]Kiosk, error) {
	ctx, enough := context.WithCancelCause(ctx)
	defer enough(nil)
	all := map[string]Kiosk{}
	err := r.Watch(ctx, func(k *Kiosk) {
		if k == nil {
			enough(errAll)
			return
		}
		all[k.ID] = *k
	})
	if context.Cause(ctx) != errAll {
		return nil, err
	}
	list := slices.Collect(maps.Values(all))
	slices.SortFunc(list, func(a, b Kiosk) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

// errAll ends a watch that only wanted what there is.
var errAll = errors.New("that was all")

// Revoked returns the keys shut out, for [Authority.Accounts].
func Revoked(kiosks []Kiosk) map[string]time.Time {
	keys := map[string]time.Time{}
	for _, k := range kiosks {
		maps.Copy(keys, k.Shut)
	}
	return keys
}

// Watch calls with every kiosk as it is, once with nil when those were all, and then
// whenever one changes. It blocks until ctx ends.
func (r *Registry) Watch(ctx context.Context, with func(*Kiosk)) error {
	watch, err := r.kiosks.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return fmt.Errorf("enrol: watch kiosks: %w", err)
	}
	defer watch.Stop() // only frees what ctx frees too
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case entry, ok := <-watch.Updates():
			if !ok {
				return errors.New("enrol: watch kiosks: the connection is gone")
			}
			if entry == nil {
				with(nil)
				continue
			}
			var k Kiosk
			if err := json.Unmarshal(entry.Value(), &k); err != nil {
				return fmt.Errorf("enrol: %s in the registry: %w", entry.Key(), err)
			}
			with(&k)
		}
	}
}
