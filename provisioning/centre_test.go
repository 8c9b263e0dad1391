package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/staff"
)

var codeForm = regexp.MustCompile(`^000\.00\.06\.H26-\d{6}-\d{4}$`)

func TestOneDossier(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	d := h.enrol()
	s := d.file()
	r := d.receipt(s, 1)
	if r.Outcome != dossier.Accepted || !codeForm.MatchString(r.Code) || r.Status != 1 || r.Kiosk != d.creds.Kiosk {
		t.Fatalf("receipt: %+v", r)
	}
	item := h.oneStop()[string(s.Receipt)]
	if item == nil {
		t.Fatalf("One-Stop has %v", slices.Collect(maps.Keys(h.oneStop())))
	}
	form := item["DuLieuForm"].(map[string]any)
	for field, want := range map[string]any{
		"MaHoSo": r.Code, "MaTTHC": "1.010041", "KenhThucHien": "2", "ChuHoSo": canaryName, "SoGiayToChuHoSo": canaryPIN,
		"SoDienThoai": "0912345678", "TrangThaiHoSo": "1", "NgayTiepNhan": "", "DonViXuLy": "Công an phường Ba Đình",
	} {
		if item[field] != want {
			t.Errorf("%s: %v, want %v", field, item[field], want)
		}
	}
	if form["nycHoTen"] != canaryName || form["chuHoHoTen"] != canaryName {
		t.Errorf("form: %v", form)
	}

	// Handed over again, because the acknowledgement was lost: the same receipt, for good.
	h.fault("refuse", 1) // would show if it were posted again
	d.publishAgain(s)
	if again := d.receipt(s, 1); !slices.Equal(again.Signature, r.Signature) {
		t.Errorf("another receipt for the same number: %+v", again)
	}
	if faults := get(t, h.url+"/onestop/fault"); !strings.Contains(faults, "refuse") {
		t.Error("it was posted again")
	}
	known, err := d.conn.AskReceipts(t.Context(), []dossier.ReceiptNumber{s.Receipt, "K7QD3M9XV2TA"})
	if err != nil || len(known) != 1 || !slices.Equal(known[0].Signature, r.Signature) {
		t.Errorf("asked for: %+v, %v", known, err)
	}
	for number, receipt := range map[string]string{s.Receipt.Grouped(): string(s.Receipt), strings.ToLower(r.Code): ""} {
		var l link.Lookup
		if err := d.conn.Ask(t.Context(), link.WhatLookup, link.AskLookup{Number: number}, &l); err != nil {
			t.Fatal(err)
		}
		if !l.Found || l.Code != r.Code || l.Status != 1 || l.Receipt != receipt {
			t.Errorf("lookup %s: %+v", number, l)
		}
	}
	// An officer accepts it: who asks now hears it from One-Stop itself.
	if resp := h.post("/onestop/decide", fmt.Sprintf(`{"MaHoSo":%q,"TrangThaiHoSo":"2","NgayHenTra":"20261130170000"}`, r.Code)); resp.StatusCode != 200 {
		t.Fatal("decide:", resp.Status)
	}
	var accepted link.Lookup
	if err := d.conn.Ask(t.Context(), link.WhatLookup, link.AskLookup{Number: r.Code}, &accepted); err != nil {
		t.Fatal(err)
	}
	if due := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC); accepted.Status != 2 || !accepted.Due.Equal(due) || accepted.Received.IsZero() || accepted.Procedure == "" {
		t.Errorf("accepted: %+v", accepted)
	}
	var l link.Lookup
	if err := d.conn.Ask(t.Context(), link.WhatLookup, link.AskLookup{Number: "000.00.06.H26-990101-0001"}, &l); err != nil || l.Found {
		t.Errorf("lookup of nothing: %+v, %v", l, err)
	}
}

// publishAgain hands over past the stream's memory of message ids, once the
// first message is gone: the receipt is told a moment before that.
func (d *desk) publishAgain(s dossier.Sealed) {
	d.h.t.Helper()
	nc, _ := d.raw()
	body, err := json.Marshal(link.Envelope{Version: dossier.Version, Receipt: s.Receipt, Sealed: s.Ciphertext, Manifest: s.Manifest})
	if err != nil {
		d.h.t.Fatal(err)
	}
	err = until(d.h.t, func() (bool, error) {
		m, err := nc.Request(link.DossierSubject(d.creds.Kiosk, s.Receipt), body, patience)
		if err != nil {
			return false, err
		}
		var ack struct {
			Error *struct{ Description string }
		}
		if err := json.Unmarshal(m.Data, &ack); err != nil {
			return false, err
		}
		return ack.Error == nil, nil
	})
	if err != nil {
		d.h.t.Fatal(err)
	}
}

