package cardsim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/card/trust"
)

// The reader's side against the chip's, over whole APDUs.

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.FixedZone("+07", 7*3600))

// anchored is a store with the simulator's CSCA in it.
func anchored(t testing.TB) *trust.Store {
	t.Helper()
	s := new(trust.Store)
	if err := s.Add(cardsim.CSCA()); err != nil {
		t.Fatal(err)
	}
	return s
}

func persona(t testing.TB, name string) cardsim.Persona {
	t.Helper()
	p, ok := cardsim.ByName(name)
	if !ok {
		t.Fatalf("no persona %s", name)
	}
	return p
}

func issue(t testing.TB, name string, o cardsim.Options) *cardsim.Chip {
	t.Helper()
	c, err := cardsim.New(persona(t, name), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func can(p cardsim.Persona) card.Key { return card.Key{CAN: p.CAN()} }

func read(t card.Transport, key card.Key, s *trust.Store) (*cccd.Reading, error) {
	return cccd.Read(context.Background(), t, key, cccd.Options{Trust: s, Now: now, Portrait: true})
}

func TestPersonas(t *testing.T) {
	grades := map[string]struct{ trusted, untrusted cccd.Grade }{
		"an":       {cccd.GradeGenuine, cccd.GradeSigned},
		"binh":     {cccd.GradeGenuine, cccd.GradeSigned},
		"chi":      {cccd.GradeGenuine, cccd.GradeSigned},
		"dung":     {cccd.GradeGenuine, cccd.GradeSigned},
		"clone":    {cccd.GradeFailed, cccd.GradeFailed},
		"tampered": {cccd.GradeFailed, cccd.GradeFailed},
		"stranger": {cccd.GradeFailed, cccd.GradeSigned},
		"expired":  {cccd.GradeGenuine, cccd.GradeSigned},
	}
	store := anchored(t)
	for _, p := range cardsim.Personas() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			want, ok := grades[p.Name]
			if !ok {
				t.Fatal("no grade is expected")
			}
			chip := issue(t, p.Name, cardsim.Options{})
			r, err := read(chip, can(p), store)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range p.Holder.Fields() {
				got := r.Identity.Fields()[i].Value
				if p.Name == "tampered" && f.Key == "name" {
					if got == f.Value {
						t.Error("the card was not tampered with")
					}
					continue
				}
				if got != f.Value {
					t.Errorf("%s: %q, want %q", f.Key, got, f.Value)
				}
			}
			if r.Verdict.Grade != want.trusted || r.Access != "PACE-CAN" || r.Model != p.Model {
				t.Errorf("grade %s (%s), access %s, model %s", r.Verdict.Grade, r.Verdict.Why, r.Access, r.Model)
			}
			if want := map[bool]string{true: "", false: "image/jpeg"}[p.NoPortrait]; r.Portrait.MIME != want || p.NoPortrait != (len(r.Portrait.Data) == 0) {
				t.Errorf("portrait %q of %d bytes", r.Portrait.MIME, len(r.Portrait.Data))
			}
			if r.Verdict.Expired != (p.Name == "expired") {
				t.Errorf("expired: %v", r.Verdict.Expired)
			}
			if chip.Refused() != 0 {
				t.Errorf("the chip refused %d keys", chip.Refused())
			}

			// The same chip once more, by its MRZ, trusting nobody.
			r, err = read(chip, p.Key(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Access != "PACE-MRZ" || r.Verdict.Grade != want.untrusted {
				t.Errorf("access %s, grade %s (%s)", r.Access, r.Verdict.Grade, r.Verdict.Why)
			}
			// And what the QR code says of it.
			q, err := cccd.ParseQR(p.QR() + "\r")
			if err != nil || q.Key().CAN != p.CAN() || q.Model() != p.Model || len(q.Warnings) > 0 || q.Name != p.Holder.Name || q.Residence != p.Holder.Residence {
				t.Errorf("QR: %v, warnings %q", err, q.Warnings)
			}
		})
	}
}

// Every cipher and curve of PACE, and BAC where there is no PACE.
func TestAccess(t *testing.T) {
	p := persona(t, "dung") // has no portrait: quick
	offers := map[string][]cardsim.PACEOffer{"BAC": {}}
	for suite := 1; suite <= 4; suite++ {
		offers[fmt.Sprintf("suite %d", suite)] = []cardsim.PACEOffer{{Suite: suite, Curve: 13}}
	}
	for _, curve := range []int{12, 15, 16, 17, 18} {
		offers[fmt.Sprintf("curve %d", curve)] = []cardsim.PACEOffer{{Suite: 2, Curve: curve}}
	}
	offers["two curves for one suite"] = []cardsim.PACEOffer{{Suite: 2, Curve: 12}, {Suite: 2, Curve: 13}}
	for name, o := range offers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, fault := range []string{"", "short-only"} {
				chip := issue(t, p.Name, cardsim.Options{Profile: cardsim.Profile{PACE: o}, Fault: fault})
				r, err := read(chip, p.Key(), nil)
				if err != nil {
					t.Fatalf("fault %q: %v", fault, err)
				}
				want := "PACE-MRZ"
				if name == "BAC" {
					want = "BAC"
				}
				if r.Access != want || r.Identity.PIN != p.Holder.PIN {
					t.Errorf("access %s", r.Access)
				}
			}
		})
	}
	if _, err := read(issue(t, "dung", cardsim.Options{Profile: cardsim.Profile{PACE: offers["BAC"]}}), can(p), nil); !errors.Is(err, card.ErrAccess) {
		t.Errorf("a CAN without PACE: %v", err)
	}
}

