package card

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"
)

// Limits on what one command may bring, however often the card says there is more.
const (
	maxResponse  = leExtended + 64
	maxExchanges = 600 // 64 kB in GET RESPONSEs of 128 bytes, and some
)

// Stats counts what went over the wire.
type Stats struct{ APDUs, Sent, Received int }

// A Conn talks to one card, from the moment it lies on the reader until it is
// taken away. It holds the secure messaging session once [Conn.Open] has
// agreed on one, and what it has learned of the card's habits. It is not safe
// for concurrent use.
type Conn struct {
	t     Transport
	sm    *session
	rand  io.Reader // of challenges and ephemeral keys; tests replay examples
	stats Stats
	trace func(Exchange) // nil: nobody listens
	last  Exchange       // not told yet

	access  []byte    // EF.CardAccess
	atrInfo []byte    // EF.ATR/INFO, where the card said that there is one to read
	using   paceOffer // what PACE was done with; zero when it was not
	sfi     bool      // the card has shown that it reads by short file identifier
	lds     bool      // the LDS application is selected
	opened  bool      // access was granted: an unprotected command is a bug from here on

	le                int  // the most a READ BINARY asks for now; more than 256 means extended APDUs
	ceiling           int  // the most it may ever ask for
	command, response int  // the longest APDUs reader and card say they take; 0 when they do not say
	learned           bool // they were asked
}

// NewConn starts with a card that was just reset or connected to.
func NewConn(t Transport) *Conn {
	return &Conn{t: t, rand: rand.Reader, le: leShort, ceiling: maxRead}
}

// Stats tells what the talk with the card has cost so far.
func (c *Conn) Stats() Stats { return c.stats }

// Do sends one command, under secure messaging once there is a session, and
// returns the data of the response. A status other than 9000 is a
// [StatusError]; the data may be there all the same.
func (c *Conn) Do(ctx context.Context, cmd Command) ([]byte, error) {
	data, err := c.do(ctx, cmd)
	c.told(cmd, len(data), err)
	return data, err
}

func (c *Conn) do(ctx context.Context, cmd Command) ([]byte, error) {
	if c.opened && c.sm == nil {
		return nil, fmt.Errorf("%w: the session is gone", ErrSecurity)
	}
	if c.sm == nil {
		data, sw, err := c.exchange(ctx, cmd)
		return data, statusErr(sw, err)
	}
	data, sw, err := c.secure(ctx, cmd)
	if err != nil {
		c.sm.wipe()
		c.sm = nil // whatever went wrong, the counters no longer agree
		if errors.Is(err, ErrMalformed) {
			err = fmt.Errorf("%w: %w", ErrSecurity, err)
		}
		return nil, err
	}
	return data, statusErr(sw, nil)
}

func (c *Conn) secure(ctx context.Context, cmd Command) ([]byte, uint16, error) {
	protected, err := c.sm.wrap(cmd)
	if err != nil {
		return nil, 0, err
	}
	resp, sw, err := c.exchange(ctx, protected)
	if err != nil {
		return nil, 0, err
	}
	if len(resp) == 0 {
		// Only an error of secure messaging itself comes back bare
		// (Doc 9303-11 §9.8.3); anything else bare may come from anybody.
		return nil, 0, fmt.Errorf("%w: unprotected answer: %w", ErrSecurity, StatusError(sw))
	}
	return c.sm.unwrap(resp, cmd.INS)
}

func statusErr(sw uint16, err error) error {
	if err == nil && sw != swOK {
		return StatusError(sw)
	}
	return err
}

// exchange sends one command and brings in its whole response: 61xx fetches
// what is left, 6Cxx asks again with the length the card wants.
func (c *Conn) exchange(ctx context.Context, cmd Command) (data []byte, sw uint16, err error) {
	corrected := false
	for range maxExchanges {
		part, sw, err := c.transmit(ctx, cmd)
		if err != nil {
			return nil, 0, err
		}
		switch n := shortLe(byte(sw)); {
		case sw>>8 == 0x6C && !corrected && len(part) == 0: // one with a body is protected: not ours to act on
			corrected, cmd.Le = true, n
			continue
		case sw>>8 == 0x61:
			data = append(data, part...)
			cmd = Command{CLA: cmd.CLA &^ (claSecure | claChain), INS: insGetResponse, Le: n}
			corrected = false
		default:
			return append(data, part...), sw, nil
		}
		if len(data) > maxResponse {
			break
		}
	}
	return nil, 0, fmt.Errorf("%w: response without end", ErrMalformed)
}

// transmit is one command APDU over the wire and the response to it: the one
// place where a cancelled context is looked at, and where is counted.
func (c *Conn) transmit(ctx context.Context, cmd Command) ([]byte, uint16, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	apdu := cmd.Bytes()
	c.stats.APDUs++
	c.stats.Sent += len(apdu)
	began := time.Now()
	resp, err := c.t.Transmit(ctx, apdu)
	c.heard(apdu, resp, err, time.Since(began))
	if err != nil {
		return nil, 0, err
	}
	c.stats.Received += len(resp)
	return splitResponse(resp)
}

// A step is one named part of a protocol, usually one APDU. Protocols are
// lists of steps, so that an error says how far they came.
type step struct {
	name string
	run  func(ctx context.Context) error
}

func runSteps(ctx context.Context, protocol string, steps []step) error {
	for _, s := range steps {
		if err := s.run(ctx); err != nil {
			return fmt.Errorf("%s: %s: %w", protocol, s.name, err)
		}
	}
	return nil
}
