package link

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nkeys"

	"tiepdan/kiosk/dossier"
)

// An EnrolCode is typed or scanned once by a technician and carries its own
// trust: 10 characters of secret (50 bits), then 15 characters (75 bits) of the
// SHA-256 of the centre's receipt key. So the kiosk knows whom it talks to
// before any certificate does. It redacts itself in logs.
type EnrolCode string

const (
	secretLength = 10
	printLength  = 15
)

func (c EnrolCode) String() string   { return "[enrolment code]" }
func (c EnrolCode) GoString() string { return c.String() }

// NewEnrolCode draws a code for the centre that holds receiptKey.
func NewEnrolCode(rand io.Reader, receiptKey ed25519.PublicKey) (EnrolCode, error) {
	secret, err := dossier.RandomCrockford(rand, secretLength)
	if err != nil {
		return "", err
	}
	return EnrolCode(secret + keyPrint(receiptKey)), nil
}

// ParseEnrolCode reads a code as typed or scanned; see [dossier.ParseCrockford].
// The error is [ErrWrongCode].
func ParseEnrolCode(s string) (EnrolCode, error) {
	c, err := dossier.ParseCrockford(strings.TrimSpace(s), secretLength+printLength)
	if err != nil {
		return "", fmt.Errorf("%w: a code has %d letters and digits, in groups of 5", ErrWrongCode, secretLength+printLength)
	}
	return EnrolCode(c), nil
}

// Grouped is the code as people type it, 5 × 5.
func (c EnrolCode) Grouped() string {
	var g []string
	for s := string(c); s != ""; s = s[min(5, len(s)):] {
		g = append(g, s[:min(5, len(s))])
	}
	return strings.Join(g, "-")
}

// Trusts reports whether key is the one the code was made for.
func (c EnrolCode) Trusts(key ed25519.PublicKey) bool {
	return len(c) == secretLength+printLength && string(c[secretLength:]) == keyPrint(key)
}

func keyPrint(key ed25519.PublicKey) string {
	h := sha256.Sum256(key)
	var b strings.Builder
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	for bit := 0; bit < 5*printLength; bit += 5 {
		v := uint16(h[bit/8])<<8 | uint16(h[bit/8+1])
		b.WriteByte(alphabet[v>>(11-bit%8)&31])
	}
	return b.String()
}

// EnrolRequest is POSTed to the centre's /enrol. Code is canonical (25
// characters, not grouped).
type EnrolRequest struct {
	Code      string            `json:"code"`
	PublicKey string            `json:"public_key"` // nkey U…
	Hardware  map[string]string `json:"hardware"`
}

// EnrolReply answers it. Signature is by the receipt key over the rest: the
// code carries 75 bits of that key's fingerprint, so the kiosk knows whom it
// talks to even before any certificate. The centre signs with [EnrolReply.Sign].
type EnrolReply struct {
	Kiosk      string `json:"kiosk"`
	JWT        string `json:"jwt"`
	Recipient  string `json:"recipient"`
	ReceiptKey []byte `json:"receipt_key"`
	Config     []byte `json:"config"`       // the kiosk's first configuration, YAML
	CA         []byte `json:"ca,omitempty"` // PEM, of a centre that no public authority vouches for
	Signature  []byte `json:"signature"`
}

// EnrolRefusal is the body of any other answer than 200: one of the codes of
// [RefusalOf].
type EnrolRefusal struct {
	Error string `json:"error"`
}

// Why an enrolment fails. Each says what the technician does next.
var (
	ErrWrongCode   = errors.New("the code is wrong: check it letter by letter")
	ErrCodeUsed    = errors.New("the code was used already: ask the centre for a new one")
	ErrCodeExpired = errors.New("the code has expired: ask the centre for a new one")
	ErrSlowDown    = errors.New("too many tries: wait a minute")
	ErrUnreachable = errors.New("the centre can't be reached: check the address and the network")
	ErrImpostor    = errors.New("whoever answered is not the centre of this code: stop, and call the centre")
	ErrAddress     = errors.New("centre's address")
	ErrRefused     = errors.New("the centre refused")
)

var refusals = []struct {
	code   string
	status int
	err    error
}{
	{"wrong-code", http.StatusForbidden, ErrWrongCode},
	{"used", http.StatusConflict, ErrCodeUsed},
	{"expired", http.StatusGone, ErrCodeExpired},
	{"slow-down", http.StatusTooManyRequests, ErrSlowDown},
	{"refused", http.StatusBadRequest, ErrRefused},
}

// RefusalOf is what the centre answers for err: an HTTP status and the code of
// an [EnrolRefusal]. Errors it doesn't know are "refused".
func RefusalOf(err error) (status int, code string) {
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return r.status, r.code
		}
	}
	return http.StatusBadRequest, "refused"
}

const enrolDomain = "tiepdan enrol v1\n"

// Sign returns the reply, signed for the kiosk whose request named publicKey:
// a reply to one kiosk is worth nothing to another.
func (r EnrolReply) Sign(publicKey string, key ed25519.PrivateKey) (EnrolReply, error) {
	b, err := r.signedBytes(publicKey)
	if err != nil {
		return EnrolReply{}, err
	}
	r.Signature = ed25519.Sign(key, b)
	return r, nil
}

