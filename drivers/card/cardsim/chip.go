package cardsim

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"
	"time"

	"tiepdan/drivers/card"
)

// A status is a status word (ISO/IEC 7816-4 §5.6, Doc 9303-10 §3.6.3).
type status uint16

const (
	swOK           status = 0x9000
	swMoreData     status = 0x6100
	swEndOfFile    status = 0x6282
	swWrongKey     status = 0x6300
	swTriesLeft    status = 0x63C0 // plus how many
	swWrongLength  status = 0x6700
	swNotAllowed   status = 0x6982 // security status not satisfied
	swConditions   status = 0x6985
	swNoCurrentEF  status = 0x6986
	swSMMissing    status = 0x6987
	swSMWrong      status = 0x6988
	swWrongData    status = 0x6A80
	swNoFile       status = 0x6A82
	swWrongP1P2    status = 0x6A86
	swNoReference  status = 0x6A88
	swWrongOffset  status = 0x6B00
	swCorrectLe    status = 0x6C00
	swWrongIns     status = 0x6D00
	swWrongCla     status = 0x6E00
	maxShortAnswer        = 256
	maxAnswer             = 0xFFFF - 2 // what a line with two bytes of length carries
	maxLe                 = 65536
)

func (s status) bytes() []byte { return binary.BigEndian.AppendUint16(nil, uint16(s)) }

// Latency models how long the card takes: so much for every APDU, and so much
// for every byte of it and of its response. Zero is as fast as we compute.
type Latency struct{ PerAPDU, PerByte time.Duration }

// Options are what a [Chip] can be made to do besides answering.
type Options struct {
	Fault   string // of [Faults], several joined with "+"; "" is a good card
	Latency Latency
	Profile Profile
	Rand    io.Reader // nil: crypto/rand
}

// A Chip is a virtual chip ID card. It implements [card.Transport]: the card
// lies on a reader of its own. It is safe for concurrent use.
type Chip struct {
	persona Persona
	faults  faults
	latency Latency
	rand    io.Reader

	can     string
	mrz     card.MRZKey
	profile Profile
	caKeys  []caKey
	aaKey   *big.Int          // of active authentication: with ECDSA the key, with RSA its private exponent
	mf      map[uint16][]byte // files of the master file and of the LDS application
	lds     map[uint16][]byte

	scripts []scripted // of a replay, by APDU
	atr     []byte     // of a replay

	mu       sync.Mutex
	count    int // APDUs since power on
	refused  int // wrong keys since it was made
	wrong    int // wrong keys since the last right one
	secured  int // protected commands since power on
	spent    time.Duration
	inLDS    bool
	current  []byte // the selected file
	selected bool

	sm, next  *session // next takes over once the answer is out
	pace      *pace
	challenge []byte
	ca        *caState
	aside     []byte // what GET RESPONSE has yet to fetch
	dying     bool   // falls silent from now on
}

// New issues a card to a persona: its files, signed by the simulator's own
// authority, and its keys. The error names a fault that does not exist.
func New(p Persona, o Options) (*Chip, error) {
	f, err := parseFaults(o.Fault, p.faults)
	if err != nil {
		return nil, err
	}
	c := &Chip{persona: p, faults: f, latency: o.Latency, rand: o.Rand, profile: o.Profile.complete(), can: p.CAN(), mrz: p.mrzKey()}
	if c.rand == nil {
		c.rand = rand.Reader
	}
	c.issue()
	return c, nil
}

// Level is what a reader says while the card lies on it.
func (c *Chip) Level() card.Level {
	if c.faults.silentAfter == 0 {
		return card.CardMute
	}
	return card.CardIn
}

// Refused counts the wrong keys this chip has been tried with.
func (c *Chip) Refused() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused
}

// gone tells that the card has pulled itself, as its fault said.
func (c *Chip) gone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.faults.tornAfter >= 0 && c.count > c.faults.tornAfter
}

// Reset is power off and on: nothing is selected, nobody has access.
func (c *Chip) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count, c.secured, c.aside = 0, 0, nil
	c.inLDS, c.current, c.selected = false, nil, false
	c.drop()
}

// drop forgets every session and half session.
func (c *Chip) drop() {
	c.sm, c.next, c.pace, c.challenge, c.ca = nil, nil, nil, nil, nil
	c.dying = false
}

// begin makes s the session from the next command on.
func (c *Chip) begin(s *session) { c.next = s }

// Transmit answers one command APDU, after the time the latency model gives.
func (c *Chip) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	start := time.Now()
	if err := ctx.Err(); err != nil {
		return nil, ended(ctx)
	}
	resp, err := c.answer(apdu)
	took := c.latency.PerAPDU + time.Duration(len(apdu)+len(resp))*c.latency.PerByte
	c.mu.Lock()
	c.spent += took
	c.mu.Unlock()
	if err := wait(ctx, took-time.Since(start)); err != nil {
		return nil, err
	}
	return resp, err
}

// Spent is how long the latency model has made it take so far: what no reader
// could have saved.
func (c *Chip) Spent() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spent
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

// ended says why an exchange was cut off: the card left, or the caller gave up.
func ended(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, card.ErrRemoved) {
		return cause
	}
	return ctx.Err()
}

