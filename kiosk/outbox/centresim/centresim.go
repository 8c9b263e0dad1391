// Package centresim is a centre in memory, behind the outbox's interface: link,
// streams, gateway and One-Stop in one, with real sealing and real signatures,
// and faults to switch on. Tests and stories run it in a synctest bubble, where
// a NATS server can't run.
package centresim

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

// A Filed dossier is one that One-Stop has.
type Filed struct {
	Dossier dossier.Dossier
	Parts   []dossier.Part
	Code    string
	Times   int // how often it was handed over
}

// Faults are what may go wrong, until it is set right again.
type Faults struct {
	Mute   bool // receipts are not sent, only told when asked
	Asleep bool // the gateway takes up nothing
	Reject bool // dossiers are rejected for good
	Fail   int  // so many next publications fail
	// LoseAcks so many next publications arrive, and the kiosk doesn't hear of it.
	LoseAcks int
	// Quarantine makes the gateway give up on what it takes up.
	Quarantine bool
}

// Centre is one. Its methods may be called from anywhere.
type Centre struct {
	kiosk     string
	identity  string
	recipient string
	key       ed25519.PrivateKey

	mu       sync.Mutex
	changed  chan struct{}
	down     bool
	levels   int // changes of down
	faults   Faults
	pieces   map[dossier.ReceiptNumber]map[int][]byte
	waiting  []link.Envelope
	filed    []*Filed
	receipts map[dossier.ReceiptNumber]dossier.Receipt
	news     []dossier.Receipt // to be sent
	accepted map[dossier.ReceiptNumber]acceptance
}

// An acceptance is what an officer said of a dossier.
type acceptance struct{ received, due time.Time }

// Accept has an officer accept a dossier: status 2, with a date for the result.
func (c *Centre) Accept(r dossier.ReceiptNumber, received, due time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.receipts[r]; !ok {
		return fmt.Errorf("the centre has no dossier %s", r)
	}
	if c.accepted == nil {
		c.accepted = map[dossier.ReceiptNumber]acceptance{}
	}
	c.accepted[r] = acceptance{received, due}
	return nil
}

// New returns a centre for one kiosk. It is up.
func New(kiosk string) (*Centre, error) {
	identity, recipient, err := dossier.NewIdentity()
	if err != nil {
		return nil, err
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("make a receipt key: %w", err)
	}
	return &Centre{
		kiosk: kiosk, identity: identity, recipient: recipient, key: key,
		changed:  make(chan struct{}),
		pieces:   map[dossier.ReceiptNumber]map[int][]byte{},
		receipts: map[dossier.ReceiptNumber]dossier.Receipt{},
	}, nil
}

// Restore returns a centre with the keys of another and nothing else, as one
// brought back from an old backup.
func Restore(old *Centre) (*Centre, error) {
	c, err := New(old.kiosk)
	if err != nil {
		return nil, err
	}
	c.identity, c.recipient, c.key = old.identity, old.recipient, old.key
	return c, nil
}

// Credentials are what enrolment would have given the kiosk, without the way
// to a network.
func (c *Centre) Credentials() link.Credentials {
	return link.Credentials{Kiosk: c.kiosk, Recipient: c.recipient, ReceiptKey: c.key.Public().(ed25519.PublicKey)}
}

// SetDown cuts the link, or mends it.
func (c *Centre) SetDown(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down != down {
		c.down = down
		c.levels++
		c.news = nil // core messages wait for nobody
		c.notify()
	}
}

// SetFaults switches faults on and off. A gateway that wakes takes up what waits.
func (c *Centre) SetFaults(f Faults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = f
	c.work()
	c.notify()
}

// Filed returns what One-Stop has, in the order of its codes.
func (c *Centre) Filed() []Filed {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Filed
	for _, f := range c.filed {
		all = append(all, *f)
	}
	return all
}

// SetStatus is an officer's decision: a receipt with a higher Seq goes out.
func (c *Centre) SetStatus(r dossier.ReceiptNumber, status int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.receipts[r]
	if !ok {
		return fmt.Errorf("no dossier %s", r)
	}
	old.Status = status
	return c.sign(old)
}

// Send sends a receipt as it is, for tests of what must not be believed.
func (c *Centre) Send(r dossier.Receipt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.news = append(c.news, r)
	c.notify()
}

// SignAndSend signs a receipt as it is and sends it.
func (c *Centre) SignAndSend(r dossier.Receipt) error {
	signed, err := r.Sign(c.key)
	if err != nil {
		return err
	}
	c.Send(signed)
	return nil
}

