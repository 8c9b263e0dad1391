package cardsim

import (
	"bytes"
	"crypto/subtle"

	"tiepdan/drivers/card"
)

// Data objects of secure messaging (Doc 9303-11 §9.8.4).
const (
	doCryptogramOdd = 0x85 // without padding indicator, for odd instructions
	doCryptogram    = 0x87
	doMAC           = 0x8E
	doLe            = 0x97
	doStatus        = 0x99
)

// session is the chip's half of secure messaging.
type session struct {
	suite
	enc, macKey []byte
	ssc         []byte // send sequence counter, one cipher block
}

// newSession derives the keys; a nil ssc is zero, as after PACE and CA.
func newSession(s suite, secret, ssc []byte) *session {
	if ssc == nil {
		ssc = make([]byte, s.block)
	}
	return &session{s, s.kdf(secret, forEnc), s.kdf(secret, forMAC), ssc}
}

func (s *session) count() {
	for i := len(s.ssc) - 1; i >= 0; i-- {
		s.ssc[i]++
		if s.ssc[i] != 0 {
			return
		}
	}
}

// iv is zero for triple DES and the encrypted counter for AES (§9.8.6.3).
func (s *session) iv() []byte {
	if s.block == 8 {
		return nil
	}
	iv := make([]byte, s.block)
	s.cipher(s.enc).Encrypt(iv, s.ssc)
	return iv
}

// sum is the MAC over the counter and body.
func (s *session) sum(body []byte) []byte {
	return s.mac(s.macKey, pad(append(bytes.Clone(s.ssc), body...), s.block))
}

// open checks and decrypts a protected command. Its error is the status word
// with which the chip ends the session.
func (s *session) open(c card.Command) (card.Command, status) {
	s.count()
	var signed, mac []byte
	plain := card.Command{CLA: c.CLA &^ 0x0C, INS: c.INS, P1: c.P1, P2: c.P2, Extended: c.Extended}
	for rest := c.Data; len(rest) > 0; {
		do, after, err := card.ParseTLV(rest)
		if err != nil || mac != nil {
			return plain, swSMWrong
		}
		switch do.Tag {
		case doCryptogram, doCryptogramOdd:
			text := do.Value
			if do.Tag == doCryptogram {
				if len(text) == 0 || text[0] != 1 {
					return plain, swSMWrong
				}
				text = text[1:]
			}
			if odd := c.INS&1 == 1; odd != (do.Tag == doCryptogramOdd) || len(text) == 0 || len(text)%s.block != 0 || plain.Data != nil {
				return plain, swSMWrong
			}
			plain.Data = text
			signed = append(signed, do.Raw...)
		case doLe:
			switch len(do.Value) {
			case 1:
				plain.Le = int(do.Value[0])
				if plain.Le == 0 {
					plain.Le = 256
				}
			case 2:
				plain.Le = int(do.Value[0])<<8 | int(do.Value[1])
				if plain.Le == 0 {
					plain.Le = 65536
				}
			default:
				return plain, swSMWrong
			}
			signed = append(signed, do.Raw...)
		case doMAC:
			mac = do.Value
		default:
			return plain, swSMWrong
		}
		rest = after
	}
	if mac == nil {
		return plain, swSMMissing
	}
	body := pad([]byte{c.CLA, c.INS, c.P1, c.P2}, s.block)
	body = append(body, signed...)
	if len(signed) == 0 {
		body = body[:4] // the padding of the whole follows in sum
	}
	if subtle.ConstantTimeCompare(s.sum(body), mac) != 1 {
		return plain, swSMWrong
	}
	if plain.Data != nil {
		var ok bool
		if plain.Data, ok = unpad(s.decrypt(s.enc, s.iv(), plain.Data)); !ok {
			return plain, swSMWrong
		}
	}
	return plain, swOK
}

// seal protects a response.
func (s *session) seal(ins byte, data []byte, sw status) []byte {
	s.count()
	var body []byte
	if len(data) > 0 {
		text := s.encrypt(s.enc, s.iv(), pad(data, s.block))
		if ins&1 == 1 {
			body = card.AppendTLV(body, doCryptogramOdd, text)
		} else {
			body = card.AppendTLV(body, doCryptogram, append([]byte{1}, text...))
		}
	}
	body = card.AppendTLV(body, doStatus, sw.bytes())
	return card.AppendTLV(body, doMAC, s.sum(body))
}
