// Package gateway turns sealed dossiers into items at the city's One-Stop
// system, each exactly once, and answers for each with a signed receipt. It
// alone can open them; it believes nothing a kiosk says that it can check again.
//
//	DOSSIERS ─► worker: parts there? ─► open ─► check card, answers ─► One-Stop ─► sign, keep, tell, acknowledge
//	                     │ no: later              │ no: quarantine      │ away: later
//	                     │                        │                     │ refused: receipt with the reason
//
// Nothing is acknowledged before its receipt is on disk, and a receipt number
// that has a receipt is answered with the same one for good. So a crash anywhere means that
// a worker does it again, and One-Stop, asked again with the same MaHoSoNguon, gives the code it gave.
package gateway

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/drivers/card/trust"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

// Keys are the gateway's private ones. Those of before are kept: dossiers were sealed to
// them, and each receipt key vouches for the next.
type Keys struct {
	Identity string               // age, a line each, the newest first: opens dossiers
	Receipt  ed25519.PrivateKey   // signs receipts
	Past     []ed25519.PrivateKey // those before it, the newest first
}

// Changes is the chain that leads kiosks from any of the past keys to the present ones.
func (k Keys) Changes() ([]link.KeyChange, error) {
	recipient, err := k.Recipient()
	if err != nil {
		return nil, err
	}
	var chain []link.KeyChange
	next := k.Receipt
	for _, before := range k.Past {
		change, err := link.KeyChange{Recipient: recipient, ReceiptKey: next.Public().(ed25519.PublicKey)}.Sign(before)
		if err != nil {
			return nil, err
		}
		chain, next = append(chain, change), before
	}
	return chain, nil
}

// Recipient is what kiosks seal to.
func (k Keys) Recipient() (string, error) { return dossier.RecipientOf(k.Identity) }

// Public verifies receipts.
func (k Keys) Public() dossier.ReceiptKey { return k.Receipt.Public().(ed25519.PublicKey) }

// Options say what a gateway works with.
type Options struct {
	Conn     *nats.Conn
	Keys     Keys
	OneStop  OneStop
	Trust    *trust.Store // CSCA anchors; nil: none
	Requires string       // anchored | signed | read: the least a card must be proven
	FilesURL string       // where One-Stop reaches [Gateway.Files], without FilesPath; "": dossiers with pages wait
	Workers  int          // 0: 8
	Shelf    Shelf        // catalogues besides the program's own; nil: none
	Replicas int          // of what it keeps; 0: as many as the stream of parts has
	// StatusEvery is how often One-Stop is asked where open dossiers stand; 0: 15 s.
	StatusEvery time.Duration
	// FilesAgain is how long a page that was fetched may be fetched again; 0: 10 min.
	FilesAgain time.Duration
	// KeepPages is how long pages are kept that One-Stop never fetches; nil: 30 days.
	KeepPages func(context.Context) (time.Duration, error)
	Log       *slog.Logger
}

// Gateway is one of any number of workers on the same streams.
type Gateway struct {
	Options
	js      jetstream.JetStream
	parts   jetstream.Stream
	files   jetstream.KeyValue
	book    *book
	rules   rules
	open    openCodes
	metrics Metrics
}

// ackWait is how soon another takes over what a dead gateway held. A living one says
// that it is still at it, every third of that.
const ackWait = 12 * time.Second

// Open joins the streams, made if they aren't there. Call Run.
func Open(ctx context.Context, o Options) (*Gateway, error) {
	if o.Workers == 0 {
		o.Workers = 8
	}
	if o.StatusEvery == 0 {
		o.StatusEvery = 15 * time.Second
	}
	if o.FilesAgain == 0 {
		o.FilesAgain = onceMore
	}
	js, err := jetstream.New(o.Conn)
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	g := &Gateway{Options: o, js: js}
	g.rules.shelf = o.Shelf
	if g.parts, err = js.Stream(ctx, link.StreamParts); err != nil {
		return nil, fmt.Errorf("gateway: stream %s: %w", link.StreamParts, err)
	}
	if g.Replicas == 0 { // a gateway apart must not take copies away
		g.Replicas = g.parts.CachedInfo().Config.Replicas
	}
	o.Replicas = g.Replicas
	if g.book, err = openBook(ctx, js, o.Replicas); err != nil {
		return nil, err
	}
	if _, err := js.CreateOrUpdateStream(ctx, quarantineStream(o.Replicas)); err != nil {
		return nil, fmt.Errorf("gateway: stream %s: %w", streamQuarantine, err)
	}
	if g.files, err = openFiles(ctx, js, o.Replicas); err != nil {
		return nil, err
	}
	return g, nil
}

// finishWithin is how long what is at hand may take once a gateway is told to stop.
const finishWithin = 3 * time.Second

// Run works until the context ends. What is at hand then is finished if that
// takes no longer than [finishWithin], and done again by the next one otherwise.
func (g *Gateway) Run(ctx context.Context) error {
	if err := g.run(ctx); ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	return nil // told to stop before it had begun
}