// A wrong key is said to be one, and costs the card exactly one try.
func TestWrongKey(t *testing.T) {
	for name, test := range map[string]struct {
		key    card.Key
		offers []cardsim.PACEOffer
	}{
		"CAN":           {card.Key{CAN: "999999"}, nil},
		"MRZ over PACE": {card.Key{MRZ: &card.MRZKey{Number: "099012345", Birth: "990520", Expiry: "390521"}}, nil},
		"MRZ over BAC":  {card.Key{MRZ: &card.MRZKey{Number: "099012345", Birth: "990521", Expiry: "390520"}}, []cardsim.PACEOffer{}},
	} {
		chip := issue(t, "an", cardsim.Options{Profile: cardsim.Profile{PACE: test.offers}})
		r, err := read(chip, test.key, nil)
		if !errors.Is(err, card.ErrWrongKey) || chip.Refused() != 1 {
			t.Errorf("%s: %v, refused %d", name, err, chip.Refused())
		}
		if r.Identity.PIN != "" || r.Verdict.Grade != cccd.GradeRead {
			t.Errorf("%s: something was read", name)
		}
		if _, err := read(chip, persona(t, "an").Key(), nil); err != nil {
			t.Errorf("%s: the right key after it: %v", name, err)
		}
	}
}

func TestFaults(t *testing.T) {
	type outcome struct {
		err      error
		grade    cccd.Grade
		warnings string // all of them must be there
		verdict  cccd.Verdict
	}
	sound := outcome{grade: cccd.GradeGenuine}
	want := map[string]outcome{
		"tampered-dg1":       {grade: cccd.GradeFailed, verdict: cccd.Verdict{Hashes: cccd.Failed, Signature: cccd.OK}},
		"tampered-dg2":       {grade: cccd.GradeFailed, verdict: cccd.Verdict{Hashes: cccd.Failed}},
		"tampered-dg13":      {grade: cccd.GradeFailed, verdict: cccd.Verdict{Hashes: cccd.Failed}},
		"wrong-csca":         {grade: cccd.GradeFailed, verdict: cccd.Verdict{Hashes: cccd.OK, Signature: cccd.OK, Anchor: cccd.Failed}},
		"unknown-csca":       {grade: cccd.GradeFailed, verdict: cccd.Verdict{Hashes: cccd.OK, Signature: cccd.OK, Anchor: cccd.Failed}},
		"expired-ds":         {grade: cccd.GradeFailed, verdict: cccd.Verdict{Anchor: cccd.Failed}},
		"clone":              {grade: cccd.GradeFailed, verdict: cccd.Verdict{Hashes: cccd.OK, Signature: cccd.OK, Anchor: cccd.OK, Chip: cccd.Failed}},
		"no-dg13":            {grade: cccd.GradeGenuine, warnings: "dg13-absent"},
		"no-dg2":             {grade: cccd.GradeGenuine, warnings: "dg2-absent"},
		"unlisted-dg13":      {grade: cccd.GradeFailed, warnings: "dg13-"},
		"garbage-tlv":        {grade: cccd.GradeGenuine, warnings: "dg13-"},
		"garbage-sod":        {grade: cccd.GradeFailed, warnings: "sod-malformed"},
		"large-dg2":          sound,
		"oversized-dg2":      {grade: cccd.GradeRead, warnings: "dg2-unreadable"},
		"wrong-issuer":       {grade: cccd.GradeFailed, verdict: cccd.Verdict{Hashes: cccd.OK, Signature: cccd.Failed}},
		"ca-refused":         {grade: cccd.GradeFailed, verdict: cccd.Verdict{Hashes: cccd.OK, Signature: cccd.OK, Anchor: cccd.OK, Chip: cccd.Failed}},
		"ca-dead":            {err: card.ErrMute, grade: cccd.GradeRead},
		"aa-refused":         {grade: cccd.GradeFailed, verdict: cccd.Verdict{Chip: cccd.Failed}},
		"aa-wrong":           {grade: cccd.GradeFailed, verdict: cccd.Verdict{Chip: cccd.Failed}},
		"downgrade":          {grade: cccd.GradeFailed, warnings: "pace-downgrade", verdict: cccd.Verdict{Hashes: cccd.OK, Signature: cccd.OK, Anchor: cccd.OK, Chip: cccd.Failed}},
		"no-sod":             {grade: cccd.GradeRead, warnings: "sod-unreadable"},
		"hidden-dg13":        {grade: cccd.GradeRead, warnings: "dg13-unreadable"},
		"hidden-dg14":        {grade: cccd.GradeFailed, warnings: "dg14-unreadable", verdict: cccd.Verdict{Chip: cccd.Failed}},
		"hidden-dg15":        {grade: cccd.GradeFailed, warnings: "dg15-unreadable", verdict: cccd.Verdict{Chip: cccd.Failed}},
		"no-cardaccess":      sound,
		"garbage-cardaccess": sound,
		"garbage-dg14":       {grade: cccd.GradeGenuine, warnings: "dg14-malformed"}, // by active authentication
		"garbage-dg15":       {grade: cccd.GradeGenuine, warnings: "dg15-malformed"}, // by chip authentication
		"duplicate-tags":     {grade: cccd.GradeGenuine, warnings: "dg13-"},
		"extra-bytes":        sound,
		"huge-length":        {grade: cccd.GradeRead, warnings: "dg13-unreadable"},
		"no-history":         sound,
		"le-max":             sound,
		"short-reads":        sound,
		"bare-errors":        sound,
		"tries":              sound,
		"sw":                 {grade: cccd.GradeGenuine, warnings: "com-unreadable"},
		"sm-sw":              sound,
		"select-mf-refused":  sound,
		"short-only":         sound,
		"get-response":       sound,
		"correct-le":         sound,
		"zero-secret":        sound,
		"bad-mac":            {err: card.ErrSecurity, grade: cccd.GradeRead},
		"torn":               {err: card.ErrRemoved, grade: cccd.GradeRead},
		"silent":             {err: card.ErrMute, grade: cccd.GradeRead},
	}
	store := anchored(t)
	p := persona(t, "an")
	for _, f := range cardsim.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			want, ok := want[f.Name]
			if !ok {
				t.Fatal("no outcome is expected")
			}
			r, err := read(issue(t, "an", cardsim.Options{Fault: f.Name}), can(p), store)
			if !errors.Is(err, want.err) {
				t.Fatalf("error %v, want %v", err, want.err)
			}
			if r.Verdict.Grade != want.grade {
				t.Errorf("grade %s (%s), want %s", r.Verdict.Grade, r.Verdict.Why, want.grade)
			}
			for _, c := range []struct{ got, want cccd.Check }{
				{r.Verdict.Hashes, want.verdict.Hashes}, {r.Verdict.Signature, want.verdict.Signature}, {r.Verdict.Anchor, want.verdict.Anchor}, {r.Verdict.Chip, want.verdict.Chip},
			} {
				if c.want != "" && c.got != c.want {
					t.Errorf("verdict %+v, want %+v", r.Verdict, want.verdict)
				}
			}
			if got := strings.Join(r.Warnings, " "); !strings.Contains(got, want.warnings) || want.warnings == "" && got != "" {
				t.Errorf("warnings %q, want %q", got, want.warnings)
			}
			for _, secret := range p.Secrets() {
				if err != nil && strings.Contains(err.Error(), secret) || strings.Contains(r.Verdict.Why+strings.Join(r.Warnings, " "), secret) {
					t.Errorf("%q is given away", secret)
				}
			}
			if want.grade == cccd.GradeGenuine && !strings.Contains("no-dg13 garbage-tlv", f.Name) && r.Identity.Name != p.Holder.Name {
				t.Error("the name was not read")
			}
			if f.Name == "large-dg2" && len(r.Portrait.Data) < 33<<10 {
				t.Errorf("portrait of %d bytes", len(r.Portrait.Data))
			}
			if f.Name == "unlisted-dg13" && r.Identity.Father != "" {
				t.Error("a data group that nobody signed was used")
			}
		})
	}
	for _, bad := range []string{"nonsense", "torn:x", "torn:-1", "no-dg2:3", "torn:1:6A82", "sw:1:6A82:1", "sw:1:xyzw", "sw:1:6A8", "sw:a:6A82"} {
		if _, err := cardsim.New(p, cardsim.Options{Fault: bad}); err == nil {
			t.Errorf("fault %q is accepted", bad)
		}
	}
}

