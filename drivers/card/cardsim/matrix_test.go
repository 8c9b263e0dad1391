package cardsim_test

import (
	"crypto"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/cccd"
)

// Everything the standard lets a card be, against everything a reader has to
// be able to do: each is read, and proven.

var curveIDs = []int{12, 13, 15, 16, 17, 18} // P-256/384/521, brainpool P256/384/512 r1

func curveName(id int) string {
	c, _ := card.CurveByID(id)
	return c.Name
}

var suiteName = []string{1: "3DES", 2: "AES-128", 3: "AES-192", 4: "AES-256"}

// genuine reads a card of dung's, who has no portrait and is quick to read, and
// wants it proven to the end.
func genuine(t *testing.T, p cardsim.Profile, fault string, key card.Key) *cccd.Reading {
	t.Helper()
	chip := issue(t, "dung", cardsim.Options{Profile: p, Fault: fault})
	r, err := read(chip, key, anchored(t))
	if err != nil || r.Verdict.Grade != cccd.GradeGenuine || r.Identity.Name != persona(t, "dung").Holder.Name || chip.Refused() != 0 {
		t.Errorf("%v, %+v, CA %s, AA %s, warnings %q", err, r.Verdict, r.CA, r.AA, r.Warnings)
	}
	return r
}

// PACE: curve × cipher × password × nonce, with the parameters named and written out.
func TestMatrixPACE(t *testing.T) {
	p := persona(t, "dung")
	for _, curve := range curveIDs {
		for suite := 1; suite <= 4; suite++ {
			t.Run(curveName(curve)+"/"+suiteName[suite], func(t *testing.T) {
				t.Parallel()
				for _, explicit := range []bool{false, true}[:1+suite%2] { // written out, with every curve
					for i, key := range []card.Key{can(p), p.Key()} {
						profile := cardsim.Profile{PACE: []cardsim.PACEOffer{{Suite: suite, Curve: curve, Explicit: explicit}}, Nonce: 16 + 16*i, NoBAC: true}
						r := genuine(t, profile, "", key)
						if want := []string{"PACE-CAN", "PACE-MRZ"}[i]; r.Access != want {
							t.Errorf("access %s, want %s", r.Access, want)
						}
					}
				}
			})
		}
	}
}

// Chip authentication: curve × cipher, after PACE and after BAC, with the curve
// named and written out; alone, so that nothing else proves the chip.
func TestMatrixCA(t *testing.T) {
	p := persona(t, "dung")
	for _, curve := range curveIDs {
		for suite := 1; suite <= 4; suite++ {
			t.Run(curveName(curve)+"/"+suiteName[suite], func(t *testing.T) {
				t.Parallel()
				for i, profile := range []cardsim.Profile{
					{CA: []cardsim.CAKey{{Suite: suite, Curve: curve}}},
					{CA: []cardsim.CAKey{{Suite: suite, Curve: curve, Explicit: true}}, PACE: []cardsim.PACEOffer{}},
					{CA: []cardsim.CAKey{{Suite: 1, Curve: 13}, {Suite: suite, Curve: curve}}},
				} {
					profile.AA = new(cardsim.AAKey)
					if r := genuine(t, profile, "", p.Key()); r.CA != cccd.OK || r.AA != cccd.Unchecked {
						t.Errorf("CA %s, AA %s", r.CA, r.AA)
					}
					if i > 0 {
						continue
					}
					copied := issue(t, "dung", cardsim.Options{Profile: profile, Fault: "clone"})
					if r, err := read(copied, p.Key(), anchored(t)); err != nil || r.CA != cccd.Failed || r.Verdict.Grade != cccd.GradeFailed {
						t.Errorf("a copy: %v, CA %s, %+v", err, r.CA, r.Verdict)
					}
				}
			})
		}
	}
}

