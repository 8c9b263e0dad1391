package cardsim

import (
	"context"
	"fmt"
	"sync"

	"tiepdan/drivers/card"
)

// A Reader is a virtual card reader. The zero value is plugged in and empty.
// It implements [card.Transport] to whatever card lies on it, and is safe for
// concurrent use. It has no goroutine: what happens to it happens in the
// caller's.
type Reader struct {
	mu        sync.Mutex
	chip      *Chip
	unplugged bool
	taken     int                       // cards that have left, so that a quick change of cards is seen
	changed   chan struct{}             // closed on every change
	inflight  map[int]func(cause error) // ends the exchanges with the card that leaves
	exchanges int                       // keys of inflight
}

// Insert lays a card, in place of the one that lies there. The card starts
// anew.
func (r *Reader) Insert(c *Chip) {
	c.Reset()
	r.update(func() { r.chip = c })
}

// Remove takes the card away, in the middle of an exchange too.
func (r *Reader) Remove() { r.update(func() { r.chip = nil }) }

// PullReader unplugs the reader, with the card that lies on it.
func (r *Reader) PullReader() {
	r.update(func() { r.chip, r.unplugged = nil, true })
}

// PlugReader plugs it in again, empty.
func (r *Reader) PlugReader() { r.update(func() { r.unplugged = false }) }

func (r *Reader) update(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.chip
	change()
	if before != nil {
		r.taken++
		for _, end := range r.inflight {
			end(fmt.Errorf("virtual reader: %w", card.ErrRemoved))
		}
		clear(r.inflight)
	}
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// Level is what the reader sees now.
func (r *Reader) Level() card.Level {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.level()
}

func (r *Reader) level() card.Level {
	switch {
	case r.unplugged:
		return card.NoReader
	case r.chip == nil:
		return card.NoCard
	}
	return r.chip.Level()
}

// look returns the level, how many cards have left, and a channel that is
// closed at the next change.
func (r *Reader) look() (card.Level, int, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.level(), r.taken, r.changed
}

// Watch calls emit with the level now and at every change, until ctx is done;
// it returns ctx's error. A card that was changed for another between two looks
// shows as gone in between.
func (r *Reader) Watch(ctx context.Context, emit func(card.Level)) error {
	var last card.Level
	before := 0
	for {
		level, taken, changed := r.look()
		if last != "" && taken != before && level == last && level != card.NoCard && level != card.NoReader {
			emit(card.NoCard)
			last = card.NoCard
		}
		if level != last {
			emit(level)
		}
		last, before = level, taken
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Transmit sends a command to the card that lies there. A card that is pulled
// in the middle, or whose fault says so, is gone at once.
func (r *Reader) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	_, taken, _ := r.look()
	return r.transmit(ctx, apdu, taken)
}

func (r *Reader) transmit(ctx context.Context, apdu []byte, taken int) ([]byte, error) {
	chip, ctx, done, err := r.start(ctx, taken)
	if err != nil {
		return nil, err
	}
	defer done()
	resp, err := chip.Transmit(ctx, apdu)
	if chip.gone() {
		r.mu.Lock()
		still := r.chip == chip
		r.mu.Unlock()
		if still {
			r.Remove()
		}
	}
	return resp, err
}

// start registers an exchange with the card that came after so many others, so
// that whoever takes it can end the exchange.
func (r *Reader) start(ctx context.Context, taken int) (*Chip, context.Context, func(), error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.chip == nil || r.taken != taken {
		return nil, nil, nil, fmt.Errorf("virtual reader: %w", card.ErrRemoved)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	if r.inflight == nil {
		r.inflight = make(map[int]func(error))
	}
	key := r.exchanges
	r.exchanges++
	r.inflight[key] = cancel
	return r.chip, ctx, func() {
		cancel(nil)
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.inflight, key)
	}, nil
}

// Connect returns a transport to the card that lies there now and to no other:
// once that is taken away it says so, whatever lies there next.
func (r *Reader) Connect() (card.Transport, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.chip == nil {
		return nil, fmt.Errorf("virtual reader: %w", card.ErrRemoved)
	}
	return &connection{r, r.taken}, nil
}

type connection struct {
	reader *Reader
	taken  int
}

func (c *connection) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	return c.reader.transmit(ctx, apdu, c.taken)
}

// ATR is the card's answer to reset; nil once it has left.
func (c *connection) ATR() []byte {
	c.reader.mu.Lock()
	defer c.reader.mu.Unlock()
	if c.reader.chip == nil || c.reader.taken != c.taken {
		return nil
	}
	return c.reader.chip.ATR()
}
