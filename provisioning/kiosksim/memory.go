package kiosksim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"tiepdan/kiosk/dossier"
)

// A Tally counts what became of dossiers.
type Tally struct {
	Filed    int // all of them
	Accepted int
	Refused  int
	Held     int // quarantined
	Open     int // filed, and nobody has signed for them yet
	Wrong    int // receipts that were for other bytes
}

// Add sums two.
func (t Tally) Add(o Tally) Tally {
	return Tally{t.Filed + o.Filed, t.Accepted + o.Accepted, t.Refused + o.Refused, t.Held + o.Held, t.Open + o.Open, t.Wrong + o.Wrong}
}

// memory is a kiosk's store without a disk: it keeps the same promises for as long
// as the process lives.
type memory struct {
	mu    sync.Mutex
	items map[dossier.ReceiptNumber]*item
	sum   Tally
}

type item struct {
	sealed     dossier.Sealed // until a receipt ends it
	sha256     string
	handedOver bool
	seq        int
	outcome    string
}

func newMemory() *memory { return &memory{items: map[dossier.ReceiptNumber]*item{}} }

func (m *memory) put(s dossier.Sealed) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items[s.Receipt] = &item{sealed: s, sha256: s.SHA256()}
	m.sum.Filed++
}

func (m *memory) tally() Tally {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.sum
	for _, i := range m.items {
		switch i.outcome {
		case "":
			t.Open++
		case dossier.Accepted:
			t.Accepted++
		case dossier.Refused:
			t.Refused++
		case dossier.Quarantined:
			t.Held++
		}
	}
	return t
}

// numbers lists those that fit, in their order.
func (m *memory) numbers(limit int, fits func(dossier.ReceiptNumber, *item) bool) []dossier.ReceiptNumber {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []dossier.ReceiptNumber
	for r, i := range m.items {
		if fits(r, i) {
			all = append(all, r)
		}
	}
	slices.Sort(all)
	return all[:min(limit, len(all))]
}

// Pending implements [outbox.Items].
func (m *memory) Pending(_ context.Context, limit int) ([]dossier.ReceiptNumber, error) {
	bare := m.numbers(limit, func(_ dossier.ReceiptNumber, i *item) bool {
		return !i.handedOver && i.outcome == "" && len(i.sealed.Manifest) == 0
	})
	return append(bare, m.numbers(limit-len(bare), func(_ dossier.ReceiptNumber, i *item) bool {
		return !i.handedOver && i.outcome == "" && len(i.sealed.Manifest) > 0
	})...), nil
}

// Load implements [outbox.Items].
func (m *memory) Load(_ context.Context, r dossier.ReceiptNumber) (dossier.Sealed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.items[r]; i != nil && i.sealed.Ciphertext != nil {
		return i.sealed, nil
	}
	return dossier.Sealed{}, fmt.Errorf("kiosksim: %s is not here", r)
}

// MarkHandedOver implements [outbox.Items].
func (m *memory) MarkHandedOver(_ context.Context, rs []dossier.ReceiptNumber) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range rs {
		m.items[r].handedOver = true
	}
	return nil
}

// Quarantine implements [outbox.Items].
func (m *memory) Quarantine(_ context.Context, r dossier.ReceiptNumber, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items[r].outcome = dossier.Quarantined
	return nil
}

// Open implements [outbox.Ledger].
func (m *memory) Open(_ context.Context, answered bool, after dossier.ReceiptNumber, limit int) ([]dossier.ReceiptNumber, error) {
	return m.numbers(limit, func(r dossier.ReceiptNumber, i *item) bool {
		return r > after && i.handedOver && answered == (i.outcome != "")
	}), nil
}

// MarkReceived implements [outbox.Ledger].
func (m *memory) MarkReceived(_ context.Context, rs []dossier.Receipt) (fresh []dossier.Receipt, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range rs {
		i := m.items[r.Receipt]
		switch {
		case i == nil || i.sha256 != r.SHA256:
			m.sum.Wrong++
			err = errors.Join(err, fmt.Errorf("kiosksim: a receipt for %s that is not for what was sealed", r.Receipt))
		case r.Seq > i.seq:
			i.seq, i.outcome = r.Seq, r.Outcome
			if r.Outcome != dossier.Quarantined {
				i.sealed = dossier.Sealed{Receipt: r.Receipt}
			}
			fresh = append(fresh, r)
		}
	}
	return fresh, err
}
