package staff

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // RFC 6238's, and the only one that all authenticators know
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

const (
	totpStep   = 30 * time.Second
	totpDigits = 6
	totpSecret = 20 // bytes: RFC 4226 section 4 recommends 160 bits
)

var totpText = base32.StdEncoding.WithPadding(base32.NoPadding)

func newTOTP() []byte {
	secret := make([]byte, totpSecret)
	rand.Read(secret) // never fails
	return secret
}

// hotp is RFC 4226 section 5.3.
func hotp(secret []byte, counter uint64) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, counter))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	code := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, code%1_000_000)
}

// checkTOTP finds the time step of a code, one to either side allowed (RFC 6238
// section 5.2). Steps up to used are refused: a code works once.
func checkTOTP(secret []byte, code string, used uint64, now time.Time) (step uint64, ok bool) {
	at := uint64(now.Unix() / int64(totpStep/time.Second))
	for _, s := range []uint64{at, at - 1, at + 1} {
		if s > used && hmac.Equal([]byte(hotp(secret, s)), []byte(code)) {
			return s, true
		}
	}
	return 0, false
}

// TOTPURI is what an authenticator reads from a QR.
func TOTPURI(name, secret string) string {
	q := url.Values{"secret": {secret}, "issuer": {"Tiếp Dân"}}
	return "otpauth://totp/" + url.PathEscape("Tiếp Dân:"+name) + "?" + q.Encode()
}
