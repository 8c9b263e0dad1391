package cccd_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/card/trust"
)

var readAt = time.Date(2026, 10, 14, 9, 0, 0, 0, time.UTC)

func anchors(t testing.TB) *trust.Store {
	t.Helper()
	s := &trust.Store{}
	if err := s.Add(cardsim.CSCA()); err != nil {
		t.Fatal(err)
	}
	return s
}

func chip(t testing.TB, persona, fault string) (*cardsim.Chip, cardsim.Persona) {
	t.Helper()
	p, ok := cardsim.ByName(persona)
	if !ok {
		t.Fatalf("no persona %s", persona)
	}
	c, err := cardsim.New(p, cardsim.Options{Fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	return c, p
}

// The sim's conformance suite has every persona and fault; this is what faults
// do in company: long files in short APDUs, with every quirk of lengths there is.
func TestReadQuirksTogether(t *testing.T) {
	for _, faults := range []string{"large-dg2+short-only", "correct-le+get-response+select-mf-refused", "correct-le+short-only+get-response+large-dg2"} {
		c, p := chip(t, "an", faults)
		r, err := cccd.Read(t.Context(), c, card.Key{CAN: p.CAN()}, cccd.Options{Trust: anchors(t), Now: readAt, Portrait: true})
		if err != nil || r.Verdict.Grade != cccd.GradeAnchored || len(r.Warnings) > 0 || r.Portrait.MIME != "image/jpeg" {
			t.Errorf("%s: %v, %+v, %q", faults, err, r.Verdict, r.Warnings)
		}
	}
}

// Without anchors there is nothing to chain to, and that is no failure.
func TestReadWithoutAnchors(t *testing.T) {
	c, p := chip(t, "an", "")
	r, err := cccd.Read(t.Context(), c, card.Key{CAN: p.CAN()}, cccd.Options{Now: readAt})
	if err != nil {
		t.Fatal(err)
	}
	if v := r.Verdict; v.Grade != cccd.GradeSigned || v.Anchor != cccd.NoAnchors || v.Why != "" {
		t.Errorf("verdict %+v", v)
	}
	if r.Portrait.Data != nil {
		t.Error("a portrait nobody asked for was read")
	}
}

// A refused key is not tried again, though the chip offers more ways to.
func TestReadWrongKeyCostsOneTry(t *testing.T) {
	p, _ := cardsim.ByName("dung")
	c, err := cardsim.New(p, cardsim.Options{Offers: []cardsim.PACEOffer{{Suite: 2, Curve: 13}, {Suite: 4, Curve: 12}, {Suite: 1, Curve: 13}}})
	if err != nil {
		t.Fatal(err)
	}
	wrong := *p.Key().MRZ
	wrong.Birth = "200101"
	if _, err := cccd.Read(t.Context(), c, card.Key{MRZ: &wrong}, cccd.Options{}); !errors.Is(err, card.ErrWrongKey) || c.Refused() != 1 {
		t.Errorf("%v after %d tries", err, c.Refused())
	}
}

// choker takes extended APDUs in the clear, and under secure messaging drops the
// session over them.
type choker struct {
	*cardsim.Chip
	choked int
}

func (c *choker) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	if cmd, err := card.ParseCommand(apdu); err == nil && cmd.CLA&0x0C != 0 && cmd.Extended {
		c.choked++
		c.Reset()
		return []byte{0x67, 0}, nil
	}
	return c.Chip.Transmit(ctx, apdu)
}

func TestReadOpensAgainForChokers(t *testing.T) {
	chip, p := chip(t, "dung", "")
	c := &choker{Chip: chip}
	r, err := cccd.Read(t.Context(), c, card.Key{CAN: p.CAN()}, cccd.Options{Trust: anchors(t), Now: readAt})
	if err != nil || r.Verdict.Grade != cccd.GradeAnchored || c.choked != 2 || chip.Refused() != 0 {
		t.Errorf("%v, %+v, choked %d times", err, r.Verdict, c.choked)
	}
}

// A slip of the keyboard never reaches the card.
func TestReadUnusableKey(t *testing.T) {
	c, _ := chip(t, "dung", "")
	for _, key := range []card.Key{{}, {CAN: "12345"}, {CAN: "12345x"}, {CAN: "123456", MRZ: &card.MRZKey{}}, {MRZ: &card.MRZKey{Number: "099é", Birth: "990520", Expiry: "390520"}}} {
		r, err := cccd.Read(t.Context(), c, key, cccd.Options{})
		if err == nil || errors.Is(err, card.ErrWrongKey) || r.Stats.APDUs != 0 {
			t.Errorf("%v: %v after %d APDUs", key, err, r.Stats.APDUs)
		}
	}
}

// meddler spoils what passes between card and reader after so many APDUs.
type meddler struct {
	card.Transport
	left  int
	spoil func(response []byte) ([]byte, error)
}

func (m *meddler) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	resp, err := m.Transport.Transmit(ctx, apdu)
	if m.left--; m.left >= 0 || err != nil {
		return resp, err
	}
	return m.spoil(resp)
}

