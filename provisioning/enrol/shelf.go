package enrol

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/link"
)

// A Catalogue is a pack that was put on the shelf, for kiosks to be told to go by.
type Catalogue struct {
	Hash       string    `json:"hash"`
	Name       string    `json:"name"` // what people call it
	By         string    `json:"by"`
	At         time.Time `json:"at"`
	Procedures int       `json:"procedures"` // in force when it was put there
}

// A Shelf holds the catalogues of this city besides the one that programs are built with.
type Shelf struct {
	index, blobs jetstream.KeyValue
}

const shelfBucket = "catalogues"

// blobsBucket holds what kiosks fetch by its hash.
const blobsBucket = "blobs"

// FindShelf is the shelf of a centre that has run before; who calls changes nothing.
func FindShelf(ctx context.Context, js jetstream.JetStream) (*Shelf, error) {
	var s Shelf
	for name, kv := range map[string]*jetstream.KeyValue{shelfBucket: &s.index, blobsBucket: &s.blobs} {
		var err error
		if *kv, err = js.KeyValue(ctx, name); err != nil {
			return nil, fmt.Errorf("enrol: bucket %s: %w", name, err)
		}
	}
	return &s, nil
}

// Add puts a pack on the shelf, if a kiosk could go by it today and on every later day on
// which something else comes into force.
func (s *Shelf) Add(ctx context.Context, name, by string, pack []byte, now time.Time) (Catalogue, error) {
	from, err := catalogue.OpenPack(pack)
	if err != nil {
		return Catalogue{}, fmt.Errorf("%w: %w", ErrPack, err)
	}
	c := Catalogue{Hash: link.HashOf(pack), Name: name, By: by, At: now.UTC()}
	for day, n := now, 0; ; n++ {
		cat, err := from.On(day)
		if err != nil {
			return Catalogue{}, fmt.Errorf("%w: %w", ErrPack, err)
		}
		if n == 0 {
			c.Procedures = len(cat.Procedures())
		}
		if cat.NextChange.IsZero() || n > maxChanges {
			break
		}
		day = cat.NextChange.Time
	}
	data, err := json.Marshal(c)
	if err != nil {
		return Catalogue{}, err
	}
	if _, err := s.blobs.Put(ctx, c.Hash, pack); err != nil {
		return Catalogue{}, fmt.Errorf("enrol: keep a catalogue: %w", err)
	}
	if _, err := s.index.Put(ctx, c.Hash, data); err != nil {
		return Catalogue{}, fmt.Errorf("enrol: keep a catalogue: %w", err)
	}
	return c, nil
}

// maxChanges bounds how many days of changes ahead are looked at.
const maxChanges = 100

// ErrPack is wrapped when a pack is none that a kiosk could go by.
var ErrPack = errors.New("not a catalogue that a kiosk could go by")

// All lists the catalogues, the newest first.
func (s *Shelf) All(ctx context.Context) ([]Catalogue, error) {
	keys, err := s.index.ListKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("enrol: catalogues: %w", err)
	}
	all := []Catalogue{}
	for key := range keys.Keys() {
		e, err := s.index.Get(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("enrol: catalogue %.12s: %w", key, err)
		}
		var c Catalogue
		if err := json.Unmarshal(e.Value(), &c); err != nil {
			return nil, fmt.Errorf("enrol: catalogue %.12s: %w", key, err)
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Catalogue) int { return b.At.Compare(a.At) })
	return all, nil
}

// Source is one of them, to be loaded.
func (s *Shelf) Source(ctx context.Context, hash string) (catalogue.Source, error) {
	pack, err := blob(ctx, s.blobs, hash)
	if err != nil {
		return catalogue.Source{}, err
	}
	return catalogue.OpenPack(pack)
}

// Hashes are those of all of them, the newest first.
func (s *Shelf) Hashes(ctx context.Context) (hashes []string, err error) {
	all, err := s.All(ctx)
	for _, c := range all {
		hashes = append(hashes, c.Hash)
	}
	return hashes, err
}
