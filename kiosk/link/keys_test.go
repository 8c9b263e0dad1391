package link

import (
	"bytes"
	"crypto/ed25519"
	"testing"
)

// A kiosk follows a chain of changes from wherever it stands to its end, and no step that
// the key before did not sign.
func TestKeyChanges(t *testing.T) {
	var keys []ed25519.PrivateKey
	for range 4 {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	public := func(n int) []byte { return keys[n].Public().(ed25519.PublicKey) }
	change := func(by, to int) KeyChange {
		return must(KeyChange{Recipient: "age1" + string(rune('a'+to)), ReceiptKey: public(to)}.Sign(keys[by]))(t)
	}
	creds := newCentre(t).kiosk("k-1")
	chain := []KeyChange{change(1, 2), change(0, 1)} // in whatever order
	exchanged := change(0, 1)
	exchanged.Recipient = "age1thief"
	short := must(KeyChange{Recipient: "age1x", ReceiptKey: public(1)[:31]}.Sign(keys[0]))(t)
	for _, c := range []struct {
		name     string
		from, to int
		chain    []KeyChange
	}{
		{"two steps", 0, 2, chain}, {"one step", 1, 2, chain}, {"there already", 2, 2, chain}, {"nothing to follow", 0, 0, nil},
		{"by a stranger", 0, 0, []KeyChange{change(3, 2)}}, {"by itself", 0, 0, []KeyChange{change(2, 2)}},
		{"another recipient put in", 0, 0, []KeyChange{exchanged}}, {"a key cut short", 0, 0, []KeyChange{short}},
		{"a circle", 0, 0, []KeyChange{change(0, 1), change(1, 0)}},
	} {
		c0 := creds
		c0.ReceiptKey = public(c.from)
		got, moved := c0.After(c.chain)
		if !bytes.Equal(got.ReceiptKey, public(c.to)) || moved != (c.from != c.to) {
			t.Errorf("%s: moved %v", c.name, moved)
		}
		if moved && got.Recipient != "age1"+string(rune('a'+c.to)) || !moved && c.name != "a circle" && got.Recipient != c0.Recipient {
			t.Errorf("%s: seals to %s", c.name, got.Recipient)
		}
	}
}
