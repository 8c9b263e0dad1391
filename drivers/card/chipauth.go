package card

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Object identifiers of Chip Authentication (Doc 9303-11 §9.2.5, §9.2.6).
const (
	idCAECDH     = "0.4.0.127.0.7.2.2.3.2." // and the cipher, as in PACE
	idPKECDH     = "0.4.0.127.0.7.2.2.1.2"
	idCA         = "0.4.0.127.0.7.2.2.3."
	idPK         = "0.4.0.127.0.7.2.2.1."
	tripleDESArc = 1
)

// A caOffer is one way to do chip authentication: a static key of the chip and
// the cipher of the session that comes of it.
type caOffer struct {
	oid   string
	suite suite
	curve Curve
	key   point
	id    []byte // what the chip knows the key by; nil when it says no such thing
	named bool   // the chip has several keys, and must be told which
}

// caOffers pairs the keys and the protocols EF.DG14 lists, AES before 3DES and
// the longer AES key first. announced tells that there is any chip
// authentication in it, of a kind we can do or not.
func caOffers(infos []SecurityInfo) (offers []caOffer, announced bool, err error) {
	keys := 0
	for _, k := range infos {
		announced = announced || strings.HasPrefix(k.OID, idCA) || strings.HasPrefix(k.OID, idPK)
		if strings.HasPrefix(k.OID, idPK) {
			keys++
		}
	}
	for _, k := range infos {
		if k.OID != idPKECDH {
			continue
		}
		curve, encoded, keyErr := ParseECKey(k.Required)
		var key point
		if keyErr == nil {
			key, keyErr = curve.decode(encoded)
		}
		if keyErr != nil {
			err = keyErr
			continue
		}
		for _, cipher := range caCiphers(infos, k.Optional) {
			offers = append(offers, caOffer{
				oid: idCAECDH + strconv.Itoa(cipher), suite: paceSuites[cipher],
				curve: curve, key: key, id: k.Optional.Value, named: keys > 1,
			})
		}
	}
	slices.SortStableFunc(offers, func(a, b caOffer) int {
		return (b.suite.block<<8 + b.suite.keyLen) - (a.suite.block<<8 + a.suite.keyLen)
	})
	if len(offers) == 0 && announced && err == nil {
		err = fmt.Errorf("%w: chip authentication other than ECDH", ErrUnsupported)
	}
	return offers, announced, err
}

// caCiphers are those listed for the key with this identifier. A chip that
// lists a key and no protocol does 3DES (Doc 9303-11 §6.2.3: the first chips).
func caCiphers(infos []SecurityInfo, id TLV) []int {
	var ciphers []int
	listed := false
	for _, info := range infos {
		if !strings.HasPrefix(info.OID, idCA) {
			continue
		}
		listed = true
		cipher, err := strconv.Atoi(strings.TrimPrefix(info.OID, idCAECDH))
		if _, known := paceSuites[cipher]; err != nil || !known || slices.Contains(ciphers, cipher) {
			continue
		}
		if version, err := info.Required.Int(); err != nil || version != 1 {
			continue
		}
		// Identifiers matter where both have one.
		if info.Optional.Tag == 0 || id.Tag == 0 || string(info.Optional.Value) == string(id.Value) {
			ciphers = append(ciphers, cipher)
		}
	}
	if !listed {
		return []int{tripleDESArc}
	}
	return ciphers
}

// ChipAuthenticate is Chip Authentication version 1 with ECDH (Doc 9303-11
// §6.2): it agrees on new session keys with the static key of EF.DG14, which
// only the chip can do that the file was made for. infos are of EF.DG14; they
// are worth what the signature over it is.
//
// announced tells that EF.DG14 has chip authentication at all. A nil error with
// it means that the session has its new keys, not yet that the chip has them
// too: the next answer shows that ([Conn.Alive], or any other), or fails with
// [ErrSecurity]. A [StatusError] is a chip that would not; the old session goes
// on then.
func (c *Conn) ChipAuthenticate(ctx context.Context, infos []SecurityInfo) (announced bool, err error) {
	offers, announced, err := caOffers(infos)
	if len(offers) == 0 {
		return announced, err
	}
	for _, offer := range offers {
		err = c.chipAuth(ctx, offer)
		if !c.refused(err) {
			break
		}
	}
	if err != nil {
		return true, fmt.Errorf("CA: %w", err)
	}
	return true, nil
}

