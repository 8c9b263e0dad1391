package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

// A Held dossier is one in quarantine.
type Held struct {
	Kiosk   string                `json:"kiosk"`
	Receipt dossier.ReceiptNumber `json:"receipt"`
	Reason  string                `json:"reason"` // a code
	At      time.Time             `json:"at"`
	Trying  bool                  `json:"trying"` // again, right now
}

// ErrNotHeld says that no such dossier is in quarantine.
var ErrNotHeld = errors.New("no such dossier in quarantine")

// A Desk is the gateway's book for people at the centre: it opens no dossier, and
// works where the gateway itself runs elsewhere.
type Desk struct {
	js   jetstream.JetStream
	book *book
}

// OpenDesk opens the book, or makes it.
func OpenDesk(ctx context.Context, js jetstream.JetStream, replicas int) (*Desk, error) {
	b, err := openBook(ctx, js, replicas)
	if err != nil {
		return nil, err
	}
	if _, err := js.CreateOrUpdateStream(ctx, quarantineStream(replicas)); err != nil {
		return nil, fmt.Errorf("gateway: stream %s: %w", streamQuarantine, err)
	}
	return &Desk{js, b}, nil
}

func quarantineStream(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: streamQuarantine, Subjects: []string{"quarantine.>"}, Description: "sealed dossiers that could not be filed, for people to look into",
		Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: 1, AllowDirect: true, Replicas: replicas,
	}
}

// Held lists what is in quarantine, the oldest first.
func (d *Desk) Held(ctx context.Context) ([]Held, error) {
	s, err := d.js.Stream(ctx, streamQuarantine)
	if err != nil {
		return nil, fmt.Errorf("gateway: quarantine: %w", err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter("quarantine.>"))
	if err != nil {
		return nil, fmt.Errorf("gateway: quarantine: %w", err)
	}
	held := []Held{}
	for subject := range info.State.Subjects {
		token := strings.Split(subject, ".")
		if len(token) != 3 {
			continue
		}
		kiosk, receipt := token[1], dossier.ReceiptNumber(token[2])
		e, _, ok, err := d.book.find(ctx, kiosk, receipt)
		if err != nil {
			return nil, err
		}
		if ok && e.Receipt.Outcome == dossier.Quarantined {
			held = append(held, Held{kiosk, receipt, e.Receipt.Reason, e.Receipt.At, e.Again})
		}
	}
	return held, nil
}

// Retry has a dossier tried again as if it had just come: after the city mended its
// system, or we ours. It stays in quarantine until it is done. who is for its life.
func (d *Desk) Retry(ctx context.Context, kiosk string, receipt dossier.ReceiptNumber, who string) error {
	if !dossier.ValidKiosk(kiosk) || !receipt.Valid() {
		return ErrNotHeld
	}
	e, revision, ok, err := d.book.find(ctx, kiosk, receipt)
	if err != nil {
		return err
	}
	if !ok || e.Receipt.Outcome != dossier.Quarantined {
		return ErrNotHeld
	}
	s, err := d.js.Stream(ctx, streamQuarantine)
	if err != nil {
		return fmt.Errorf("gateway: quarantine: %w", err)
	}
	m, err := s.GetLastMsgForSubject(ctx, quarantineSubject(kiosk, receipt))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return ErrNotHeld
	}
	if err != nil {
		return fmt.Errorf("gateway: quarantine: %w", err)
	}
	e.Again = true
	e.step(Step{At: time.Now(), What: "tried-again", Detail: who})
	if ok, err = d.book.update(ctx, e, revision); err != nil || !ok {
		return errors.Join(err, errors.New("gateway: the entry changes, try again"))
	}
	// The stream forgets ids of messages; one that is still being tried is there already.
	_, err = d.js.Publish(ctx, link.DossierSubject(kiosk, receipt), m.Data)
	if err != nil && !isTaken(err) {
		return fmt.Errorf("gateway: try again: %w", err)
	}
	return nil
}

func quarantineSubject(kiosk string, receipt dossier.ReceiptNumber) string {
	return "quarantine." + kiosk + "." + string(receipt)
}

// release lets go of a dossier that left quarantine.
func (g *Gateway) release(ctx context.Context, kiosk string, receipt dossier.ReceiptNumber) error {
	s, err := g.js.Stream(ctx, streamQuarantine)
	if err != nil {
		return err
	}
	return s.Purge(ctx, jetstream.WithPurgeSubject(quarantineSubject(kiosk, receipt)))
}

// Forget lets go of receipts whose dossier is done with and whose last word is from before.
// What is open, or in quarantine, is never forgotten.
func (d *Desk) Forget(ctx context.Context, before time.Time) (forgotten int, err error) {
	var old []entry
	if err := d.book.each(ctx, func(e entry) {
		done := e.Receipt.Outcome == dossier.Refused || e.Receipt.Outcome == dossier.Accepted && ended[e.Receipt.Status]
		if done && e.Receipt.At.Before(before) {
			old = append(old, e)
		}
	}); err != nil {
		return 0, err
	}
	for _, e := range old {
		if err := d.book.forget(ctx, e); err != nil {
			return forgotten, err
		}
		forgotten++
	}
	if forgotten > 0 {
		err = d.book.kv.PurgeDeletes(ctx, jetstream.DeleteMarkersOlderThan(-1))
	}
	return forgotten, err
}

// A Record is what the book has of a dossier, for people at the centre.
type Record struct {
	Receipt    dossier.Receipt `json:"receipt"`
	Agency     string          `json:"agency,omitempty"`
	Procedure  string          `json:"procedure,omitempty"`
	KioskGrade string          `json:"kiosk_grade,omitempty"`
	Grade      string          `json:"grade,omitempty"`
	Notes      []string        `json:"notes,omitempty"`
	Life       []Step          `json:"life"`
}

func (e entry) record() Record {
	return Record{e.Receipt, e.Agency, e.Procedure, e.KioskGrade, e.Grade, e.Notes, e.Life}
}

// Find returns the record of a receipt number or official code.
func (d *Desk) Find(ctx context.Context, number string) (Record, bool, error) {
	e, ok, err := d.book.lookup(ctx, number)
	return e.record(), ok, err
}

// Watch calls with every record as it is and whenever it changes, from a revision on;
// revision names where it stands. It blocks until ctx ends.
func (d *Desk) Watch(ctx context.Context, from uint64, with func(r Record, revision uint64) error) error {
	options := []jetstream.WatchOpt{jetstream.IgnoreDeletes()}
	if from > 0 {
		options = append(options, jetstream.ResumeFromRevision(from))
	}
	return d.book.watch(ctx, options, func(e entry, revision uint64) error { return with(e.record(), revision) })
}

// Revision is the newest one of the book.
func (d *Desk) Revision(ctx context.Context) (uint64, error) {
	s, err := d.js.Stream(ctx, "KV_"+bookBucket)
	if err != nil {
		return 0, fmt.Errorf("gateway: receipts: %w", err)
	}
	return s.CachedInfo().State.LastSeq, nil
}
