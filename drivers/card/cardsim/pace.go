package cardsim

import (
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"io"
	"math/big"
	"strconv"

	"tiepdan/drivers/card"
)

// Object identifiers of Doc 9303-11 §9.2 and BSI TR-03110. A suite's arc is
// appended to those that end in a dot.
const (
	oidPACE = "0.4.0.127.0.7.2.2.4.2." // id-PACE-ECDH-GM
	oidCA   = "0.4.0.127.0.7.2.2.3.2." // id-CA-ECDH
	oidPK   = "0.4.0.127.0.7.2.2.1.2"  // id-PK-ECDH
	oidTA   = "0.4.0.127.0.7.2.2.2"    // id-TA
)

func (o PACEOffer) oid() string { return oidPACE + strconv.Itoa(o.Suite) }

// parameter is what the chip knows the curve by: the number of standardised
// parameters, or one of its own for those it writes out.
func (o PACEOffer) parameter(i int) int {
	if o.Explicit {
		return 0x20 + i
	}
	return o.Curve
}

// weakPACE is what is left of the offers when somebody has weakened them on the
// way (the fault "downgrade"). The chip does it, as chips do for old readers.
var weakPACE = PACEOffer{Suite: 1, Curve: 12}

// pace is one run of PACE, between MSE:Set AT and the tokens.
type pace struct {
	offer  PACEOffer
	suite  suite
	curve  card.Curve
	key    []byte // the password's Kπ
	step   int
	nonce  []byte
	base   point // the mapped generator
	secret []byte
	mine   []byte // ephemeral public keys, encoded
	theirs []byte
}

// setAT starts PACE (§4.4.4.1).
func (c *Chip) setAT(cmd card.Command) status {
	var oid string
	var password, param []byte
	for rest := cmd.Data; len(rest) > 0; {
		do, after, err := card.ParseTLV(rest)
		if err != nil {
			return swWrongData
		}
		switch rest = after; do.Tag {
		case 0x80:
			if oid, err = card.ParseOID(do.Value); err != nil {
				return swWrongData
			}
		case 0x83:
			password = do.Value
		case 0x84:
			param = do.Value
		}
	}
	var secret []byte
	switch {
	case len(password) != 1:
		return swWrongData
	case password[0] == 1:
		secret = c.mrzSecret()
	case password[0] == 2:
		secret = []byte(c.can)
	default:
		return swNoReference
	}
	offers := c.profile.PACE
	if c.faults.downgrade {
		offers = append([]PACEOffer{weakPACE}, offers...)
	}
	same := 0
	for _, o := range offers {
		if o.oid() == oid {
			same++
		}
	}
	for i, o := range offers {
		if o.oid() != oid || param != nil && !bytes.Equal(param, []byte{byte(o.parameter(i))}) {
			continue
		}
		if param == nil && same > 1 {
			return swNoReference // which?
		}
		if c.faults.tries > 0 && c.left() <= 0 {
			return swTriesLeft // and none it is
		}
		s := suites[o.Suite-1]
		c.pace = &pace{offer: o, suite: s, curve: curveOf(o.Curve), key: s.kdf(secret, forPACE)}
		if left := c.left(); c.faults.tries > 0 && left < c.faults.tries {
			return swTriesLeft | status(min(left, 15))
		}
		return swOK
	}
	if param != nil {
		return swNoReference
	}
	return swWrongData
}

// left is how many wrong keys the chip still takes, if it counts them.
func (c *Chip) left() int { return c.faults.tries - c.wrong }

// mrzSecret is what passwords of the MRZ are derived from: SHA-1 of number, birth and
// expiry, each with its check digit (§9.7.2).
func (c *Chip) mrzSecret() []byte {
	k := c.mrz
	h := sha1.Sum([]byte(withCheck(k.Number) + withCheck(k.Birth) + withCheck(k.Expiry)))
	return h[:]
}

