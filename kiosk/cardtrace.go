package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"tiepdan/drivers/card"
)

// trace writes the dialogue with a card down while it passes it on. It is made
// to be sent to somebody else, so it holds no secret and nothing personal: of a
// command the header and lengths, of a response the length and status. Bytes
// are written only where they are the same on every card: which file or
// application is selected. Cryptograms are left out too, for what BAC protects
// can be opened by whoever guesses the card's dates.
type trace struct {
	card  card.Transport
	w     io.Writer
	start time.Time
	n     int
	err   error // the first one of w
}

func (t *trace) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	began := time.Now()
	if t.n == 0 {
		t.start = began
	}
	t.n++
	resp, err := t.card.Transmit(ctx, apdu)
	t.line("%3d %8.1f ms  > %s\n", t.n, millis(began.Sub(t.start)), describe(apdu))
	switch {
	case err != nil:
		t.line("    %8.1f ms  < %s\n", millis(time.Since(t.start)), kind(err))
	case len(resp) < 2:
		t.line("    %8.1f ms  < %d bytes, no status\n", millis(time.Since(t.start)), len(resp))
	default:
		t.line("    %8.1f ms  < %d bytes, %X\n", millis(time.Since(t.start)), len(resp)-2, resp[len(resp)-2:])
	}
	return resp, err
}

func (t *trace) line(format string, args ...any) {
	if _, err := fmt.Fprintf(t.w, format, args...); t.err == nil {
		t.err = err
	}
}

// kind names an error without repeating what it carries.
func kind(err error) string {
	for _, trouble := range cardTroubles {
		if errors.Is(err, trouble.is) {
			return trouble.code
		}
	}
	return "broke"
}

var instructionNames = map[byte]string{
	0x22: "MANAGE SECURITY ENVIRONMENT", 0x82: "EXTERNAL AUTHENTICATE", 0x84: "GET CHALLENGE", 0x86: "GENERAL AUTHENTICATE",
	0x88: "INTERNAL AUTHENTICATE", 0xA4: "SELECT", 0xB0: "READ BINARY", 0xB1: "READ BINARY (odd)", 0xC0: "GET RESPONSE",
}

func describe(apdu []byte) string {
	c, err := card.ParseCommand(apdu)
	if err != nil {
		return fmt.Sprintf("%d bytes that are no command", len(apdu))
	}
	name := instructionNames[c.INS]
	if c.CLA&0x0C == 0x0C {
		name = "protected " + name
	}
	s := fmt.Sprintf("%02X %02X %02X %02X  %s", c.CLA, c.INS, c.P1, c.P2, name)
	if len(c.Data) > 0 {
		s += fmt.Sprintf(", %d bytes", len(c.Data))
		if c.CLA&0x0C == 0 && c.INS == 0xA4 {
			s += fmt.Sprintf(" (%X)", c.Data)
		}
	}
	if c.Le > 0 {
		s += fmt.Sprintf(", at most %d back", c.Le)
	}
	return s
}
