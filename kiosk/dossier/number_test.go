package dossier

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
)

func newNumber(t testing.TB) ReceiptNumber {
	t.Helper()
	r, err := NewReceiptNumber(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The check is linear over GF(2⁵), which the first test holds; so an error is
// caught in every number or in none, and trying each error on one number that
// has all differences tries it on all 2⁵⁵.
func TestCheckIsLinear(t *testing.T) {
	for range 2000 {
		a, b := newNumber(t), newNumber(t)
		var sum strings.Builder
		for i := range len(a) {
			x := strings.IndexByte(alphabet, a[i]) ^ strings.IndexByte(alphabet, b[i])
			sum.WriteByte(alphabet[x])
		}
		if !ReceiptNumber(sum.String()).Valid() {
			t.Fatalf("%s + %s = %s does not check", a, b, sum.String())
		}
	}
}

func TestCheckCatchesEverySingleError(t *testing.T) {
	for _, r := range []ReceiptNumber{newNumber(t), newNumber(t), newNumber(t)} {
		for i := range len(r) {
			for _, c := range []byte(alphabet) {
				wrong := []byte(r)
				wrong[i] = c
				if c != r[i] && ReceiptNumber(wrong).Valid() {
					t.Fatalf("%s passes for %s", wrong, r)
				}
			}
		}
	}
}

func TestCheckCatchesEveryExchange(t *testing.T) {
	for i := range numberLength {
		for j := range i {
			for _, a := range []byte(alphabet) {
				for _, b := range []byte(alphabet) {
					r := withBoth(t, j, i, a, b)
					swapped := []byte(r)
					swapped[i], swapped[j] = swapped[j], swapped[i]
					if a != b && ReceiptNumber(swapped).Valid() {
						t.Fatalf("%s passes for %s", swapped, r)
					}
				}
			}
		}
	}
}

// withBoth makes a valid number that has a at place i and b at place j.
func withBoth(t *testing.T, i, j int, a, b byte) ReceiptNumber {
	t.Helper()
	body := []byte(newNumber(t))
	body[i], body[j] = a, b
	for _, fix := range []int{0, 1, 2} { // some place is free to make it check
		if fix == i || fix == j {
			continue
		}
		for _, c := range []byte(alphabet) {
			body[fix] = c
			if ReceiptNumber(body).Valid() {
				return ReceiptNumber(body)
			}
		}
	}
	t.Fatal("no such number")
	return ""
}

func TestParseReceiptNumber(t *testing.T) {
	r := ReceiptNumber("0123456789A" + string(alphabet[checkValue("0123456789A")]))
	if !r.Valid() {
		t.Fatal(r)
	}
	for _, s := range []string{
		string(r), r.Grouped(), strings.ToLower(r.Grouped()), " " + strings.ReplaceAll(r.Grouped(), "-", " ") + "\r\n",
		r.QR(), strings.ToLower(r.QR()),
		strings.NewReplacer("0", "O", "1", "l").Replace(string(r)), strings.NewReplacer("0", "o", "1", "I").Replace(string(r)),
	} {
		if got, err := ParseReceiptNumber(s); err != nil || got != r {
			t.Errorf("ParseReceiptNumber(%q) = %q, %v; want %q", s, got, err, r)
		}
	}
	for _, s := range []string{
		"", "K7QD", string(r) + "0", string(r[:11]), "U123-4567-89AB", "TIEPDAN:", strings.Repeat("0", 1<<20),
		"0123456789A" + string(alphabet[checkValue("0123456789A")^1]), "000.00.06.H26-261122-0361", "０１２３４５６７８９ＡＢ",
	} {
		if got, err := ParseReceiptNumber(s); !errors.Is(err, ErrReceiptNumber) || got != "" {
			t.Errorf("ParseReceiptNumber(%.20q) = %q, %v; want ErrReceiptNumber", s, got, err)
		}
	}
}

func TestCodes(t *testing.T) {
	if c, ok := ParseCode(" 000.00.06.h26-261122-0361 "); !ok || c != "000.00.06.H26-261122-0361" {
		t.Errorf("ParseCode = %q, %v", c, ok)
	}
	for _, s := range []string{"", "000.00.06.H26", "000..06-261122-0361", "A-1-1", ".A-261122-0361", "A-261122-361"} {
		if _, ok := ParseCode(s); ok {
			t.Errorf("ParseCode accepts %q", s)
		}
	}
	for s, want := range map[string]bool{"000.00.06.H26": true, "H26": true, "": false, "h26": false, "H26.": false, "H 26": false} {
		if ValidAgency(s) != want {
			t.Errorf("ValidAgency(%q) = %v", s, !want)
		}
	}
}

func FuzzParseReceiptNumber(f *testing.F) {
	f.Add("K7QD-3M9X-V2TA")
	f.Add("TIEPDAN:000000000000")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseReceiptNumber(s)
		if err != nil {
			return
		}
		for _, again := range []string{string(r), r.Grouped(), r.QR()} {
			if got, err := ParseReceiptNumber(again); err != nil || got != r {
				t.Errorf("%q parses to %q, and %q to %q, %v", s, r, again, got, err)
			}
		}
	})
}
