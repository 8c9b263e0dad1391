package cardsim

import (
	"bytes"
	"math/big"
	"strconv"

	"tiepdan/drivers/card"
)

// A caKey is a static key of chip authentication with its private half, and
// what it is known by: nothing, or its number.
type caKey struct {
	CAKey
	private *big.Int
	id      []byte
}

// caState is chip authentication waiting for the reader's ephemeral key.
type caState struct{ key caKey }

// newCAKeys derives the keys of a profile, from so many letters of a name.
func newCAKeys(p Profile, name string) []caKey {
	var keys []caKey
	for i, k := range p.CA {
		key := caKey{CAKey: k, private: deriveKey(curveOf(k.Curve), name)}
		if len(p.CA) > 1 {
			key.id = []byte{byte(i + 1)}
			key.private = deriveKey(curveOf(k.Curve), name+" "+strconv.Itoa(i+1))
		}
		keys = append(keys, key)
	}
	return keys
}

// setCA starts chip authentication version 1: for triple DES one command with
// the reader's key in it (MSE:Set KAT), for AES one that names the protocol
// (MSE:Set AT), to be followed by GENERAL AUTHENTICATE (Doc 9303-11 §6.2.4).
func (c *Chip) setCA(cmd card.Command) ([]byte, status) {
	if c.faults.caRefused {
		return nil, swWrongData
	}
	var protocol string
	var public, id []byte
	for rest := cmd.Data; len(rest) > 0; {
		do, after, err := card.ParseTLV(rest)
		if err != nil {
			return nil, swWrongData
		}
		switch rest = after; do.Tag {
		case 0x80:
			if protocol, err = card.ParseOID(do.Value); err != nil {
				return nil, swWrongData
			}
		case 0x84:
			id = do.Value
		case 0x91:
			public = do.Value
		}
	}
	for _, k := range c.caKeys {
		if id != nil && !bytes.Equal(id, k.id) || len(c.caKeys) > 1 && id == nil {
			continue
		}
		switch kat := k.Suite == 1; {
		case cmd.P2 == 0xA6 && kat && public != nil:
			return nil, c.rekey(k, public)
		case cmd.P2 == 0xA4 && !kat && protocol == oidCA+strconv.Itoa(k.Suite):
			c.ca = &caState{k}
			return nil, swOK
		}
		if id != nil || len(c.caKeys) == 1 {
			return nil, swWrongData
		}
	}
	if len(c.caKeys) == 0 {
		return nil, swWrongP1P2
	}
	return nil, swNoReference
}

// chipAuthenticate is the second command of AES.
func (c *Chip) chipAuthenticate(outer card.TLV) ([]byte, status) {
	state := c.ca
	c.ca = nil
	do, err := card.ParseOneTLV(outer.Value, 0x80)
	if err != nil {
		return nil, swWrongData
	}
	if sw := c.rekey(state.key, do.Value); sw != swOK {
		return nil, sw
	}
	return card.AppendTLV(nil, 0x7C, nil), swOK
}

// rekey agrees on new session keys with the chip's static key: only the chip
// that holds it can go on talking.
func (c *Chip) rekey(k caKey, public []byte) status {
	curve := curveOf(k.Curve)
	theirs, ok := decode(curve, public)
	if !ok {
		return swWrongData
	}
	c.dying = c.faults.dead
	c.begin(newSession(suites[k.Suite-1], mul(curve, theirs, k.private).secret(curve), nil))
	return swOK
}

// internalAuthenticate is active authentication: a signature over the reader's
// challenge (Doc 9303-11 §6.1).
func (c *Chip) internalAuthenticate(cmd card.Command) ([]byte, status) {
	aa := *c.profile.AA
	switch {
	case c.sm == nil:
		return nil, swNotAllowed
	case aa == AAKey{} || c.faults.aaRefused:
		return nil, swConditions
	case len(cmd.Data) != 8:
		return nil, swWrongLength
	}
	if aa.RSA > 0 {
		return signISO9796(&rsaKeys[aa.RSA]().PublicKey, c.aaKey, aa.Trailer, c.rand, cmd.Data), swOK
	}
	curve := curveOf(aa.Curve)
	r, s := sign(curve, c.aaKey, aa.Hash.New, cmd.Data)
	if aa.DER {
		return seq(integer(r), integer(s)), swOK
	}
	return append(fixed(r, curve), fixed(s, curve)...), swOK
}

// publicAA is the content of EF.DG15.
func publicAA(aa AAKey, private *big.Int) []byte {
	if aa.RSA > 0 {
		return rsaKeyInfo(&rsaKeys[aa.RSA]().PublicKey)
	}
	curve := curveOf(aa.Curve)
	return publicKeyInfo(curve, public(curve, private).encode(curve))
}

// newAAKey is the private half of active authentication.
func newAAKey(aa AAKey, name string) *big.Int {
	switch {
	case aa.RSA > 0:
		return rsaKeys[aa.RSA]().D
	case aa.Curve > 0:
		return deriveKey(curveOf(aa.Curve), name)
	}
	return nil
}

func fixed(v *big.Int, c card.Curve) []byte {
	return v.FillBytes(make([]byte, (c.Params().N.BitLen()+7)/8))
}
