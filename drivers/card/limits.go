package card

import "context"

// What a Transport may tell besides, where it knows.
type (
	// A resetter has the card's answer to reset (ISO/IEC 7816-3 §8, or the one
	// PC/SC part 3 §3.1.3.2.3 makes up for a contactless card).
	resetter interface{ ATR() []byte }
	// A limiter knows the longest APDU its reader carries each way, status and
	// header counted; zero is unknown.
	limiter interface {
		MaxAPDU() (command, response int)
	}
)

// The ceilings under which a READ BINARY asks, largest first, for chips that
// take long commands in the clear and choke on the answers under secure
// messaging.
var ceilings = [...]int{maxRead, 1024, leShort}

// Shorten makes the next Open ask for less at a time, and says whether there
// is less.
func (c *Conn) Shorten() bool {
	for _, n := range ceilings {
		if n < c.ceiling {
			c.ceiling = n
			c.le = min(c.le, n)
			return true
		}
	}
	return false
}

// reserve is the most a READ BINARY may ask for in the light of what reader
// and card have announced.
func (c *Conn) reserve() int {
	if c.response > 0 && c.response < leShort+3 || c.command > 0 && c.command < shortCommand+2 {
		return leShort
	}
	return c.ceiling
}

// shortCommand is the longest command APDU with one byte of length.
const shortCommand = 4 + 1 + 255 + 1

// fit is how much may be asked for so that the answer, protected by s if there
// is a session, fits an APDU of so many bytes.
func fit(response int, s *session) int {
	if s == nil {
		return response - 2
	}
	// 87 82 LL LL 01 cryptogram, 99 02 SW, 8E 08 MAC, SW; short answers need
	// one byte of length less. One byte of the last block is padding.
	overhead := 5 + 4 + 10 + 2
	if response <= leShort+2 {
		overhead--
	}
	return (response-overhead)/s.suite.block*s.suite.block - 1
}

// learn finds out, once for a card and before anything is asked of it, how long
// its APDUs may be: from the reader, from the historical bytes, and from
// EF.ATR/INFO where those say that it stands there. Only a link that is gone
// makes it fail.
func (c *Conn) learn(ctx context.Context) error {
	if c.learned {
		return nil
	}
	if l, ok := c.t.(limiter); ok {
		c.command, c.response = l.MaxAPDU()
	}
	r, ok := c.t.(resetter)
	if !ok {
		c.learned = true
		return nil
	}
	caps, known := capabilities(historicalBytes(r.ATR()))
	if known && caps&capExtended == 0 {
		c.ceiling = leShort
	}
	if known && caps&capExtended != 0 && caps&capLengthInfo != 0 {
		b, err := c.readFirst(ctx, efATRInfo)
		if _, refused := asStatus(err); err != nil && !refused {
			return err
		}
		c.atrInfo = b
		if command, response, ok := lengthInfo(b); ok {
			c.command, c.response = tighter(c.command, command), tighter(c.response, response)
		}
	}
	c.learned = true
	return nil
}

func tighter(known, n int) int {
	if known == 0 {
		return n
	}
	return min(known, n)
}

// efATRInfo has no tag of its own: it is a row of data objects (Doc 9303-10
// §3.11.2, ISO/IEC 7816-4 §12.2.2).
var efATRInfo = EF{Name: "EF.ATR/INFO", SFI: 0x01, ID: 0x2F01, Max: leShort}

// Bits of the third software function byte among the card capabilities
// (ISO/IEC 7816-4 §12.1.1.9).
const (
	capExtended   = 0x40 // extended Lc and Le fields
	capLengthInfo = 0x20 // their limits stand in EF.ATR/INFO
)

// historicalBytes takes them out of an answer to reset (ISO/IEC 7816-3 §8.2).
func historicalBytes(atr []byte) []byte {
	if len(atr) < 2 {
		return nil
	}
	n, follow, i := int(atr[1]&0x0F), atr[1]>>4, 2
	for follow != 0 {
		for bit := byte(1); bit < 8; bit <<= 1 { // TA, TB, TC
			if follow&bit != 0 {
				i++
			}
		}
		if follow&8 == 0 {
			break
		}
		if i >= len(atr) {
			return nil
		}
		follow = atr[i] >> 4 // TD
		i++
	}
	if i+n > len(atr) {
		return nil
	}
	return atr[i : i+n]
}

// capabilities finds the third byte of the card capabilities in historical
// bytes. Readers fill them for type B cards with what is no such list, so it is
// believed only when all of it reads well.
func capabilities(historical []byte) (third byte, ok bool) {
	if len(historical) == 0 {
		return 0, false
	}
	body := historical[1:]
	switch historical[0] { // category indicator
	case 0x80:
	case 0x00:
		if len(body) < 3 {
			return 0, false
		}
		body = body[:len(body)-3] // status
	default:
		return 0, false
	}
	for len(body) > 0 { // compact-TLV
		tag, n := body[0]>>4, int(body[0]&0x0F)
		if tag == 0 || n > len(body)-1 {
			return 0, false
		}
		if tag == 7 && n == 3 {
			third, ok = body[3], true
		}
		body = body[1+n:]
	}
	return third, ok
}

// lengthInfo finds extended length information, DO 7F66: the most bytes of a
// command and of a response APDU (ISO/IEC 7816-4 §12.7.1).
func lengthInfo(file []byte) (command, response int, ok bool) {
	for len(file) > 0 {
		t, rest, err := ParseTLV(file)
		if err != nil {
			return 0, 0, false
		}
		if t.Tag == 0x7F66 {
			limits, err := t.Children()
			if err != nil || len(limits) < 2 {
				return 0, 0, false
			}
			command, err1 := limits[0].Int()
			response, err2 := limits[1].Int()
			usable := err1 == nil && err2 == nil && min(command, response) >= shortCommand-3
			return command, response, usable
		}
		file = rest
	}
	return 0, 0, false
}
