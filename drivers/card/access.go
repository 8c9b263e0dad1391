package card

import (
	"context"
	"errors"
	"fmt"
)

// How a chip was opened.
type Access string

const (
	AccessPACECAN Access = "PACE-CAN"
	AccessPACEMRZ Access = "PACE-MRZ"
	AccessBAC     Access = "BAC"
)

var ldsAID = []byte{0xA0, 0, 0, 2, 0x47, 0x10, 0x01}

// Open gets access to the chip and selects the LDS application. It tries PACE
// with what EF.CardAccess offers, or with the known defaults when that cannot
// be read, then BAC if the key is an MRZ. A key that the chip refused
// ([ErrWrongKey]) is not tried again in any other way: each try may count.
func (c *Conn) Open(ctx context.Context, key Key) (Access, error) {
	if err := key.Valid(); err != nil {
		return "", err
	}
	c.close()
	if err := c.learn(ctx); err != nil {
		return "", err
	}
	infos, err := c.cardAccess(ctx)
	if err != nil {
		return "", err
	}
	if infos == nil {
		// Perhaps this is no ID card at all: find out before any key is tried.
		err := c.selectLDS(ctx)
		if _, refused := asStatus(err); err != nil && (!refused || errors.Is(err, ErrNotLDS)) {
			return "", err
		}
		c.lds = false // PACE may leave the application again
		infos = knownPACE
	}
	refusal := fmt.Errorf("no PACE that we know")
	for _, offer := range paceOffers(infos) {
		err := c.pace(ctx, key, offer)
		if err == nil {
			access := AccessPACECAN
			if key.MRZ != nil {
				access = AccessPACEMRZ
			}
			return access, c.selectLDS(ctx)
		}
		if _, refused := errors.AsType[errPACERefused](err); !refused {
			return "", err
		}
		refusal = err
	}
	if key.MRZ == nil {
		return "", fmt.Errorf("%w with a CAN: %w", ErrAccess, refusal)
	}
	if err := c.selectLDS(ctx); err != nil {
		return "", err
	}
	if err := c.bac(ctx, *key.MRZ); err != nil {
		if _, status := asStatus(err); status && !errors.Is(err, ErrWrongKey) {
			err = fmt.Errorf("%w: %w", ErrAccess, err)
		}
		return "", err
	}
	return AccessBAC, nil
}

// begin starts secure messaging; from here on nothing goes out in the clear.
func (c *Conn) begin(s *session) { c.sm, c.opened = s, true }

// close forgets the session, as a chip does that is opened anew.
func (c *Conn) close() {
	if c.sm != nil {
		c.sm.wipe()
	}
	c.sm, c.opened, c.lds, c.using = nil, false, false, paceOffer{}
}

// selectLDS selects the eMRTD application (Doc 9303-10 §3.4), once.
func (c *Conn) selectLDS(ctx context.Context) error {
	if c.lds {
		return nil
	}
	_, err := c.Do(ctx, Command{INS: insSelect, P1: 4, P2: 0x0C, Data: ldsAID})
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNotLDS, err)
	}
	if err != nil {
		return fmt.Errorf("select LDS application: %w", err)
	}
	c.lds = true
	return nil
}

// cardAccess reads EF.CardAccess; nil without error means that the chip does
// not give it. Reading it is also where the chip shows, before any session
// that could break, whether it takes extended APDUs.
func (c *Conn) cardAccess(ctx context.Context) ([]SecurityInfo, error) {
	c.access = nil
	c.le = c.reserve()
	b, err := c.ReadFile(ctx, EFCardAccess, nil)
	if _, refused := asStatus(err); refused {
		return nil, nil
	}
	if errors.Is(err, ErrMalformed) {
		return nil, nil // as good as none: the defaults may still open the chip
	}
	if err != nil {
		return nil, fmt.Errorf("EF.CardAccess: %w", err)
	}
	infos, err := ParseSecurityInfos(b)
	if err != nil {
		return nil, nil
	}
	c.access = b
	return infos, nil
}

// CardAccess is EF.CardAccess as it was read, or nil.
func (c *Conn) CardAccess() []byte { return c.access }

// ATRInfo is EF.ATR/INFO, or nil where it was of no use to read it.
func (c *Conn) ATRInfo() []byte { return c.atrInfo }

// asStatus digs the status word out of an error.
func asStatus(err error) (StatusError, bool) { return errors.AsType[StatusError](err) }

// refused tells that the chip said no to a command, and can be asked others.
func (c *Conn) refused(err error) bool {
	_, status := asStatus(err)
	return status && !c.dead()
}