// generalAuthenticate goes through the four steps of §4.4.4.2. Whatever goes
// wrong ends the run.
func (c *Chip) generalAuthenticate(cmd card.Command) ([]byte, status) {
	outer, err := card.ParseOneTLV(cmd.Data, 0x7C)
	if err != nil {
		return nil, swWrongData
	}
	if c.ca != nil {
		return c.chipAuthenticate(outer)
	}
	p := c.pace
	if p == nil {
		return nil, swConditions
	}
	c.pace = nil // until this step is found good
	if last := p.step == 3; last == (cmd.CLA&0x10 != 0) {
		return nil, swWrongData
	}
	var value []byte
	if p.step > 0 {
		do, err := card.ParseOneTLV(outer.Value, uint32(0x7F+2*p.step)) // 81, 83, 85
		if err != nil {
			return nil, swWrongData
		}
		value = do.Value
	} else if len(outer.Value) > 0 {
		return nil, swWrongData
	}
	answer, sw := p.run(c, value)
	if sw != swOK {
		return nil, sw
	}
	tag := uint32(0x80 + 2*p.step) // 80, 82, 84, 86
	p.step++
	if p.step < 4 {
		c.pace = p
	}
	return card.AppendTLV(nil, 0x7C, card.AppendTLV(nil, tag, answer)), swOK
}

func (p *pace) run(c *Chip, value []byte) ([]byte, status) {
	switch p.step {
	case 0: // an encrypted nonce
		p.nonce = c.random(c.profile.Nonce)
		return p.suite.encrypt(p.key, nil, p.nonce), swOK
	case 1: // map it to a new generator: G' = s·G + H
		theirs, ok := decode(p.curve, value)
		if !ok {
			return nil, swWrongData
		}
		k := c.scalar(p.curve)
		p.base = add(p.curve, mul(p.curve, base(p.curve), new(big.Int).SetBytes(p.nonce)), mul(p.curve, theirs, k))
		if p.base.infinity() {
			return nil, swWrongData
		}
		return mul(p.curve, base(p.curve), k).encode(p.curve), swOK
	case 2: // agree on a key over that generator
		theirs, ok := decode(p.curve, value)
		if !ok {
			return nil, swWrongData
		}
		k := c.scalar(p.curve)
		shared := mul(p.curve, theirs, k)
		for c.faults.zeroSecret && shared.secret(p.curve)[0] != 0 {
			k.Add(k, big.NewInt(1))
			shared = add(p.curve, shared, theirs)
		}
		p.theirs, p.mine = value, mul(p.curve, p.base, k).encode(p.curve)
		if bytes.Equal(p.theirs, p.mine) {
			return nil, swWrongData
		}
		p.secret = shared.secret(p.curve)
		return p.mine, swOK
	default: // prove it to each other
		key := p.suite.kdf(p.secret, forMAC)
		if subtle.ConstantTimeCompare(p.suite.token(key, p.tokenInput(p.mine)), value) != 1 {
			c.refused++
			c.wrong++
			if c.faults.tries > 0 {
				return nil, swTriesLeft | status(min(max(c.left(), 0), 15))
			}
			return nil, swWrongKey
		}
		c.wrong = 0
		answer := p.suite.token(key, p.tokenInput(p.theirs))
		c.begin(newSession(p.suite, p.secret, nil))
		return answer, swOK
	}
}

// tokenInput is the public key data object the token authenticates (§9.4.5).
func (p *pace) tokenInput(public []byte) []byte {
	body := card.AppendTLV(nil, 0x06, card.AppendOID(nil, p.offer.oid()))
	return card.AppendTLV(nil, 0x7F49, card.AppendTLV(body, 0x86, public))
}

// random and scalar draw from the chip's own randomness, which tests replace to
// replay the standard's worked examples.
func (c *Chip) random(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(c.rand, b); err != nil {
		panic("cardsim: randomness: " + err.Error())
	}
	return b
}

func (c *Chip) scalar(curve card.Curve) *big.Int {
	n := curve.Params().N
	for {
		b := c.random((n.BitLen() + 7) / 8)
		b[0] &= 0xFF >> (8*len(b) - n.BitLen())
		if k := new(big.Int).SetBytes(b); k.Sign() > 0 && k.Cmp(n) < 0 {
			return k
		}
	}
}
