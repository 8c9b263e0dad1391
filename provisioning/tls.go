package main

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"tiepdan/kiosk/link"
	"tiepdan/provisioning/gateway"
)

// A certificate is a pair of files, read again when they change: a renewal needs no
// restart, and one that can't be read leaves the old one in force.
type certificate struct {
	cert, key string

	mu     sync.Mutex
	loaded *tls.Certificate
	at     time.Time // the files' own time
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.cert)
	if err == nil && info.ModTime().Equal(c.at) {
		return c.loaded, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.cert, c.key); err == nil {
			c.loaded, c.at = &pair, info.ModTime()
		}
	}
	if c.loaded == nil {
		return nil, fmt.Errorf("-tls-cert: %w", err)
	}
	return c.loaded, nil
}

// listenTLS speaks TLS on what comes in by l. HTTP/1.1 alone: links are websockets.
func listenTLS(l net.Listener, cert, key string) (net.Listener, error) {
	c := &certificate{cert: cert, key: key}
	if _, err := c.get(nil); err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: c.get}), nil
}

// readCA reads the centre's own authority and signs it with each of the receipt keys:
// every code that is still out trusts one of them.
func readCA(file string, keys gateway.Keys) ([]link.SignedCA, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("-tls-ca: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("-tls-ca: %s holds no certificate (PEM)", file)
	}
	var all []link.SignedCA
	for _, key := range slices.Concat([]ed25519.PrivateKey{keys.Receipt}, keys.Past) {
		all = append(all, link.SignedCA{PEM: text}.Sign(key))
	}
	return all, nil
}

// authorityOf is the authority itself; none: a public one.
func authorityOf(all []link.SignedCA) []byte {
	if len(all) == 0 {
		return nil
	}
	return all[0].PEM
}

// serveCA tells kiosks, before they believe any certificate, whose they may.
func (c *centre) serveCA(w http.ResponseWriter, r *http.Request) {
	if len(c.ca) == 0 {
		http.NotFound(w, r)
		return
	}
	answer(w, http.StatusOK, c.ca)
}
