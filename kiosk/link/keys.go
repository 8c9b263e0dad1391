package link

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
)

// A KeyChange names the gateway's keys that take the place of others, in the word of the
// receipt key before: nobody else can turn a kiosk's dossiers to himself. A chain of
// them leads a kiosk that was away for years from its keys to the present ones.
type KeyChange struct {
	Recipient  string `json:"recipient"`
	ReceiptKey []byte `json:"receipt_key"`
	Signature  []byte `json:"signature"`
}

const keysDomain = "tiepdan keys v1\n"

// Sign returns the change, signed by the receipt key that it replaces.
func (k KeyChange) Sign(before ed25519.PrivateKey) (KeyChange, error) {
	b, err := k.signedBytes()
	if err != nil {
		return KeyChange{}, err
	}
	k.Signature = ed25519.Sign(before, b)
	return k, nil
}

func (k KeyChange) signedBytes() ([]byte, error) {
	k.Signature = nil
	b, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("change of keys: %w", err)
	}
	return append([]byte(keysDomain), b...), nil
}

func (k KeyChange) by(key ed25519.PublicKey) bool {
	b, err := k.signedBytes()
	return err == nil && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, b, k.Signature)
}

// After returns the credentials with the keys that the chain leads to from its own, and
// whether they are others. What the receipt key before did not sign leads nowhere.
func (c Credentials) After(chain []KeyChange) (Credentials, bool) {
	was := c.ReceiptKey
	for range chain { // at most so many steps: a circle ends
		for _, k := range chain {
			if !bytes.Equal(k.ReceiptKey, c.ReceiptKey) && k.by(c.ReceiptKey) {
				next := c
				next.Recipient, next.ReceiptKey = k.Recipient, k.ReceiptKey
				if next.Validate() == nil {
					c = next
				}
				break
			}
		}
	}
	return c, !bytes.Equal(was, c.ReceiptKey)
}