// Torn, spoilt or answering nonsense at any APDU: an error that says so, never
// a verdict; and the next read of the card is as good as any.
func TestReadSpoiltEverywhere(t *testing.T) {
	c, p := chip(t, "an", "")
	key := card.Key{CAN: p.CAN()}
	opts := cccd.Options{Trust: anchors(t), Now: readAt, Portrait: true}
	const inTheClear = 6 // EF.CardAccess and PACE
	whole, err := cccd.Read(t.Context(), c, key, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		name  string
		from  int
		want  error
		spoil func([]byte) ([]byte, error)
	}{
		{"torn", 0, card.ErrRemoved, func([]byte) ([]byte, error) { return nil, fmt.Errorf("gone: %w", card.ErrRemoved) }},
		{"mute", 0, card.ErrMute, func([]byte) ([]byte, error) { return nil, card.ErrMute }},
		{"no status", 0, card.ErrMalformed, func([]byte) ([]byte, error) { return []byte{0x90}, nil }},
		{"wrong MAC", inTheClear, card.ErrSecurity, func(b []byte) ([]byte, error) {
			b = slices.Clone(b)
			b[len(b)-3] ^= 1
			return b, nil
		}},
		{"unprotected", inTheClear, card.ErrSecurity, func([]byte) ([]byte, error) { return []byte{0x90, 0}, nil }},
		{"data without MAC", inTheClear, card.ErrSecurity, func([]byte) ([]byte, error) { return []byte{0x61, 1, 0, 0x90, 0}, nil }},
		{"refusal without MAC", inTheClear, card.ErrSecurity, func([]byte) ([]byte, error) { return []byte{0x6A, 0x82}, nil }},
	} {
		for n := s.from; n < whole.Stats.APDUs; n++ {
			c.Reset()
			r, err := cccd.Read(t.Context(), &meddler{c, n, s.spoil}, key, opts)
			if !errors.Is(err, s.want) || r == nil || r.Verdict.Grade != cccd.GradeRead || r.Verdict.Hashes != cccd.Unchecked {
				t.Errorf("%s at %d: %v", s.name, n, err)
			}
			if s.from > 0 && r.Stats.APDUs != n+1 {
				t.Errorf("%s at %d: talked on for %d APDUs", s.name, n, r.Stats.APDUs-n-1)
			}
		}
	}
	if c.Refused() != 0 {
		t.Errorf("%d keys were refused on the way", c.Refused())
	}
	c.Reset()
	if r, err := cccd.Read(t.Context(), c, key, opts); err != nil || r.Verdict != whole.Verdict {
		t.Errorf("the next read: %v", err)
	}
}

// canceller cancels a read after so many APDUs.
type canceller struct {
	card.Transport
	left   int
	cancel context.CancelFunc
}

func (c *canceller) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	if c.left--; c.left == 0 {
		c.cancel()
		return c.Transport.Transmit(context.WithoutCancel(ctx), apdu)
	}
	if c.left < 0 {
		panic("an APDU after the end of its context")
	}
	return c.Transport.Transmit(ctx, apdu)
}

func TestReadCancelledEverywhere(t *testing.T) {
	c, p := chip(t, "an", "")
	for n := 1; n < 12; n++ {
		c.Reset()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := cccd.Read(ctx, &canceller{c, n, cancel}, card.Key{CAN: p.CAN()}, cccd.Options{Now: readAt})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled in APDU %d: %v", n, err)
		}
	}
}

func TestReadProgress(t *testing.T) {
	c, p := chip(t, "an", "short-only")
	var stages []cccd.Stage
	last := 0
	_, err := cccd.Read(t.Context(), c, card.Key{CAN: p.CAN()}, cccd.Options{Now: readAt, Portrait: true, Progress: func(s cccd.Stage, done, total int) {
		if len(stages) == 0 || stages[len(stages)-1] != s {
			stages, last = append(stages, s), 0
		}
		if done < last || done > total {
			t.Errorf("%s: %d of %d after %d", s, done, total, last)
		}
		last = done
	}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []cccd.Stage{cccd.StageAccess, cccd.StageRead, cccd.StagePortrait, cccd.StageVerify}; !slices.Equal(stages, want) {
		t.Errorf("stages %v, want %v", stages, want)
	}
}
