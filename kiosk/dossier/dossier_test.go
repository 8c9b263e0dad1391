package dossier

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"tiepdan/drivers/card/cccd"
)

// canary stands in every field that knows a person.
const canary = "Đỗ Canary Ẩn"

func sample(t testing.TB) Dossier {
	t.Helper()
	at := time.Date(2026, 11, 23, 9, 30, 0, 123456789, time.FixedZone("", 7*3600))
	return Dossier{
		Version: Version, Receipt: newNumber(t), Kiosk: "k-0001", Site: "Điểm số 2", Unit: "00004",
		Agency: "000.00.06.H26", Channel: "direct", SubmittedAt: at, Clock: "synced", Catalogue: "abc",
		Procedure: "1.001193", Case: "1.001193.01", Form: "khai-sinh", FormVersion: "2026-07", Lang: "vi",
		Applicant: Applicant{PIN: "001099000067", Name: canary, DOB: "02/01/1999", Sex: "Nam", Nationality: "Việt Nam", Residence: canary},
		Answers:   Answers{"nksHoTen": canary + " <&>", "meHoTen": canary},
		Papers: []Paper{
			{Code: "G15-1", Name: "Giấy chứng sinh", How: "e-certificate", Kind: "giay-chung-sinh", Number: canary},
			{Code: "G15-2", Name: "Ảnh", How: "pages", Parts: []int{1, 2}},
			{Code: "G15-3", Name: "Khác", How: "counter"},
		},
		Consents: []Consent{{Purpose: "filing", Text: "1", Given: true, Method: "touch", At: at}},
		Verdict:  cccd.Verdict{Grade: cccd.GradeAnchored, Hashes: cccd.OK, Signature: cccd.OK, Anchor: cccd.OK, Chip: cccd.Unchecked},
		SOD:      []byte{1}, DG1: []byte{2}, DG13: []byte{3},
	}
}

func sampleParts() []Part {
	return []Part{{N: 1, MIME: "image/jpeg", Data: []byte(canary)}, {N: 2, MIME: "image/png", Data: bytes.Repeat([]byte{7}, 300_000)}}
}

