package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/store"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/kiosksim"
	"tiepdan/provisioning/staff"
)

// A kiosk comes back after a year in a cellar, with what was filed there before and never
// taken. Meanwhile the centre's keys were changed twice, its kiosks were given other
// configurations and another catalogue, what is old was forgotten, and the machine that the
// centre ran on was replaced by one restored from a backup. Everything arrives once, signed in
// the new key's word, and the kiosk is told all it is to be.
func TestBackAfterAYear(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	h := openHall(t, data, anyTOTP)
	city := h.person("city", staff.Admin, "*")
	creds, first, err := link.Enrol(t.Context(), h.url, h.code(), nil)
	if err != nil {
		t.Fatal(err)
	}
	cellar := &machine{t: t, creds: creds, dir: t.TempDir()}
	last := time.Now().AddDate(-1, 0, 0)
	filed := cellar.filedOn(last, 12)

	pack := packOf(t, "Xác nhận thông tin về cư trú", "Giấy xác nhận cư trú")
	var shelved struct{ Hash string }
	if status := city.add("nam-sau", pack, &shelved); status != 200 {
		t.Fatal(status)
	}
	_, registry := h.books()
	for n := range 5 {
		k := must(registry.Kiosk(t.Context(), creds.Kiosk))
		text := must(change(k.Config, fmt.Sprintf("phone: \"024 000%d\"", n)))
		if _, err := registry.Set(t.Context(), k.ID, func(k *enrol.Kiosk) { k.Config, k.Catalogue = text, shelved.Hash }); err != nil {
			t.Fatal(err)
		}
	}
	backup, secret := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("mật khẩu của bản sao"), 0o600); err != nil {
		t.Fatal(err)
	}
	for turn := range 2 {
		h.stop()
		if _, err := h.run("keys", "rotate"); err != nil {
			t.Fatal(err)
		}
		h = openHall(t, data, anyTOTP)
		if turn == 0 {
			continue
		}
		js := h.bus()
		c := &centre{js: js, log: slog.New(slog.DiscardHandler), rules: must(js.KeyValue(t.Context(), rulesBucket))}
		c.book, c.registry = h.books()
		if err := c.forgetNow(t.Context(), time.Now().AddDate(1, 0, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.run("backup", "-out", backup, "-passphrase", "@"+secret); err != nil {
		t.Fatal(err)
	}
	h.stop()
	elsewhere := t.TempDir()
	restored := &hall{t: t, data: elsewhere}
	if _, err := restored.run("restore", "-in", backup, "-passphrase", "@"+secret); err != nil {
		t.Fatal(err)
	}
	h = openHall(t, elsewhere, anyTOTP)

	cellar.creds.Centre = h.url
	cellar.start()
	told := make(chan link.Desired, 16)
	ctx, enough := context.WithCancel(t.Context())
	go cellar.conn.WatchDesired(ctx, func(w link.Desired) { told <- w })
	var want link.Desired
	select {
	case want = <-told:
	case <-time.After(patience):
		t.Fatal("it is told nothing")
	}
	if text, err := cellar.conn.Blob(t.Context(), want.Config); err != nil || !strings.Contains(string(text), "024 0004") || string(text) == string(first) {
		t.Errorf("its configuration: %v\n%s", err, text)
	}
	if got, err := cellar.conn.Blob(t.Context(), want.Catalogue); err != nil || link.HashOf(got) != shelved.Hash {
		t.Error("its catalogue:", err)
	}
	next, moved := cellar.creds.After(want.Keys)
	if !moved {
		t.Fatal("it is not led to the new keys")
	}
	enough()
	cellar.stop() // it begins anew with them
	cellar.creds = next
	cellar.start()
	defer func() { cellar.stop() }()
	if err := until(t, func() (bool, error) {
		open, err := cellar.open()
		return open == 0, err
	}); err != nil {
		t.Fatal("it still owes dossiers:", err)
	}
	items := h.oneStop()
	for _, r := range filed {
		item := items[string(r)]
		if item == nil {
			t.Fatalf("%s is not at One-Stop", r)
		}
		if day := item["NgayNopHoSo"].(string); !strings.HasPrefix(day, fmt.Sprint(last.Year())) {
			t.Errorf("%s was filed on %s, not a year ago", r, day)
		}
	}
	if len(items) != len(filed) {
		t.Errorf("One-Stop has %d of %d", len(items), len(filed))
	}
}

// filedOn records dossiers of a day that is long ago, and what the kiosk was when it went.
func (m *machine) filedOn(day time.Time, n int) (filed []dossier.ReceiptNumber) {
	m.t.Helper()
	db := must(store.Open(m.t.Context(), filepath.Join(m.dir, store.FileName)))
	defer db.Close()
	for i := range n {
		d, parts, err := kiosksim.Filing(m.creds.Kiosk, "00004", i%3)
		if err != nil {
			m.t.Fatal(err)
		}
		d.SubmittedAt = day
		sealed, err := dossier.Seal(d, parts, m.creds.Recipient)
		if err != nil {
			m.t.Fatal(err)
		}
		if _, err := db.Record(m.t.Context(), store.Submission{Visit: string(d.Receipt) + string(d.Receipt), At: day,
			Dossier: &store.Filing{Sealed: sealed, Procedure: d.Procedure, Case: d.Case}}); err != nil {
			m.t.Fatal(err)
		}
		filed = append(filed, d.Receipt)
	}
	return filed
}
