package enrol

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/nats-io/nkeys"
	"golang.org/x/time/rate"

	"tiepdan/kiosk/link"
)

// Desk is POST /enrol: a code and a public key in, credentials out.
type Desk struct {
	Registry   *Registry
	Authority  *Authority
	Recipient  string             // the gateway's
	ReceiptKey ed25519.PrivateKey // signs the reply, and later receipts
	// Past are receipt keys before it: codes that were printed then trust those. A kiosk
	// that comes by one is led on by what it is told (see [link.KeyChange]).
	Past []ed25519.PrivateKey
	CA   []byte // PEM of the centre's own authority; none: a public one
	// Admitted is called after a kiosk came in: if it replaces another, servers have to hear of it.
	Admitted func(context.Context, Kiosk) error
	Log      *slog.Logger

	tries Limiter
}

// Public is the key that codes of this centre carry the fingerprint of.
func (d *Desk) Public() ed25519.PublicKey { return d.ReceiptKey.Public().(ed25519.PublicKey) }

// maxRequest bounds an enrolment request; its hardware list is short.
const maxRequest = 64 << 10

func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from := address(r)
	reply, err := d.enrol(r, from)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		status, code := link.RefusalOf(err)
		if errors.Is(err, errInternal) {
			status = http.StatusServiceUnavailable
		}
		d.Log.Warn("enrolment refused", "from", from, "why", code, "err", err)
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(link.EnrolRefusal{Error: code}) // nobody is left to tell if this fails
		return
	}
	json.NewEncoder(w).Encode(reply)
}

// errInternal marks what is the centre's fault, not the technician's.
var errInternal = errors.New("the centre could not")

func (d *Desk) enrol(r *http.Request, from string) (link.EnrolReply, error) {
	giveBack, ok := d.tries.Take(from)
	if !ok {
		return link.EnrolReply{}, link.ErrSlowDown
	}
	req, err := readRequest(r.Body)
	if err != nil {
		return link.EnrolReply{}, err
	}
	code, err := link.ParseEnrolCode(req.Code)
	if err != nil {
		return link.EnrolReply{}, err
	}
	key := d.ReceiptKey
	for _, past := range d.Past {
		if code.Trusts(past.Public().(ed25519.PublicKey)) {
			key = past
		}
	}
	public := key.Public().(ed25519.PublicKey)
	if !code.Trusts(public) {
		return link.EnrolReply{}, link.ErrWrongCode // another centre's
	}
	k, err := d.Registry.Redeem(r.Context(), code, req.PublicKey, req.Hardware)
	if err != nil {
		return link.EnrolReply{}, internal(err)
	}
	token, err := d.Authority.Kiosk(k.ID, req.PublicKey)
	if err != nil {
		return link.EnrolReply{}, internal(err)
	}
	reply, err := link.EnrolReply{
		CA:         d.CA,
		Kiosk:      k.ID,
		JWT:        token,
		Recipient:  d.Recipient,
		ReceiptKey: public,
		Config:     k.Config,
	}.Sign(req.PublicKey, key)
	if err != nil {
		return link.EnrolReply{}, internal(err)
	}
	if err := d.Admitted(r.Context(), k); err != nil {
		return link.EnrolReply{}, internal(err)
	}
	giveBack()
	d.Log.Info("kiosk enrolled", "kiosk", k.ID, "from", from)
	return reply, nil
}

func internal(err error) error {
	for _, theirs := range []error{link.ErrWrongCode, link.ErrCodeUsed, link.ErrCodeExpired} {
		if errors.Is(err, theirs) {
			return err
		}
	}
	return errors.Join(errInternal, err)
}

// readRequest reads one request strictly. Its errors never repeat the code.
func readRequest(body io.Reader) (link.EnrolRequest, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxRequest+1))
	if err != nil || len(data) > maxRequest {
		return link.EnrolRequest{}, errors.Join(link.ErrRefused, errors.New("too long or cut off"))
	}
	var req link.EnrolRequest
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil {
		return link.EnrolRequest{}, errors.Join(link.ErrRefused, errors.New("not an enrolment request"))
	}
	if _, err := dec.Token(); err != io.EOF {
		return link.EnrolRequest{}, errors.Join(link.ErrRefused, errors.New("more than one request"))
	}
	if !nkeys.IsValidPublicUserKey(req.PublicKey) {
		return link.EnrolRequest{}, errors.Join(link.ErrRefused, errors.New("public_key is no nkey of a user"))
	}
	// It is kept, and shown to people: a list of words and no more.
	for name, value := range req.Hardware {
		if len(req.Hardware) > 32 || len(name) > 40 || len(value) > 200 {
			return link.EnrolRequest{}, errors.Join(link.ErrRefused, errors.New("hardware is a list of at most 32 short texts"))
		}
	}
	return req, nil
}

func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// A Limiter lets each address fail ten times at once and then every six seconds,
// and all of them together twenty times a second: 50 bits outlast that.
type Limiter struct {
	mu    sync.Mutex
	all   *rate.Limiter
	each  map[string]*rate.Limiter
	swept time.Time
}

// maxAddresses bounds what the limiter remembers, and maxFailures how often one may fail at once.
const (
	maxAddresses = 10_000
	maxFailures  = 10
)

// Take uses up a try of this address, given back when it was a good one.
func (l *Limiter) Take(from string) (giveBack func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.all == nil {
		l.all, l.each = rate.NewLimiter(20, 200), map[string]*rate.Limiter{}
	}
	if now.Sub(l.swept) > time.Minute || len(l.each) >= maxAddresses {
		for a, one := range l.each {
			if one.TokensAt(now) >= maxFailures { // as good as new
				delete(l.each, a)
			}
		}
		l.swept = now
	}
	one := l.each[from]
	if one == nil {
		if len(l.each) >= maxAddresses {
			return nil, false
		}
		one = rate.NewLimiter(rate.Every(6*time.Second), maxFailures)
		l.each[from] = one
	}
	if one.TokensAt(now) < 1 || l.all.TokensAt(now) < 1 {
		return nil, false
	}
	a, b := one.ReserveN(now, 1), l.all.ReserveN(now, 1)
	return func() { a.CancelAt(now); b.CancelAt(now) }, true
}