// Active authentication of every kind, alone.
func TestMatrixAA(t *testing.T) {
	kinds := map[string]cardsim.AAKey{}
	hashes := []crypto.Hash{crypto.SHA1, crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512}
	for i, curve := range append(curveIDs, 10) {
		for j, hash := range []crypto.Hash{hashes[i%5], hashes[(i+2)%5]} { // every curve, and every hash in either form
			der := (i+j)%2 == 0
			kinds[fmt.Sprintf("ECDSA %s %v DER %v", curveName(curve), hash, der)] = cardsim.AAKey{Curve: curve, Hash: hash, DER: der}
		}
	}
	for _, bits := range []int{1024, 1280, 2048, 3072, 4096} {
		for _, trailer := range []uint16{0xBC, 0x33CC, 0x34CC, 0x35CC, 0x36CC, 0x38CC} {
			if bits > 1280 && trailer != 0xBC && trailer != 0x34CC {
				continue // the form is the same at every length
			}
			kinds[fmt.Sprintf("RSA-%d trailer %X", bits, trailer)] = cardsim.AAKey{RSA: bits, Trailer: trailer}
		}
	}
	p := persona(t, "dung")
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			profile := cardsim.Profile{AA: &kind, CA: []cardsim.CAKey{}}
			faults := []string{"short-only+get-response"}
			if kind.RSA > 0 {
				faults = append(faults, "") // an answer that needs extended length
			}
			for _, fault := range faults {
				if r := genuine(t, profile, fault, can(p)); r.AA != cccd.OK || r.CA != cccd.Unchecked {
					t.Errorf("%q: CA %s, AA %s", fault, r.CA, r.AA)
				}
			}
			copied := issue(t, "dung", cardsim.Options{Profile: profile, Fault: "clone"})
			if r, err := read(copied, can(p), anchored(t)); err != nil || r.AA != cccd.Failed || r.Verdict.Grade != cccd.GradeFailed {
				t.Errorf("a copy: %v, AA %s, %+v", err, r.AA, r.Verdict)
			}
		})
	}
}

// Document signers of every kind.
func TestMatrixSigner(t *testing.T) {
	kinds := map[string]cardsim.Signer{}
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		for i, curve := range append(curveIDs, 10) {
			if (i+int(hash))%2 == 0 {
				continue
			}
			kinds[fmt.Sprintf("ECDSA %s %v", curveName(curve), hash)] = cardsim.Signer{Curve: curve, Hash: hash}
		}
		kinds[fmt.Sprintf("RSA %v", hash)] = cardsim.Signer{RSA: 2048, Hash: hash}
		kinds[fmt.Sprintf("RSA-PSS %v", hash)] = cardsim.Signer{RSA: 3072, PSS: true, Hash: hash}
		kinds[fmt.Sprintf("without attributes, %v", hash)] = cardsim.Signer{Curve: 13, Hash: hash, Old: true}
	}
	p := persona(t, "dung")
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := genuine(t, cardsim.Profile{Signer: kind}, "", can(p))
			if weak := strings.Contains(strings.Join(r.Warnings, " "), "sha1"); weak != (kind.Hash == crypto.SHA1) {
				t.Errorf("warnings %q", r.Warnings)
			}
		})
	}
}

// Cards that offer several ways in, none, or nothing to prove the chip with.
func TestMatrixOddities(t *testing.T) {
	p := persona(t, "dung")
	for _, c := range []struct {
		name    string
		profile cardsim.Profile
		key     card.Key
		grade   cccd.Grade
		access  string
		err     error
	}{
		{"two curves for one cipher", cardsim.Profile{PACE: []cardsim.PACEOffer{{Suite: 2, Curve: 16}, {Suite: 2, Curve: 12}}}, can(p), cccd.GradeGenuine, "PACE-CAN", nil},
		{"3DES before AES", cardsim.Profile{PACE: []cardsim.PACEOffer{{Suite: 1, Curve: 12}, {Suite: 4, Curve: 17}}}, can(p), cccd.GradeGenuine, "PACE-CAN", nil},
		{"two curves written out", cardsim.Profile{PACE: []cardsim.PACEOffer{{Suite: 2, Curve: 16, Explicit: true}, {Suite: 2, Curve: 12, Explicit: true}}}, can(p), cccd.GradeGenuine, "PACE-CAN", nil},
		{"BAC alone", cardsim.Profile{PACE: []cardsim.PACEOffer{}}, p.Key(), cccd.GradeGenuine, "BAC", nil},
		{"BAC alone, and a CAN", cardsim.Profile{PACE: []cardsim.PACEOffer{}}, can(p), cccd.GradeRead, "", card.ErrAccess},
		{"no way in", cardsim.Profile{PACE: []cardsim.PACEOffer{}, NoBAC: true}, p.Key(), cccd.GradeRead, "", card.ErrAccess},
		{"nothing to prove the chip with", cardsim.Profile{CA: []cardsim.CAKey{}, AA: new(cardsim.AAKey)}, can(p), cccd.GradeAnchored, "PACE-CAN", nil},
		{"APDUs of 600 bytes", cardsim.Profile{MaxCommand: 600, MaxResponse: 600}, can(p), cccd.GradeGenuine, "PACE-CAN", nil},
		{"APDUs of 261 bytes", cardsim.Profile{MaxCommand: 261, MaxResponse: 261}, can(p), cccd.GradeGenuine, "PACE-CAN", nil},
	} {
		chip := issue(t, "dung", cardsim.Options{Profile: c.profile})
		r, err := read(chip, c.key, anchored(t))
		if !errors.Is(err, c.err) || r.Verdict.Grade != c.grade || r.Access != c.access || chip.Refused() != 0 {
			t.Errorf("%s: %v, %+v, access %q, warnings %q", c.name, err, r.Verdict, r.Access, r.Warnings)
		}
	}
}

