package cccd_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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

func TestReadPersonas(t *testing.T) {
	for _, p := range cardsim.Personas() {
		for _, key := range []card.Key{{CAN: p.CAN()}, p.Key()} {
			t.Run(fmt.Sprintf("%s by %v", p.Name, key), func(t *testing.T) {
				c, _ := chip(t, p.Name, "")
				r, err := cccd.Read(t.Context(), c, key, cccd.Options{Trust: anchors(t), Now: readAt, Portrait: true})
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s %s model %s %+v %v %+v", p.Name, r.Access, r.Model, r.Verdict, r.Warnings, r.Stats)
				if p.Name != "tampered" {
					for _, f := range r.Identity.Fields() {
						if f.Value != p.Holder.Get(f.Key) {
							t.Errorf("field %s differs", f.Key)
						}
						if f.Value != "" && f.Source != cccd.FromChip {
							t.Errorf("field %s is from %q", f.Key, f.Source)
						}
					}
				}
				if (r.Portrait.MIME == "image/jpeg") == p.NoPortrait {
					t.Errorf("portrait is %q", r.Portrait.MIME)
				}
				if r.Model != p.Model {
					t.Errorf("model %s, want %s", r.Model, p.Model)
				}
			})
		}
	}
}

func TestReadFaults(t *testing.T) {
	ok, failed, un := cccd.OK, cccd.Failed, cccd.Unchecked
	for _, c := range []struct {
		fault   string
		verdict cccd.Verdict // Why: a part of it
		warning string
		err     error
	}{
		{"", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "", nil},
		{"tampered-dg1", cccd.Verdict{Grade: cccd.GradeFailed, Hashes: failed, Signature: ok, Anchor: ok, Why: "DG1 is not"}, "", nil},
		{"tampered-dg2", cccd.Verdict{Grade: cccd.GradeFailed, Hashes: failed, Signature: ok, Anchor: ok, Why: "DG2 is not"}, "", nil},
		{"tampered-dg13", cccd.Verdict{Grade: cccd.GradeFailed, Hashes: failed, Signature: ok, Anchor: ok, Why: "DG13 is not"}, "", nil},
		{"wrong-csca", cccd.Verdict{Grade: cccd.GradeFailed, Hashes: ok, Signature: ok, Anchor: failed, Why: "not signed by anchor"}, "", nil},
		{"unknown-csca", cccd.Verdict{Grade: cccd.GradeFailed, Hashes: ok, Signature: ok, Anchor: failed, Why: "no installed anchor"}, "", nil},
		{"expired-ds", cccd.Verdict{Grade: cccd.GradeFailed, Hashes: ok, Signature: ok, Anchor: failed, Why: "was not valid when it signed"}, "", nil},
		{"no-dg13", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "dg13-absent", nil},
		{"no-dg2", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "dg2-absent", nil},
		{"unlisted-dg13", cccd.Verdict{Grade: cccd.GradeFailed, Hashes: failed, Signature: ok, Anchor: ok, Why: "not in EF.SOD"}, "dg13-absent", nil},
		{"garbage-tlv", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "dg13-", nil},
		{"garbage-sod", cccd.Verdict{Grade: cccd.GradeFailed, Hashes: un, Signature: failed, Anchor: un}, "sod-", nil},
		{"large-dg2", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "", nil},
		{"large-dg2+short-only", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "", nil},
		{"oversized-dg2", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "dg2-unreadable", nil},
		{"select-mf-refused", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "", nil},
		{"short-only", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "", nil},
		{"get-response", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "", nil},
		{"correct-le", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "", nil},
		{"correct-le+short-only+get-response", cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: ok, Signature: ok, Anchor: ok}, "", nil},
		{"bad-mac:3", cccd.Verdict{Grade: cccd.GradeRead, Hashes: un, Signature: un, Anchor: un}, "", card.ErrSecurity},
		{"torn:9", cccd.Verdict{Grade: cccd.GradeRead, Hashes: un, Signature: un, Anchor: un}, "", card.ErrRemoved},
	} {
		t.Run(c.fault, func(t *testing.T) {
			chip, p := chip(t, "an", c.fault)
			r, err := cccd.Read(t.Context(), chip, card.Key{CAN: p.CAN()}, cccd.Options{Trust: anchors(t), Now: readAt, Portrait: true})
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			v := r.Verdict
			if !strings.Contains(v.Why, c.verdict.Why) || (c.verdict.Why == "" && v.Why != "" && c.verdict.Grade != cccd.GradeFailed) {
				t.Errorf("why: %q", v.Why)
			}
			v.Why = ""
			want := c.verdict
			want.Why, want.Chip = "", un
			if v != want {
				t.Errorf("verdict %+v, want %+v", v, want)
			}
			if c.warning != "" && !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.HasPrefix(w, c.warning) }) {
				t.Errorf("warnings %q, want %s", r.Warnings, c.warning)
			}
			if err == nil && (r.Identity.PIN != p.Holder.PIN || r.Identity.DOB != p.Holder.DOB || r.Identity.Sex != p.Holder.Sex) {
				t.Error("it is somebody else")
			}
		})
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

// A refused key costs one try and no more, whatever else might be tried.
func TestReadWrongKey(t *testing.T) {
	for _, key := range []card.Key{{CAN: "000000"}, {MRZ: &card.MRZKey{Number: "000000000", Birth: "900101", Expiry: "300101"}}} {
		c, _ := chip(t, "an", "")
		r, err := cccd.Read(t.Context(), c, key, cccd.Options{Now: readAt})
		if !errors.Is(err, card.ErrWrongKey) {
			t.Errorf("%v: error %v", key, err)
		}
		if c.Refused() != 1 {
			t.Errorf("%v: %d tries", key, c.Refused())
		}
		if r == nil || r.Access != "" {
			t.Errorf("%v: reading %+v", key, r)
		}
	}
	c, _ := chip(t, "an", "")
	if _, err := cccd.Read(t.Context(), c, card.Key{CAN: "12345"}, cccd.Options{}); err == nil || errors.Is(err, card.ErrWrongKey) || c.Refused() != 0 {
		t.Errorf("a CAN of five digits went to the card: %v", err)
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
