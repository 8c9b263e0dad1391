package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/pem"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"tiepdan/drivers/card"
)

// sharedData is a file of the data handed to the project, beside its checkout.
func sharedData(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "data", name))
	if err != nil {
		t.Skip("the shared data is not here: ", name)
	}
	return b
}

const germanList = "csca-de-2026-05-28.ml"

// The list has what the world's issuers do to X.509: explicit parameters of
// every curve, RSA-PSS, link certificates, authorities that say they are none.
func TestGermanMasterList(t *testing.T) {
	dir := t.TempDir()
	list := sharedData(t, germanList)
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("list.ml", list)
	write("README", []byte("not a certificate"))
	s, rep, err := LoadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 581 || len(rep.Refused) != 8 || rep.Files != 2 {
		t.Errorf("%s, want 581 anchors of 2 files, 8 refused: %q", rep, rep.Refused)
	}
	want := []string{"7 refused, no certificate authority: list.ml, certificate 270 and 6 more", "1 refused, not to be understood: README"}
	if got := rep.Grouped(); !slices.Equal(got, want) {
		t.Errorf("grouped %q, want %q", got, want)
	}
	var vietnam []*certificate
	for _, a := range s.anchors {
		if a.subject.country() == "VN" {
			vietnam = append(vietnam, a)
		}
	}
	if len(vietnam) != 1 {
		t.Fatalf("%d Vietnamese anchors, want 1", len(vietnam))
	}
	vn := vietnam[0]
	key, ok := vn.key.(*ecdsa.PublicKey)
	p512, _ := card.CurveByID(17)
	if !ok || key.Curve != p512.Elliptic() {
		t.Error("its key is not on brainpoolP512r1")
	}
	if vn.notBefore.Format(time.DateOnly) != "2022-06-29" || vn.notAfter.Format(time.DateOnly) != "2037-10-01" {
		t.Errorf("it is valid from %s to %s", vn.notBefore, vn.notAfter)
	}

	// The same anchor comes as PEM and DER too, and counts once.
	write("vn.der", vn.raw)
	write("vn.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: vn.raw}))
	if s, rep, err = LoadDir(dir); err != nil || s.Len() != 581 || rep.Files != 4 || len(rep.Refused) != 8 {
		t.Errorf("with copies of one anchor: %s, %v", rep, err)
	}

	// One changed byte in the middle, and nothing of the list is believed.
	broken := append([]byte{}, list...)
	broken[len(broken)/2] ^= 1
	write("list.ml", broken)
	if s, rep, _ = LoadDir(dir); s.Len() != 1 || !refused(rep, "list.ml", "does not verify") {
		t.Errorf("with a broken list: %s: %q", rep, rep.Refused)
	}
}

func refused(r Report, source, why string) bool {
	for _, x := range r.Refused {
		if x.Source == source && strings.Contains(x.Why, why) {
			return true
		}
	}
	return false
}

func TestLoadDirWithoutDirectory(t *testing.T) {
	s, _, err := LoadDir(filepath.Join(t.TempDir(), "none"))
	if err == nil || s.Len() != 0 {
		t.Errorf("%d anchors, error %v", s.Len(), err)
	}
	var none *Store
	if none.Len() != 0 {
		t.Error("no store has anchors")
	}
}

func TestSameState(t *testing.T) {
	for _, c := range []struct {
		issuer, country string
		want            bool
	}{
		{"VNM", "VN", true}, {"D", "DE", true}, {"UTO", "UT", true}, {"FRA", "FR", true}, {"ABW", "AW", true},
		{"VNM", "LA", false}, {"LAO", "VN", false}, {"", "", false}, {"VNM", "", false}, {"", "VN", false},
		{"NMV", "NV", false}, {"XXX", "XX", false}, {"WVN", "MV", false}, {"M V", "NM", false},
	} {
		if sameState(c.issuer, c.country) != c.want {
			t.Errorf("%q and %q: not %v", c.issuer, c.country, c.want)
		}
	}
}

func FuzzStore(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 3, 6, 1, 0})
	f.Add([]byte{0x30, 4, 0x30, 0, 0x30, 0})
	if list, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "data", germanList)); err == nil {
		var s Store
		var rep Report
		s.Load("", list, &rep)
		for _, a := range s.anchors[:8] {
			f.Add(a.raw)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Store
		var rep Report
		bounded(t, func() { s.Load("fuzz", b, &rep) })
		if s.Len() == 0 && len(rep.Refused) == 0 {
			t.Error("neither anchor nor refusal")
		}
	})
}