// Any status, protected or not, in place of any answer: an end that says so or
// a reading that claims no more than it has, and the next read is as good as any.
func TestStatusAtEveryAPDU(t *testing.T) {
	p := persona(t, "dung")
	whole, err := read(issue(t, "dung", cardsim.Options{}), can(p), anchored(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"sw", "sm-sw"} {
		for _, sw := range []string{"6282", "6300", "63C1", "6700", "6982", "6988", "6A82", "6C10", "6D00"} {
			t.Run(kind+" "+sw, func(t *testing.T) {
				t.Parallel()
				for n := 1; n <= whole.Stats.APDUs; n++ {
					chip := issue(t, "dung", cardsim.Options{Fault: fmt.Sprintf("%s:%d:%s", kind, n, sw)})
					r, err := read(chip, can(p), anchored(t))
					if err != nil && (r.Verdict.Hashes != cccd.Unchecked || r.Verdict.Grade != cccd.GradeRead) {
						t.Errorf("at %d: %v, and a verdict: %+v", n, err, r.Verdict)
					}
					if wrong := errors.Is(err, card.ErrWrongKey); wrong && n != 6 {
						t.Errorf("at %d: %v", n, err)
					}
					if genuine := r.Verdict.Grade == cccd.GradeGenuine; genuine && (r.Identity.Name != p.Holder.Name || r.CA != cccd.OK && r.AA != cccd.OK) {
						t.Errorf("at %d: genuine, CA %s, AA %s", n, r.CA, r.AA)
					}
					if r.Stats.APDUs > 2*whole.Stats.APDUs+inTheClear {
						t.Errorf("at %d: %d APDUs", n, r.Stats.APDUs)
					}
					if chip.Refused() != 0 {
						t.Errorf("at %d: %d keys refused", n, chip.Refused())
					}
					// The same chip, the fault behind it.
					if err != nil {
						chip.Reset()
					}
				}
			})
		}
	}
	if r, err := read(issue(t, "dung", cardsim.Options{}), can(p), anchored(t)); err != nil || r.Verdict != whole.Verdict {
		t.Errorf("the next read: %v, %+v", err, r.Verdict)
	}
}

const inTheClear = 6 // EF.CardAccess and PACE

// A chip that counts wrong keys gets no try that could block it.
func TestTriesAreLeft(t *testing.T) {
	p := persona(t, "dung")
	chip := issue(t, "dung", cardsim.Options{Fault: "tries:3"})
	wrong := card.Key{CAN: "999999"}
	for i := range 5 {
		_, err := read(chip, wrong, nil)
		if want := map[bool]error{true: card.ErrWrongKey, false: card.ErrLastTry}[i < 2]; !errors.Is(err, want) {
			t.Errorf("wrong key %d: %v", i+1, err)
		}
	}
	if chip.Refused() != 2 {
		t.Errorf("the chip was tried with %d wrong keys", chip.Refused())
	}
	if _, err := read(chip, can(p), nil); !errors.Is(err, card.ErrLastTry) {
		t.Errorf("the right key at the last try: %v", err) // nobody knows that it is the right one
	}
	fresh := issue(t, "dung", cardsim.Options{Fault: "tries:3"})
	_, _ = read(fresh, wrong, nil)
	if r, err := read(fresh, can(p), nil); err != nil || r.Identity.Name != p.Holder.Name {
		t.Errorf("the right key with two tries left: %v", err)
	}
}
