package card

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// The worked examples of ICAO Doc 9303 part 11 (8th edition), played by a chip
// that says its lines and listens to ours.

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// script is a Transport with a fixed dialogue: want, answer, want, answer.
type script struct {
	t     testing.TB
	lines []string
	next  int
}

func (s *script) Transmit(_ context.Context, apdu []byte) ([]byte, error) {
	if s.next+1 >= len(s.lines) {
		return nil, fmt.Errorf("%w: the script ends before %X", ErrMute, apdu)
	}
	want, answer := unhex(s.t, s.lines[s.next]), unhex(s.t, s.lines[s.next+1])
	s.next += 2
	if !bytes.Equal(apdu, want) {
		s.t.Errorf("command %d is\n%X, want\n%X", s.next/2, apdu, want)
	}
	return answer, nil
}

func (s *script) done() {
	s.t.Helper()
	if s.next != len(s.lines) {
		s.t.Errorf("%d of %d lines were played", s.next, len(s.lines))
	}
}

func scripted(t testing.TB, random string, lines ...string) (*Conn, *script) {
	s := &script{t: t, lines: lines}
	c := NewConn(s)
	c.rand = bytes.NewReader(unhex(t, random))
	return c, s
}

var exampleMRZ = MRZKey{Number: "L898902C", Birth: "690806", Expiry: "940623"}

func TestBACKeys(t *testing.T) { // D.2
	seed := exampleMRZ.seed()
	for _, c := range []struct{ name, got, want string }{
		{"K_seed", fmt.Sprintf("%X", seed), "239AB9CB282DAF66231DC5A4DF6BFBAE"},
		{"K_Enc", fmt.Sprintf("%X", tripleDES.derive(seed, forEncryption)), "AB94FDECF2674FDFB9B391F85D7F76F2"},
		{"K_MAC", fmt.Sprintf("%X", tripleDES.derive(seed, forMAC)), "7962D9ECE03D1ACD4C76089DCE131543"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %s, want %s", c.name, c.got, c.want)
		}
	}
	// D.2 has a second holder, whose document number is longer than nine.
	long := MRZKey{Number: "D23145890734", Birth: "340712", Expiry: "950712"}
	if got := fmt.Sprintf("%X", long.seed()); got != "B366AD857DDCA2B08C0E299811714730" {
		t.Errorf("K_seed of the long number is %s", got)
	}
}

const (
	bacRandom = "781723860C06C226 0B795240CB7049B01C19B33E32804F0B"
	bacReply  = "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449 9000"
	bacAuth   = "0082000028 72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2 5F1448EEA8AD90A7 28"
)

func TestBAC(t *testing.T) { // D.3 and D.4, in one go
	c, s := scripted(t, bacRandom,
		"0084000008", "4608F91988702212 9000",
		bacAuth, bacReply,
		"0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800", "990290008E08FA855A5D4C50A8ED9000",
		"0CB000000D9701048E08ED6705417E96BA5500", "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
		"0CB000040D9701128E082EA28A70F3C7B53500", "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
	)
	ctx := t.Context()
	if err := c.bac(ctx, exampleMRZ); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%X %X %X", c.sm.enc, c.sm.mac, c.sm.ssc); got != "979EC13B1CBFE9DCD01AB0FED307EAE5 F1CB1F1FB5ADF208806B89DC579DC1F8 887022120C06C226" {
		t.Errorf("session is %s", got)
	}
	if _, err := c.Do(ctx, Command{INS: insSelect, P1: 2, P2: 0x0C, Data: []byte{1, 0x1E}}); err != nil {
		t.Fatal(err)
	}
	head, err := c.Do(ctx, Command{INS: insReadBinary, Le: 4})
	if err != nil {
		t.Fatal(err)
	}
	tail, err := c.Do(ctx, Command{INS: insReadBinary, P2: 4, Le: 0x12})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%X", append(head, tail...)); got != "60145F0104303130365F36063034303030305C026175" {
		t.Errorf("EF.COM is %s", got)
	}
	s.done()
}

func TestBACRefusals(t *testing.T) {
	for _, c := range []struct {
		name, reply string
		want        error
	}{
		{"wrong key", "6300", ErrWrongKey},
		{"wrong key, another chip", "6982", ErrWrongKey},
		{"MAC broken", strings.Replace(bacReply, "7449", "7448", 1), ErrSecurity},
		{"short answer", "00 9000", ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, _ := scripted(t, bacRandom, "0084000008", "4608F91988702212 9000", bacAuth, c.reply)
			if err := conn.bac(t.Context(), exampleMRZ); !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
			if conn.sm != nil {
				t.Error("a session began all the same")
			}
		})
	}
}

