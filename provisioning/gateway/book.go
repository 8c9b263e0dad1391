package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/dossier"
)

// A book holds every receipt for good, in one KV bucket:
//
//	r.<kiosk>.<receipt number>   the entry, with the latest receipt
//	n.<receipt number>           the kiosk it belongs to: claimed before One-Stop hears of it
//	c.<official code>            the key of its entry
//
// None of it is personal.
type book struct{ kv jetstream.KeyValue }

// An entry is what became of one dossier.
type entry struct {
	Receipt    dossier.Receipt `json:"receipt"`
	Agency     string          `json:"agency,omitempty"`
	Procedure  string          `json:"procedure,omitempty"`
	KioskGrade string          `json:"kiosk_grade,omitempty"` // how far the kiosk says the card was proven
	Grade      string          `json:"grade,omitempty"`       // and how far the gateway could prove it again
	Notes      []string        `json:"notes,omitempty"`       // codes, never values
	Life       []Step          `json:"life,omitempty"`        // what happened to it, in order
	// Again: it is in quarantine and a person has it tried once more.
	Again bool `json:"again,omitempty"`
}

// A Step of a dossier's life. None of it is personal.
type Step struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"` // recorded | handed-over | filed | refused | quarantined | tried-again | status | told
	Code   string    `json:"code,omitempty"`
	Status int       `json:"status,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

func (e *entry) step(s Step) {
	s.At = s.At.UTC().Truncate(time.Millisecond)
	e.Life = append(e.Life, s)
}

const bookBucket = "receipts"

func openBook(ctx context.Context, js jetstream.JetStream, replicas int) (*book, error) {
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: bookBucket, History: 1, Replicas: replicas})
	if err != nil {
		return nil, fmt.Errorf("gateway: receipts: %w", err)
	}
	return &book{kv}, nil
}

func entryKey(kiosk string, r dossier.ReceiptNumber) string { return "r." + kiosk + "." + string(r) }

// find returns the entry of a kiosk's receipt number, and its revision; ok is false if there is none.
func (b *book) find(ctx context.Context, kiosk string, r dossier.ReceiptNumber) (e entry, revision uint64, ok bool, err error) {
	return b.get(ctx, entryKey(kiosk, r))
}

func (b *book) get(ctx context.Context, key string) (e entry, revision uint64, ok bool, err error) {
	found, err := b.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
		return entry{}, 0, false, nil
	}
	if err != nil {
		return entry{}, 0, false, fmt.Errorf("look %s up: %w", key, err)
	}
	if err := json.Unmarshal(found.Value(), &e); err != nil {
		return entry{}, 0, false, fmt.Errorf("entry %s: %w", key, err)
	}
	return e, found.Revision(), true, nil
}

// lookup finds an entry by receipt number or official code, whichever kiosk's it is.
func (b *book) lookup(ctx context.Context, number string) (entry, bool, error) {
	if r, err := dossier.ParseReceiptNumber(number); err == nil {
		owner, err := b.kv.Get(ctx, "n."+string(r))
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return entry{}, false, nil
		}
		if err != nil {
			return entry{}, false, err
		}
		e, _, ok, err := b.find(ctx, string(owner.Value()), r)
		return e, ok, err
	}
	code, ok := dossier.ParseCode(number)
	if !ok {
		return entry{}, false, nil
	}
	key, err := b.kv.Get(ctx, "c."+code)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return entry{}, false, nil
	}
	if err != nil {
		return entry{}, false, err
	}
	e, _, ok, err := b.get(ctx, string(key.Value()))
	return e, ok, err
}

// errTaken says that a receipt number belongs to another kiosk.
var errTaken = errors.New("the receipt number belongs to another kiosk")

// claim takes a receipt number for a kiosk. One-Stop knows dossiers by this
// number alone, so that no kiosk may ever speak for another's.
func (b *book) claim(ctx context.Context, kiosk string, r dossier.ReceiptNumber) error {
	_, err := b.kv.Create(ctx, "n."+string(r), []byte(kiosk))
	if err == nil {
		return nil
	}
	if !errors.Is(err, jetstream.ErrKeyExists) {
		return fmt.Errorf("claim %s: %w", r, err)
	}
	owner, err := b.kv.Get(ctx, "n."+string(r))
	if err != nil {
		return fmt.Errorf("claim %s: %w", r, err)
	}
	if string(owner.Value()) != kiosk {
		return errTaken
	}
	return nil
}

// add keeps a first receipt. If there is one by now, that one counts and is returned.
func (b *book) add(ctx context.Context, e entry) (entry, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return entry{}, err
	}
	r := e.Receipt
	_, err = b.kv.Create(ctx, entryKey(r.Kiosk, r.Receipt), data)
	if errors.Is(err, jetstream.ErrKeyExists) {
		first, _, ok, err := b.find(ctx, r.Kiosk, r.Receipt)
		if err == nil && !ok {
			err = fmt.Errorf("entry of %s came and went", r.Receipt)
		}
		return first, err
	}
	if err != nil {
		return entry{}, fmt.Errorf("keep the receipt of %s: %w", r.Receipt, err)
	}
	return e, nil
}

// file makes an entry findable by its official code. Doing it again changes nothing.
func (b *book) file(ctx context.Context, e entry) error {
	if e.Receipt.Code == "" {
		return nil
	}
	_, err := b.kv.Create(ctx, "c."+e.Receipt.Code, []byte(entryKey(e.Receipt.Kiosk, e.Receipt.Receipt)))
	if err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
		return fmt.Errorf("file code %s: %w", e.Receipt.Code, err)
	}
	return nil
}

// update replaces an entry that is still at this revision; false: somebody else was faster.
func (b *book) update(ctx context.Context, e entry, revision uint64) (bool, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return false, err
	}
	_, err = b.kv.Update(ctx, entryKey(e.Receipt.Kiosk, e.Receipt.Receipt), data, revision)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return false, nil
	}
	return err == nil, err
}

// forget lets go of an entry and of what leads to it; itself last, so that what fails is done again.
func (b *book) forget(ctx context.Context, e entry) error {
	keys := []string{"n." + string(e.Receipt.Receipt), entryKey(e.Receipt.Kiosk, e.Receipt.Receipt)}
	if e.Receipt.Code != "" {
		keys = append([]string{"c." + e.Receipt.Code}, keys...)
	}
	for _, key := range keys {
		if err := b.kv.Purge(ctx, key); err != nil {
			return fmt.Errorf("gateway: forget %s: %w", key, err)
		}
	}
	return nil
}

// each calls with every entry there is.
func (b *book) each(ctx context.Context, with func(entry)) error {
	err := b.watch(ctx, []jetstream.WatchOpt{jetstream.IgnoreDeletes()}, func(e entry, revision uint64) error {
		if revision == 0 {
			return errAll
		}
		with(e)
		return nil
	})
	if errors.Is(err, errAll) {
		return nil
	}
	return err
}

// errAll ends a watch that only wanted what there is.
var errAll = errors.New("that was all")

// watch calls with every entry as it is, once with revision 0 when those were all, and
// then whenever one changes.
func (b *book) watch(ctx context.Context, options []jetstream.WatchOpt, with func(entry, uint64) error) error {
	watch, err := b.kv.Watch(ctx, "r.>", options...)
	if err != nil {
		return fmt.Errorf("gateway: read the receipts: %w", err)
	}
	defer watch.Stop() // only frees what ctx frees too
	for {
		select {
		case found, ok := <-watch.Updates():
			var e entry
			revision := uint64(0)
			switch {
			case !ok:
				return errors.New("gateway: read the receipts: the connection is gone")
			case found != nil:
				revision = found.Revision()
				if err := json.Unmarshal(found.Value(), &e); err != nil {
					return fmt.Errorf("gateway: entry %s: %w", found.Key(), err)
				}
			}
			if err := with(e, revision); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