func (c *Chip) answer(apdu []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	if n := c.faults.tornAfter; n >= 0 && c.count > n {
		c.drop()
		return nil, fmt.Errorf("virtual card, APDU %d: %w", c.count, card.ErrRemoved)
	}
	if n := c.faults.silentAfter; n >= 0 && c.count > n {
		return nil, fmt.Errorf("virtual card, APDU %d: %w", c.count, card.ErrMute)
	}
	if n, sw := c.faults.status.at, c.faults.status.sw; n > 0 && c.count == n {
		return sw.bytes(), nil
	}
	if s := c.scripted(); s.gone != nil {
		return nil, fmt.Errorf("virtual card, APDU %d: %w", c.count, s.gone)
	} else if s.bare != 0 {
		if apdu[0]&0x0C != 0 {
			c.drop()
		}
		return s.bare.bytes(), nil
	}
	cmd, err := card.ParseCommand(apdu)
	if limit := c.profile.MaxCommand; err != nil || cmd.Extended && c.faults.shortOnly || limit > 0 && len(apdu) > limit {
		return swWrongLength.bytes(), nil
	}
	if cmd.CLA == 0 && cmd.INS == insGetResponse {
		return c.getResponse(cmd), nil
	}
	c.aside = nil
	data, sw := c.process(cmd)
	limit := maxAnswer
	if !cmd.Extended {
		limit = maxShortAnswer
	}
	if c.profile.MaxResponse > 0 {
		limit = min(limit, c.profile.MaxResponse-2)
	}
	if len(data) > limit && !c.faults.getResponse {
		data, sw = nil, swWrongLength
	}
	if c.faults.dead && c.dying {
		return nil, fmt.Errorf("virtual card, APDU %d: %w", c.count, card.ErrMute)
	}
	if c.faults.getResponse && len(data) > 0 {
		c.aside = append(data, sw.bytes()...)
		return c.more(), nil
	}
	return append(data, sw.bytes()...), nil
}

// scripted is what a replay has for the APDU that is being answered.
func (c *Chip) scripted() scripted {
	if c.count < 1 || c.count > len(c.scripts) {
		return scripted{data: -1}
	}
	return c.scripts[c.count-1]
}

// more says how much GET RESPONSE may fetch, 00 meaning 256 bytes and more.
func (c *Chip) more() []byte {
	n := len(c.aside) - 2
	if n > 0xFF {
		n = 0
	}
	return (swMoreData | status(n)).bytes()
}

func (c *Chip) getResponse(cmd card.Command) []byte {
	if len(c.aside) < 2 {
		return swConditions.bytes()
	}
	n := min(cmd.Le, len(c.aside)-2)
	part := c.aside[:n:n]
	if n == len(c.aside)-2 {
		part, c.aside = c.aside, nil
		return part
	}
	c.aside = c.aside[n:]
	return append(part, c.more()...)
}

// process takes secure messaging off a command and puts it on the answer
// (Doc 9303-11 §9.8). A command it finds wrong, and one in the clear while
// there is a session, ends the session.
func (c *Chip) process(cmd card.Command) ([]byte, status) {
	if cmd.CLA&0x0C == 0 {
		if c.sm != nil {
			c.drop()
		}
		data, sw := c.execute(cmd)
		c.sm, c.next = c.next, nil
		return data, sw
	}
	if cmd.CLA&0x0C != 0x0C || c.sm == nil {
		c.drop()
		return nil, swSMWrong
	}
	plain, sw := c.sm.open(cmd)
	if sw != swOK {
		c.drop()
		return nil, sw
	}
	sm := c.sm
	c.secured++
	var data []byte
	if f := c.faults.secured; f.at > 0 && f.at == c.secured {
		sw = f.sw
	} else if s := c.scripted(); s.secured != 0 {
		sw = s.secured
	} else {
		data, sw = c.execute(plain)
	}
	if c.faults.bareErrors && sw != swOK && sw != swEndOfFile {
		c.drop()
		return nil, sw
	}
	sealed := sm.seal(cmd.INS, data, sw)
	if n := c.faults.badMAC; n > 0 {
		if c.faults.badMAC--; n == 1 {
			sealed[len(sealed)-1] ^= 1
		}
	}
	if c.next != nil {
		c.sm, c.next = c.next, nil
	}
	return sealed, sw
}

// Instructions the chip knows.
const (
	insManageSE     = 0x22
	insExternalAuth = 0x82
	insGetChallenge = 0x84
	insGeneralAuth  = 0x86
	insInternalAuth = 0x88
	insSelect       = 0xA4
	insRead         = 0xB0
	insReadOdd      = 0xB1
	insGetResponse  = 0xC0
)

// execute is the command itself, in the clear.
func (c *Chip) execute(cmd card.Command) ([]byte, status) {
	if cmd.CLA&^0x10 != 0 || cmd.CLA == 0x10 && cmd.INS != insGeneralAuth {
		return nil, swWrongCla
	}
	if cmd.INS != insGeneralAuth {
		c.pace, c.ca = nil, nil
	}
	switch cmd.INS {
	case insSelect:
		return nil, c.selectFile(cmd)
	case insRead, insReadOdd:
		return c.readBinary(cmd)
	case insGetChallenge:
		return c.getChallenge(cmd)
	case insExternalAuth:
		if c.inLDS && c.sm == nil && !c.profile.NoBAC {
			return c.mutualAuthenticate(cmd)
		}
		return nil, swConditions
	case insManageSE:
		switch {
		case cmd.P1 == 0xC1 && cmd.P2 == 0xA4 && c.sm == nil:
			return nil, c.setAT(cmd)
		case cmd.P1 == 0x41 && c.sm != nil:
			return c.setCA(cmd)
		}
		return nil, swWrongP1P2
	case insGeneralAuth:
		return c.generalAuthenticate(cmd)
	case insInternalAuth:
		return c.internalAuthenticate(cmd)
	}
	return nil, swWrongIns
}
