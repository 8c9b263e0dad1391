package card

import (
	"crypto/subtle"
	"fmt"
)

// Data objects of secure messaging (Doc 9303-11 §9.8).
const (
	doCryptogram    = 0x87 // padding indicator 01, then the encrypted data
	doCryptogramOdd = 0x85 // the same for odd INS, without the indicator
	doLe            = 0x97
	doStatus        = 0x99
	doMAC           = 0x8E
)

// A session protects commands and checks responses. Reader and chip count
// every message; a message lost, repeated or changed breaks the MAC.
type session struct {
	suite    suite
	enc, mac []byte // session keys
	ssc      []byte // send sequence counter
}

func newSession(s suite, secret, ssc []byte) *session {
	return &session{s, s.derive(secret, forEncryption), s.derive(secret, forMAC), ssc}
}

func (s *session) wipe() {
	clear(s.enc)
	clear(s.mac)
}

func (s *session) count() {
	for i := len(s.ssc) - 1; i >= 0; i-- {
		if s.ssc[i]++; s.ssc[i] != 0 {
			return
		}
	}
}

// iv is zero for 3DES and the encrypted counter for AES (§9.8.6).
func (s *session) iv() []byte {
	iv := s.suite.zeroIV()
	if s.suite.block == tripleDES.block {
		return iv
	}
	return s.suite.encrypt(s.enc, iv, s.ssc)
}

// wrap turns a command into a protected one.
func (s *session) wrap(cmd Command) (Command, error) {
	s.count()
	block := s.suite.block
	var do []byte
	if len(cmd.Data) > 0 {
		text := s.suite.encrypt(s.enc, s.iv(), pad(cmd.Data, block))
		if cmd.INS&1 == 1 {
			do = AppendTLV(do, doCryptogramOdd, text)
		} else {
			do = AppendTLV(do, doCryptogram, append([]byte{1}, text...))
		}
	}
	extended := cmd.Extended || cmd.Le > leShort
	if cmd.Le > 0 {
		le := []byte{byte(cmd.Le)}
		if extended {
			le = []byte{byte(cmd.Le >> 8), byte(cmd.Le)}
		}
		do = AppendTLV(do, doLe, le)
	}
	out := Command{CLA: cmd.CLA | claSecure, INS: cmd.INS, P1: cmd.P1, P2: cmd.P2}
	head := pad([]byte{out.CLA, out.INS, out.P1, out.P2}, block)
	message := append(append([]byte{}, s.ssc...), head...)
	if len(do) > 0 {
		message = append(message, pad(do, block)...)
	}
	out.Data = AppendTLV(do, doMAC, s.suite.mac(s.mac, message))
	out.Le = leShort
	if extended || len(out.Data) > 255 {
		out.Le = leExtended
	}
	if len(out.Data) > maxData {
		return Command{}, fmt.Errorf("%w: protected command of %d bytes", ErrSecurity, len(out.Data))
	}
	return out, nil
}

// unwrap checks a protected response and opens it. What the outer status word
// said is of no account: the one under the MAC is.
func (s *session) unwrap(resp []byte, ins byte) (data []byte, sw uint16, err error) {
	s.count()
	fail := func(why string) ([]byte, uint16, error) {
		return nil, 0, fmt.Errorf("%w: %s", ErrSecurity, why)
	}
	objects, err := ParseTLVs(resp)
	if err != nil {
		return fail("response is no list of data objects")
	}
	var text, status, mac *TLV
	signed := 0
	for i := range objects {
		o := &objects[i]
		var slot **TLV
		switch o.Tag {
		case doCryptogram, doCryptogramOdd:
			slot = &text
		case doStatus:
			slot = &status
		case doMAC:
			slot = &mac
		}
		if slot == nil || *slot != nil || mac != nil && slot != &mac {
			return fail(fmt.Sprintf("unexpected data object %X", o.Tag))
		}
		*slot = o
		if o.Tag != doMAC {
			signed += len(o.Raw)
		}
	}
	if mac == nil || status == nil || len(status.Value) != 2 {
		return fail("response without MAC or status")
	}
	message := append(append([]byte{}, s.ssc...), pad(resp[:signed], s.suite.block)...)
	if subtle.ConstantTimeCompare(s.suite.mac(s.mac, message), mac.Value) != 1 {
		return fail("wrong MAC")
	}
	sw = uint16(status.Value[0])<<8 | uint16(status.Value[1])
	if text == nil {
		return nil, sw, nil
	}
	sealed := text.Value
	if text.Tag == doCryptogram {
		if len(sealed) == 0 || sealed[0] != 1 {
			return fail("padding indicator")
		}
		sealed = sealed[1:]
	}
	if len(sealed) == 0 || len(sealed)%s.suite.block != 0 {
		return fail("cryptogram of broken blocks")
	}
	data, ok := unpad(s.suite.decrypt(s.enc, s.iv(), sealed))
	if !ok {
		return fail("padding")
	}
	return data, sw, nil
}
