// Package outbox carries recorded dossiers to the centre and brings back the
// gateway's receipts. The store stays the record: a dossier is handed over,
// asked after, and kept until a receipt signed over the hash of its ciphertext
// ends it. What was under way when the power went is simply pending again: the
// centre takes the same thing twice as once.
package outbox

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

// Items is what the store has to hand over.
type Items interface {
	// Pending returns what is to be handed over, dossiers without papers first.
	Pending(ctx context.Context, limit int) ([]dossier.ReceiptNumber, error)
	Load(ctx context.Context, r dossier.ReceiptNumber) (dossier.Sealed, error)
	MarkHandedOver(ctx context.Context, rs []dossier.ReceiptNumber) error
	Quarantine(ctx context.Context, r dossier.ReceiptNumber, reason string) error
}

// Ledger is what the store knows of receipts.
type Ledger interface {
	// Open returns, after a number and in their order, dossiers the gateway may
	// have news of: those without a receipt, or (answered) with one that ends nothing.
	Open(ctx context.Context, answered bool, after dossier.ReceiptNumber, limit int) ([]dossier.ReceiptNumber, error)
	// MarkReceived keeps verified receipts and purges what they end, and returns
	// those that were news. The error is about the others.
	MarkReceived(ctx context.Context, rs []dossier.Receipt) ([]dossier.Receipt, error)
}

// Store is both.
type Store interface {
	Items
	Ledger
}

// Centre is the other end. Errors of publishing unwrap to [link.ErrDown] (wait
// for the connection) or [link.ErrRejected] (never again); all others may pass.
type Centre interface {
	Watch(ctx context.Context, emit func(link.Level)) error
	WatchReceipts(ctx context.Context, emit func(dossier.Receipt)) error
	PublishPart(ctx context.Context, r dossier.ReceiptNumber, n int, piece []byte) error
	PublishDossier(ctx context.Context, e link.Envelope) error
	AskReceipts(ctx context.Context, rs []dossier.ReceiptNumber) ([]dossier.Receipt, error)
}

// Outbox is one kiosk's. Set Results and Pace before Run.
type Outbox struct {
	// Results hears of each receipt that is news (a code, a status, a refusal),
	// once it is kept. It may be nil, and must not block.
	Results func(dossier.Receipt)
	// Pace waits until so many bytes of papers may go, for lines that others use too; nil:
	// they go as they can.
	Pace func(ctx context.Context, bytes int) error

	store  Store
	centre Centre
	kiosk  string
	key    dossier.ReceiptKey
	log    *slog.Logger

	up       atomic.Bool
	cameBack atomic.Bool // the link, since drain looked
	drainNow chan struct{}
	askNow   chan struct{}
	incoming chan dossier.Receipt
}

// New returns an outbox that believes receipts for this kiosk, signed by the
// receipt key of its credentials.
func New(store Store, centre Centre, cred link.Credentials, log *slog.Logger) *Outbox {
	return &Outbox{
		store: store, centre: centre, kiosk: cred.Kiosk, key: dossier.ReceiptKey(cred.ReceiptKey), log: log,
		drainNow: make(chan struct{}, 1),
		askNow:   make(chan struct{}, 1),
		incoming: make(chan dossier.Receipt, 256),
	}
}

// Poke says that something was recorded. It never blocks.
func (o *Outbox) Poke() { poke(o.drainNow) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is poked already
	}
}

// Run hands over, asks and receives until ctx is done.
func (o *Outbox) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, work := range []func(context.Context) error{o.watchLevel, o.watchReceipts, o.receive, o.drain, o.ask} {
		wg.Go(func() { cancel(work(ctx)) }) // none ends before ctx but by a fault
	}
	wg.Wait()
	return context.Cause(ctx)
}

func (o *Outbox) watchLevel(ctx context.Context) error {
	return o.centre.Watch(ctx, func(l link.Level) {
		o.up.Store(l != link.Down) // forbidden one subject, we may yet be allowed another
		if l == link.Up {
			o.cameBack.Store(true)
			poke(o.drainNow)
			poke(o.askNow)
		}
	})
}

