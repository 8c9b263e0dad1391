package cardsim

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"crypto/sha256"

	"tiepdan/drivers/card"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// example is a chip of the standard's worked examples: its key, its draws, EF.COM.
func example(t testing.TB, mrz card.MRZKey, random string) *Chip {
	return &Chip{
		faults: faults{tornAfter: -1, silentAfter: -1}, mrz: mrz, rand: bytes.NewReader(unhex(t, random)),
		profile: Profile{}.complete(),
		lds:     map[uint16][]byte{efCOM: unhex(t, "60145F0104303130365F36063034303030305C026175")},
	}
}

// play sends the example's commands and wants the example's answers.
func play(t *testing.T, c *Chip, lines ...string) {
	t.Helper()
	for ; len(lines) > 1; lines = lines[2:] {
		got, err := c.Transmit(context.Background(), unhex(t, lines[0]))
		if want := unhex(t, lines[1]); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("command %s: %v\ngot  %X\nwant %X", lines[0], err, got, want)
		}
	}
}

// Doc 9303-11 appendix D.3 and D.4, from the chip's side. The example stands
// before it in an LDS application that is selected.
func TestExampleBAC(t *testing.T) {
	c := example(t, card.MRZKey{Number: "L898902C<", Birth: "690806", Expiry: "940623"},
		"4608F91988702212 0B4F80323EB3191CB04970CB4052790B")
	play(t, c,
		"00A4040C07A0000002471001", "9000",
		"0084000008", "4608F91988702212 9000",
		"0082000028 72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2 5F1448EEA8AD90A7 28",
		"46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449 9000",
		"0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800", "990290008E08FA855A5D4C50A8ED9000",
		"0CB000000D9701048E08ED6705417E96BA5500", "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
		"0CB000040D9701128E082EA28A70F3C7B53500", "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
		// The same command again is a replay: its MAC is over another counter.
		"0CB000040D9701128E082EA28A70F3C7B53500", "6988",
		"0CB000040D9701128E082EA28A70F3C7B53500", "6988",
		"00B09E0000", "6982", // the session is gone, and access with it
	)
}

// Appendix G.1: PACE by MRZ, generic mapping, AES-128 on brainpoolP256r1.
func TestExamplePACE(t *testing.T) {
	key := card.MRZKey{Number: "T22000129", Birth: "640812", Expiry: "101031"}
	random := "3F00C4D39D153F2B2A214A078D899B22" +
		"498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560" +
		"107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A"
	lines := []string{
		"0022C1A412 800A04007F00070202040202 830101 84010D", "9000",
		"10860000027C0000", "7C12801095A3A016522EE98D01E76CB6B98B42C3 9000",
		"10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00",
		"7C43824104824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F5730D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54 9000",
		"10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3646200",
		"7C438441049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094 9000",
		"008600000C7C0A8508C2B0BD78D94BA86600", "7C0A86083ABB9674BCE93C08 9000",
	}
	c := example(t, key, random)
	play(t, c, lines...)
	if got := fmt.Sprintf("%X %X %X", c.sm.enc, c.sm.macKey, c.sm.ssc); got != "F5F0E35C0D7161EE6724EE513A0D9A7F FE251C7858B356B24514B3BD5F4297D1 00000000000000000000000000000000" {
		t.Errorf("session is %s", got)
	}

	// One bit of the token, and it is a wrong key.
	c = example(t, key, random)
	wrong := append([]string{}, lines...)
	wrong[8], wrong[9] = "008600000C7C0A8508C2B0BD78D94BA86700", "6300"
	play(t, c, wrong...)
	if c.sm != nil || c.Refused() != 1 {
		t.Errorf("session %v, refused %d", c.sm, c.Refused())
	}
	// A point that is not on the curve is refused, and the run is over.
	c = example(t, key, random)
	play(t, c, append(lines[:4:4],
		strings.Replace(lines[4], "922D00", "922E00", 1), "6A80",
		lines[4], "6985")...)
}

func TestCMAC(t *testing.T) { // RFC 4493 §4
	msg := unhex(t, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
	key := suiteAES128.cipher(unhex(t, "2b7e151628aed2a6abf7158809cf4f3c"))
	for n, want := range map[int]string{0: "bb1d6929e95937287fa37d129b756746", 16: "070a16b46b4d4144f79bdd9dd04a287c", 40: "dfa66747de9ae63030ca32611497c827", 64: "51f0bebf7e3b9d92fc49741779363cfe"} {
		if got := hex.EncodeToString(cmac(key, msg[:n])); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
	}
}

func TestDeterministicSignature(t *testing.T) { // RFC 6979 A.2.5
	key, _ := new(big.Int).SetString("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", 16)
	r, s := sign(curveOf(12), key, sha256.New, []byte("sample"))
	want := "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716 F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
	if got := fmt.Sprintf("%X %X", r, s); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}
