package cccd_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
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

// The sim's conformance suite has every persona and fault; this is what faults
// do in company: long files in short APDUs, with every quirk of lengths there is.
func TestReadQuirksTogether(t *testing.T) {
	for _, faults := range []string{"large-dg2+short-only", "correct-le+get-response+select-mf-refused", "correct-le+short-only+get-response+large-dg2"} {
		c, p := chip(t, "an", faults)
		r, err := cccd.Read(t.Context(), c, card.Key{CAN: p.CAN()}, cccd.Options{Trust: anchors(t), Now: readAt, Portrait: true})
		if err != nil || r.Verdict.Grade != cccd.GradeGenuine || len(r.Warnings) > 0 || r.Portrait.MIME != "image/jpeg" {
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
	c, err := cardsim.New(p, cardsim.Options{Profile: cardsim.Profile{PACE: []cardsim.PACEOffer{{Suite: 2, Curve: 13}, {Suite: 4, Curve: 12}, {Suite: 1, Curve: 13}}}})
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
	if err != nil || r.Verdict.Grade != cccd.GradeGenuine || c.choked != 2 || chip.Refused() != 0 {
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

// meddler spoils what passes between card and reader after so many APDUs, once
// or from then on.
type meddler struct {
	card.Transport
	left  int
	once  bool
	spoil func(response []byte) ([]byte, error)
}

func (m *meddler) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	resp, err := m.Transport.Transmit(ctx, apdu)
	if m.left--; m.left >= 0 || err != nil || m.once && m.left < -1 {
		return resp, err
	}
	return m.spoil(resp)
}

// The exchanges of a read of a card in the field, in their order.
const (
	inTheClear  = 6 // EF.CardAccess and PACE
	proofOfChip = 3 // at the end: MSE:Set AT, GENERAL AUTHENTICATE, INTERNAL AUTHENTICATE
)

func wrongMAC(b []byte) ([]byte, error) {
	b = slices.Clone(b)
	b[max(0, len(b)-3)] ^= 1
	return b, nil
}

func answer(sw uint16) func([]byte) ([]byte, error) {
	return func([]byte) ([]byte, error) { return []byte{byte(sw >> 8), byte(sw)}, nil }
}

// Torn, spoilt or answering nonsense at any APDU: an error that says so, never
// a verdict; and the next read of the card is as good as any.
func TestReadSpoiltEverywhere(t *testing.T) {
	c, p := chip(t, "an", "")
	key := card.Key{CAN: p.CAN()}
	opts := cccd.Options{Trust: anchors(t), Now: readAt, Portrait: true}
	whole, err := cccd.Read(t.Context(), c, key, opts)
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	defer func() {
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%d goroutines, %d before", n, before)
		}
	}()
	for _, s := range []struct {
		name  string
		from  int
		want  error
		spoil func([]byte) ([]byte, error)
	}{
		{"torn", 0, card.ErrRemoved, func([]byte) ([]byte, error) { return nil, fmt.Errorf("gone: %w", card.ErrRemoved) }},
		{"mute", 0, card.ErrMute, func([]byte) ([]byte, error) { return nil, card.ErrMute }},
		{"no status", 0, card.ErrMalformed, func([]byte) ([]byte, error) { return []byte{0x90}, nil }},
		{"wrong MAC", inTheClear, card.ErrSecurity, wrongMAC},
		{"unprotected", inTheClear, card.ErrSecurity, answer(0x9000)},
		{"data without MAC", inTheClear, card.ErrSecurity, func([]byte) ([]byte, error) { return []byte{0x61, 1, 0, 0x90, 0}, nil }},
		{"refusal without MAC", inTheClear, card.ErrSecurity, answer(0x6A82)},
	} {
		for n := s.from; n < whole.Stats.APDUs; n++ {
			c.Reset()
			r, err := cccd.Read(t.Context(), &meddler{Transport: c, left: n, spoil: s.spoil}, key, opts)
			if !errors.Is(err, s.want) || r == nil || r.Verdict.Grade != cccd.GradeRead || r.Verdict.Hashes != cccd.Unchecked {
				t.Errorf("%s at %d: %v", s.name, n, err)
			}
			// On a lost session nothing more is asked, unless a chip refused a file
			// or is to prove itself: that much it takes to find that it does not open again.
			talk := 0
			if s.name == "refusal without MAC" || n >= whole.Stats.APDUs-proofOfChip {
				talk = inTheClear
			}
			if s.from > 0 && r.Stats.APDUs-n-1 > talk {
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

// What one spoilt answer costs, in each exchange of a read.
func TestReadSpoiltOnce(t *testing.T) {
	c, p := chip(t, "an", "")
	opts := cccd.Options{Trust: anchors(t), Now: readAt, Portrait: true}
	broke, genuine, failed := cccd.Grade("broke"), cccd.GradeGenuine, cccd.GradeFailed
	exchanges := []struct {
		name     string
		wrongMAC cccd.Grade // what comes of the read
		refused  cccd.Grade
		warns    string // of a refusal
	}{
		{"select LDS application", broke, broke, ""},
		{"EF.COM", broke, genuine, "com-unreadable"},
		{"EF.SOD", broke, cccd.GradeRead, "sod-unreadable"},
		{"DG1", broke, broke, ""},
		{"DG13", broke, cccd.GradeRead, "dg13-unreadable"},
		{"DG2", broke, cccd.GradeRead, "dg2-unreadable"},
		{"DG14", broke, failed, "dg14-unreadable"},
		{"DG15", broke, failed, "dg15-unreadable"},
		{"MSE:Set AT", genuine, genuine, ""},
		{"GENERAL AUTHENTICATE", genuine, genuine, ""},
		{"INTERNAL AUTHENTICATE", genuine, genuine, ""},
	}
	for i, e := range exchanges {
		for _, s := range []struct {
			name  string
			spoil func([]byte) ([]byte, error)
			want  cccd.Grade
			warns string
		}{{"wrong MAC", wrongMAC, e.wrongMAC, ""}, {"refused", answer(0x6A82), e.refused, e.warns}} {
			c.Reset()
			r, err := cccd.Read(t.Context(), &meddler{Transport: c, left: inTheClear + i, once: true, spoil: s.spoil}, card.Key{CAN: p.CAN()}, opts)
			got := r.Verdict.Grade
			if err != nil {
				got = broke
				if !errors.Is(err, card.ErrSecurity) || r.Verdict.Hashes != cccd.Unchecked {
					t.Errorf("%s, %s: %v, %+v", e.name, s.name, err, r.Verdict)
				}
			}
			if got != s.want || err == nil && strings.Join(r.Warnings, " ") != s.warns {
				t.Errorf("%s, %s: %s (%v), warnings %q, %s", e.name, s.name, got, err, r.Warnings, r.Verdict.Why)
			}
		}
	}
	if n := len(exchanges) + inTheClear; c.Refused() != 0 {
		t.Errorf("%d of %d: keys were refused on the way", c.Refused(), n)
	}
}

// Any status in place of any answer before there is a session: an end, soon,
// that says what it is; and only the step that tries the key says it is wrong.
func TestReadRefusedInTheClear(t *testing.T) {
	c, p := chip(t, "an", "")
	for n := range inTheClear {
		for _, sw := range []uint16{0x6110, 0x6200, 0x6282, 0x6300, 0x63C0, 0x63C1, 0x63C2, 0x6400, 0x6581, 0x6700, 0x6882, 0x6982, 0x6983, 0x6985, 0x6986, 0x6987, 0x6988,
			0x6A80, 0x6A81, 0x6A82, 0x6A86, 0x6A88, 0x6B00, 0x6C00, 0x6C10, 0x6D00, 0x6E00, 0x6F00, 0x9000, 0xFFFF} {
			c.Reset()
			r, err := cccd.Read(t.Context(), &meddler{Transport: c, left: n, once: true, spoil: answer(sw)}, card.Key{CAN: p.CAN()}, cccd.Options{Trust: anchors(t), Now: readAt})
			token := n == inTheClear-1
			keyWord := sw>>8 == 0x63 || sw == 0x6982 || sw == 0x6988
			if wrong := errors.Is(err, card.ErrWrongKey); wrong != (token && keyWord) {
				t.Errorf("%04X in APDU %d: %v", sw, n, err)
			}
			if err == nil && r.Verdict.Grade != cccd.GradeGenuine || err != nil && r.Verdict.Hashes != cccd.Unchecked || r.Stats.APDUs > 40 {
				t.Errorf("%04X in APDU %d: %v, %+v after %d APDUs", sw, n, err, r.Verdict, r.Stats.APDUs)
			}
		}
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
	whole, err := cccd.Read(t.Context(), c, card.Key{CAN: p.CAN()}, cccd.Options{Now: readAt})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= whole.Stats.APDUs; n++ {
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