func (o *Outbox) watchReceipts(ctx context.Context) error {
	return o.centre.WatchReceipts(ctx, func(r dossier.Receipt) {
		select {
		case o.incoming <- r:
		case <-ctx.Done():
		}
	})
}

// receive keeps receipts as they come, as many in one transaction as have come.
func (o *Outbox) receive(ctx context.Context) error {
	const most = 64
	for {
		var batch []dossier.Receipt
		select {
		case <-ctx.Done():
			return ctx.Err()
		case r := <-o.incoming:
			batch = append(batch, r)
		}
		for more := true; more && len(batch) < most; {
			select {
			case r := <-o.incoming:
				batch = append(batch, r)
			default:
				more = false
			}
		}
		o.keep(ctx, batch)
	}
}

// keep believes what the gateway signed, for this kiosk, and nothing else.
// Whether it is for the ciphertext that was sealed here the store holds, in the
// transaction that purges it. What can't be kept is asked for again.
func (o *Outbox) keep(ctx context.Context, rs []dossier.Receipt) {
	var good []dossier.Receipt
	for _, r := range rs {
		err := r.Verify(o.key)
		if err == nil && r.Kiosk != o.kiosk {
			err = errors.New("it is another kiosk's")
		}
		if err != nil {
			o.log.Warn("receipt not believed", "receipt", string(r.Receipt), "err", err)
			continue
		}
		good = append(good, r)
	}
	if len(good) == 0 {
		return
	}
	fresh, err := o.store.MarkReceived(ctx, good)
	if err != nil && ctx.Err() == nil {
		o.log.Error("receipts not kept", "err", err)
	}
	for _, r := range fresh {
		o.log.Info("received", "receipt", string(r.Receipt), "outcome", r.Outcome, "code", r.Code, "status", r.Status)
		if o.Results != nil {
			o.Results(r)
		}
	}
}

const (
	askEvery    = 30 * time.Second // after those without a receipt
	askAgain    = 10 * time.Minute // after those with one that ends nothing
	askAtOnce   = link.MaxAskReceipts
	askJitter   = askEvery / 5
	askPatience = 20 * time.Second
)

// ask asks after open numbers: receipts and status changes are sent once, and
// may have been sent while nobody listened.
func (o *Outbox) ask(ctx context.Context) error {
	var again time.Time              // when to ask after the answered
	var cursor dossier.ReceiptNumber // one page of them at a time, in turns
	t := time.NewTimer(askEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-o.askNow:
		case <-t.C:
		}
		t.Reset(askEvery + rand.N(askJitter))
		if !o.up.Load() {
			continue
		}
		for after, more := dossier.ReceiptNumber(""), true; more; {
			after, more = o.askAfter(ctx, false, after)
		}
		if time.Now().After(again) {
			more := false
			if cursor, more = o.askAfter(ctx, true, cursor); !more {
				cursor = ""
			}
			again = time.Now().Add(askAgain)
		}
	}
}

// askAfter asks for one page of numbers and returns the last of it; more says
// that another page may follow.
func (o *Outbox) askAfter(ctx context.Context, answered bool, after dossier.ReceiptNumber) (last dossier.ReceiptNumber, more bool) {
	numbers, err := o.store.Open(ctx, answered, after, askAtOnce)
	if err != nil {
		o.log.Error("open dossiers not read", "err", err)
		return after, false
	}
	if len(numbers) == 0 {
		return after, false
	}
	asked, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	rs, err := o.centre.AskReceipts(asked, numbers)
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, link.ErrDown) {
			o.log.Warn("receipts not answered", "asked", len(numbers), "err", err)
		}
		return after, false
	}
	if len(rs) > 0 {
		o.keep(ctx, rs)
	}
	return numbers[len(numbers)-1], len(numbers) == askAtOnce
}
