package link

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A SignedCA is the certificate authority of a centre that no public one vouches for, in
// the word of a receipt key: codes carry that key's fingerprint, so that a kiosk knows the
// authority before it believes any certificate, and before its code leaves it.
type SignedCA struct {
	PEM        []byte `json:"pem"` // one certificate, or two while one takes the other's place
	ReceiptKey []byte `json:"receipt_key"`
	Signature  []byte `json:"signature"`
}

// CAPath is where a centre serves its [SignedCA]s, one in the word of each of its receipt
// keys; none: it has a public certificate.
const CAPath = "/ca"

const (
	caDomain = "tiepdan ca v1\n"
	maxCA    = 64 << 10
)

// Sign signs a centre's authority.
func (s SignedCA) Sign(key ed25519.PrivateKey) SignedCA {
	s.ReceiptKey = key.Public().(ed25519.PublicKey)
	s.Signature = ed25519.Sign(key, append([]byte(caDomain), s.PEM...))
	return s
}

// verify holds it against a receipt key that is believed.
func (s SignedCA) verify(key ed25519.PublicKey) bool {
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, append([]byte(caDomain), s.PEM...), s.Signature)
}

// TLS is how to speak to a centre whose authority is this one (PEM; none: a public one).
func TLS(ca []byte) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(ca) == 0 {
		return cfg, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("the centre's authority is no certificate")
	}
	cfg.RootCAs = pool
	return cfg, nil
}

// Client speaks HTTP to the centre of these credentials.
func (c Credentials) Client() (*http.Client, error) {
	cfg, err := TLS(c.CA)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: cfg, TLSHandshakeTimeout: dialTimeout}}, nil
}

// fetchCA asks whoever answers for the authority of the centre of a code. Nothing is
// believed but the code's fingerprint; nothing secret is said.
func fetchCA(ctx context.Context, base *url.URL, code EnrolCode) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath(CAPath).String(), nil)
	if err != nil {
		return nil, err
	}
	anybody := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer anybody.CloseIdleConnections()
	resp, err := anybody.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxCA))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	var all []SignedCA
	if resp.StatusCode != http.StatusOK || json.Unmarshal(b, &all) != nil {
		return nil, ErrImpostor
	}
	for _, one := range all {
		if len(one.ReceiptKey) == ed25519.PublicKeySize && code.Trusts(one.ReceiptKey) && one.verify(one.ReceiptKey) {
			return one.PEM, nil
		}
	}
	return nil, ErrImpostor
}

// unknownCA says that whoever answered has a certificate that nobody known vouches for.
func unknownCA(err error) bool {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	return unknown
}

// WithCA returns the credentials with the authority of a blob that the centre names in
// [Desired], and whether it is another. What the receipt key did not sign is refused.
func (c Credentials) WithCA(blob []byte) (Credentials, bool, error) {
	var all []SignedCA
	if err := json.Unmarshal(blob, &all); err != nil {
		return c, false, fmt.Errorf("the centre's authority: %w", err)
	}
	for _, one := range all {
		if !one.verify(c.ReceiptKey) {
			continue
		}
		if _, err := TLS(one.PEM); err != nil {
			return c, false, err
		}
		changed := string(one.PEM) != string(c.CA)
		c.CA = one.PEM
		return c, changed, nil
	}
	return c, false, fmt.Errorf("the centre's authority: %w", ErrImpostor)
}
