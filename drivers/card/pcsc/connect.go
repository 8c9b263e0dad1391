//go:build pcsc

package pcsc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ebfe/scard"

	"tiepdan/drivers/card"
)

// answerWithin is the longest a card may take for one APDU. Chips take a second
// for a key agreement at most; drivers give up by themselves, but not all.
const answerWithin = 20 * time.Second

// closeWithin is how long closing waits for an exchange that hangs.
const closeWithin = 2 * time.Second

// Card is one card on a reader, held exclusively until it is closed, taken away,
// or another is connected to.
type Card struct {
	pc     *scard.Context
	card   *scard.Card
	atr    []byte
	limits [2]int        // of APDUs, each way
	busy   chan struct{} // full while an APDU is on its way
	closed chan struct{}
	once   sync.Once
}

// Connect powers up the card that lies there now. Any card opened before is
// closed: the reader has one at a time.
func (r *Reader) Connect() (card.Transport, error) {
	old := <-r.slot
	var opened *Card
	defer func() { r.slot <- opened }()
	old.close()
	c, err := connect(r.match)
	if err != nil {
		return nil, fmt.Errorf("connect to card: %w", err)
	}
	opened = c
	return c, nil
}

// forget closes the open card, if there is one.
func (r *Reader) forget() {
	old := <-r.slot
	old.close()
	r.slot <- nil
}

func connect(match string) (*Card, error) {
	pc, err := scard.EstablishContext() // its own: that of Watch is blocked
	if err != nil {
		return nil, meaning(err)
	}
	c, name, err := connectAny(pc, match)
	if err != nil {
		release(pc)
		return nil, err
	}
	opened := &Card{pc: pc, card: c, busy: make(chan struct{}, 1), closed: make(chan struct{})}
	if s, err := c.Status(); err == nil { // else the first command finds out
		opened.atr = s.Atr
	}
	opened.limits[0], opened.limits[1] = maxAPDU(name, c)
	return opened, nil
}

// ATR is the card's answer to reset; nil if the reader did not say.
func (c *Card) ATR() []byte { return c.atr }

// MaxAPDU is the longest APDU the reader carries each way; 0 if nobody says.
func (c *Card) MaxAPDU() (command, response int) { return c.limits[0], c.limits[1] }

// connectAny connects to the card in the first reader that has one. It does not
// ask for the readers' states first: ebfe/scard keeps the name of a reader
// alive for one GetStatusChange in the whole process, so that a second one
// pulls it out from under the first, which then sees readers that are none.
// That one is Watch's.
func connectAny(pc *scard.Context, match string) (*scard.Card, string, error) {
	names, err := list(pc, match)
	if err != nil {
		return nil, "", meaning(err)
	}
	if len(names) == 0 {
		return nil, "", fmt.Errorf("no reader: %w", card.ErrRemoved)
	}
	var trouble error
	for _, name := range byUse(names) {
		c, err := power(pc, name)
		switch {
		case err == nil:
			if p := c.ActiveProtocol(); p != scard.ProtocolT0 && p != scard.ProtocolT1 {
				_ = c.Disconnect(scard.ResetCard)
				return nil, "", fmt.Errorf("card speaks neither T=0 nor T=1: %w", card.ErrMute)
			}
			return c, name, nil
		case errors.Is(err, scard.ErrNoSmartcard), errors.Is(err, scard.ErrRemovedCard):
		default:
			trouble = cmp.Or(trouble, meaning(err))
		}
	}
	if trouble != nil {
		return nil, "", trouble
	}
	return nil, "", fmt.Errorf("no card on the reader: %w", card.ErrRemoved)
}

// power connects to a card, which powers it up. One that is still being laid
// down is mute for a moment and answers the next time.
func power(pc *scard.Context, name string) (c *scard.Card, err error) {
	for try := range powerTries {
		if try > 0 {
			time.Sleep(powerAgain)
		}
		c, err = pc.Connect(name, scard.ShareExclusive, scard.ProtocolAny)
		if !errors.Is(err, scard.ErrUnresponsiveCard) && !errors.Is(err, scard.ErrUnpoweredCard) {
			break
		}
	}
	return c, err
}

const (
	powerTries = 3
	powerAgain = 150 * time.Millisecond
)

// Close lets go of the card and resets it, so that whatever was opened on it is
// shut. The next visitor's session finds nothing of this one.
func (c *Card) Close() error {
	c.close()
	return nil
}

func (c *Card) close() {
	if c == nil {
		return
	}
	c.once.Do(func() {
		close(c.closed)
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.busy <- struct{}{} // never given back: the card is done with
			_ = c.card.Disconnect(scard.ResetCard)
			release(c.pc)
		}()
		select {
		case <-done:
		case <-time.After(closeWithin): // it hangs, and ends when the driver gives up
		}
	})
}

// Transmit sends one APDU. PC/SC cannot cancel it: when ctx is done the answer
// is left to come and be dropped, and the card is good for nothing until then.
func (c *Card) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	if len(apdu) < 4 {
		return nil, fmt.Errorf("%w: command APDU of %d bytes", card.ErrMalformed, len(apdu))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, answerWithin, card.ErrMute)
	defer cancel()
	select {
	case <-c.closed:
		return nil, fmt.Errorf("this card was let go of: %w", card.ErrRemoved)
	default:
	}
	select {
	case c.busy <- struct{}{}:
	case <-c.closed:
		return nil, fmt.Errorf("this card was let go of: %w", card.ErrRemoved)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	type answer struct {
		resp []byte
		err  error
	}
	came := make(chan answer, 1)
	go func() {
		resp, err := c.card.Transmit(apdu)
		switch {
		case errors.Is(err, scard.ErrNotTransacted):
			err = c.why(err)
		case err == nil && len(resp) == 0: // not even a status: contact broke in the middle of the answer
			err = fmt.Errorf("empty answer: %w", card.ErrRemoved)
		}
		<-c.busy
		came <- answer{resp, err}
	}()
	select {
	case a := <-came:
		return a.resp, meaning(a.err)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// why asks what became of a card that did not answer: a contactless one that
// was lifted off looks just like one that is mute.
func (c *Card) why(err error) error {
	if _, gone := c.card.Status(); gone != nil {
		return gone
	}
	return err
}

// meaning maps what PC/SC says to what callers act on, and keeps its words.
func meaning(err error) error {
	code, ok := errors.AsType[scard.Error](err)
	if !ok {
		return err
	}
	switch code {
	case scard.ErrRemovedCard, scard.ErrNoSmartcard, scard.ErrResetCard, // reset: somebody else used it
		scard.ErrReaderUnavailable, scard.ErrUnknownReader, scard.ErrNoReadersAvailable,
		scard.ErrNoService, scard.ErrServiceStopped, scard.ErrShutdown, scard.ErrInvalidHandle, scard.ErrCommError:
		return fmt.Errorf("%w: %w", card.ErrRemoved, err)
	case scard.ErrSharingViolation:
		return fmt.Errorf("another program uses the reader: %w: %w", card.ErrMute, err)
	}
	return fmt.Errorf("%w: %w", card.ErrMute, err)
}
