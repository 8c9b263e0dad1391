package card

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// announcer is a card, and a reader, that tell what they take.
type announcer struct {
	transport
	atr               string
	command, response int
	t                 *testing.T
}

func (a announcer) ATR() []byte                      { return unhex(a.t, a.atr) }
func (a announcer) MaxAPDU() (command, response int) { return a.command, a.response }

func TestHistoricalBytes(t *testing.T) {
	for _, c := range []struct{ name, atr, want string }{
		{"contactless, PC/SC part 3", "3B 88 80 01 00 73 C8 40 00 90 00 00 62", "00 73 C8 40 00 90 00 00"},
		{"contact, T=1, two TD", "3B F5 18 00 00 81 31 FE 45 31 32 33 34 35 00", "31 32 33 34 35"},
		{"none", "3B 00", ""},
		{"cut off", "3B 88 80", ""},
		{"claims more than there is", "3B 0F 01 02", ""},
		{"nothing", "", ""},
	} {
		if got := historicalBytes(unhex(t, c.atr)); string(got) != string(unhex(t, c.want)) {
			t.Errorf("%s: %X", c.name, got)
		}
	}
}

func TestCapabilities(t *testing.T) {
	for _, c := range []struct {
		name, historical string
		third            byte
		ok               bool
	}{
		{"with status", "00 73 C8 40 60 90 00 00", 0x60, true},
		{"without status", "80 31 80 73 C8 40 00", 0, true},
		{"other category", "10 73 C8 40 60", 0, false},
		{"no capabilities", "80 31 80", 0, false},
		{"two of three", "80 72 C8 40", 0, false},
		{"longer than there is", "80 73 C8", 0, false},
		{"type B: application data and protocol", "00 00 00 00 11 77 81 C1", 0, false},
		{"empty", "", 0, false},
		{"category alone", "00", 0, false},
	} {
		if got, ok := capabilities(unhex(t, c.historical)); got != c.third || ok != c.ok {
			t.Errorf("%s: %02X %v", c.name, got, ok)
		}
	}
}

func TestLengthInfo(t *testing.T) {
	for _, c := range []struct {
		name, file        string
		command, response int
		ok                bool
	}{
		{"alone", "7F66 08 0202 0200 0202 0400", 512, 1024, true},
		{"among others", "43 01 B8 4703 C84060 7F66 0A 0203 010000 0203 00FFFF", 65536, 65535, true},
		{"one limit", "7F66 04 0202 0200", 0, 0, false},
		{"less than a short APDU", "7F66 06 0201 10 0201 10", 16, 16, false},
		{"garbage", "FFFF", 0, 0, false},
		{"none", "43 01 B8", 0, 0, false},
	} {
		command, response, ok := lengthInfo(unhex(t, c.file))
		if ok != c.ok || ok && (command != c.command || response != c.response) {
			t.Errorf("%s: %d %d %v", c.name, command, response, ok)
		}
	}
}

// What is asked of the card and of the reader before anything else, and how
// much the first READ BINARY asks for then.
func TestLearn(t *testing.T) {
	const says = "3B 88 80 01 00 73 C8 40 %s 90 00 00 00"
	for _, c := range []struct {
		name              string
		atr               string
		command, response int
		info              string // EF.ATR/INFO, or nothing
		want              int    // Le for EF.CardAccess
		infoReads         int
	}{
		{"nobody says anything", "", 0, 0, "", maxRead, 0},
		{"extended", fmt.Sprintf(says, "40"), 0, 0, "", maxRead, 0},
		{"not extended", fmt.Sprintf(says, "00"), 0, 0, "", leShort, 0},
		{"extended, limits in EF.ATR/INFO", fmt.Sprintf(says, "60"), 0, 0, "7F6608020202000202 0400", 1022, 1},
		{"limits that are not there", fmt.Sprintf(says, "60"), 0, 0, "", maxRead, 1},
		{"the reader is short", fmt.Sprintf(says, "40"), 261, 258, "", leShort, 0},
		{"the reader takes less than the card", fmt.Sprintf(says, "60"), 600, 600, "7F6608020202000202 0400", 598, 1},
		{"an answer to reset of noise", "FFFFFFFFFF", 0, 0, "", maxRead, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var le, reads int
			card := transport(func(apdu []byte) ([]byte, error) {
				cmd, err := ParseCommand(apdu)
				switch {
				case err != nil:
					return nil, err
				case cmd.INS == insReadBinary && cmd.P1 == 0x81:
					reads++
					if c.info == "" {
						return []byte{0x6A, 0x82}, nil
					}
					return append(unhex(t, c.info), 0x90, 0), nil
				case cmd.INS == insReadBinary && cmd.P1 == 0x9C:
					le = cmd.Le
					return nil, ErrRemoved
				}
				return []byte{0x6A, 0x82}, nil
			})
			conn := NewConn(announcer{card, c.atr, c.command, c.response, t})
			for range 2 { // learned once
				if _, err := conn.Open(t.Context(), Key{CAN: "123456"}); !errors.Is(err, ErrRemoved) {
					t.Fatal(err)
				}
			}
			if le != c.want || reads != c.infoReads {
				t.Errorf("asks for %d, want %d; %d reads of EF.ATR/INFO, want %d", le, c.want, reads, c.infoReads)
			}
		})
	}
}

// A protected answer fits the response it is asked to fit, and one byte more
// would not.
func TestFit(t *testing.T) {
	for _, s := range []suite{tripleDES, aes128, aes256} {
		for _, response := range []int{258, 600, 1024, 4096, 65535} {
			sess := newSession(s, []byte("secret"), s.zeroIV())
			length := func(n int) int {
				text := len(pad(make([]byte, n), s.block)) + 1
				return len(AppendTLV(nil, doCryptogram, make([]byte, text))) + 4 + 10 + 2
			}
			n := fit(response, sess)
			if length(n) > response || length(n+1) <= response {
				t.Errorf("%s, %d bytes: %d are asked for, the answer has %d; with one more %d",
					s.name, response, n, length(n), length(n+1))
			}
		}
	}
}

func TestShorten(t *testing.T) {
	c := NewConn(transport(func([]byte) ([]byte, error) { return nil, context.Canceled }))
	var steps []int
	for c.Shorten() {
		steps = append(steps, c.ceiling)
	}
	if fmt.Sprint(steps) != "[1024 256]" {
		t.Errorf("%v", steps)
	}
}
