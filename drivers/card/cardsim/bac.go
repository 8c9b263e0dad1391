package cardsim

import (
	"bytes"
	"crypto/subtle"

	"tiepdan/drivers/card"
)

// getChallenge is the first half of BAC (Doc 9303-11 §4.3.4.1).
func (c *Chip) getChallenge(cmd card.Command) ([]byte, status) {
	if cmd.Le != 8 && cmd.Le != 256 {
		return nil, swWrongLength
	}
	c.challenge = c.random(8)
	return c.challenge, swOK
}

// mutualAuthenticate is the second (§4.3.4.2). A challenge serves once.
func (c *Chip) mutualAuthenticate(cmd card.Command) ([]byte, status) {
	challenge := c.challenge
	c.challenge = nil
	if challenge == nil {
		return nil, swConditions
	}
	if len(cmd.Data) != 40 {
		return nil, swWrongLength
	}
	s := suite3DES
	seed := c.mrzSecret()[:16]
	kEnc, kMAC := s.kdf(seed, forEnc), s.kdf(seed, forMAC)
	text, mac := cmd.Data[:32], cmd.Data[32:]
	plain := s.decrypt(kEnc, nil, text)
	if subtle.ConstantTimeCompare(s.mac(kMAC, pad(text, 8)), mac) != 1 || !bytes.Equal(plain[8:16], challenge) {
		c.refused++
		return nil, swWrongKey
	}
	theirs, secret := plain[:8], plain[16:]
	half := c.random(16)
	answer := s.encrypt(kEnc, nil, bytes.Join([][]byte{challenge, theirs, half}, nil))
	answer = append(answer, s.mac(kMAC, pad(answer, 8))...)
	xor(secret, half)
	c.begin(newSession(s, secret, bytes.Join([][]byte{challenge[4:], theirs[4:]}, nil)))
	return answer, swOK
}
