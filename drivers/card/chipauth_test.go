package card

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
)

// peer is the far end of a session: it opens commands, has them answered, and
// protects the answers.
type peer struct {
	t      *testing.T
	sm     *session
	next   *session // from the next command on
	answer func(p *peer, cmd Command) ([]byte, uint16)
	strict bool     // gives no more than the outer command asks for
	asked  []string // INS P1 P2 of what came
	bare   bool     // the next answer comes without protection
}

// inSession is a connection with a session, and its far end.
func inSession(t *testing.T, s suite, answer func(p *peer, cmd Command) ([]byte, uint16)) (*Conn, *peer) {
	p := &peer{t: t, sm: newSession(s, []byte("agreed"), s.zeroIV()), answer: answer}
	c := NewConn(p)
	c.begin(newSession(s, []byte("agreed"), s.zeroIV()))
	c.le = maxRead
	return c, p
}

func (p *peer) Transmit(_ context.Context, apdu []byte) ([]byte, error) {
	cmd, err := ParseCommand(apdu)
	if err != nil {
		return nil, err
	}
	p.sm.count()
	plain := Command{CLA: cmd.CLA &^ claSecure, INS: cmd.INS, P1: cmd.P1, P2: cmd.P2}
	objects, err := ParseTLVs(cmd.Data)
	if err != nil {
		p.t.Fatal(err)
	}
	message := append(slices.Clone(p.sm.ssc), pad(apdu[:4], p.sm.suite.block)...)
	var signed []byte
	for _, o := range objects {
		switch o.Tag {
		case doCryptogram:
			data, ok := unpad(p.sm.suite.decrypt(p.sm.enc, p.sm.iv(), o.Value[1:]))
			if !ok {
				p.t.Fatal("padding")
			}
			plain.Data = data
		case doLe:
			plain.Le = shortLe(o.Value[len(o.Value)-1])
			if len(o.Value) == 2 {
				plain.Le, plain.Extended = extendedLe(o.Value[0], o.Value[1]), true
			}
		case doMAC:
			if len(signed) > 0 {
				message = append(message, pad(signed, p.sm.suite.block)...)
			}
			if !bytes.Equal(p.sm.suite.mac(p.sm.mac, message), o.Value) {
				return []byte{0x69, 0x88}, nil
			}
			continue
		}
		signed = append(signed, o.Raw...)
	}
	p.asked = append(p.asked, fmt.Sprintf("%02X %02X%02X", plain.INS, plain.P1, plain.P2))
	data, sw := p.answer(p, plain)
	if p.bare {
		return []byte{byte(sw >> 8), byte(sw)}, nil
	}
	resp := p.protect(data, sw)
	if p.strict && len(resp)-2 > cmd.Le {
		return []byte{0x67, 0}, nil
	}
	if p.next != nil {
		p.sm, p.next = p.next, nil
	}
	return resp, nil
}

func (p *peer) protect(data []byte, sw uint16) []byte {
	s := p.sm
	s.count()
	var do []byte
	if len(data) > 0 {
		do = AppendTLV(do, doCryptogram, append([]byte{1}, s.suite.encrypt(s.enc, s.iv(), pad(data, s.suite.block))...))
	}
	do = AppendTLV(do, doStatus, []byte{byte(sw >> 8), byte(sw)})
	message := append(slices.Clone(s.ssc), pad(do, s.suite.block)...)
	do = AppendTLV(do, doMAC, s.suite.mac(s.mac, message))
	return append(do, byte(sw>>8), byte(sw))
}

// caChip is a chip that does chip authentication with one static key or
// several, and what it insists on.
type caChip struct {
	curve  Curve
	keys   map[string]*big.Int // by identifier; "" is the one without
	cipher int
	kat    bool // takes the one command of triple DES
	at     bool // takes the two commands
	strict int  // +1: wants to be told the key, -1: refuses to be told
	copied bool
	chosen *big.Int
}