func (c *Centre) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Watch tells whether the link is up, as [link.Conn.Watch] does.
func (c *Centre) Watch(ctx context.Context, emit func(link.Level)) error {
	for told := -1; ; {
		c.mu.Lock()
		down, levels, changed := c.down, c.levels, c.changed
		c.mu.Unlock()
		if told != levels {
			told = levels
			if down {
				emit(link.Down)
			} else {
				emit(link.Up)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// WatchReceipts tells what the gateway sends.
func (c *Centre) WatchReceipts(ctx context.Context, emit func(dossier.Receipt)) error {
	for {
		c.mu.Lock()
		news, changed := c.news, c.changed
		c.news = nil
		c.mu.Unlock()
		for _, r := range news {
			emit(r)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// publish is what all publications have in common: whether they arrive, and
// whether the kiosk hears of it.
func (c *Centre) publish(arrive func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.down:
		return link.ErrDown
	case c.faults.Fail > 0:
		c.faults.Fail--
		return errors.New("the centre is out of order")
	}
	arrive()
	if c.faults.LoseAcks > 0 {
		c.faults.LoseAcks--
		return errors.New("no answer")
	}
	return nil
}

// PublishPart keeps a piece; the first of a number stays.
func (c *Centre) PublishPart(_ context.Context, r dossier.ReceiptNumber, n int, piece []byte) error {
	return c.publish(func() {
		if c.pieces[r] == nil {
			c.pieces[r] = map[int][]byte{}
		}
		if _, there := c.pieces[r][n]; !there {
			c.pieces[r][n] = slices.Clone(piece)
		}
	})
}

// PublishDossier keeps an envelope for the gateway.
func (c *Centre) PublishDossier(_ context.Context, e link.Envelope) error {
	c.mu.Lock()
	reject := c.faults.Reject && !c.down
	c.mu.Unlock()
	if reject {
		return fmt.Errorf("%w: it was told to", link.ErrRejected)
	}
	return c.publish(func() {
		c.waiting = append(c.waiting, e)
		c.work()
	})
}

// AskReceipts answers with the receipts of these numbers.
func (c *Centre) AskReceipts(_ context.Context, rs []dossier.ReceiptNumber) ([]dossier.Receipt, error) {
	var known []dossier.Receipt
	err := c.publish(func() {
		for _, r := range rs {
			if rec, ok := c.receipts[r]; ok {
				known = append(known, rec)
			}
		}
	})
	return known, err
}

// Ask answers as [link.Conn.Ask] does: receipts and look-ups.
func (c *Centre) Ask(ctx context.Context, what string, req, reply any) error {
	var answer any
	switch what {
	case link.WhatReceipts:
		known, err := c.AskReceipts(ctx, req.(link.AskReceipts).Receipts)
		if err != nil {
			return err
		}
		answer = link.Receipts{Receipts: known}
	case link.WhatLookup:
		var found link.Lookup
		err := c.publish(func() { found = c.lookup(req.(link.AskLookup).Number) })
		if err != nil {
			return err
		}
		answer = found
	default:
		return fmt.Errorf("nobody answers %s", what)
	}
	b, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, reply)
}

func (c *Centre) lookup(number string) link.Lookup {
	r, err := dossier.ParseReceiptNumber(number)
	code, isCode := dossier.ParseCode(number)
	for _, rec := range c.receipts {
		if err == nil && rec.Receipt == r || isCode && rec.Code == code {
			l := link.Lookup{Found: true, Receipt: string(rec.Receipt), Code: rec.Code, Status: rec.Status, At: rec.At}
			if a, ok := c.accepted[rec.Receipt]; ok {
				l.Status, l.Received, l.Due = 2, a.received, a.due
			}
			return l
		}
	}
	return link.Lookup{}
}

// work is the gateway: it opens what waits, files it once, and signs. c.mu is held.
func (c *Centre) work() {
	if c.faults.Asleep {
		return
	}
	for _, e := range c.waiting {
		if f := c.find(e.Receipt); f != nil {
			f.Times++
			c.news = append(c.news, c.receipts[e.Receipt])
			continue
		}
		if _, known := c.receipts[e.Receipt]; known && c.faults.Quarantine {
			continue
		}
		rec := dossier.Receipt{Receipt: e.Receipt, Kiosk: c.kiosk, SHA256: dossier.Sealed{Ciphertext: e.Sealed}.SHA256(), Seq: c.receipts[e.Receipt].Seq}
		f, err := c.open(e)
		if c.faults.Quarantine {
			err = errors.New("it was told to")
		}
		if err != nil {
			rec.Outcome, rec.Reason = dossier.Quarantined, err.Error()
		} else {
			day := time.Now().In(time.FixedZone("", 7*60*60)).Format("060102")
			f.Code, f.Times = fmt.Sprintf("%s-%s-%04d", f.Dossier.Agency, day, len(c.filed)+1), 1
			c.filed = append(c.filed, f)
			rec.Outcome, rec.Code, rec.Status = dossier.Accepted, f.Code, 1
		}
		if err := c.sign(rec); err != nil {
			panic(err) // the receipt above is complete, or this package is wrong
		}
	}
	c.waiting = nil
	c.notify()
}

func (c *Centre) find(r dossier.ReceiptNumber) *Filed {
	for _, f := range c.filed {
		if f.Dossier.Receipt == r {
			return f
		}
	}
	return nil
}

// open does what the gateway does: the papers by the manifest inside the seal.
func (c *Centre) open(e link.Envelope) (*Filed, error) {
	d, m, err := dossier.Open(e.Sealed, c.identity)
	if err != nil {
		return nil, err
	}
	f := &Filed{Dossier: d}
	parts := map[int][]byte{}
	for p := range link.Pieces(m) {
		parts[p.Part] = append(parts[p.Part], c.pieces[e.Receipt][p.N]...)
	}
	for _, p := range m {
		if err := m.Check(p.N, parts[p.N]); err != nil {
			return nil, err
		}
		part, err := dossier.OpenPart(parts[p.N], c.identity, e.Receipt, p.N)
		if err != nil {
			return nil, err
		}
		f.Parts = append(f.Parts, part)
	}
	return f, nil
}

// sign signs the next receipt of a dossier, and sends it unless mute.
func (c *Centre) sign(r dossier.Receipt) error {
	r.Seq, r.At = r.Seq+1, time.Now()
	signed, err := r.Sign(c.key)
	if err != nil {
		return err
	}
	c.receipts[r.Receipt] = signed
	if !c.faults.Mute && !c.down {
		c.news = append(c.news, signed)
		c.notify()
	}
	return nil
}
