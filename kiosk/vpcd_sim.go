//go:build !release

package main

import (
	"context"
	"errors"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cardsim"
)

// A cardPlace is where the bench lays virtual cards.
type cardPlace interface {
	Insert(*cardsim.Chip)
	Remove()
}

// vpcdPlace lays them on vpcd, the virtual reader of a real pcscd, where the
// kiosk reads them like any card. A card that lies there is laid again when
// pcscd comes back. The zero value cannot be used.
type vpcdPlace struct {
	addr string
	lay  chan *cardsim.Chip // nil takes it away
}

func (v *vpcdPlace) Insert(c *cardsim.Chip) { v.lay <- c }
func (v *vpcdPlace) Remove()                { v.lay <- nil }

// run serves the card that lies there until ctx is done. Insert and Remove wait
// for it.
func (v *vpcdPlace) run(ctx context.Context) error {
	var chip *cardsim.Chip
	for {
		served := make(chan struct{})
		serving, stop := context.WithCancel(ctx)
		go func() {
			defer close(served)
			if chip != nil {
				v.serve(serving, chip)
			}
		}()
		select {
		case chip = <-v.lay:
		case <-ctx.Done():
		}
		stop()
		<-served
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// serve keeps the card on the reader, whatever becomes of that, until ctx is
// done or the card pulls itself.
func (v *vpcdPlace) serve(ctx context.Context, chip *cardsim.Chip) {
	for {
		err := cardsim.ServeVPCD(ctx, v.addr, chip)
		if ctx.Err() != nil || errors.Is(err, card.ErrRemoved) {
			return
		}
		select {
		case <-time.After(layAgain):
		case <-ctx.Done():
			return
		}
	}
}