// An answer under the right key that is not to our challenge is an old one.
func TestBACReplay(t *testing.T) {
	seed := exampleMRZ.seed()
	kEnc, kMAC := tripleDES.derive(seed, forEncryption), tripleDES.derive(seed, forMAC)
	for name, plain := range map[string]string{
		"another challenge of ours": "4608F91988702212 781723860C06C227 0B4F80323EB3191CB04970CB4052790B",
		"another challenge of its":  "4608F91988702213 781723860C06C226 0B4F80323EB3191CB04970CB4052790B",
	} {
		text := tripleDES.encrypt(kEnc, tripleDES.zeroIV(), unhex(t, plain))
		reply := fmt.Sprintf("%X%X9000", text, tripleDES.tokenMAC(kMAC, text))
		conn, _ := scripted(t, bacRandom, "0084000008", "4608F91988702212 9000", bacAuth, reply)
		if err := conn.bac(t.Context(), exampleMRZ); !errors.Is(err, ErrSecurity) || conn.sm != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Appendix G.1: PACE by MRZ, ECDH generic mapping, AES-128, brainpoolP256r1.
const paceCardAccess = "31143012060A04007F0007020204020202010202010D"

var (
	paceMRZ    = MRZKey{Number: "T22000129", Birth: "640812", Expiry: "101031"}
	paceRandom = "7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99" +
		"A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595"
	paceLines = []string{
		"0022C1A40F 800A04007F00070202040202 830101", "9000",
		"10860000027C0000", "7C12801095A3A016522EE98D01E76CB6B98B42C3 9000",
		"10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00",
		"7C43824104824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F5730D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54 9000",
		"10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3646200",
		"7C438441049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094 9000",
		"008600000C7C0A8508C2B0BD78D94BA86600", "7C0A86083ABB9674BCE93C08 9000",
	}
)

func exampleOffer(t testing.TB) paceOffer {
	infos, err := ParseSecurityInfos(unhex(t, paceCardAccess))
	if err != nil {
		t.Fatal(err)
	}
	offers := paceOffers(infos)
	if len(offers) != 1 || offers[0].curve.Name != "brainpoolP256r1" || offers[0].suite.name != "AES-128" {
		t.Fatalf("EF.CardAccess of the example offers %d", len(offers))
	}
	return offers[0]
}

func TestPACE(t *testing.T) {
	password, _ := Key{MRZ: &paceMRZ}.password()
	if got := fmt.Sprintf("%X", aes128.derive(password, forPassword)); got != "89DED1B26624EC1E634C1989302849DD" {
		t.Errorf("K_pi is %s", got)
	}
	c, s := scripted(t, paceRandom, paceLines...)
	if err := c.pace(t.Context(), Key{MRZ: &paceMRZ}, exampleOffer(t)); err != nil {
		t.Fatal(err)
	}
	s.done()
	if got := fmt.Sprintf("%X %X %X", c.sm.enc, c.sm.mac, c.sm.ssc); got != "F5F0E35C0D7161EE6724EE513A0D9A7F FE251C7858B356B24514B3BD5F4297D1 00000000000000000000000000000000" {
		t.Errorf("session is %s", got)
	}
}

// The example's own MSE names the curve; a chip that insists gets it.
func TestPACENamesTheCurveWhenAsked(t *testing.T) {
	for _, sw := range []string{"6A80", "6A87", "6A88"} {
		lines := append([]string{paceLines[0], sw, "0022C1A412 800A04007F00070202040202 830101 84010D"}, paceLines[1:]...)
		c, s := scripted(t, paceRandom, lines...)
		if err := c.pace(t.Context(), Key{MRZ: &paceMRZ}, exampleOffer(t)); err != nil {
			t.Errorf("after %s: %v", sw, err)
		}
		s.done()
	}
}

func TestPACERefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		line   int // which answer is another
		answer string
		want   error
	}{
		{"protocol refused", 1, "6A81", errPACERefused{}},
		{"key blocked", 1, "63C0", ErrAccess},
		{"one try left", 1, "63C1", ErrLastTry},
		{"no nonce for this offer", 3, "6A88", errPACERefused{}},
		{"mapping refused", 5, "6A80", errPACERefused{}},
		{"agreement refused", 7, "6300", errPACERefused{}},
		{"nonce of odd length", 3, "7C03800101 9000", ErrMalformed},
		{"no nonce", 3, "7C00 9000", ErrMalformed},
		{"point off the curve", 5, strings.Replace(paceLines[5], "3C54 ", "3C55 ", 1), ErrMalformed},
		{"our own key comes back", 7, strings.Replace(paceLines[6][10:len(paceLines[6])-2], "7C438341", "7C438441", 1) + "9000", ErrSecurity},
		{"wrong key", 9, "6300", ErrWrongKey},
		{"wrong key, two tries left", 9, "63C2", ErrWrongKey},
		{"token is wrong", 9, strings.Replace(paceLines[9], "3C08", "3C09", 1), ErrSecurity},
		{"garbage", 9, "FFFFFFFF 9000", ErrMalformed},
		{"no status at all", 9, "90", ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := append([]string{}, paceLines[:c.line+1]...)
			lines[c.line] = c.answer
			conn, _ := scripted(t, paceRandom, lines...)
			err := conn.pace(t.Context(), Key{MRZ: &paceMRZ}, exampleOffer(t))
			var refused errPACERefused
			if c.want == (errPACERefused{}) && !errors.As(err, &refused) || c.want != (errPACERefused{}) && !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
			if conn.sm != nil {
				t.Error("a session began all the same")
			}
		})
	}
}

func TestCMAC(t *testing.T) { // RFC 4493 §4, NIST SP 800-38B D.2, D.3
	m := "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
	k128, k192, k256 := "2b7e151628aed2a6abf7158809cf4f3c", "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
	for _, c := range []struct {
		key  string
		n    int
		want string
	}{
		{k128, 0, "bb1d6929e95937287fa37d129b756746"},
		{k128, 16, "070a16b46b4d4144f79bdd9dd04a287c"},
		{k128, 40, "dfa66747de9ae63030ca32611497c827"},
		{k128, 64, "51f0bebf7e3b9d92fc49741779363cfe"},
		{k192, 0, "d17ddf46adaacde531cac483de7a9367"},
		{k192, 40, "8a1de5be2eb31aad089a82e6ee908b0e"},
		{k256, 0, "028962f61b7bf89efc6b551f4667d983"},
		{k256, 64, "e1992190549f6ed5696a2c056c315410"},
	} {
		if got := hex.EncodeToString(cmac(unhex(t, c.key), unhex(t, m)[:c.n])); got != c.want {
			t.Errorf("CMAC with %d byte key over %d bytes is %s, want %s", len(c.key)/2, c.n, got, c.want)
		}
	}
}
