package cardsim

import (
	"bytes"
	"context"
	"maps"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/card/trust"
)

// A whole chip, good but for one file: that is anything at all. What comes of
// it is a verdict that does not call the card genuine, and no panic.
func FuzzFiles(f *testing.F) {
	p, _ := ByName("dung")
	good, err := New(p, Options{})
	if err != nil {
		f.Fatal(err)
	}
	ids := []uint16{efCOM, efSOD, efDG | 1, efDG | 13, efDG | 14, efDG | 15}
	for i, id := range ids {
		f.Add(byte(i), good.lds[id])
		f.Add(byte(i), good.lds[id][:len(good.lds[id])/2])
	}
	f.Add(byte(6), good.mf[efCardAccess])
	store := new(trust.Store)
	if err := store.Add(CSCA()); err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, which byte, content []byte) {
		chip := good // one for all: a fuzzing process does one thing at a time
		chip.Reset()
		lds, mf := maps.Clone(chip.lds), maps.Clone(chip.mf)
		defer func() { chip.lds, chip.mf = lds, mf }()
		sound := false
		if n := int(which) % 7; n < len(ids) {
			whole, _, err := card.ParseTLV(content)
			was := chip.lds[ids[n]]
			// EF.COM is not signed, and what follows a file is not of it.
			sound = ids[n] == efCOM || err == nil && bytes.Equal(whole.Raw, was)
			chip.lds[ids[n]] = content
		} else {
			sound = true // as good as none: the defaults open the chip
			chip.mf[efCardAccess] = content
		}
		r, err := cccd.Read(context.Background(), chip, card.Key{CAN: p.CAN()}, cccd.Options{Trust: store, Now: now})
		if err == nil && !sound && r.Verdict.Grade == cccd.GradeGenuine {
			t.Errorf("a card with another file is genuine: warnings %q", r.Warnings)
		}
	})
}