func TestEncodeDecode(t *testing.T) {
	d := sample(t)
	b, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	want := d
	want.SubmittedAt, want.Consents = canonicalTime(d.SubmittedAt), []Consent{d.Consents[0]}
	want.Consents[0].At = canonicalTime(d.Consents[0].At)
	if !reflect.DeepEqual(got, want) {
		g, _ := got.Encode()
		t.Errorf("decoded %s\nencoded %s", g, b)
	}
	if !strings.Contains(string(b), canary+" <&>") || !strings.Contains(string(b), `"2026-11-23T02:30:00.123Z"`) {
		t.Errorf("not canonical: %s", b)
	}
	for name, bad := range map[string]string{
		"space":         strings.Replace(string(b), `,"site"`, `, "site"`, 1),
		"unknown field": strings.Replace(string(b), `,"site"`, `,"sites":1,"site"`, 1),
		"twice":         strings.Replace(string(b), `,"site"`, `,"unit":"00004","site"`, 1),
		"case":          strings.Replace(string(b), `"site"`, `"Site"`, 1),
		"null":          strings.Replace(string(b), `"sod":"AQ=="`, `"sod":null`, 1),
		"zone":          strings.Replace(string(b), `02:30:00.123Z`, `09:30:00.123+07:00`, 1),
		"trailing":      string(b) + "\n",
		"escape":        strings.Replace(string(b), `<`, `\u003c`, 1),
		"empty":         "",
		"version":       strings.Replace(string(b), `"version":1`, `"version":2`, 1),
		"large":         strings.Repeat(" ", MaxEncoded+1),
	} {
		if bad == string(b) {
			t.Errorf("%s: the case changes nothing", name)
		}
		if _, err := Decode([]byte(bad)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		} else if strings.Contains(err.Error(), "Canary") {
			t.Errorf("%s: the error quotes a person: %v", name, err)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := sample(t).Validate(); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*Dossier){
		"version":          func(d *Dossier) { d.Version = 0 },
		"receipt":          func(d *Dossier) { d.Receipt = "0123456789AB" },
		"kiosk":            func(d *Dossier) { d.Kiosk = "k.1" },
		"agency":           func(d *Dossier) { d.Agency = "000.00.06.h26" },
		"channel":          func(d *Dossier) { d.Channel = "" },
		"submitted_at":     func(d *Dossier) { d.SubmittedAt = time.Time{} },
		"clock":            func(d *Dossier) { d.Clock = "fine" },
		"procedure":        func(d *Dossier) { d.Procedure = "1.00119" },
		"lang":             func(d *Dossier) { d.Lang = "fr" },
		"applicant.pin":    func(d *Dossier) { d.Applicant.PIN = "1" },
		"applicant.name":   func(d *Dossier) { d.Applicant.Name = "" },
		"answers: a value": func(d *Dossier) { d.Answers["x"] = strings.Repeat("ă", maxAnswer+1) },
		"answers: the name of a field": func(d *Dossier) {
			d.Answers["nks HoTen"] = ""
		},
		"site":                 func(d *Dossier) { d.Site = "a\x00" },
		"unit":                 func(d *Dossier) { d.Unit = "\xff" },
		"papers.how":           func(d *Dossier) { d.Papers[0].How = "fax" },
		"papers.number":        func(d *Dossier) { d.Papers[0].Number = "" },
		"papers.parts":         func(d *Dossier) { d.Papers[1].Parts = []int{1, 1} },
		"papers.kind":          func(d *Dossier) { d.Papers[2].Kind = "x" },
		"consents: none given": func(d *Dossier) { d.Consents[0].Given = false },
		"consents.purpose":     func(d *Dossier) { d.Consents = append(d.Consents, d.Consents[0]) },
		"consents.text":        func(d *Dossier) { d.Consents[0].Text = "" },
		"consents.method":      func(d *Dossier) { d.Consents[0].Method = "silence" },
		"consents.at":          func(d *Dossier) { d.Consents[0].At = time.Time{} },
		"verdict.grade":        func(d *Dossier) { d.Verdict.Grade = "" },
		"sod":                  func(d *Dossier) { d.SOD = make([]byte, maxEvidence+1) },
	} {
		d := sample(t)
		spoil(&d)
		err := d.Validate()
		if !errors.Is(err, ErrInvalid) || !strings.HasSuffix(err.Error(), ": "+field) {
			t.Errorf("%s: %v", field, err)
		}
		if _, err := d.Encode(); err == nil {
			t.Errorf("%s: encodes", field)
		}
	}
}

func TestSealOpen(t *testing.T) {
	identity, recipient, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if r, err := RecipientOf(identity); err != nil || r != recipient {
		t.Fatal(r, err)
	}
	d := sample(t)
	s, err := Seal(d, sampleParts(), recipient)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][]byte{s.Ciphertext, s.Parts[1], s.Parts[2]} {
		if bytes.Contains(c, []byte("Canary")) {
			t.Error("a person in a ciphertext")
		}
	}
	got, m, err := Open(s.Ciphertext, identity)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := d.Encode()
	b, _ := got.Encode()
	if !bytes.Equal(a, b) || !reflect.DeepEqual(m, s.Manifest) || len(m) != 2 {
		t.Errorf("opened %s, %v", b, m)
	}
	for _, p := range sampleParts() {
		if err := m.Check(p.N, s.Parts[p.N]); err != nil {
			t.Error(err)
		}
		got, err := OpenPart(s.Parts[p.N], identity, s.Receipt, p.N)
		if err != nil || got.MIME != p.MIME || !bytes.Equal(got.Data, p.Data) {
			t.Errorf("part %d: %v, %v", p.N, got, err)
		}
	}

	other, _, _ := NewIdentity()
	if _, _, err := Open(s.Ciphertext, other); !errors.Is(err, ErrSealed) {
		t.Errorf("another identity: %v", err)
	}
	spoilt := bytes.Clone(s.Ciphertext)
	spoilt[len(spoilt)-1] ^= 1
	if _, _, err := Open(spoilt, identity); !errors.Is(err, ErrSealed) {
		t.Errorf("spoilt: %v", err)
	}
	if _, _, err := Open(s.Ciphertext[:len(s.Ciphertext)-20], identity); !errors.Is(err, ErrSealed) {
		t.Errorf("cut: %v", err)
	}
	if _, err := OpenPart(s.Parts[1], identity, s.Receipt, 2); !errors.Is(err, ErrSealed) {
		t.Errorf("part in another place: %v", err)
	}
	if _, err := OpenPart(s.Parts[1], identity, newNumber(t), 1); !errors.Is(err, ErrSealed) {
		t.Errorf("part of another dossier: %v", err)
	}
	if err := m.Check(1, s.Parts[2]); !errors.Is(err, ErrSealed) {
		t.Errorf("exchanged part: %v", err)
	}
	if err := m.Check(3, s.Parts[2]); !errors.Is(err, ErrSealed) {
		t.Errorf("part of no manifest: %v", err)
	}
}

