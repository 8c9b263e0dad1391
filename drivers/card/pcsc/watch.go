//go:build pcsc

package pcsc

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ebfe/scard"

	"tiepdan/drivers/card"
)

// Built tells whether this build reaches real readers.
const Built = true

// plugAndPlay is the reader pcscd has to tell of readers that come and go. With
// it the list of states is never empty, which the library would not survive.
const plugAndPlay = `\\?PnP?\Notification`

const (
	retryService = 300 * time.Millisecond // until pcscd is asked for again
	lookAnyway   = 5 * time.Second        // a wait that ends even if a cancel got lost
)

// Reader is the readers whose name contains a text, taken together: a kiosk has
// one, perhaps with a contact and a contactless slot. It is safe for concurrent
// use.
type Reader struct {
	match string
	slot  chan *Card // holds the open card, or nil; taking from it is the lock
}

// New returns the readers whose name contains match, in small or capital
// letters; "" is all there are. It opens nothing.
func New(match string) *Reader {
	r := &Reader{match: strings.ToLower(match), slot: make(chan *Card, 1)}
	r.slot <- nil
	return r
}

// List names the readers there are. No pcscd is an error; no reader is not.
func List() ([]string, error) {
	pc, err := scard.EstablishContext()
	if err != nil {
		return nil, err
	}
	defer release(pc)
	names, err := list(pc, "")
	return byUse(names), err
}

// release gives a context back. That fails only when pcscd is gone, and then
// there is nothing left to release.
func release(pc *scard.Context) { _ = pc.Release() }

func list(pc *scard.Context, match string) ([]string, error) {
	names, err := pc.ListReaders()
	if errors.Is(err, scard.ErrNoReadersAvailable) {
		return nil, nil
	}
	return slices.DeleteFunc(names, func(n string) bool { return !strings.Contains(strings.ToLower(n), match) }), err
}

// Watch calls emit with the level now and at every change until ctx is done,
// and returns its error. A pcscd that dies is a level too ([card.NoReader]);
// Watch looks for it until it is back. A card changed for another between two
// looks shows as gone in between.
func (r *Reader) Watch(ctx context.Context, emit func(card.Level)) error {
	last := card.Level("")
	tell := func(l card.Level) {
		if l == last {
			return
		}
		last = l
		if l != card.CardIn {
			r.forget()
		}
		emit(l)
	}
	for ctx.Err() == nil {
		if pc, err := scard.EstablishContext(); err == nil {
			r.watch(ctx, pc, tell)
			release(pc)
		}
		if ctx.Err() != nil {
			break
		}
		tell(card.NoReader)
		wait(ctx, retryService)
	}
	r.forget()
	return ctx.Err()
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// watch follows the readers for as long as pcscd answers.
func (r *Reader) watch(ctx context.Context, pc *scard.Context, tell func(card.Level)) {
	// The blocked call is cancelled through its own context, as PC/SC wants it.
	// A cancel that comes between two calls is lost: hence the timeout.
	stop := context.AfterFunc(ctx, func() { _ = pc.Cancel() })
	defer stop()
	var states []scard.ReaderState
	for ctx.Err() == nil {
		names, err := list(pc, r.match)
		if err != nil {
			return
		}
		states = follow(states, names)
		err = pc.GetStatusChange(states, lookAnyway)
		if err != nil && !errors.Is(err, scard.ErrTimeout) {
			return // cancelled, a reader that left, or pcscd is gone: all found out by starting over
		}
		if swapped(states) {
			tell(card.NoCard)
		}
		for i := range states {
			states[i].CurrentState = states[i].EventState &^ scard.StateChanged
		}
		tell(level(states))
	}
}

// follow makes the states to ask for: what was known of readers that are still
// there, and nothing of new ones.
func follow(known []scard.ReaderState, names []string) []scard.ReaderState {
	states := make([]scard.ReaderState, 0, len(names)+1)
	for _, name := range append([]string{plugAndPlay}, names...) {
		i := slices.IndexFunc(known, func(s scard.ReaderState) bool { return s.Reader == name })
		if i < 0 {
			states = append(states, scard.ReaderState{Reader: name})
			continue
		}
		states = append(states, known[i])
	}
	return states
}

// swapped tells that a card was there and is there and is not the same: pcscd
// counts comings and goings in the upper half of the state.
func swapped(states []scard.ReaderState) bool {
	return slices.ContainsFunc(states, func(s scard.ReaderState) bool {
		return s.Reader != plugAndPlay && s.CurrentState&s.EventState&scard.StatePresent != 0 &&
			s.CurrentState>>16 != s.EventState>>16
	})
}

// level sums up several readers: a card in any of them counts.
func level(states []scard.ReaderState) card.Level {
	best := card.NoReader
	rank := []card.Level{card.NoReader, card.NoCard, card.CardMute, card.CardIn}
	for _, s := range states {
		if s.Reader == plugAndPlay {
			continue
		}
		if l := levelOf(s.EventState); slices.Index(rank, l) > slices.Index(rank, best) {
			best = l
		}
	}
	return best
}

func levelOf(s scard.StateFlag) card.Level {
	switch {
	case s&(scard.StateUnknown|scard.StateUnavailable|scard.StateIgnore) != 0:
		return card.NoReader
	case s&scard.StateMute != 0:
		return card.CardMute
	case s&scard.StatePresent != 0:
		return card.CardIn
	}
	return card.NoCard
}