// Verify holds the reply against the code and the kiosk's own key; the error is
// [ErrImpostor].
func (r EnrolReply) Verify(code EnrolCode, publicKey string) error {
	b, err := r.signedBytes(publicKey)
	if err != nil {
		return err
	}
	if len(r.ReceiptKey) != ed25519.PublicKeySize || !code.Trusts(r.ReceiptKey) ||
		!ed25519.Verify(r.ReceiptKey, b, r.Signature) {
		return ErrImpostor
	}
	return nil
}

func (r EnrolReply) signedBytes(publicKey string) ([]byte, error) {
	r.Signature = nil
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("enrolment reply: %w", err)
	}
	return append([]byte(enrolDomain+publicKey+"\n"), b...), nil
}

// A Pending is an enrolment that waits for the centre's answer. It holds the key that
// this device made, and is kept in a file of mode 0600 while the request travels on
// somebody's USB stick. It redacts itself.
type Pending struct {
	Centre  string       `json:"centre"`
	Seed    string       `json:"seed"`
	Request EnrolRequest `json:"request"`
}

func (p Pending) String() string       { return "[enrolment of " + p.Request.PublicKey + "]" }
func (p Pending) GoString() string     { return p.String() }
func (p Pending) LogValue() slog.Value { return slog.StringValue(p.String()) }

// NewPending makes this kiosk's key and what it shows the centre. Hardware is reported
// as it is; nothing personal.
func NewPending(centre string, code EnrolCode, hardware map[string]string) (Pending, error) {
	if _, err := parseCentre(centre); err != nil {
		return Pending{}, err
	}
	user, err := nkeys.CreateUser()
	if err != nil {
		return Pending{}, fmt.Errorf("make this kiosk's key: %w", err)
	}
	public, err := user.PublicKey()
	if err != nil {
		return Pending{}, fmt.Errorf("make this kiosk's key: %w", err)
	}
	seed, err := user.Seed()
	if err != nil {
		return Pending{}, fmt.Errorf("make this kiosk's key: %w", err)
	}
	return Pending{Centre: centre, Seed: string(seed), Request: EnrolRequest{Code: string(code), PublicKey: public, Hardware: hardware}}, nil
}

// Accept takes the centre's answer: credentials to save and the first configuration (YAML).
func (p Pending) Accept(reply EnrolReply) (Credentials, []byte, error) {
	if err := reply.Verify(EnrolCode(p.Request.Code), p.Request.PublicKey); err != nil {
		return Credentials{}, nil, err
	}
	c := Credentials{
		Kiosk: reply.Kiosk, Centre: p.Centre, Seed: p.Seed, JWT: reply.JWT,
		Recipient: reply.Recipient, ReceiptKey: reply.ReceiptKey, CA: reply.CA,
	}
	if err := c.Validate(); err != nil {
		return Credentials{}, nil, fmt.Errorf("%w: its answer: %w", ErrRefused, err)
	}
	return c, reply.Config, nil
}

// Enrol shows the centre the code and accepts its answer, in one go. Errors wrap one of
// the sentinels above.
func Enrol(ctx context.Context, centre string, code EnrolCode, hardware map[string]string) (Credentials, []byte, error) {
	p, err := NewPending(centre, code, hardware)
	if err != nil {
		return Credentials{}, nil, err
	}
	reply, err := p.Request.Post(ctx, centre)
	if err != nil {
		return Credentials{}, nil, err
	}
	return p.Accept(reply)
}

// Post shows the centre a request and reads its answer, for whoever carries it. A centre
// of no public authority has to show first that it is the one of the code.
func (req EnrolRequest) Post(ctx context.Context, centre string) (EnrolReply, error) {
	base, err := parseCentre(centre)
	if err != nil {
		return EnrolReply{}, err
	}
	reply, err := req.post(ctx, base, nil)
	if !unknownCA(err) {
		return reply, err
	}
	ca, err := fetchCA(ctx, base, EnrolCode(req.Code))
	if err != nil {
		return EnrolReply{}, err
	}
	if reply, err = req.post(ctx, base, ca); unknownCA(err) {
		return EnrolReply{}, ErrImpostor // it knows the authority, and is not of it
	}
	return reply, err
}

func (req EnrolRequest) post(ctx context.Context, base *url.URL, ca []byte) (EnrolReply, error) {
	url := base.JoinPath("enrol").String()
	body, err := json.Marshal(req)
	if err != nil {
		return EnrolReply{}, fmt.Errorf("enrolment request: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return EnrolReply{}, fmt.Errorf("enrolment request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	client, err := Credentials{CA: ca}.Client()
	if err != nil {
		return EnrolReply{}, fmt.Errorf("%w: %w", ErrImpostor, err)
	}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	if err != nil {
		return EnrolReply{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return EnrolReply{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if resp.StatusCode != http.StatusOK {
		return EnrolReply{}, refusal(resp.StatusCode, b)
	}
	var reply EnrolReply
	if err := json.Unmarshal(b, &reply); err != nil {
		return EnrolReply{}, fmt.Errorf("%w: its answer is not an enrolment", ErrImpostor)
	}
	return reply, nil
}

func refusal(status int, body []byte) error {
	var said EnrolRefusal
	if err := json.Unmarshal(body, &said); err == nil {
		for _, r := range refusals {
			if r.code == said.Error {
				return r.err
			}
		}
	}
	if status >= 500 {
		return fmt.Errorf("%w: it answered %d", ErrUnreachable, status)
	}
	return fmt.Errorf("%w: it answered %d", ErrRefused, status)
}
