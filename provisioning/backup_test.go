package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/staff"
)

// A centre that burned down is again what it was at the backup: kiosks come in with the
// credentials they have, people sign in, receipts are the same, and what nobody had
// answered yet is filed once.
func TestBackup(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	h.person("lan", staff.Admin, "*")
	d := h.enrol()
	done := d.file()
	receipt := d.receipt(done, 1)
	h.fault("500", 1000) // One-Stop is down: the next one waits, sealed, in the stream
	waiting := d.file()

	nc, err := dialBus(&operator{data: h.data}, "", dataDir{root: h.data}, "test", env{strings.NewReader(""), h.log, h.log})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	// What is in a stream and in the book is answered from the book, and never filed twice.
	if names, err := streamNames(t.Context(), nc); err != nil || names[len(names)-1] != bookStream || names[0] == bookStream {
		t.Error("the book is not backed up last:", names, err)
	}

	out := filepath.Join(t.TempDir(), "centre.backup")
	secret := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(secret, []byte("mot cau mat khau dai\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.run("backup", "-out", out, "-passphrase", "@"+secret); err != nil {
		t.Fatal(err)
	}
	if _, err := h.run("backup", "-out", out, "-passphrase", "@"+secret); err == nil || !strings.Contains(err.Error(), "already") {
		t.Error("a backup was written over:", err)
	}
	if _, err := h.run("backup", "-out", out+"2"); err == nil || !strings.Contains(err.Error(), "-passphrase") {
		t.Error("a backup that anybody can read:", err)
	}
	sealed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, clear := range []string{canaryName, canaryPIN, canaryHome, string(done.Receipt), "AGE-SECRET-KEY", "00004-01"} {
		if bytes.Contains(sealed, []byte(clear)) {
			t.Errorf("%q can be read in the backup", clear)
		}
	}
	left, err := filepath.Glob(filepath.Join(h.data, "centre", "backup-*"))
	if err != nil || len(left) > 0 {
		t.Error("left behind:", left, err)
	}
	after := d.file() // not in the backup: its kiosk has no receipt for it, and sends it again
	h.stop()

	again := &hall{t: t, data: filepath.Join(t.TempDir(), "new"), log: &lockedBuffer{}}
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := again.run("restore", "-in", out, "-passphrase", "@"+wrong); err == nil || !strings.Contains(err.Error(), "does not open") {
		t.Error("a wrong passphrase:", err)
	}
	os.RemoveAll(again.data)
	if _, err := again.run("restore", "-in", out, "-passphrase", "@"+secret); err != nil {
		t.Fatal(err)
	}
	if _, err := again.run("restore", "-in", out, "-passphrase", "@"+secret); err == nil || !strings.Contains(err.Error(), "there is a centre") {
		t.Error("a centre was restored over another:", err)
	}
	// One-Stop is the city's own, and burned not.
	if err := os.CopyFS(filepath.Join(again.data, "onestop"), os.DirFS(filepath.Join(h.data, "onestop"))); err != nil {
		t.Fatal(err)
	}
	h = openHall(t, again.data, anyTOTP)
	d = h.connect(d.creds)
	known, err := d.eventually([]dossier.ReceiptNumber{done.Receipt})
	if err != nil || len(known) != 1 || known[0].Code != receipt.Code || known[0].Verify(d.creds.ReceiptKey) != nil {
		t.Errorf("the receipt is not what it was: %+v, %v", known, err)
	}
	d.publish(after)
	for _, s := range []dossier.Sealed{waiting, after} {
		if got, err := d.eventually([]dossier.ReceiptNumber{s.Receipt}); err != nil || got[0].Outcome != dossier.Accepted {
			t.Errorf("%s: %+v, %v", s.Receipt, got, err)
		}
	}
	if items := h.oneStop(); len(items) != 3 {
		t.Errorf("One-Stop has %d of 3", len(items))
	}
	p := h.anybody()
	if status := p.do("POST", "session", map[string]string{"name": "lan", "password": personPassword}, nil); status != 200 {
		t.Error("lan does not get in:", status)
	}
	var deeds []staff.Deed
	if p.do("GET", "audit", nil, &deeds); len(deeds) < 3 {
		t.Errorf("the audit: %+v", deeds)
	}
	if _, _, err := link.Enrol(t.Context(), h.url, h.code(), nil); err != nil {
		t.Error("nobody enrols any more:", err)
	}
}
