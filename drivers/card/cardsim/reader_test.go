package cardsim_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cardsim"
)

func TestReaderLevels(t *testing.T) {
	an, silent := issue(t, "dung", cardsim.Options{}), issue(t, "dung", cardsim.Options{Fault: "silent"})
	synctest.Test(t, func(t *testing.T) {
		var r cardsim.Reader
		ctx, cancel := context.WithCancelCause(t.Context())
		var seen []card.Level
		ended := make(chan error, 1)
		go func() { ended <- r.Watch(ctx, func(l card.Level) { seen = append(seen, l) }) }()
		for _, step := range []struct {
			do   func()
			want []card.Level
		}{
			{func() {}, []card.Level{card.NoCard}},
			{func() { r.Insert(an) }, []card.Level{card.CardIn}},
			{func() {}, nil},
			{func() { r.Remove(); r.Insert(silent) }, []card.Level{card.CardMute}},
			{func() { r.Insert(an) }, []card.Level{card.CardIn}},
			{func() { r.Insert(an) }, []card.Level{card.NoCard, card.CardIn}}, // changed between two looks
			{func() { r.Remove(); r.Insert(an) }, []card.Level{card.NoCard, card.CardIn}},
			{r.PullReader, []card.Level{card.NoReader}},
			{r.PlugReader, []card.Level{card.NoCard}},
			{r.Remove, nil},
			{func() { cancel(nil) }, nil},
		} {
			step.do()
			synctest.Wait()
			if !slices.Equal(seen, step.want) {
				t.Errorf("levels %q, want %q", seen, step.want)
			}
			seen = nil
		}
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Watch returned %v", err)
		}
	})
}

func TestReaderPulledInMidExchange(t *testing.T) {
	chip := issue(t, "dung", cardsim.Options{Latency: cardsim.Latency{PerAPDU: time.Second}})
	synctest.Test(t, func(t *testing.T) {
		for name, pull := range map[string]func(*cardsim.Reader){
			"card": (*cardsim.Reader).Remove, "reader": (*cardsim.Reader).PullReader,
			"another laid": func(r *cardsim.Reader) { r.Insert(chip) },
		} {
			var r cardsim.Reader
			if _, err := r.Connect(); !errors.Is(err, card.ErrRemoved) {
				t.Errorf("%s: connected to nothing: %v", name, err)
			}
			r.Insert(chip)
			conn, err := r.Connect()
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			ended := make(chan error, 1)
			go func() {
				_, err := conn.Transmit(t.Context(), []byte{0, 0xB0, 0x9C, 0, 0})
				ended <- err
			}()
			time.Sleep(300 * time.Millisecond) // of the bubble's time
			pull(&r)
			if err := <-ended; !errors.Is(err, card.ErrRemoved) || time.Since(began) != 300*time.Millisecond {
				t.Errorf("%s: %v after %v", name, err, time.Since(began))
			}
			// What was connected to the card that left stays so.
			if _, err := conn.Transmit(t.Context(), []byte{0, 0xB0, 0x9C, 0, 0}); !errors.Is(err, card.ErrRemoved) {
				t.Errorf("%s: afterwards %v", name, err)
			}
		}
	})
}

func TestLatency(t *testing.T) {
	chip := issue(t, "dung", cardsim.Options{Latency: cardsim.Latency{PerAPDU: 40 * time.Millisecond, PerByte: 10 * time.Microsecond}})
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r, err := read(chip, can(persona(t, "dung")), nil)
		if err != nil {
			t.Fatal(err)
		}
		s := r.Stats
		want := time.Duration(s.APDUs)*40*time.Millisecond + time.Duration(s.BytesSent+s.BytesReceived)*10*time.Microsecond
		if got := time.Since(began); got != want {
			t.Errorf("a read of %d APDUs and %d bytes took %v, want %v", s.APDUs, s.BytesSent+s.BytesReceived, got, want)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := chip.Transmit(ctx, []byte{0, 0xB0, 0x9C, 0, 0}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled: %v", err)
		}
		ctx2, stop := context.WithCancelCause(t.Context())
		stop(errors.New("the visit is over"))
		if _, err := chip.Transmit(ctx2, []byte{0, 0xB0, 0x9C, 0, 0}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled with a cause: %v", err)
		}
	})
}
