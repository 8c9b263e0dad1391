package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

// The gateway's keys are changed twice while kiosks are away. What was sealed before opens,
// what was answered before is answered in the new key's word, a kiosk is led to the new keys
// by what it is told, and a code that was printed before still lets its kiosk in.
func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	h := openHall(t, data)
	printed := h.code()
	d := h.enrol()
	old := d.creds
	answered := d.file()
	d.receipt(answered, 1)
	late := d.seal(newDossier(t, old.Kiosk)) // it is offline from here on

	if _, err := h.run("keys", "rotate"); err == nil || !strings.Contains(err.Error(), "serving") {
		t.Error("keys are changed under a centre that serves:", err)
	}
	h.stop()
	for range 2 {
		out, err := h.run("keys", "rotate")
		if err != nil || !strings.Contains(out, "age1") || strings.Contains(out, "SECRET") {
			t.Fatal(out, err)
		}
	}
	h = openHall(t, data)
	d = h.connect(old)
	want := desiredOf(t, d)
	next, moved := old.After(want.Keys)
	if !moved || next.Recipient == old.Recipient || bytes.Equal(next.ReceiptKey, old.ReceiptKey) || len(want.Keys) != 2 {
		t.Fatalf("the kiosk is not led on: %d changes, moved %v", len(want.Keys), moved)
	}
	d.creds = next
	d.publish(late)
	if r := d.receipt(late, 1); r.Outcome != dossier.Accepted {
		t.Errorf("what was sealed to the old keys: %s %s", r.Outcome, r.Reason)
	}
	rs, err := d.conn.AskReceipts(t.Context(), []dossier.ReceiptNumber{answered.Receipt})
	if err != nil || len(rs) != 1 || rs[0].Verify(next.ReceiptKey) != nil || rs[0].SHA256 != answered.SHA256() {
		t.Errorf("what was answered before: %+v, %v", rs, err)
	}
	fresh := d.file()
	if r := d.receipt(fresh, 1); r.Outcome != dossier.Accepted {
		t.Errorf("what is sealed to the new: %s %s", r.Outcome, r.Reason)
	}

	creds, _, err := link.Enrol(t.Context(), h.url, printed, nil)
	if err != nil {
		t.Fatal("a code that was printed before:", err)
	}
	if creds.Recipient != next.Recipient {
		t.Error("the newcomer seals to old keys")
	}
	if led, moved := creds.After(desiredOf(t, h.connect(creds)).Keys); !moved || !bytes.Equal(led.ReceiptKey, next.ReceiptKey) {
		t.Error("the newcomer is not led on")
	}
	if creds, _, err := link.Enrol(t.Context(), h.url, h.code(), nil); err != nil || !bytes.Equal(creds.ReceiptKey, next.ReceiptKey) {
		t.Error("a new code:", err)
	}
}

// desiredOf is what a kiosk is told it is to be, with keys.
func desiredOf(t *testing.T, d *desk) link.Desired {
	t.Helper()
	told := make(chan link.Desired, 16)
	go d.conn.WatchDesired(t.Context(), func(w link.Desired) { told <- w })
	deadline := time.After(patience)
	for {
		select {
		case w := <-told:
			if len(w.Keys) > 0 {
				return w
			}
		case <-deadline:
			t.Fatal("it is told of no keys")
		}
	}
}
