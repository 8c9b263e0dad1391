package card

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"
	"math/big"
)

// Dynamic authentication data of PACE (Doc 9303-11 §4.4.4.2).
const (
	tagDynamicAuth    = 0x7C
	tagPublicKey      = 0x7F49
	tagPublicKeyPoint = 0x86
)

// errPACERefused marks that the chip gave up before the key was put to the test:
// another offer, or another protocol, may be tried without costing it a try.
type errPACERefused struct{ error }

func (e errPACERefused) Unwrap() error { return e.error }

// pace runs PACE with ECDH and generic mapping (Doc 9303-11 §4.4).
func (c *Conn) pace(ctx context.Context, key Key, offer paceOffer) error {
	s, curve := offer.suite, offer.curve
	password, reference := key.password()
	kPi := s.derive(password, forPassword)
	defer clear(password)
	defer clear(kPi)

	var (
		nonce          *big.Int
		generator      point
		mine           *big.Int // ephemeral private key
		myPub, chipPub point
		sess           *session
	)
	return runSteps(ctx, "PACE", []step{
		{"select protocol", func(ctx context.Context) error {
			return c.paceSelect(ctx, offer, reference)
		}},
		{"get nonce", func(ctx context.Context) error {
			z, err := c.authenticate(ctx, claChain, 0, nil, 0x80)
			if err != nil {
				return paceRefused(err)
			}
			if len(z) == 0 || len(z)%s.block != 0 || len(z) > 32 {
				return fmt.Errorf("%w: nonce of %d bytes", ErrMalformed, len(z))
			}
			plain := s.decrypt(kPi, s.zeroIV(), z)
			nonce = new(big.Int).SetBytes(plain)
			clear(plain)
			return nil
		}},
		{"map nonce", func(ctx context.Context) error {
			k, err := curve.scalar(c.rand)
			if err != nil {
				return err
			}
			pub, err := curve.mul(curve.base(), k)
			if err != nil {
				return err
			}
			theirs, err := c.exchangePoint(ctx, curve, pub, 0x81, 0x82)
			if err != nil {
				return paceRefused(err)
			}
			generator, err = mapNonce(curve, nonce, k, theirs)
			return err
		}},
		{"agree on keys", func(ctx context.Context) (err error) {
			if mine, err = curve.scalar(c.rand); err != nil {
				return err
			}
			if myPub, err = curve.mul(generator, mine); err != nil {
				return err
			}
			if chipPub, err = c.exchangePoint(ctx, curve, myPub, 0x83, 0x84); err != nil {
				return paceRefused(err)
			}
			shared, err := curve.mul(chipPub, mine)
			if err != nil {
				return err
			}
			secret := curve.secret(shared)
			sess = newSession(s, secret, s.zeroIV())
			clear(secret)
			return nil
		}},
		{"exchange tokens", func(ctx context.Context) error {
			token := s.tokenMAC(sess.mac, publicKeyObject(offer.oid, curve, chipPub))
			theirs, err := c.authenticate(ctx, 0, 0x85, token, 0x86)
			if err != nil {
				return wrongKey(err)
			}
			want := s.tokenMAC(sess.mac, publicKeyObject(offer.oid, curve, myPub))
			if subtle.ConstantTimeCompare(theirs, want) != 1 {
				return fmt.Errorf("%w: the chip's token is wrong", ErrSecurity)
			}
			c.begin(sess)
			c.using = offer
			return nil
		}},
	})
}

// paceRefused marks a status word as a refusal of the offer. What else can go
// wrong, a point that is none or an answer without sense, ends the talk.
func paceRefused(err error) error {
	if _, refused := asStatus(err); refused {
		return errPACERefused{err}
	}
	return err
}

// paceSelect is MSE:Set AT. The curve is named (tag 84) only when the object
// identifier leaves it open, for some chips refuse to be told; and some that
// should not need it ask for it.
func (c *Conn) paceSelect(ctx context.Context, offer paceOffer, reference byte) error {
	set := func(withCurve bool) error {
		data := AppendTLV(nil, 0x80, AppendOID(nil, offer.oid))
		data = AppendTLV(data, 0x83, []byte{reference})
		if withCurve {
			data = AppendTLV(data, 0x84, []byte{byte(offer.parameter)})
		}
		_, err := c.Do(ctx, Command{INS: insManageSE, P1: 0xC1, P2: 0xA4, Data: data})
		return err
	}
	err := set(offer.ambiguous)
	if sw, _ := asStatus(err); !offer.ambiguous &&
		(sw == swWrongData || sw == swLcInconsistent || sw == swReferenceMissing) {
		err = set(true)
	}
	sw, refused := asStatus(err)
	switch {
	case !refused:
		return err
	case sw == 0x63C0:
		return fmt.Errorf("%w: the key is blocked: %w", ErrAccess, err)
	case sw == 0x63C1:
		return fmt.Errorf("%w: %w", ErrLastTry, err)
	case sw>>4 == 0x63C:
		return nil // a warning: so many tries are left
	}
	return errPACERefused{err}
}

// authenticate is one GENERAL AUTHENTICATE: it sends one object (none for the
// first) and returns the value of the object wanted.
func (c *Conn) authenticate(ctx context.Context, cla byte, tag uint32, value []byte, want uint32) ([]byte, error) {
	var body []byte
	if tag != 0 {
		body = AppendTLV(nil, tag, value)
	}
	resp, err := c.Do(ctx, Command{CLA: cla, INS: insGeneralAuth, Data: AppendTLV(nil, tagDynamicAuth, body), Le: leShort})
	if err != nil {
		return nil, err
	}
	t, err := ParseOneTLV(resp, tagDynamicAuth)
	if err != nil {
		return nil, err
	}
	v, ok := t.Find(want)
	if !ok {
		return nil, fmt.Errorf("%w: no object %X in the answer", ErrMalformed, want)
	}
	return v.Value, nil
}

func (c *Conn) exchangePoint(ctx context.Context, curve Curve, mine point, tag, want uint32) (point, error) {
	b, err := c.authenticate(ctx, claChain, tag, curve.encode(mine), want)
	if err != nil {
		return point{}, err
	}
	if bytes.Equal(b, curve.encode(mine)) {
		return point{}, fmt.Errorf("%w: the chip sent our own key back", ErrSecurity)
	}
	return curve.decode(b)
}

// mapNonce is the generic mapping: nonce·G + H with H the ECDH of the mapping keys.
func mapNonce(curve Curve, nonce, mine *big.Int, theirs point) (point, error) {
	h, err := curve.mul(theirs, mine)
	if err != nil {
		return point{}, err
	}
	g, err := curve.mul(curve.base(), nonce)
	if err != nil {
		return point{}, err
	}
	return curve.add(g, h)
}

// publicKeyObject is what a token is the MAC of (§4.4.4.3).
func publicKeyObject(oid string, curve Curve, p point) []byte {
	body := AppendTLV(nil, TagOID, AppendOID(nil, oid))
	body = AppendTLV(body, tagPublicKeyPoint, curve.encode(p))
	return AppendTLV(nil, tagPublicKey, body)
}