func (c *caChip) answer(p *peer, cmd Command) ([]byte, uint16) {
	agree := func(pub []byte) uint16 {
		theirs, err := c.curve.decode(pub)
		if err != nil {
			return swWrongData
		}
		k := c.chosen
		if c.copied {
			k = big.NewInt(99)
		}
		shared, err := c.curve.mul(theirs, k)
		if err != nil {
			return swWrongData
		}
		s := paceSuites[c.cipher]
		p.next = newSession(s, c.curve.secret(shared), s.zeroIV())
		return swOK
	}
	switch {
	case cmd.INS == insManageSE && cmd.P1 == 0x41:
		objects, err := ParseTLVs(cmd.Data)
		if err != nil {
			return nil, swWrongData
		}
		var id, pub, oid []byte
		for _, o := range objects {
			switch o.Tag {
			case 0x84:
				id = o.Value
			case 0x80:
				oid = o.Value
			case 0x91:
				pub = o.Value
			}
		}
		if id == nil && c.strict > 0 || id != nil && c.strict < 0 {
			return nil, swReferenceMissing
		}
		c.chosen = c.keys[string(id)]
		if id == nil && c.chosen == nil {
			for _, k := range c.keys {
				c.chosen = k
			}
		}
		switch {
		case cmd.P2 == 0xA6 && c.kat && pub != nil:
			return nil, agree(pub)
		case cmd.P2 == 0xA4 && c.at && string(oid) == string(AppendOID(nil, fmt.Sprint(idCAECDH, c.cipher))):
			return nil, swOK
		}
		return nil, swWrongData
	case cmd.INS == insGeneralAuth && c.at:
		t, err := ParseOneTLV(cmd.Data, tagDynamicAuth)
		v, ok := t.Find(0x80)
		if err != nil || !ok {
			return nil, swWrongData
		}
		return []byte{tagDynamicAuth, 0}, agree(v.Value)
	case cmd.INS == insReadBinary:
		return []byte{0x60}, swOK
	}
	return nil, 0x6D00
}

// infos is the chip's EF.DG14.
func (c *caChip) infos(withProtocol bool) []SecurityInfo {
	var infos []SecurityInfo
	for id, k := range c.keys {
		pub, err := c.curve.mul(c.curve.base(), k)
		if err != nil {
			panic(err)
		}
		algorithm := AppendTLV(nil, TagOID, AppendOID(nil, OIDECPublicKey))
		algorithm = AppendTLV(algorithm, TagOID, AppendOID(nil, c.curve.OID))
		spki := AppendTLV(AppendTLV(nil, TagSequence, algorithm), TagBitString, append([]byte{0}, c.curve.encode(pub)...))
		var ref TLV
		if id != "" {
			ref = TLV{Tag: TagInteger, Value: []byte(id)}
		}
		infos = append(infos, SecurityInfo{OID: idPKECDH, Required: TLV{Tag: TagSequence, Value: spki, Raw: AppendTLV(nil, TagSequence, spki)}, Optional: ref})
		if withProtocol {
			infos = append(infos, SecurityInfo{OID: idCAECDH + fmt.Sprint(c.cipher), Required: TLV{Tag: TagInteger, Value: []byte{1}}, Optional: ref})
		}
	}
	return infos
}

