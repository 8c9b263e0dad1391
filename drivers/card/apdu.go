package card

import "fmt"

// A Command is a command APDU (ISO/IEC 7816-4 §5.1). Le is the number of bytes
// expected: 0 for none, 256 for all a short APDU can bring, 65536 for all an
// extended one can. It is written short when it fits, unless Extended is set.
type Command struct {
	CLA, INS, P1, P2 byte
	Data             []byte
	Le               int
	Extended         bool
}

// Instructions and status words used here, by their names in ISO/IEC 7816-4.
const (
	insManageSE        = 0x22
	insExternalAuth    = 0x82
	insGetChallenge    = 0x84
	insGeneralAuth     = 0x86
	insInternalAuth    = 0x88
	insSelect          = 0xA4
	insReadBinary      = 0xB0
	insReadBinaryOdd   = 0xB1
	insGetResponse     = 0xC0
	claChain           = 0x10
	claSecure          = 0x0C
	swOK               = 0x9000
	swEndOfFile        = 0x6282
	swWrongLength      = 0x6700
	swSecurityStatus   = 0x6982
	swSMDataMissing    = 0x6987
	swSMDataWrong      = 0x6988
	swWrongData        = 0x6A80
	swLcInconsistent   = 0x6A87
	swReferenceMissing = 0x6A88
	swWrongOffset      = 0x6B00
)

const (
	leShort    = 256
	leExtended = 65536
	maxData    = 65535
)

// Bytes encodes the command. It panics on a Le or data no APDU can hold: no
// card can cause that.
func (c Command) Bytes() []byte {
	if len(c.Data) > maxData || c.Le < 0 || c.Le > leExtended {
		panic("card: command does not fit an APDU")
	}
	extended := c.Extended || len(c.Data) > 255 || c.Le > leShort
	b := append(make([]byte, 0, len(c.Data)+9), c.CLA, c.INS, c.P1, c.P2)
	if n := len(c.Data); n > 0 {
		if extended {
			b = append(b, 0, byte(n>>8), byte(n))
		} else {
			b = append(b, byte(n))
		}
		b = append(b, c.Data...)
	}
	if c.Le > 0 {
		switch {
		case !extended:
			b = append(b, byte(c.Le))
		case len(c.Data) > 0:
			b = append(b, byte(c.Le>>8), byte(c.Le))
		default:
			b = append(b, 0, byte(c.Le>>8), byte(c.Le))
		}
	}
	return b
}

// ParseCommand decodes a command APDU: the chip's side, and traces.
func ParseCommand(b []byte) (Command, error) {
	if len(b) < 4 {
		return Command{}, fmt.Errorf("%w: command APDU of %d bytes", ErrMalformed, len(b))
	}
	c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3]}
	body := b[4:]
	switch {
	case len(body) == 0:
		return c, nil
	case len(body) == 1:
		c.Le = shortLe(body[0])
		return c, nil
	case body[0] != 0: // short, with data
		n := int(body[0])
		switch rest := body[1:]; len(rest) {
		case n:
			c.Data = rest
			return c, nil
		case n + 1:
			c.Data, c.Le = rest[:n:n], shortLe(rest[n])
			return c, nil
		}
	case len(body) == 3: // extended, Le alone
		c.Le, c.Extended = extendedLe(body[1], body[2]), true
		return c, nil
	case len(body) > 3:
		n := int(body[1])<<8 | int(body[2])
		c.Extended = true
		switch rest := body[3:]; {
		case n == 0:
		case len(rest) == n:
			c.Data = rest
			return c, nil
		case len(rest) == n+2:
			c.Data, c.Le = rest[:n:n], extendedLe(rest[n], rest[n+1])
			return c, nil
		}
	}
	return Command{}, fmt.Errorf("%w: command APDU: lengths do not add up", ErrMalformed)
}

func shortLe(b byte) int {
	if b == 0 {
		return leShort
	}
	return int(b)
}

func extendedLe(hi, lo byte) int {
	if hi|lo == 0 {
		return leExtended
	}
	return int(hi)<<8 | int(lo)
}

// splitResponse takes the status word off a response APDU.
func splitResponse(b []byte) (data []byte, sw uint16, err error) {
	n := len(b) - 2
	if n < 0 {
		return nil, 0, fmt.Errorf("%w: response of %d bytes", ErrMalformed, len(b))
	}
	return b[:n:n], uint16(b[n])<<8 | uint16(b[n+1]), nil
}
