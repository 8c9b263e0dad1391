package cardsim_test

import (
	"strings"
	"testing"

	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/cccd"
)

// What a command line can ask for is issued, read and proven.
func TestParseProfile(t *testing.T) {
	p := persona(t, "dung")
	for _, w := range []cardsim.ProfileWords{
		{},
		{PACE: "aes256/brainpoolP512r1", CA: "aes256/P-521", AA: "rsa2048/34cc", SOD: "pss2048/sha512", Nonce: 32},
		{PACE: "3des/P-256,aes128/P-384/explicit", CA: "3des/brainpoolP384r1,aes192/P-256", AA: "ecdsa/P-384/sha384/der", SOD: "ecdsa/P-521/sha512"},
		{Access: "bac", CA: "none", AA: "RSA1024/BC", SOD: "rsa3072/sha256/old"},
		{Access: "pace", AA: "none", Max: 300},
		{Access: "both", CA: "AES128/p-256/explicit"},
	} {
		profile, err := cardsim.ParseProfile(w)
		if err != nil {
			t.Errorf("%+v: %v", w, err)
			continue
		}
		r, err := read(issue(t, "dung", cardsim.Options{Profile: profile}), p.Key(), anchored(t))
		if err != nil || r.Verdict.Grade != cccd.GradeGenuine || (r.Access == "BAC") != (w.Access == "bac") {
			t.Errorf("%+v: %v, %s, %+v", w, err, r.Access, r.Verdict)
		}
	}
	for want, w := range map[string]cardsim.ProfileWords{
		"pace, bac or both":      {Access: "nfc"},
		"leaves no way in":       {Access: "pace", PACE: "none"},
		"3des, aes128":           {PACE: "des/P-256"},
		"P-256, brainpoolP256r1": {PACE: "aes128/P-255"},
		"want CIPHER/CURVE":      {CA: "aes128"},
		"CIPHER/CURVE/explicit":  {CA: "aes128/P-256/loud"},
		"1024, 1280":             {AA: "rsa1000/bc"},
		"bc, 33cc":               {AA: "rsa1024/31cc"},
		"sha1, sha224":           {AA: "ecdsa/P-256/md5"},
		"want rsaBITS/TRAILER":   {AA: "dsa"},
		"want rsaBITS/HASH":      {SOD: "sha256"},
		"no hash":                {SOD: "rsa2048/md5"},
		"16 or 32":               {Nonce: 8},
		"258 to 65535":           {Max: 100},
	} {
		if _, err := cardsim.ParseProfile(w); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q in it", w, err, want)
		}
	}
}
