package card

import (
	"errors"
	"time"
)

// An Exchange is one APDU over the wire and what came back, without a byte of
// either that could be secret or personal: headers, lengths, status words. What
// stands under secure messaging is told by the last exchange of a command.
type Exchange struct {
	CLA, INS, P1, P2 byte // as sent
	Sent, Received   int  // bytes of the APDUs
	Extended         bool
	SW               uint16 // 0 when the answer has none
	Err              error  // of the Transport
	Took             time.Duration

	// Of the command itself, once it is answered; Plain is false for the parts
	// of an answer that came in several.
	Plain    bool
	Secured  bool
	Lc, Le   int // of the command before it was protected
	Data     int // bytes of the answer, opened
	PlainSW  uint16
	Selected []byte // what SELECT names: a file or an application, the same on every card
}

// Trace has every exchange told to f from now on; it must not block.
func (c *Conn) Trace(f func(Exchange)) { c.trace = f }

// Flush tells the exchange that is still held back.
func (c *Conn) Flush() {
	if c.trace != nil && c.last.Sent > 0 {
		c.trace(c.last)
	}
	c.last = Exchange{}
}

// heard takes down what went over the wire.
func (c *Conn) heard(apdu, resp []byte, err error, took time.Duration) {
	if c.trace == nil {
		return
	}
	c.Flush()
	c.last = Exchange{CLA: apdu[0], INS: apdu[1], P1: apdu[2], P2: apdu[3], Sent: len(apdu), Received: len(resp), Err: err, Took: took}
	if cmd, bad := ParseCommand(apdu); bad == nil {
		c.last.Extended = cmd.Extended
	}
	if _, sw, bad := splitResponse(resp); err == nil && bad == nil {
		c.last.SW = sw
	}
}

// told adds what the command was and came to.
func (c *Conn) told(cmd Command, data int, err error) {
	if c.trace == nil || c.last.Sent == 0 {
		return
	}
	e := &c.last
	e.Plain, e.Secured = true, e.CLA&claSecure == claSecure
	e.Lc, e.Le, e.Data, e.PlainSW = len(cmd.Data), cmd.Le, data, swOK
	if sw, ok := asStatus(err); ok {
		e.PlainSW = uint16(sw)
	} else if err != nil {
		e.PlainSW = 0
	}
	if errors.Is(err, ErrSecurity) {
		e.PlainSW = 0 // nothing under the MAC is to be believed
	}
	if cmd.INS == insSelect {
		e.Selected = cmd.Data
	}
	c.Flush()
}