// The card is pulled at every single APDU of a read: each time that is what is
// said, and the next read knows nothing of it.
func TestTornAtEveryAPDU(t *testing.T) {
	for _, fault := range []string{"", "short-only+"} {
		whole, err := read(issue(t, "dung", cardsim.Options{Fault: fault}), can(persona(t, "dung")), nil)
		if err != nil {
			t.Fatal(err)
		}
		good := issue(t, "dung", cardsim.Options{})
		p := persona(t, "dung")
		var reader cardsim.Reader
		for n := range whole.Stats.APDUs {
			reader.Insert(issue(t, "dung", cardsim.Options{Fault: fmt.Sprintf("%storn:%d", fault, n)}))
			r, err := read(&reader, can(p), nil)
			if !errors.Is(err, card.ErrRemoved) {
				t.Fatalf("torn after %d: %v", n, err)
			}
			if r.Verdict.Grade != cccd.GradeRead {
				t.Errorf("torn after %d: grade %s", n, r.Verdict.Grade)
			}
			if got := reader.Level(); got != card.NoCard {
				t.Errorf("torn after %d: level %s", n, got)
			}
			reader.Insert(good)
			if r, err := read(&reader, can(p), nil); err != nil || r.Identity.PIN != p.Holder.PIN {
				t.Fatalf("the read after one torn at %d: %v", n, err)
			}
		}
	}
}