func TestOneStopFaults(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	d := h.enrol()
	for _, c := range []struct {
		kind    string
		outcome string
	}{
		{"slow", dossier.Accepted},
		{"500", dossier.Accepted},
		{"lost", dossier.Accepted},
		{"duplicate", dossier.Accepted},
		{"truncated", dossier.Accepted},
		{"session", dossier.Accepted},
		{"refuse", dossier.Refused},
	} {
		t.Run(c.kind, func(t *testing.T) {
			before := len(h.oneStop())
			h.fault(c.kind, 3)
			var all []dossier.Sealed
			for range 4 {
				all = append(all, d.file())
			}
			posted := 0
			for _, s := range all {
				r := d.receipt(s, 1)
				item := h.oneStop()[string(s.Receipt)]
				switch r.Outcome {
				case dossier.Accepted:
					posted++
					if item == nil || item["MaHoSo"] != r.Code {
						t.Errorf("code %s, at One-Stop %v", r.Code, item["MaHoSo"])
					}
				case dossier.Refused:
					if item != nil || c.outcome != dossier.Refused || !strings.Contains(r.Reason, "thẩm quyền") {
						t.Errorf("refused for %q, at One-Stop %v", r.Reason, item["MaHoSo"])
					}
				default:
					t.Errorf("%+v", r)
				}
			}
			want := 4
			if c.outcome == dossier.Refused {
				want = 1 // three of four
			}
			if posted != want || len(h.oneStop()) != before+want {
				t.Errorf("%d accepted, One-Stop has %d more; want %d", posted, len(h.oneStop())-before, want)
			}
			h.fault("none", 0)
		})
	}
}

func TestPoisonBlocksNothing(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	d := h.enrol()

	withPages := newDossier(t, d.creds.Kiosk)
	withPages.Papers = []dossier.Paper{{Code: "KQ1", Name: "Giấy tờ", How: "pages", Parts: []int{1, 2}}}
	half := d.seal(withPages,
		dossier.Part{N: 1, MIME: "image/jpeg", Data: []byte("one")},
		dossier.Part{N: 2, MIME: "image/jpeg", Data: make([]byte, link.PieceSize*2)})
	d.publish(half)

	garbage := d.seal(newDossier(t, d.creds.Kiosk))
	garbage.Ciphertext = []byte("not sealed at all")
	d.publish(garbage)

	foreign := newDossier(t, "another-01")
	foreignSealed := d.seal(foreign)
	d.publish(foreignSealed)

	lying := newDossier(t, d.creds.Kiosk)
	lying.Answers["nycEmail"] = "không phải thư"
	invalid := d.seal(lying)
	d.publish(invalid)

	boast := newDossier(t, d.creds.Kiosk)
	boast.Verdict.Grade = "signed" // without a SOD to show for it
	unproven := d.seal(boast)
	d.publish(unproven)

	good := d.file()
	if r := d.receipt(good, 1); r.Outcome != dossier.Accepted {
		t.Fatalf("the good one: %+v", r)
	}
	want := map[dossier.ReceiptNumber]string{
		garbage.Receipt: "does-not-open", foreignSealed.Receipt: "dossier-of-another-kiosk",
		invalid.Receipt: "answers-invalid", unproven.Receipt: "evidence-missing",
	}
	known, err := d.eventually(slices.Collect(maps.Keys(want)))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range known {
		if r.Outcome != dossier.Quarantined || r.Reason != want[r.Receipt] || r.Code != "" {
			t.Errorf("%+v, want %s", r, want[r.Receipt])
		}
		if err := r.Verify(d.creds.ReceiptKey); err != nil {
			t.Error(err)
		}
	}
	if n := len(h.oneStop()); n != 1 {
		t.Errorf("One-Stop has %d", n)
	}

	// The other half comes, days later.
	for piece := range link.Pieces(half.Manifest) {
		if err := d.conn.PublishPart(t.Context(), half.Receipt, piece.N, half.Parts[piece.Part][piece.From:piece.To]); err != nil {
			t.Fatal(err)
		}
	}
	if r := d.receipt(half, 1); r.Outcome != dossier.Accepted {
		t.Errorf("the half one: %+v", r)
	}
	if files := h.oneStop()[string(half.Receipt)]["TaiLieuNop"].([]any); len(files) != 2 {
		t.Errorf("its files: %v", files)
	}
	page := get(t, h.url+"/metrics")
	if !strings.Contains(page, `tiepdan_gateway_dossiers_total{outcome="quarantined"} 4`) {
		t.Errorf("metrics:\n%s", page)
	}
}