// The signature of an anchor under a signer is checked once for the two of them;
// all else is looked at each time.
func TestIssuedOnce(t *testing.T) {
	csca := newCSCA(ecKey(elliptic.P256()), "VN", 0)
	store := &Store{}
	if err := store.Add(csca.cert.Raw); err != nil {
		t.Fatal(err)
	}
	ds := csca.signer(ecKey(elliptic.P256()), nil)
	dgs := map[int][]byte{1: testDG1(t)}
	sod := sodSpec{ds: ds, alg: "1.2.840.10045.4.3.2", hash: crypto.SHA256, dgs: dgs}.make()
	for range 3 {
		if r := Verify(sod, dgs, store, readOn); r.Anchor != OK || len(store.issued) != 1 {
			t.Fatalf("%+v, %d remembered", r, len(store.issued))
		}
	}
	other := newCSCA(ecKey(elliptic.P256()), "VN", 0).signer(ecKey(elliptic.P256()), nil)
	sod = sodSpec{ds: other, alg: "1.2.840.10045.4.3.2", hash: crypto.SHA256, dgs: dgs}.make()
	for range 2 {
		if r := Verify(sod, dgs, store, readOn); r.Anchor != Failed || len(store.issued) != 1 {
			t.Errorf("of another authority with the same name: %+v, %d remembered", r, len(store.issued))
		}
	}
	signer, err := parseCertificate(ds.cert.Raw)
	if err != nil {
		t.Fatal(err)
	}
	late := Result{}
	if store.checkChain(&late, signer, readOn.AddDate(80, 0, 0)); late.Anchor != Failed {
		t.Errorf("signed long after its time: %+v", late)
	}
	for i := range 3 * maxIssued { // signers without end
		again := *signer
		again.raw = append(slices.Clone(signer.raw), byte(i), byte(i>>8))
		if err := store.issuedBy(&again, store.anchors[0]); err != nil || len(store.issued) > maxIssued {
			t.Fatalf("%v, %d remembered", err, len(store.issued))
		}
	}
}

// A certificate on its own: whatever is read of it, it says the same twice.
func FuzzCertificate(f *testing.F) {
	csca := newCSCA(ecKey(elliptic.P256()), "VN", 0)
	f.Add(csca.cert.Raw)
	f.Add(csca.signer(rsaKey(), nil).cert.Raw)
	if list, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "data", germanList)); err == nil {
		var s Store
		var rep Report
		s.Load("", list, &rep)
		for i := 0; i < len(s.anchors); i += len(s.anchors) / 12 {
			f.Add(s.anchors[i].raw)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		bounded(t, func() {
			c, err := parseCertificate(b)
			if err != nil {
				return
			}
			again, err := parseCertificate(c.raw)
			if err != nil || again.subject.String() != c.subject.String() || !again.issuer.same(c.issuer) {
				t.Errorf("read again it is another: %v", err)
			}
			_ = c.signedBy(c)
		})
	})
}

// Signed data as EF.SOD and master lists hold it.
func FuzzCMS(f *testing.F) {
	csca := newCSCA(ecKey(elliptic.P256()), "VN", 0)
	sod := sodSpec{ds: csca.signer(ecKey(elliptic.P256()), nil), alg: "1.2.840.10045.4.3.2", hash: crypto.SHA256, dgs: map[int][]byte{1: testDG1(f)}}.make()
	outer, _, err := card.ParseTLV(sod)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(outer.Value)
	f.Add([]byte{0x30, 0x80, 6, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		bounded(t, func() {
			d, err := parseSignedData(b)
			if err != nil {
				return
			}
			if c, err := d.signerCert(); err == nil {
				_ = d.verify(c)
			}
		})
	})
}

// bounded fails when do allocates more than 64 MB in all.
func bounded(t *testing.T, do func()) {
	t.Helper()
	allocated := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	before := allocated()
	do()
	if n := allocated() - before; n > 64<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}