func (c *Conn) chipAuth(ctx context.Context, offer caOffer) error {
	k, err := offer.curve.scalar(c.rand)
	if err != nil {
		return err
	}
	pub, err := offer.curve.mul(offer.curve.base(), k)
	if err != nil {
		return err
	}
	shared, err := offer.curve.mul(offer.key, k)
	if err != nil {
		return err
	}
	if err := c.sendCAKey(ctx, offer, offer.curve.encode(pub)); err != nil {
		return err
	}
	secret := offer.curve.secret(shared)
	c.sm.wipe()
	c.sm = newSession(offer.suite, secret, offer.suite.zeroIV())
	clear(secret)
	return nil
}

// sendCAKey gives the chip our key: in MSE:Set KAT for triple DES, else by
// MSE:Set AT and GENERAL AUTHENTICATE, which some chips want for triple DES too.
func (c *Conn) sendCAKey(ctx context.Context, offer caOffer, pub []byte) error {
	if offer.suite.block == tripleDES.block {
		err := c.setCA(ctx, 0xA6, AppendTLV(nil, 0x91, pub), offer)
		if !c.refused(err) {
			return err
		}
	}
	if err := c.setCA(ctx, 0xA4, AppendTLV(nil, 0x80, AppendOID(nil, offer.oid)), offer); err != nil {
		return err
	}
	body := AppendTLV(nil, tagDynamicAuth, AppendTLV(nil, 0x80, pub))
	_, err := c.Do(ctx, Command{INS: insGeneralAuth, Data: body, Le: leShort})
	return err
}

// setCA is MSE:Set KAT or AT. The key is named only when there are several, for
// some chips refuse to be told what they know; if they refuse that, the other
// way is tried.
func (c *Conn) setCA(ctx context.Context, p2 byte, data []byte, offer caOffer) error {
	set := func(named bool) error {
		d := slices.Clone(data)
		if named {
			d = AppendTLV(d, 0x84, offer.id)
		}
		_, err := c.Do(ctx, Command{INS: insManageSE, P1: 0x41, P2: p2, Data: d})
		return err
	}
	named := offer.named && offer.id != nil
	err := set(named)
	if c.refused(err) && offer.id != nil {
		err = set(!named)
	}
	return err
}

// Alive has the chip answer under the session, without asking for anything of
// anybody: one byte of EF.COM.
func (c *Conn) Alive(ctx context.Context) error {
	_, err := c.Do(ctx, Command{INS: insReadBinary, P1: 0x80 | EFCOM.SFI, Le: 1})
	if c.refused(err) {
		return nil // it answered, and with the right MAC
	}
	return err
}

// ActiveAuthenticate has the chip sign a challenge with the key of EF.DG15
// (Doc 9303-11 §6.1). size is how long a signature of that key can be.
func (c *Conn) ActiveAuthenticate(ctx context.Context, challenge [8]byte, size int) ([]byte, error) {
	ask := Command{INS: insInternalAuth, Data: challenge[:], Le: leShort}
	asks := []Command{ask} // what does not fit a short answer, the chip may put behind 61xx
	if size > fit(leShort+2, c.sm) && c.le > leShort {
		ask.Le, ask.Extended = min(size, maxRead), true
		asks = []Command{ask, asks[0]}
	}
	var signature []byte
	var err error
	for _, ask := range asks {
		signature, err = c.Do(ctx, ask)
		sw, _ := asStatus(err)
		if sw>>8 == 0x6C && c.refused(err) {
			ask.Le = shortLe(byte(sw))
			signature, err = c.Do(ctx, ask)
		}
		if sw, _ = asStatus(err); sw != swWrongLength || !c.refused(err) {
			break
		}
	}
	if err == nil && len(signature) == 0 {
		err = fmt.Errorf("%w: empty signature", ErrMalformed)
	}
	if err != nil {
		return nil, fmt.Errorf("AA: %w", err)
	}
	return signature, nil
}
