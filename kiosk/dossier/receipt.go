package dossier

import (
	"crypto/ed25519"
	"errors"
	"slices"
)

// Outcomes of a receipt.
const (
	Accepted    = "accepted-for-review" // One-Stop has it, under Code
	Refused     = "refused"             // One-Stop refused it, for Reason
	Quarantined = "quarantined"         // the gateway could not make sense of it; people look at it
)

// ErrSignature says that a receipt isn't the gateway's word.
var ErrSignature = errors.New("receipt signature does not hold")

// receiptDomain keeps a signed receipt from ever being taken for another
// message signed by the same key.
const receiptDomain = "tiepdan receipt v1\n"

// Sign returns r, signed. The time is kept in UTC to the millisecond.
func (r Receipt) Sign(key ed25519.PrivateKey) (Receipt, error) {
	r.At = canonicalTime(r.At)
	b, err := r.signedBytes()
	if err != nil {
		return Receipt{}, err
	}
	r.Signature = ed25519.Sign(key, b)
	return r, nil
}

// Verify holds the signature against the gateway's key; the error is
// [ErrSignature] or says which field is malformed. Whether SHA256 is the hash
// of what this kiosk sealed is for the holder of the dossier to check.
func (r Receipt) Verify(key ReceiptKey) error {
	b, err := r.signedBytes()
	if err != nil {
		return err
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, b, r.Signature) {
		return ErrSignature
	}
	return nil
}

// signedBytes is what the signature covers: the domain and the receipt as
// canonical JSON without its signature.
func (r Receipt) signedBytes() ([]byte, error) {
	c := checker{}
	c.is("receipt", r.Receipt.Valid())
	c.is("kiosk", ValidKiosk(r.Kiosk))
	c.is("sha256", len(r.SHA256) == 64)
	c.is("seq", r.Seq >= 1)
	c.is("outcome", slices.Contains([]string{Accepted, Refused, Quarantined}, r.Outcome))
	_, ok := ParseCode(r.Code)
	c.is("code", ok || r.Code == "" && r.Outcome != Accepted)
	c.is("status", 0 <= r.Status && r.Status <= 10)
	c.text("reason", r.Reason, 0, 2000)
	c.is("at", validTime(r.At.Year()))
	if c.err != nil {
		return nil, c.err
	}
	r.At, r.Signature = canonicalTime(r.At), nil
	b, err := canonicalJSON(r)
	if err != nil {
		return nil, err
	}
	return append([]byte(receiptDomain), b...), nil
}