// Pages of a dossier that One-Stop refused go with its receipt; those of one it took
// when it has fetched them (see TestPages).
func TestRefusedPagesGoWithTheReceipt(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	d := h.enrol()
	full := newDossier(t, d.creds.Kiosk)
	full.Papers = []dossier.Paper{{Code: "KQ1", Name: "Giấy tờ", How: "pages", Parts: []int{1}}}
	s := d.seal(full, dossier.Part{N: 1, MIME: "image/jpeg", Data: make([]byte, link.PieceSize)})
	for piece := range link.Pieces(s.Manifest) {
		if err := d.conn.PublishPart(t.Context(), s.Receipt, piece.N, s.Parts[piece.Part][piece.From:piece.To]); err != nil {
			t.Fatal(err)
		}
	}
	if page := get(t, h.url+"/metrics"); !strings.Contains(page, "tiepdan_parts_held 2") {
		t.Errorf("two pieces were handed over:\n%s", page)
	}
	h.fault("refuse", 1)
	d.publish(s)
	if r := d.receipt(s, 1); r.Outcome != dossier.Refused {
		t.Errorf("%+v", r)
	}
	if page := get(t, h.url+"/metrics"); !strings.Contains(page, "tiepdan_parts_held 0") {
		t.Errorf("pages are still held:\n%s", page)
	}
}

// eventually asks until all these have receipts; those come as they come.
func (d *desk) eventually(numbers []dossier.ReceiptNumber) ([]dossier.Receipt, error) {
	var known []dossier.Receipt
	err := until(d.h.t, func() (bool, error) {
		var err error
		known, err = d.conn.AskReceipts(d.h.t.Context(), numbers)
		return len(known) == len(numbers), err
	})
	return known, err
}

func TestStatusComesBack(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	d := h.enrol()
	s := d.file()
	r := d.receipt(s, 1)
	if resp := h.post("/onestop/decide", `{"MaHoSo":"`+r.Code+`","TrangThaiHoSo":"2"}`); resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	if r2 := d.receipt(s, 2); r2.Status != 2 || r2.Code != r.Code {
		t.Errorf("%+v", r2)
	}
	h.post("/onestop/decide", `{"MaHoSo":"`+r.Code+`","TrangThaiHoSo":"10"}`)
	if r3 := d.receipt(s, 3); r3.Status != 10 {
		t.Errorf("%+v", r3)
	}
	if item := h.oneStop()[string(s.Receipt)]; item["NgayTiepNhan"] == "" {
		t.Error("no NgayTiepNhan after status 2")
	}
}

// What a restart finds: the same receipts, the queue, and the registry.
func TestRestart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	h := openHall(t, data)
	d := h.enrol()
	done := d.file()
	first := d.receipt(done, 1)
	h.fault("500", 1000)
	waiting := d.file()
	h.stop()

	h = openHall(t, data, anyTOTP)
	d = h.connect(d.creds)
	if r := d.receipt(waiting, 1); r.Outcome != dossier.Accepted {
		t.Fatalf("%+v", r)
	}
	known, err := d.conn.AskReceipts(t.Context(), []dossier.ReceiptNumber{done.Receipt})
	if err != nil || len(known) != 1 || !slices.Equal(known[0].Signature, first.Signature) {
		t.Errorf("%+v, %v", known, err)
	}
	if n := len(h.oneStop()); n != 2 {
		t.Errorf("One-Stop has %d", n)
	}
	if flow := h.person("lan", staff.Viewer, "*").overview().Flow; flow == nil || flow.Accepted != 2 {
		t.Errorf("dashboard: %+v", flow)
	}
}

// Nothing personal is outside the One-Stop folder, in the log, or on any page.
func TestNothingPersonal(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	d, p := h.enrol(), h.person("lan", staff.Admin, "*")
	filed := d.file()
	d.receipt(filed, 1)
	bad := newDossier(t, d.creds.Kiosk)
	bad.Answers["nycHoTen"] = canaryName + " KHÁC"
	bad.Answers["nycEmail"] = "x"
	s := d.seal(bad)
	d.publish(s)
	d.receipt(s, 1)
	seen := ""
	for _, path := range []string{"overview", "kiosks", "kiosks/" + d.creds.Kiosk, "receipts/" + string(filed.Receipt), "quarantine", "report?by=procedure", "audit", "alerts"} {
		var page json.RawMessage
		if status := p.do("GET", path, nil, &page); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
		seen += string(page)
	}
	pages := seen + h.log.String() + get(t, h.url+"/metrics") + get(t, h.url+"/healthz")
	h.stop()
	for _, secret := range []string{canaryName, canaryPIN, canaryHome, "CHIM YẾN", "887766"} {
		if strings.Contains(pages+h.log.String(), secret) {
			t.Errorf("%q is on a page or in the log", secret)
		}
		err := filepath.WalkDir(filepath.Join(h.data, "centre"), func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if strings.Contains(string(data), secret) {
				t.Errorf("%q is in %s", secret, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
