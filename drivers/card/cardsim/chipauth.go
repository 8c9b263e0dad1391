package cardsim

import (
	"crypto/sha256"
	"math/big"
	"strconv"

	"tiepdan/drivers/card"
)

// caState is chip authentication waiting for the reader's ephemeral key.
type caState struct{ suite suite }

const (
	caSuite = 2  // id-CA-ECDH-AES-CBC-CMAC-128, as cards in the field have it
	caCurve = 13 // brainpoolP256r1
	aaCurve = 13
)

// setCA starts chip authentication version 1: for triple DES one command with
// the reader's key in it (MSE:Set KAT), for AES one that names the protocol
// (MSE:Set AT), to be followed by GENERAL AUTHENTICATE (Doc 9303-11 §6.2.4).
func (c *Chip) setCA(cmd card.Command) ([]byte, status) {
	if cmd.P2 != 0xA4 {
		return nil, swWrongP1P2 // the KAT form belongs to triple DES, which this chip does not offer
	}
	do, rest, err := card.ParseTLV(cmd.Data)
	if err != nil || do.Tag != 0x80 {
		return nil, swWrongData
	}
	oid, err := card.ParseOID(do.Value)
	if err != nil || oid != oidCA+strconv.Itoa(caSuite) {
		return nil, swWrongData
	}
	if len(rest) > 0 { // the one key needs no reference
		return nil, swNoReference
	}
	c.ca = &caState{suites[caSuite-1]}
	return nil, swOK
}

// chipAuthenticate agrees on new session keys with the chip's static key: only
// the chip that holds it can go on talking.
func (c *Chip) chipAuthenticate(outer card.TLV) ([]byte, status) {
	state := c.ca
	c.ca = nil
	do, err := card.ParseOneTLV(outer.Value, 0x80)
	if err != nil {
		return nil, swWrongData
	}
	curve := curveOf(caCurve)
	theirs, ok := decode(curve, do.Value)
	if !ok {
		return nil, swWrongData
	}
	c.begin(newSession(state.suite, mul(curve, theirs, c.caKey).secret(curve), nil))
	return card.AppendTLV(nil, 0x7C, nil), swOK
}

// internalAuthenticate is active authentication: a plain ECDSA signature over
// the reader's challenge (Doc 9303-11 §6.1).
func (c *Chip) internalAuthenticate(cmd card.Command) ([]byte, status) {
	switch {
	case c.sm == nil:
		return nil, swNotAllowed
	case len(cmd.Data) != 8:
		return nil, swWrongLength
	}
	curve := curveOf(aaCurve)
	r, s := sign(curve, c.aaKey, sha256.New, cmd.Data)
	return append(fixed(r, curve), fixed(s, curve)...), swOK
}

func fixed(v *big.Int, c card.Curve) []byte {
	return v.FillBytes(make([]byte, (c.Params().N.BitLen()+7)/8))
}
