// Package card speaks ISO 7816-4 and ICAO Doc 9303 to a chip ID card: access
// (PACE, BAC), secure messaging, and reading elementary files.
//
// It knows nothing about PC/SC; [Transport] is the seam. Package pcsc supplies
// the real one (cgo), package cardsim a virtual chip.
package card

import (
	"context"
	"errors"
	"fmt"
)

// A Transport exchanges one command APDU for one response APDU (data and the
// two status bytes) with the card on the reader. It returns an error wrapping
// [ErrRemoved] once the card is gone, and ctx.Err() when it was cancelled. A
// response shorter than two bytes is the caller's to refuse.
type Transport interface {
	Transmit(ctx context.Context, apdu []byte) ([]byte, error)
}

// What callers act on. Every error of this package and of a Transport unwraps
// to one of these, to context's, or is a [StatusError] nobody acts on.
var (
	ErrRemoved   = errors.New("card removed")
	ErrMute      = errors.New("card does not answer")
	ErrNotFound  = errors.New("file not found on card")
	ErrWrongKey  = errors.New("access key refused by card") // wrong CAN or MRZ
	ErrAccess    = errors.New("card allows no access we know")
	ErrSecurity  = errors.New("secure messaging failed") // bad MAC: the session is dropped
	ErrMalformed = errors.New("card sent malformed data")
	ErrNotLDS    = errors.New("not a chip ID card") // no ICAO application on it

	// ErrLastTry: one more wrong key and the card blocks it. No key is tried
	// then: only its holder may risk that.
	ErrLastTry = fmt.Errorf("%w: one try is left before it blocks", ErrAccess)
)

// A StatusError is a response whose status word is not 9000.
type StatusError uint16

func (e StatusError) Error() string { return fmt.Sprintf("card status %04X", uint16(e)) }

// Unwrap maps the status words callers act on to sentinel errors.
func (e StatusError) Unwrap() error {
	switch e {
	case 0x6A82, 0x6A83:
		return ErrNotFound
	}
	return nil
}

// A Level is what a reader sees now. Readers report levels, never edges.
type Level string

const (
	NoReader Level = "no-reader"
	NoCard   Level = "no-card"
	CardMute Level = "card-mute" // something lies there and does not answer
	CardIn   Level = "card"
)

// A Key opens the chip: the card access number, or what the machine readable
// zone gives (Doc 9303-11 §4.3, §4.4). Exactly one of them is set.
type Key struct {
	CAN string  // 6 digits
	MRZ *MRZKey // for BAC and PACE-MRZ
}

// MRZKey holds the three MRZ fields that access keys are derived from, without
// check digits. Dates are YYMMDD.
type MRZKey struct{ Number, Birth, Expiry string }

// Keys are secrets: they print as their kind.
func (k Key) String() string {
	if k.MRZ != nil {
		return "[MRZ]"
	}
	return "[CAN]"
}

func (k Key) GoString() string    { return k.String() }
func (k MRZKey) String() string   { return "[MRZ]" }
func (k MRZKey) GoString() string { return "[MRZ]" }