func (g *Gateway) run(ctx context.Context) error {
	stopAnswering, err := g.answer()
	if err != nil {
		return err
	}
	defer stopAnswering()
	consumer, err := untilDone(ctx, g.Log, g.consumer)
	if err != nil {
		return err
	}
	known, err := untilDone(ctx, g.Log, func(ctx context.Context) (all []entry, err error) {
		err = g.book.each(ctx, func(e entry) { all = append(all, e) })
		return all, err
	})
	if err != nil {
		return err
	}
	for _, e := range known {
		g.metrics.restore(e)
		g.open.note(e)
	}

	// Work in hand outlives ctx by a little.
	work, finish := context.WithCancel(context.WithoutCancel(ctx))
	defer finish()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(finishWithin, finish) })()

	errs := make(chan error, g.Workers+2)
	var wg sync.WaitGroup
	for range g.Workers {
		wg.Go(func() { errs <- g.work(ctx, work, consumer) })
	}
	wg.Go(func() { errs <- g.watchStatuses(ctx) })
	wg.Go(func() { errs <- g.sweepFiles(ctx) })
	wg.Wait()
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	return all
}

func (g *Gateway) consumer(ctx context.Context) (jetstream.Consumer, error) {
	c, err := g.js.CreateOrUpdateConsumer(ctx, link.StreamDossiers, jetstream.ConsumerConfig{
		Durable:       "gateway",
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxDeliver:    -1,
		MaxAckPending: -1, // an item that waits for its parts, or for One-Stop, holds up no other
		Replicas:      g.Replicas,
	})
	if err != nil {
		return nil, fmt.Errorf("gateway: consumer: %w", err)
	}
	return c, nil
}

// untilDone tries for as long as it takes: a cluster that has just lost a node answers
// nothing for some seconds, and nobody is to begin anew for that.
func untilDone[T any](ctx context.Context, log *slog.Logger, try func(context.Context) (T, error)) (T, error) {
	for {
		v, err := try(ctx)
		if err == nil || ctx.Err() != nil {
			return v, err
		}
		log.Warn("the bus does not answer; trying again", "err", err)
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// work takes one item after the other until ctx ends.
func (g *Gateway) work(ctx, work context.Context, consumer jetstream.Consumer) error {
	// One at a time: an item is asked for when there is somebody to do it.
	items, err := untilDone(ctx, g.Log, func(context.Context) (jetstream.MessagesContext, error) {
		return consumer.Messages(jetstream.PullMaxMessages(1))
	})
	if err != nil {
		return nil // told to stop
	}
	defer items.Stop()
	for {
		msg, err := items.Next(jetstream.NextContext(ctx))
		switch {
		case ctx.Err() != nil:
			if err == nil {
				return msg.Nak()
			}
			return nil
		case errors.Is(err, nats.ErrConnectionClosed):
			return fmt.Errorf("gateway: pull: %w", err)
		case errors.Is(err, jetstream.ErrMsgIteratorClosed):
			return g.work(ctx, work, consumer) // it has given up waiting; we have not
		case err != nil:
			g.Log.Warn("waiting for dossiers", "err", err)
		default:
			g.one(work, msg)
		}
	}
}

// one does one item and says to the stream what became of it.
func (g *Gateway) one(ctx context.Context, msg jetstream.Msg) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	go func() { // tells the stream that somebody is at it
		for {
			select {
			case <-time.After(ackWait / 3):
				if msg.InProgress() != nil {
					return // done meanwhile, or the connection is gone: then it comes again
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	deliveries, handedOver := uint64(1), time.Time{}
	if meta, err := msg.Metadata(); err == nil {
		deliveries, handedOver = meta.NumDelivered, meta.Timestamp
	}
	err := g.handle(ctx, msg.Subject(), msg.Data(), deliveries, handedOver)
	later, isLater := errors.AsType[*tryLater](err)
	switch {
	case err == nil:
		err = msg.DoubleAck(ctx) // lost acknowledgements cost a second round, nothing else
	case isLater:
		g.metrics.later(later.why)
		delay := backoff(deliveries)
		g.Log.Info("a dossier has to wait", "subject", msg.Subject(), "why", later.why, "err", later.err, "delivery", deliveries, "delay", delay)
		err = msg.NakWithDelay(delay)
	default:
		// Nobody can be given a receipt for it: it names no receipt number of its own.
		g.metrics.nonsense()
		g.Log.Error("not a dossier at all", "subject", msg.Subject(), "err", err)
		err = msg.TermWithReason("not a dossier")
	}
	if err != nil {
		g.Log.Warn("the stream did not hear what became of a dossier; it comes again", "subject", msg.Subject(), "err", err)
	}
}

// backoff doubles from a quarter of a second to 15 s, so that what waited for
// One-Stop goes soon after it is back; much later for what has waited for hours.
func backoff(deliveries uint64) time.Duration {
	switch {
	case deliveries <= 6:
		return 250 * time.Millisecond << (deliveries - 1)
	case deliveries <= 500:
		return 15 * time.Second
	}
	return 5 * time.Minute
}

// tryLater is an item that could not be done now. It says nothing of the item itself.
type tryLater struct {
	why string // a metric's label
	err error
}

func (e *tryLater) Error() string { return e.why + ": " + e.err.Error() }
func (e *tryLater) Unwrap() error { return e.err }

func later(why string, err error) error { return &tryLater{why, err} }