func TestChipAuthenticate(t *testing.T) {
	one := map[string]*big.Int{"": big.NewInt(7)}
	named := map[string]*big.Int{"\x01": big.NewInt(7)}
	two := map[string]*big.Int{"\x01": big.NewInt(7), "\x02": big.NewInt(8)}
	for _, c := range []struct {
		name  string
		chip  caChip
		bare  bool // EF.DG14 has the key and no protocol
		asked []string
	}{
		{"AES", caChip{keys: one, cipher: 2, at: true}, false, []string{"22 41A4", "86 0000"}},
		{"AES-256", caChip{keys: one, cipher: 4, at: true}, false, []string{"22 41A4", "86 0000"}},
		{"3DES in one command", caChip{keys: one, cipher: 1, kat: true}, false, []string{"22 41A6"}},
		{"3DES in two", caChip{keys: one, cipher: 1, at: true}, false, []string{"22 41A6", "22 41A4", "86 0000"}},
		{"a key and no protocol", caChip{keys: one, cipher: 1, kat: true}, true, []string{"22 41A6"}},
		{"one key with a name it does not want", caChip{keys: named, cipher: 2, at: true, strict: -1}, false, []string{"22 41A4", "86 0000"}},
		{"one key that has to be named", caChip{keys: named, cipher: 2, at: true, strict: 1}, false, []string{"22 41A4", "22 41A4", "86 0000"}},
		{"two keys", caChip{keys: two, cipher: 3, at: true, strict: 1}, false, []string{"22 41A4", "86 0000"}},
	} {
		for _, curve := range curves[1:] {
			t.Run(c.name+"/"+curve.Name, func(t *testing.T) {
				chip := c.chip
				chip.curve = curve
				conn, p := inSession(t, aes128, chip.answer)
				announced, err := conn.ChipAuthenticate(t.Context(), chip.infos(!c.bare))
				if err != nil || !announced {
					t.Fatal(announced, err)
				}
				if !slices.Equal(p.asked, c.asked) {
					t.Errorf("asked %q, want %q", p.asked, c.asked)
				}
				if conn.sm.suite.name != paceSuites[chip.cipher].name {
					t.Errorf("session is %s", conn.sm.suite.name)
				}
				if err := conn.Alive(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A chip that was copied has not the key: its first answer after shows that.
func TestChipAuthenticateCopied(t *testing.T) {
	chip := caChip{curve: curves[2], keys: map[string]*big.Int{"": big.NewInt(7)}, cipher: 2, at: true, copied: true}
	conn, _ := inSession(t, aes128, chip.answer)
	if _, err := conn.ChipAuthenticate(t.Context(), chip.infos(true)); err != nil {
		t.Fatal(err)
	}
	if err := conn.Alive(t.Context()); !errors.Is(err, ErrSecurity) {
		t.Errorf("%v", err)
	}
	if _, err := conn.Do(t.Context(), Command{INS: insReadBinary, Le: 1}); !errors.Is(err, ErrSecurity) {
		t.Errorf("talked on: %v", err)
	}
}

func TestChipAuthenticateRefusals(t *testing.T) {
	good := caChip{curve: curves[2], keys: map[string]*big.Int{"": big.NewInt(7)}, cipher: 2, at: true}
	t.Run("nothing announced", func(t *testing.T) {
		conn, p := inSession(t, aes128, good.answer)
		if announced, err := conn.ChipAuthenticate(t.Context(), knownPACE); announced || err != nil || len(p.asked) > 0 {
			t.Error(announced, err, p.asked)
		}
	})
	t.Run("of a kind we do not do", func(t *testing.T) {
		conn, p := inSession(t, aes128, good.answer)
		infos := []SecurityInfo{{OID: idCA + "1.2", Required: TLV{Tag: TagInteger, Value: []byte{1}}}, {OID: idPK + "1"}}
		if announced, err := conn.ChipAuthenticate(t.Context(), infos); !announced || !errors.Is(err, ErrUnsupported) || len(p.asked) > 0 {
			t.Error(announced, err, p.asked)
		}
	})
	t.Run("key off the curve", func(t *testing.T) {
		conn, _ := inSession(t, aes128, good.answer)
		infos := good.infos(true)
		raw := slices.Clone(infos[0].Required.Raw)
		raw[len(raw)-1] ^= 1
		infos[0].Required, _ = ParseOneTLV(raw, TagSequence)
		if announced, err := conn.ChipAuthenticate(t.Context(), infos); !announced || !errors.Is(err, ErrMalformed) {
			t.Error(announced, err)
		}
	})
	t.Run("the chip will not", func(t *testing.T) {
		chip := good
		chip.at = false
		conn, _ := inSession(t, aes128, chip.answer)
		announced, err := conn.ChipAuthenticate(t.Context(), good.infos(true))
		if _, status := asStatus(err); !announced || !status || conn.dead() {
			t.Error(announced, err)
		}
		if err := conn.Alive(t.Context()); err != nil {
			t.Errorf("the old session does not go on: %v", err)
		}
	})
	t.Run("a bare refusal", func(t *testing.T) {
		conn, p := inSession(t, aes128, good.answer)
		p.bare = true
		announced, err := conn.ChipAuthenticate(t.Context(), good.infos(true))
		if !announced || !errors.Is(err, ErrSecurity) {
			t.Error(announced, err)
		}
	})
}

// How INTERNAL AUTHENTICATE asks for signatures of all sizes.
func TestActiveAuthenticate(t *testing.T) {
	challenge := [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	for _, c := range []struct {
		name  string
		size  int
		short bool // extended length is refused
		never bool // we know already that it is
		les   []int
	}{
		{"fits a short answer", 64, false, false, []int{leShort}},
		{"RSA of 2048 bits", 256, false, false, []int{256}},
		{"RSA of 4096 bits", 512, false, false, []int{512}},
		{"RSA of 2048 bits, short only", 256, true, false, []int{256, leShort}},
		{"RSA of 2048 bits, short only, known", 256, true, true, []int{leShort}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var les []int
			conn, _ := inSession(t, aes128, func(_ *peer, cmd Command) ([]byte, uint16) {
				if cmd.INS != insInternalAuth || !bytes.Equal(cmd.Data, challenge[:]) {
					return nil, 0x6D00
				}
				les = append(les, cmd.Le)
				if cmd.Extended && c.short {
					return nil, swWrongLength
				}
				return make([]byte, c.size), swOK
			})
			if c.never {
				conn.le = leShort
			}
			sig, err := conn.ActiveAuthenticate(t.Context(), challenge, c.size)
			if err != nil || len(sig) != c.size || !slices.Equal(les, c.les) {
				t.Errorf("%d bytes, %v, asked for %v, want %v", len(sig), err, les, c.les)
			}
		})
	}
	t.Run("another length", func(t *testing.T) {
		asked := 0
		conn, _ := inSession(t, aes128, func(_ *peer, cmd Command) ([]byte, uint16) {
			if asked++; cmd.Le != 64 {
				return nil, 0x6C40
			}
			return make([]byte, 64), swOK
		})
		if sig, err := conn.ActiveAuthenticate(t.Context(), challenge, 70); err != nil || len(sig) != 64 || asked != 2 {
			t.Error(len(sig), err, asked)
		}
	})
	for name, answer := range map[string]func(*peer, Command) ([]byte, uint16){
		"refused": func(*peer, Command) ([]byte, uint16) { return nil, swSecurityStatus },
		"empty":   func(*peer, Command) ([]byte, uint16) { return nil, swOK },
	} {
		conn, _ := inSession(t, aes128, answer)
		if sig, err := conn.ActiveAuthenticate(t.Context(), challenge, 64); err == nil || len(sig) > 0 {
			t.Errorf("%s: %X, %v", name, sig, err)
		}
	}
}

// EF.CardAccess against the signed EF.DG14.
func TestWeakened(t *testing.T) {
	info := func(oid string, id byte) SecurityInfo {
		return SecurityInfo{OID: idPACE + oid, Required: TLV{Tag: TagInteger, Value: []byte{2}}, Optional: TLV{Tag: TagInteger, Value: []byte{id}}}
	}
	other := SecurityInfo{OID: idCAECDH + "2", Required: TLV{Tag: TagInteger, Value: []byte{1}}}
	file := func(infos ...SecurityInfo) []byte {
		var set []byte
		for _, i := range infos {
			body := AppendTLV(nil, TagOID, AppendOID(nil, i.OID))
			body = AppendTLV(body, i.Required.Tag, i.Required.Value)
			if i.Optional.Tag != 0 {
				body = AppendTLV(body, i.Optional.Tag, i.Optional.Value)
			}
			set = AppendTLV(set, TagSequence, body)
		}
		return AppendTLV(nil, TagSet, set)
	}
	strong, weak := info("2.4", 13), info("2.1", 12)
	for _, c := range []struct {
		name   string
		access []byte
		using  SecurityInfo
		dg14   []SecurityInfo
		want   bool
	}{
		{"the same", file(strong, other), strong, []SecurityInfo{other, strong}, false},
		{"another order", file(strong, weak), strong, []SecurityInfo{weak, strong}, false},
		{"nothing to compare with", file(strong), strong, []SecurityInfo{other}, false},
		{"an offer is missing", file(weak), weak, []SecurityInfo{strong, weak}, true},
		{"an offer was put in", file(strong, weak), weak, []SecurityInfo{strong}, true},
		{"another curve", file(info("2.4", 12)), info("2.4", 12), []SecurityInfo{strong}, true},
		{"no EF.CardAccess, opened as signed", nil, strong, []SecurityInfo{strong}, false},
		{"no EF.CardAccess, opened otherwise", nil, weak, []SecurityInfo{strong}, true},
		{"no EF.CardAccess, opened without PACE", nil, SecurityInfo{}, []SecurityInfo{strong}, true},
		{"PACE only of a kind we do not do", nil, SecurityInfo{}, []SecurityInfo{info("1.2", 2)}, false},
	} {
		conn := NewConn(nil)
		conn.access, conn.using = c.access, paceOffer{info: c.using, oid: c.using.OID}
		why, got := conn.Weakened(c.dg14)
		if got != c.want || got != (why != "") {
			t.Errorf("%s: %v %q", c.name, got, why)
		}
	}
}

// Curves written out in EF.CardAccess, under a number of the chip's own.
func TestPACEOffersOwnParameters(t *testing.T) {
	pace := func(id ...byte) SecurityInfo {
		i := SecurityInfo{OID: idPACE + "2.2", Required: TLV{Tag: TagInteger, Value: []byte{2}}}
		if len(id) > 0 {
			i.Optional = TLV{Tag: TagInteger, Value: id}
		}
		return i
	}
	domain := func(algorithm []byte, id ...byte) SecurityInfo {
		d := SecurityInfo{OID: idPACE + "2", Required: TLV{Tag: TagSequence, Value: algorithm}}
		if len(id) > 0 {
			d.Optional = TLV{Tag: TagInteger, Value: id}
		}
		return d
	}
	byName := AppendTLV(AppendTLV(nil, TagOID, AppendOID(nil, OIDECPublicKey)), TagOID, AppendOID(nil, curves[3].OID))
	byNumber := AppendTLV(AppendTLV(nil, TagOID, AppendOID(nil, oidStandardised)), TagInteger, []byte{16})
	unknown := AppendTLV(AppendTLV(nil, TagOID, AppendOID(nil, oidStandardised)), TagInteger, []byte{99})
	for _, c := range []struct {
		name      string
		infos     []SecurityInfo
		curve     string
		parameter int
	}{
		{"standardised", []SecurityInfo{pace(13)}, "brainpoolP256r1", 13},
		{"own number", []SecurityInfo{pace(40), domain(byName, 40)}, "P-384", 40},
		{"own number, second of two", []SecurityInfo{pace(41), domain(byName, 40), domain(byNumber, 41)}, "brainpoolP384r1", 41},
		{"no number", []SecurityInfo{pace(), domain(byNumber)}, "brainpoolP384r1", 0},
		{"number without parameters", []SecurityInfo{pace(40), domain(byName, 41)}, "", 0},
		{"unknown curve", []SecurityInfo{pace(40), domain(unknown, 40)}, "", 0},
		{"no number and none without", []SecurityInfo{pace(), domain(byName, 40)}, "", 0},
		{"number too large", []SecurityInfo{pace(1, 0), domain(byName, 1, 0)}, "", 0},
	} {
		offers := paceOffers(c.infos)
		switch {
		case c.curve == "" && len(offers) == 0:
		case c.curve == "" || len(offers) != 1:
			t.Errorf("%s: %d offers", c.name, len(offers))
		case offers[0].curve.Name != c.curve || offers[0].parameter != c.parameter:
			t.Errorf("%s: %s, %d", c.name, offers[0].curve.Name, offers[0].parameter)
		}
	}
}