// A wrong MAC in any answer ends the session, and with it the read: nothing
// behind it is believed. Where all is read and only the chip has to prove
// itself, it gets one more chance.
func TestBadMACAtEveryAnswer(t *testing.T) {
	p := persona(t, "dung")
	whole, err := read(issue(t, "dung", cardsim.Options{}), can(p), nil)
	if err != nil {
		t.Fatal(err)
	}
	const inTheClear, proof = 6, 3 // EF.CardAccess and PACE; CA in two commands and AA
	for n := 1; n <= whole.Stats.APDUs-inTheClear; n++ {
		r, err := read(issue(t, "dung", cardsim.Options{Fault: fmt.Sprintf("bad-mac:%d", n)}), can(p), anchored(t))
		if n > whole.Stats.APDUs-inTheClear-proof {
			if err != nil || r.Verdict.Grade != cccd.GradeGenuine {
				t.Errorf("bad MAC %d: %v, %+v", n, err, r.Verdict)
			}
			continue
		}
		if !errors.Is(err, card.ErrSecurity) || r.Verdict.Grade != cccd.GradeRead || r.Stats.APDUs != inTheClear+n {
			t.Errorf("bad MAC %d: %v, grade %s, %d APDUs", n, err, r.Verdict.Grade, r.Stats.APDUs)
		}
	}
}

