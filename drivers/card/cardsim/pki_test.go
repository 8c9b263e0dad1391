package cardsim

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"testing"
)

// Whoever installed the simulator's anchor keeps it: it never changes.
func TestCSCAIsTheSameEverywhere(t *testing.T) {
	h := sha256.Sum256(CSCA())
	const want = "acbb48cfe7102ff3925592a0ebf1fa8019d14b5b8657d5d884540dd3a13e5a44"
	if got := hex.EncodeToString(h[:]); got != want {
		t.Errorf("the CSCA certificate's SHA-256 is %s, want %s: installed anchors no longer hold", got, want)
	}
	if block, rest := pem.Decode(CSCAPEM()); block == nil || len(rest) > 0 || !bytes.Equal(block.Bytes, CSCA()) {
		t.Error("the PEM form is another certificate")
	}
	// Its explicit curve parameters are what makes Vietnam's CSCA a trap.
	if _, err := x509.ParseCertificate(CSCA()); err == nil {
		t.Error("crypto/x509 reads it: it no longer stands for the real one")
	}
	if bytes.Equal(CSCA(), authorityOf("impostor").certificate()) || !bytes.Equal(authorityOf("").dn(), authorityOf("impostor").dn()) {
		t.Error("the impostor must have the name and not the key")
	}
}
