package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

const (
	batchSize = 32              // handed over, then marked in one transaction
	inFlight  = 16              // of them at once; those with papers one by one
	lookEvery = time.Minute     // for what nobody poked about
	firstWait = 2 * time.Second // before an item is tried again
	longWait  = 5 * time.Minute
)

// An attempt is what this run of the program remembers of an item that failed.
type attempt struct {
	tries int
	next  time.Time
	piece int // the first piece of its papers that is not handed over
}

// drain hands over whatever is pending while the link is up.
func (o *Outbox) drain(ctx context.Context) error {
	failed := map[dossier.ReceiptNumber]*attempt{}
	wait := time.Duration(0)
	for {
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-o.drainNow:
			t.Stop()
		case <-t.C:
		}
		if o.cameBack.Swap(false) { // what failed may have failed for the link
			for _, a := range failed {
				a.next = time.Time{}
			}
		}
		for o.up.Load() && ctx.Err() == nil {
			progress, err := o.handOverBatch(ctx, failed)
			if err != nil && ctx.Err() == nil {
				o.log.Error("outbox", "err", err)
			}
			if !progress {
				break
			}
		}
		wait = lookEvery
		for _, a := range failed {
			if o.up.Load() {
				wait = min(wait, max(time.Until(a.next), firstWait/2))
			}
		}
	}
}

// handOverBatch takes the next pending items that are due. Progress says that
// something was settled, so that it is worth looking for more at once; when a
// whole batch fails, the centre is in trouble and the rest waits a little too.
func (o *Outbox) handOverBatch(ctx context.Context, failed map[dossier.ReceiptNumber]*attempt) (progress bool, err error) {
	limit := batchSize + len(failed)
	pending, err := o.store.Pending(ctx, limit)
	if err != nil {
		return false, err
	}
	if len(pending) < limit { // that is all of them: forget those that are none any more
		for r := range failed {
			if !slices.Contains(pending, r) {
				delete(failed, r)
			}
		}
	}
	now := time.Now()
	due := slices.DeleteFunc(pending, func(r dossier.ReceiptNumber) bool {
		a := failed[r]
		return a != nil && a.next.After(now)
	})
	due = due[:min(len(due), batchSize)]
	if len(due) == 0 {
		return false, nil
	}

	results := o.handOverAll(ctx, due, failed)
	var done []dossier.ReceiptNumber
	for i, r := range due {
		switch err := results[i]; {
		case err == nil:
			done = append(done, r)
			delete(failed, r)
		case errors.Is(err, link.ErrRejected):
			o.log.Error("dossier quarantined", "receipt", string(r), "err", err)
			if err := o.store.Quarantine(ctx, r, err.Error()); err != nil {
				return false, err
			}
			delete(failed, r)
			progress = true
		case errors.Is(err, errOthersFirst):
			progress = true
		case errors.Is(err, link.ErrDown) || ctx.Err() != nil:
			// Nothing is wrong with the item. It goes when the link is back.
		default:
			a := failed[r]
			a.tries++
			a.next = time.Now().Add(backoff(a.tries))
			o.log.Warn("dossier not handed over", "receipt", string(r), "tries", a.tries, "err", err)
		}
	}
	if len(done) > 0 {
		if err := o.store.MarkHandedOver(ctx, done); err != nil {
			return false, err
		}
		o.log.Info("handed over", "dossiers", len(done))
		progress = true
	}
	return progress, nil
}

// backoff grows to longWait, with jitter so that a city's kiosks spread out.
func backoff(tries int) time.Duration {
	d := min(firstWait<<min(tries-1, 10), longWait)
	return d/2 + rand.N(d)
}

// handOverAll hands items over, several at once, and returns how each went.
func (o *Outbox) handOverAll(ctx context.Context, due []dossier.ReceiptNumber, failed map[dossier.ReceiptNumber]*attempt) []error {
	results := make([]error, len(due))
	others := false // go before the rest of these
	var wg sync.WaitGroup
	slots := make(chan struct{}, inFlight)
	for i, r := range due {
		a := failed[r]
		if a == nil {
			a = &attempt{}
			failed[r] = a
		}
		sealed, err := o.store.Load(ctx, r)
		if err != nil {
			results[i] = err
			continue
		}
		if len(sealed.Manifest) > 0 {
			wg.Wait() // papers are megabytes: one dossier's in memory at a time
			results[i] = errOthersFirst
			if !others {
				results[i] = o.handOver(ctx, sealed, a)
				others = errors.Is(results[i], errOthersFirst)
			}
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			results[i] = o.handOver(ctx, sealed, a)
			<-slots
		})
	}
	wg.Wait()
	return results
}

// errOthersFirst says that papers make way; they go on from where they stopped.
var errOthersFirst = errors.New("others go first")

// handOver sends the papers in pieces, from where the last try stopped, and the
// dossier last: it is what the gateway takes up.
func (o *Outbox) handOver(ctx context.Context, s dossier.Sealed, a *attempt) error {
	for p := range link.Pieces(s.Manifest) {
		part := s.Parts[p.Part]
		if p.To > len(part) {
			return fmt.Errorf("%w: its part %d is not whole in the store", link.ErrRejected, p.Part)
		}
		if p.N < a.piece {
			continue
		}
		select {
		case <-o.drainNow: // something was recorded: if it has no papers, it goes first
			return errOthersFirst
		default:
		}
		if o.Pace != nil {
			if err := o.Pace(ctx, p.To-p.From); err != nil {
				return err
			}
		}
		if err := o.centre.PublishPart(ctx, s.Receipt, p.N, part[p.From:p.To]); err != nil {
			return err
		}
		a.piece = p.N + 1
	}
	return o.centre.PublishDossier(ctx, link.Envelope{
		Version: dossier.Version, Receipt: s.Receipt, Sealed: s.Ciphertext, Manifest: s.Manifest,
	})
}
