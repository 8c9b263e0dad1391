package cardsim

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"testing"

	"tiepdan/drivers/card"
)

// terminal is the least of a reader that can hold a session, for what the
// reader's own package does not speak yet and for what it would never send.
type terminal struct {
	t    *testing.T
	chip *Chip
	sm   *session
}

// opened is a chip with a session, as if PACE had been run, and its terminal.
func opened(t *testing.T, persona, fault string) *terminal {
	p, ok := ByName(persona)
	if !ok {
		t.Fatal("no such persona")
	}
	chip, err := New(p, Options{Fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("as agreed on by PACE")
	chip.sm = newSession(suiteAES128, secret, nil)
	tm := &terminal{t, chip, newSession(suiteAES128, secret, nil)}
	if _, sw := tm.do(card.Command{INS: insSelect, P1: 4, P2: 0x0C, Data: ldsAID}); sw != swOK {
		t.Fatalf("select: %04X", sw)
	}
	return tm
}

func (tm *terminal) raw(apdu []byte) []byte {
	tm.t.Helper()
	resp, err := tm.chip.Transmit(context.Background(), apdu)
	if err != nil || len(resp) < 2 {
		tm.t.Fatalf("%X, %v", resp, err)
	}
	return resp
}

// wrap protects a command.
func (tm *terminal) wrap(cmd card.Command) card.Command {
	s := tm.sm
	s.count()
	cmd.CLA |= 0x0C
	header := pad([]byte{cmd.CLA, cmd.INS, cmd.P1, cmd.P2}, s.block)
	var body []byte
	if len(cmd.Data) > 0 {
		body = card.AppendTLV(body, doCryptogram, append([]byte{1}, s.encrypt(s.enc, s.iv(), pad(cmd.Data, s.block))...))
	}
	if cmd.Le > 0 {
		body = card.AppendTLV(body, doLe, []byte{byte(cmd.Le)})
	}
	cmd.Data = card.AppendTLV(body, doMAC, s.sum(append(header, body...)))
	cmd.Le = 256
	return cmd
}

// do sends a protected command and takes the protection off the answer; a bare
// status comes back as it is.
func (tm *terminal) do(cmd card.Command) ([]byte, status) {
	tm.t.Helper()
	resp := tm.raw(tm.wrap(cmd).Bytes())
	sw := status(resp[len(resp)-2])<<8 | status(resp[len(resp)-1])
	if len(resp) == 2 {
		return nil, sw
	}
	s := tm.sm
	s.count()
	var data, signed []byte
	for rest := resp[:len(resp)-2]; len(rest) > 0; {
		do, after, err := card.ParseTLV(rest)
		if err != nil {
			tm.t.Fatal(err)
		}
		switch rest = after; do.Tag {
		case doCryptogram:
			var ok bool
			if data, ok = unpad(s.decrypt(s.enc, s.iv(), do.Value[1:])); !ok {
				tm.t.Fatal("padding of the answer")
			}
		case doMAC:
			if !bytes.Equal(s.sum(signed), do.Value) {
				tm.t.Fatal("MAC of the answer")
			}
			continue
		case doStatus:
			if !bytes.Equal(do.Value, sw.bytes()) {
				tm.t.Fatal("status inside and outside differ")
			}
		}
		signed = append(signed, do.Raw...)
	}
	return data, sw
}

// publicKey is the point in the SubjectPublicKeyInfo in the file's only (or
// named) place.
func publicKey(t *testing.T, file []byte, curve card.Curve) point {
	t.Helper()
	at := bytes.LastIndex(file, []byte{0x03, 0x42, 0x00, 0x04})
	if at < 0 {
		t.Fatal("no public key in the file")
	}
	p, ok := decode(curve, file[at+3:at+68])
	if !ok {
		t.Fatal("public key is not on the curve")
	}
	return p
}

func TestChipAuthentication(t *testing.T) {
	setAT := card.Command{INS: insManageSE, P1: 0x41, P2: 0xA4, Data: card.AppendTLV(nil, 0x80, card.AppendOID(nil, oidCA+"2"))}
	curve := curveOf(13)
	for persona, want := range map[string]status{"an": swOK, "clone": swSMWrong} {
		tm := opened(t, persona, "")
		if _, sw := tm.do(setAT); sw != swOK {
			t.Fatalf("MSE:Set AT: %04X", sw)
		}
		k := big.NewInt(123456789)
		theirs := publicKey(t, tm.chip.lds[efDG|14], curve)
		data, sw := tm.do(card.Command{INS: insGeneralAuth, Le: 256,
			Data: tlv(0x7C, tlv(0x80, mul(curve, base(curve), k).encode(curve)))})
		if sw != swOK || !bytes.Equal(data, []byte{0x7C, 0}) {
			t.Fatalf("general authenticate: %X %04X", data, sw)
		}
		// From here on only the holder of the key in DG14 understands us.
		tm.sm = newSession(suiteAES128, mul(curve, theirs, k).secret(curve), nil)
		if _, sw := tm.do(card.Command{INS: insRead, P1: 0x81, Le: 8}); sw != want {
			t.Errorf("%s: after chip authentication %04X, want %04X", persona, sw, want)
		}
	}
	for what, cmd := range map[string]card.Command{
		"another suite":    {INS: insManageSE, P1: 0x41, P2: 0xA4, Data: card.AppendTLV(nil, 0x80, card.AppendOID(nil, oidCA+"4"))},
		"key by reference": {INS: insManageSE, P1: 0x41, P2: 0xA4, Data: append(bytes.Clone(setAT.Data), 0x84, 1, 9)},
		"no key at all":    {INS: insGeneralAuth, Data: []byte{0x7C, 0}},
	} {
		if _, sw := opened(t, "dung", "").do(cmd); sw == swOK || sw>>8 == 0x63 {
			t.Errorf("%s: %04X", what, sw)
		}
	}
}

func TestActiveAuthentication(t *testing.T) {
	curve := curveOf(13)
	challenge := []byte("challeng")
	for persona, want := range map[string]bool{"an": true, "clone": false} {
		tm := opened(t, persona, "")
		sig, sw := tm.do(card.Command{INS: insInternalAuth, Data: challenge, Le: 256})
		if sw != swOK || len(sig) != 64 {
			t.Fatalf("internal authenticate: %d bytes, %04X", len(sig), sw)
		}
		p := publicKey(t, tm.chip.lds[efDG|15], curve)
		h := sha256.Sum256(challenge)
		key, err := curve.PublicKey(p.encode(curve))
		if err != nil {
			t.Fatal(err)
		}
		if got := ecdsa.Verify(key, h[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])); got != want {
			t.Errorf("%s: signature verifies: %v", persona, got)
		}
	}
}

// Whatever is wrong with a protected command, the session ends with it.
func TestSecureMessagingRefuses(t *testing.T) {
	readDG1 := card.Command{INS: insRead, P1: 0x81, Le: 8}
	for what, test := range map[string]struct {
		spoil func(*card.Command)
		want  string
	}{
		"nothing":              {func(*card.Command) {}, ""},
		"a bit of the MAC":     {func(c *card.Command) { c.Data[len(c.Data)-1] ^= 1 }, "6988"},
		"a bit of the header":  {func(c *card.Command) { c.P1 ^= 2 }, "6988"},
		"a bit of Le":          {func(c *card.Command) { c.Data[2] ^= 1 }, "6988"},
		"no MAC":               {func(c *card.Command) { c.Data = c.Data[:3] }, "6987"},
		"bytes behind the MAC": {func(c *card.Command) { c.Data = append(c.Data, 0x97, 1, 0) }, "6988"},
		"broken TLV":           {func(c *card.Command) { c.Data = c.Data[:len(c.Data)-1] }, "6988"},
		"unknown object":       {func(c *card.Command) { c.Data = append([]byte{0x81, 1, 0}, c.Data...) }, "6988"},
		"only half protected":  {func(c *card.Command) { c.CLA = 0x04 }, "6988"},
		"in the clear":         {func(c *card.Command) { *c = readDG1 }, "6982"},
	} {
		tm := opened(t, "dung", "")
		cmd := tm.wrap(readDG1)
		test.spoil(&cmd)
		got := fmt.Sprintf("%X", tm.raw(cmd.Bytes()))
		if test.want == "" {
			if len(got) < 10 {
				t.Errorf("%s: %s", what, got)
			}
			continue
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", what, got, test.want)
		}
		if tm.chip.sm != nil {
			t.Errorf("%s: the session goes on", what)
		}
	}
}
