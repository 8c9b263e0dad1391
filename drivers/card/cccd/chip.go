package cccd

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/lds"
	"tiepdan/drivers/card/trust"
)

// chipSteps are the steps of StageVerify: the chip's files, its proof, and the
// signatures.
const chipSteps = 3

// proveChip has the chip show that it is no copy: that it holds the private
// keys of EF.DG14 and EF.DG15, by chip authentication and then, under the
// session keys that gave, by active authentication (Doc 9303-11 §6). Both are
// done where the card has both: what was signed to be on a chip and is refused
// is as bad as a wrong answer, or a copy had only to refuse.
//
// What comes of it stands in the Reading and in r.doubts; only what ends a read
// is an error.
func (r *reader) proveChip(ctx context.Context) error {
	r.opts.Progress(StageVerify, 0, chipSteps)
	if r.opts.NoChip {
		return nil
	}
	infos, err := r.securityInfos(ctx)
	if err != nil {
		return err
	}
	key, err := r.activeKey(ctx)
	if err != nil {
		return err
	}
	r.opts.Progress(StageVerify, 1, chipSteps)
	err = r.challenge(ctx, infos, key)
	if errors.Is(err, card.ErrSecurity) {
		// The chip has not the key, or a bit fell over on the way, or the answer
		// was too long for it. Opening again costs no try, and a copy fails
		// every time.
		for chokes(err) && r.conn.Shorten() {
			continue
		}
		if err := r.reopen(ctx, err); err != nil {
			return err
		}
		err = r.challenge(ctx, infos, key)
		if errors.Is(err, card.ErrSecurity) && ctx.Err() == nil {
			if r.inCA {
				r.out.CA = Failed
				r.doubt("the chip lost the session in chip authentication: it does not hold the key of EF.DG14")
				return nil
			}
			r.out.AA = Failed
			r.doubt("the chip lost the session in active authentication")
			return nil
		}
	}
	return err
}

// challenge runs chip authentication and active authentication once. An
// [card.ErrSecurity] is a session that came to an end in it.
func (r *reader) challenge(ctx context.Context, infos []card.SecurityInfo, key *trust.ActiveKey) error {
	r.out.CA, r.out.AA = Unchecked, Unchecked
	r.inCA = true
	rekeyed, err := r.chipAuthenticate(ctx, infos)
	if err != nil {
		return err
	}
	r.inCA = rekeyed // the first answer under the new keys still belongs to it
	switch {
	case key != nil:
		err = r.activeAuthenticate(ctx, key)
	case rekeyed:
		err = r.conn.Alive(ctx)
	}
	if err == nil && rekeyed {
		r.out.CA = OK // it answered under the new keys
	}
	return err
}

func (r *reader) chipAuthenticate(ctx context.Context, infos []card.SecurityInfo) (rekeyed bool, err error) {
	announced, err := r.conn.ChipAuthenticate(ctx, infos)
	switch {
	case err == nil:
		return announced, nil
	case lost(ctx, err) && !errors.Is(err, card.ErrUnsupported):
		return false, err
	case ofStatus(err):
		r.out.CA = Failed
		r.doubt("the chip refuses chip authentication: " + err.Error())
	default:
		r.warn("ca-unsupported")
	}
	return false, nil
}

func (r *reader) activeAuthenticate(ctx context.Context, key *trust.ActiveKey) error {
	var challenge [8]byte
	if _, err := rand.Read(challenge[:]); err != nil {
		return err
	}
	signature, err := r.conn.ActiveAuthenticate(ctx, challenge, key.Size())
	switch {
	case lost(ctx, err):
		return err
	case err != nil:
		r.out.AA = Failed
		r.doubt("the chip refuses active authentication: " + err.Error())
		return nil
	}
	switch err := key.Verify(r.files[14], challenge[:], signature); {
	case err == nil:
		r.out.AA = OK
	case errors.Is(err, card.ErrUnsupported):
		r.warn("aa-unsupported")
	default:
		r.out.AA = Failed
		r.doubt("active authentication: " + err.Error())
	}
	return nil
}

// securityInfos reads EF.DG14, and compares EF.CardAccess with it.
func (r *reader) securityInfos(ctx context.Context) ([]card.SecurityInfo, error) {
	b, err := r.chipFile(ctx, 14)
	if b == nil || err != nil {
		return nil, err
	}
	content, bad := lds.Content(14, b)
	if bad == nil {
		var infos []card.SecurityInfo
		if infos, bad = card.ParseSecurityInfos(content); bad == nil {
			if why, weakened := r.conn.Weakened(infos); weakened {
				r.warn("pace-downgrade")
				r.doubt(why)
				r.weakened = true
			}
			return infos, nil
		}
	}
	r.warn("dg14-malformed")
	return nil, nil
}

// activeKey reads EF.DG15.
func (r *reader) activeKey(ctx context.Context) (*trust.ActiveKey, error) {
	b, err := r.chipFile(ctx, 15)
	if b == nil || err != nil {
		return nil, err
	}
	key, bad := trust.ParseActiveKey(b)
	switch {
	case bad == nil:
		return key, nil
	case errors.Is(bad, card.ErrUnsupported):
		r.warn("aa-unsupported")
	default:
		r.warn("dg15-malformed")
	}
	return nil, nil
}

// chipFile reads a data group with a key of the chip, if EF.SOD lists it. One
// that is listed and not given away is held back: a copy could do that.
func (r *reader) chipFile(ctx context.Context, n int) ([]byte, error) {
	if r.sod == nil || !slices.Contains(r.listed, n) {
		return nil, nil
	}
	b, err := r.optional(ctx, n, nil)
	if b == nil && err == nil {
		r.withheld = true
	}
	return b, err
}

// doubt keeps a reason why the chip is not proven.
func (r *reader) doubt(why string) {
	if !slices.Contains(r.doubts, why) {
		r.doubts = append(r.doubts, why)
	}
}

// chipCheck sums up what is known of the chip.
func (r *reader) chipCheck() Check {
	switch {
	case r.out.CA == Failed || r.out.AA == Failed || r.weakened || r.withheld:
		return Failed
	case r.out.CA == OK || r.out.AA == OK:
		return OK
	}
	return Unchecked
}
