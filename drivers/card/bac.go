package card

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"
	"io"
)

// bac is Basic Access Control (Doc 9303-11 §4.3): both sides prove that they
// know the MRZ and mix their halves of a session secret.
func (c *Conn) bac(ctx context.Context, key MRZKey) error {
	s := tripleDES
	seed := key.seed()
	kEnc, kMAC := s.derive(seed, forEncryption), s.derive(seed, forMAC)
	defer clear(seed)
	defer clear(kEnc)
	defer clear(kMAC)

	var theirs []byte // RND.IC
	var reply []byte
	mine := make([]byte, 8+16) // RND.IFD and K.IFD
	if _, err := io.ReadFull(c.rand, mine); err != nil {
		return err
	}
	return runSteps(ctx, "BAC", []step{
		{"get challenge", func(ctx context.Context) (err error) {
			theirs, err = c.Do(ctx, Command{INS: insGetChallenge, Le: 8})
			if err == nil && len(theirs) != 8 {
				err = fmt.Errorf("%w: challenge of %d bytes", ErrMalformed, len(theirs))
			}
			return err
		}},
		{"mutual authenticate", func(ctx context.Context) (err error) {
			text := s.encrypt(kEnc, s.zeroIV(), bytes.Join([][]byte{mine[:8], theirs, mine[8:]}, nil))
			data := append(text, s.tokenMAC(kMAC, text)...)
			reply, err = c.Do(ctx, Command{INS: insExternalAuth, Data: data, Le: 40})
			return wrongKey(err)
		}},
		{"check the chip's answer", func(context.Context) error {
			if len(reply) != 40 {
				return fmt.Errorf("%w: answer of %d bytes", ErrMalformed, len(reply))
			}
			if subtle.ConstantTimeCompare(s.tokenMAC(kMAC, reply[:32]), reply[32:]) != 1 {
				return fmt.Errorf("%w: wrong MAC", ErrSecurity)
			}
			plain := s.decrypt(kEnc, s.zeroIV(), reply[:32])
			if !bytes.Equal(plain[:8], theirs) || !bytes.Equal(plain[8:16], mine[:8]) {
				return fmt.Errorf("%w: challenges do not come back", ErrSecurity)
			}
			secret := plain[16:]
			xor(secret, mine[8:])
			c.begin(newSession(s, secret, bytes.Join([][]byte{theirs[4:], mine[4:8]}, nil)))
			clear(secret)
			return nil
		}},
	})
}

// wrongKey tells the refusal of a key from other refusals: 6300 and 63Cx say
// so, 6982 and 6988 are what some chips say instead.
func wrongKey(err error) error {
	sw, ok := asStatus(err)
	if ok && (sw>>8 == 0x63 || sw == swSecurityStatus || sw == swSMDataWrong) {
		return fmt.Errorf("%w: %w", ErrWrongKey, err)
	}
	return err
}
