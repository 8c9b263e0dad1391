package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/store"
)

func TestOutboxCommand(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		return outboxCommand(args, &out, &errs), out.String(), errs.String()
	}
	if code, _, errs := run("-data", dir); code != 1 || !strings.Contains(errs, dir) || !strings.Contains(errs, "-data") {
		t.Errorf("an empty folder: %d %q", code, errs)
	}
	if code, _, _ := run("-nonsense"); code != 1 {
		t.Error("an unknown flag exits", code)
	}
	if code, _, errs := run("list"); code != 1 || !strings.Contains(errs, `"list"`) {
		t.Error("an unknown word:", code, errs)
	}

	ctx := context.Background()
	db, err := store.Open(ctx, filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() // it stays open: the daemon runs
	if code, out, errs := run("-data", dir, "-json"); code != 0 || strings.TrimSpace(out) != "[]" {
		t.Errorf("nothing recorded: %d %q %q", code, out, errs)
	}
	var receipts []dossier.ReceiptNumber
	for i := range 2 {
		r, err := dossier.NewReceiptNumber(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		receipts = append(receipts, r)
		_, err = db.Record(ctx, store.Submission{Visit: rand.Text(), At: time.Now().Add(time.Duration(i) * time.Second),
			Dossier: &store.Filing{Sealed: dossier.Sealed{Receipt: r, Ciphertext: []byte("sealed")}, Procedure: "1.001193"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, key, _ := ed25519.GenerateKey(nil)
	rec, err := dossier.Receipt{Receipt: receipts[0], Kiosk: "k-1", SHA256: dossier.Sealed{Ciphertext: []byte("sealed")}.SHA256(),
		Seq: 1, Outcome: dossier.Accepted, Code: "000.00.06.H26-261123-0001", Status: 1, At: time.Now()}.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	if fresh, err := db.MarkReceived(ctx, []dossier.Receipt{rec}); err != nil || len(fresh) != 1 {
		t.Fatal(fresh, err)
	}

	code, out, errs := run("-data", dir, "-json")
	var lines []outboxLine
	if err := json.Unmarshal([]byte(out), &lines); err != nil || code != 0 || len(lines) != 2 {
		t.Fatalf("%d %q %q %v", code, out, errs, err)
	}
	if l := lines[0]; l.Receipt != string(receipts[1]) || l.State != "queued" || l.Code != "" || l.Procedure != "1.001193" || l.Since.IsZero() {
		t.Errorf("newest: %+v", l)
	}
	if l := lines[1]; l.Receipt != string(receipts[0]) || l.State != "received" || l.Code != rec.Code || l.Status != 1 {
		t.Errorf("received: %+v", l)
	}
	code, out, _ = run("-data", dir)
	if code != 0 || !strings.Contains(out, receipts[1].Grouped()) || !strings.Contains(out, rec.Code) || strings.Count(out, "\n") != 3 {
		t.Errorf("%d %s", code, out)
	}
}