func TestSealRefusesParts(t *testing.T) {
	_, recipient, _ := NewIdentity()
	many := make([]Part, MaxPages+1)
	for i := range many {
		many[i] = Part{N: i + 1, MIME: "image/jpeg", Data: []byte{1}}
	}
	large := sampleParts()
	large[0].Data = make([]byte, MaxPageBytes)
	for name, parts := range map[string][]Part{
		"missing": sampleParts()[:1], "none": nil, "too many": many, "too large": large,
		"strange":  {sampleParts()[0], {N: 3, MIME: "image/png", Data: []byte{1}}},
		"twice":    {sampleParts()[0], sampleParts()[0]},
		"kind":     {sampleParts()[0], {N: 2, MIME: "text/html", Data: []byte{1}}},
		"empty":    {sampleParts()[0], {N: 2, MIME: "image/png"}},
		"unsorted": {sampleParts()[1], sampleParts()[0]},
	} {
		if _, err := Seal(sample(t), parts, recipient); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Seal(sample(t), sampleParts(), "age1nobody"); err == nil {
		t.Error("sealed to nobody")
	}
}

func TestReceipt(t *testing.T) {
	pub, key, _ := ed25519.GenerateKey(nil)
	r := Receipt{
		Receipt: newNumber(t), Kiosk: "k-0001", SHA256: strings.Repeat("ab", 32), Seq: 1, Outcome: Accepted,
		Code: "000.00.06.H26-261123-0001", Status: 1, At: time.Now(),
	}
	signed, err := r.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(signed)
	if err != nil {
		t.Fatal(err)
	}
	var got Receipt
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if err := got.Verify(pub); err != nil {
		t.Errorf("after a trip as JSON: %v", err)
	}
	for name, spoil := range map[string]func(*Receipt){
		"receipt": func(r *Receipt) { r.Receipt = newNumber(t) }, "kiosk": func(r *Receipt) { r.Kiosk = "k-0002" },
		"hash": func(r *Receipt) { r.SHA256 = strings.Repeat("cd", 32) }, "seq": func(r *Receipt) { r.Seq++ },
		"outcome": func(r *Receipt) { r.Outcome = Refused }, "code": func(r *Receipt) { r.Code = "000.00.06.H26-261123-0002" },
		"status": func(r *Receipt) { r.Status = 3 }, "reason": func(r *Receipt) { r.Reason = "x" },
		"at": func(r *Receipt) { r.At = r.At.Add(time.Second) }, "signature": func(r *Receipt) { r.Signature = nil },
	} {
		bad := got
		spoil(&bad)
		if err := bad.Verify(pub); !errors.Is(err, ErrSignature) {
			t.Errorf("%s changed: %v", name, err)
		}
	}
	if err := got.Verify(nil); !errors.Is(err, ErrSignature) {
		t.Errorf("no key: %v", err)
	}
	for name, spoil := range map[string]func(*Receipt){
		"accepted without a code": func(r *Receipt) { r.Code = "" }, "seq 0": func(r *Receipt) { r.Seq = 0 },
		"reason not text": func(r *Receipt) { r.Reason = "\xff" }, "status": func(r *Receipt) { r.Status = 11 },
	} {
		bad := r
		spoil(&bad)
		if _, err := bad.Sign(key); err == nil {
			t.Errorf("signs a receipt with %s", name)
		}
	}
}

func TestRedaction(t *testing.T) {
	d := sample(t)
	var logs bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	text := slog.New(slog.NewTextHandler(&logs, nil))
	for _, v := range []any{
		d, &d, []Dossier{d}, d.Applicant, &d.Applicant, d.Answers, d.Papers, d.Papers[0], sampleParts(), sampleParts()[0],
		map[string]any{"d": d}, struct{ D Dossier }{d}, struct{ A Answers }{d.Answers},
	} {
		log.Info("x", "v", v)
		text.Info("x", "v", v)
		fmt.Fprintf(&logs, "%v %+v %#v %s %q\n", v, v, v, v, v)
		b, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		logs.Write(b)
	}
	if strings.Contains(logs.String(), "Canary") || strings.Contains(logs.String(), "001099000067") {
		t.Errorf("a person in the log: %s", logs.String())
	}
	if !strings.Contains(logs.String(), string(d.Receipt)) {
		t.Error("no receipt number in the log: the test logs nothing")
	}
}

func FuzzDecode(f *testing.F) {
	d := sample(f)
	b, err := d.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Decode(b)
		if err != nil {
			return
		}
		again, err := d.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q encodes to %q, %v", b, again, err)
		}
	})
}