// The chip itself, without our reader's help.
func TestChipRefuses(t *testing.T) {
	chip := issue(t, "an", cardsim.Options{})
	send := func(apdu ...byte) string {
		b, err := chip.Transmit(context.Background(), apdu)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%X", b)
	}
	for _, step := range []struct {
		what string
		apdu []byte
		want string
	}{
		{"no such instruction", []byte{0, 0x44, 0, 0}, "6D00"},
		{"no such class", []byte{0x80, 0xA4, 4, 0x0C, 1, 1}, "6E00"},
		{"protected without a session", []byte{0x0C, 0xB0, 0, 0, 0}, "6988"},
		{"nothing selected", []byte{0, 0xB0, 0, 0, 0}, "6986"},
		{"lengths that do not add up", []byte{0, 0xA4, 4, 0x0C, 9, 1}, "6700"},
		{"another application", []byte{0, 0xA4, 4, 0x0C, 3, 1, 2, 3}, "6A82"},
		{"data group before the application", []byte{0, 0xA4, 2, 0x0C, 2, 1, 1}, "6A82"},
		{"EF.CardAccess by identifier", []byte{0, 0xA4, 2, 0x0C, 2, 1, 0x1C}, "9000"},
		{"beyond its end", []byte{0, 0xB0, 4, 0, 1}, "6B00"},
		{"the application", []byte{0, 0xA4, 4, 0x0C, 7, 0xA0, 0, 0, 2, 0x47, 0x10, 1}, "9000"},
		{"data group without access", []byte{0, 0xA4, 2, 0x0C, 2, 1, 1}, "6982"},
		{"the same by short identifier", []byte{0, 0xB0, 0x81, 0, 0}, "6982"},
		{"BAC without a challenge", append([]byte{0, 0x82, 0, 0, 40}, make([]byte, 41)...), "6985"},
		{"PACE step without MSE", []byte{0x10, 0x86, 0, 0, 2, 0x7C, 0, 0}, "6985"},
		{"PACE with a suite it lacks", []byte{0, 0x22, 0xC1, 0xA4, 15, 0x80, 10, 4, 0, 0x7F, 0, 7, 2, 2, 4, 2, 4, 0x83, 1, 2}, "6A80"},
		{"PACE with a password it lacks", []byte{0, 0x22, 0xC1, 0xA4, 15, 0x80, 10, 4, 0, 0x7F, 0, 7, 2, 2, 4, 2, 2, 0x83, 1, 3}, "6A88"},
		{"active authentication without access", []byte{0, 0x88, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0}, "6982"},
		{"GET RESPONSE without anything", []byte{0, 0xC0, 0, 0, 0}, "6985"},
	} {
		if got := send(step.apdu...); got != step.want {
			t.Errorf("%s: %s, want %s", step.what, got, step.want)
		}
	}
}

func FuzzChip(f *testing.F) {
	f.Add([]byte{0, 0xA4, 4, 0x0C, 7, 0xA0, 0, 0, 2, 0x47, 0x10, 1})
	f.Add([]byte{0x0C, 0xB0, 0, 0, 0x0D, 0x97, 1, 0, 0x8E, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0x10, 0x86, 0, 0, 4, 0x7C, 2, 0x81, 0, 0})
	f.Add([]byte{0, 0xB1, 0, 0x1C, 3, 0x54, 1, 0, 0})
	p, _ := cardsim.ByName("dung")
	chip, err := cardsim.New(p, cardsim.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if resp, err := chip.Transmit(context.Background(), b); err != nil || len(resp) < 2 {
			t.Fatalf("%X, %v", resp, err)
		}
	})
}
