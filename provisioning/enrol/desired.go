package enrol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/link"
)

// What kiosks are to be: a small word for each, which names by their hashes the blobs that
// they fetch.

// wanted is the word for one kiosk.
func (r *Registry) wanted(k Kiosk) ([]byte, error) {
	return json.Marshal(link.Desired{Config: link.HashOf(k.Config), Catalogue: k.Catalogue, Notice: k.Notice, Locked: k.Locked, Keys: r.Keys, CA: r.ca})
}

// desire tells a kiosk, now or when it comes, what it is to be.
func (r *Registry) desire(ctx context.Context, k Kiosk) error {
	for {
		if _, err := r.PutBlob(ctx, k.Config); err != nil {
			return err
		}
		data, err := r.wanted(k)
		if err != nil {
			return err
		}
		if _, err := r.desired.Put(ctx, k.ID, data); err != nil {
			return fmt.Errorf("enrol: desire of %s: %w", k.ID, err)
		}
		if k, _, err = r.get(ctx, k.ID); err != nil {
			return err
		}
		if now, err := r.wanted(k); err != nil || bytes.Equal(now, data) {
			return err
		} // somebody changed it meanwhile, and may have told it before us
	}
}

// TellCA has every kiosk told the centre's authority. Call it once, before anything else.
func (r *Registry) TellCA(ctx context.Context, all []link.SignedCA) error {
	if len(all) == 0 {
		return nil
	}
	blob, err := json.Marshal(all)
	if err != nil {
		return err
	}
	r.ca, err = r.PutBlob(ctx, blob)
	return err
}

// DesireAnew tells those kiosks anew that were told something else: keys may have changed
// since. It returns how many.
func (r *Registry) DesireAnew(ctx context.Context) (told int, err error) {
	all, err := r.All(ctx)
	if err != nil {
		return 0, err
	}
	for _, k := range all {
		want, err := r.wanted(k)
		if err != nil {
			return told, err
		}
		have, err := r.desired.Get(ctx, k.ID)
		if err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
			return told, fmt.Errorf("enrol: desire of %s: %w", k.ID, err)
		}
		if err == nil && bytes.Equal(have.Value(), want) {
			continue
		}
		if k, _, err = r.get(ctx, k.ID); err != nil { // as it is by now
			return told, err
		}
		if err := r.desire(ctx, k); err != nil {
			return told, err
		}
		told++
	}
	return told, nil
}

// Set changes what a kiosk is to be, and tells it.
func (r *Registry) Set(ctx context.Context, id string, change func(*Kiosk)) (Kiosk, error) {
	k, err := r.change(ctx, id, change)
	if err != nil {
		return Kiosk{}, err
	}
	return k, r.desire(ctx, k)
}

// SetConfig gives a kiosk another configuration.
func (r *Registry) SetConfig(ctx context.Context, id string, text []byte) (Kiosk, error) {
	return r.Set(ctx, id, func(k *Kiosk) { k.Config = text })
}

// PutBlob keeps what kiosks may fetch, and returns what it is called.
func (r *Registry) PutBlob(ctx context.Context, blob []byte) (hash string, err error) {
	hash = link.HashOf(blob)
	if _, err := r.blobs.Put(ctx, hash, blob); err != nil {
		return "", fmt.Errorf("enrol: keep a blob: %w", err)
	}
	return hash, nil
}

// Blob is what is called by this hash. The error is [ErrNoBlob] if nothing is.
func (r *Registry) Blob(ctx context.Context, hash string) ([]byte, error) {
	return blob(ctx, r.blobs, hash)
}

func blob(ctx context.Context, blobs jetstream.KeyValue, hash string) ([]byte, error) {
	if len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" {
		return nil, ErrNoBlob
	}
	e, err := blobs.Get(ctx, hash)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, ErrNoBlob
	}
	if err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	return e.Value(), nil
}

// ErrNoBlob says that nothing is called by this hash.
var ErrNoBlob = errors.New("there is nothing of this name")

// Sweep lets go of blobs from before that no kiosk is told and that are not on the shelf.
func (r *Registry) Sweep(ctx context.Context, before time.Time) (swept int, err error) {
	keys, err := r.blobs.ListKeys(ctx)
	if err != nil {
		return 0, fmt.Errorf("enrol: blobs: %w", err)
	}
	var old []string
	for hash := range keys.Keys() {
		e, err := r.blobs.Get(ctx, hash)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("enrol: blobs: %w", err)
		}
		if e.Created().Before(before) {
			old = append(old, hash)
		}
	}
	if len(old) == 0 {
		return 0, nil
	}
	used := map[string]bool{r.ca: true}
	kiosks, err := r.All(ctx) // after the blobs: one that is told meanwhile is young
	if err != nil {
		return 0, err
	}
	for _, k := range kiosks {
		used[link.HashOf(k.Config)], used[k.Catalogue] = true, true
	}
	shelf, err := r.Shelf.Hashes(ctx)
	if err != nil {
		return 0, err
	}
	for _, hash := range shelf {
		used[hash] = true
	}
	for _, hash := range old {
		if used[hash] {
			continue
		}
		if err := r.blobs.Purge(ctx, hash); err != nil {
			return swept, fmt.Errorf("enrol: blobs: %w", err)
		}
		swept++
	}
	if swept > 0 {
		err = r.blobs.PurgeDeletes(ctx, jetstream.DeleteMarkersOlderThan(-1))
	}
	return swept, err
}
