package cardsim

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"tiepdan/drivers/card"
)

// Control bytes of vsmartcard's virtual PC/SC reader (vpcd). Each message is
// two bytes of length, big-endian, and so many of payload; a payload of one
// byte is control, a longer one a command APDU.
const (
	vpcdPowerOff = 0x00
	vpcdPowerOn  = 0x01
	vpcdReset    = 0x02
	vpcdATR      = 0x04
)

// ServeVPCD lays a chip on the virtual reader that listens at addr
// (vsmartcard-vpcd's first slot is 127.0.0.1:35963), where pcscd and any other
// software of this machine see it. It returns nil when the reader hangs up,
// ctx's error when ctx ends, an error of kind [card.ErrRemoved] or
// [card.ErrMute] when the chip's fault says so.
func ServeVPCD(ctx context.Context, addr string, chip *Chip) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("virtual reader: %w", err)
	}
	return ServeVPCDConn(ctx, conn, chip)
}

// ServeVPCDConn is [ServeVPCD] on an open connection, which it closes.
func ServeVPCDConn(ctx context.Context, conn net.Conn, chip *Chip) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	err := serveVPCD(ctx, conn, chip)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

func serveVPCD(ctx context.Context, conn net.Conn, chip *Chip) error {
	chip.Reset()
	for {
		msg, err := readVPCD(conn)
		if err != nil {
			return err
		}
		var answer []byte
		switch {
		case len(msg) == 0:
			continue
		case len(msg) > 1:
			answer, err = chip.Transmit(ctx, msg)
			if errors.Is(err, card.ErrMute) {
				continue // the reader's own timeout finds out
			}
			if err != nil {
				return err
			}
		case msg[0] == vpcdPowerOff, msg[0] == vpcdPowerOn, msg[0] == vpcdReset:
			chip.Reset()
			continue
		case msg[0] == vpcdATR:
			answer = chip.ATR()
		default:
			return fmt.Errorf("virtual reader: control byte %02X: %w", msg[0], card.ErrMalformed)
		}
		if len(answer) > 0xFFFF {
			return fmt.Errorf("virtual reader: answer of %d bytes does not fit", len(answer))
		}
		out := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(answer)), uint16(len(answer)))
		if _, err := conn.Write(append(out, answer...)); err != nil {
			return fmt.Errorf("virtual reader: %w", err)
		}
	}
}

// readVPCD reads one message. vpcd writes length and payload apart: unless the
// first is acknowledged at once, Nagle's algorithm on its side holds the second
// back for 40 ms. The kernel forgets the wish, so it is said for every message.
func readVPCD(conn net.Conn) ([]byte, error) {
	quickAck(conn)
	var head [2]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, err
	}
	quickAck(conn)
	msg := make([]byte, binary.BigEndian.Uint16(head[:]))
	if _, err := io.ReadFull(conn, msg); err != nil {
		return nil, fmt.Errorf("virtual reader: message cut short: %w", err)
	}
	return msg, nil
}

// ATR is the answer to reset: T=1, historical bytes that tell selection by name
// and identifier, short file identifiers and, unless switched off, extended
// length and where its limits stand (ISO/IEC 7816-4 §12.1.1.9).
func (c *Chip) ATR() []byte {
	if c.atr != nil {
		return c.atr
	}
	capabilities := byte(0x40)
	switch {
	case c.faults.shortOnly:
		capabilities = 0
	case c.profile.MaxResponse > 0:
		capabilities |= 0x20
	}
	atr := []byte{0x3B, 0x85, 0x80, 0x01, 0x80, 0x73, 0xC6, 0x21, capabilities}
	if c.faults.noHistory {
		atr = []byte{0x3B, 0x80, 0x80, 0x01}
	}
	var check byte
	for _, b := range atr[1:] {
		check ^= b
	}
	return append(atr, check)
}
