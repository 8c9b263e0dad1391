package enrol

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/link"
)

func newAuthority(t *testing.T) (*Authority, Seeds) {
	t.Helper()
	s, err := NewSeeds()
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAuthority(s)
	if err != nil {
		t.Fatal(err)
	}
	return a, s
}

func userKey(t testing.TB) string {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	pub, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

// A kiosk's credential allows exactly what link says, and doesn't expire.
func TestCredential(t *testing.T) {
	a, _ := newAuthority(t)
	key := userKey(t)
	token, err := a.Kiosk("00004-01", key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := jwt.DecodeUserClaims(token)
	if err != nil {
		t.Fatal(err)
	}
	pub, sub := link.Permissions("00004-01")
	if strings.Join(c.Pub.Allow, " ") != strings.Join(pub, " ") || strings.Join(c.Sub.Allow, " ") != strings.Join(sub, " ") ||
		len(c.Pub.Deny) != 0 || c.Resp.MaxMsgs != 1 || c.Resp.Expires != 30*time.Second {
		t.Errorf("%+v", c.Permissions)
	}
	if c.Expires != 0 || c.Subject != key || c.Issuer != a.Account() || c.BearerToken {
		t.Errorf("%+v", c)
	}
	if _, err := a.Kiosk("00004-01", a.Account()); err == nil {
		t.Error("an account's key is taken for a user's")
	}
}

func TestSeeds(t *testing.T) {
	a, s := newAuthority(t)
	s.Account = append(s.Account, '\n') // as an editor leaves it
	b, err := NewAuthority(s)
	if err != nil || b.Account() != a.Account() {
		t.Errorf("%v", err)
	}
	s.Operator, s.Account = s.Account, s.Operator
	if _, err := NewAuthority(s); err == nil {
		t.Error("seeds in the wrong place are taken")
	}
	if _, err := NewAuthority(Seeds{}); err == nil {
		t.Error("no seeds are taken")
	}
}

func TestRevocationIsInTheAccount(t *testing.T) {
	a, _ := newAuthority(t)
	key := userKey(t)
	kiosks := []Kiosk{{ID: "a", PublicKey: "U1"}, {ID: "b", Shut: map[string]time.Time{key: time.Now()}}}
	tokens, err := a.Accounts(Revoked(kiosks))
	if err != nil {
		t.Fatal(err)
	}
	c, err := jwt.DecodeAccountClaims(tokens[a.Account()])
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Revocations) != 1 || c.Revocations[key] == 0 {
		t.Errorf("%v", c.Revocations)
	}
}

func TestFirstConfig(t *testing.T) {
	cat, err := catalogue.Embedded(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ unit, site, agency, want string }{
		{"00004", "Điểm số 2", "000.00.06.H26", ""},
		{"99999", "Điểm số 2", "000.00.06.H26", "unit"},
		{"00004", "", "000.00.06.H26", "site"},
		{"00004", "Điểm\nsố 2", "000.00.06.H26", "site"},
		{"00004", "Điểm số 2", "h26", "agency"},
	} {
		got, err := FirstConfig(cat, Site{Unit: c.unit, Site: c.site, Agency: c.agency})
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil || got.Unit.Name != "UBND phường Ba Đình" || got.FilingRequires != config.FilingRead {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
	for profile, want := range map[Profile]struct {
		counters int
		attended bool
	}{"": {4, true}, Reception: {4, true}, Residential: {0, false}, Mobile: {0, true}} {
		got, err := FirstConfig(cat, Site{Unit: "00004", Site: "Điểm số 2", Profile: profile, Hours: "mon-fri 08:00-12:00 13:30-17:00; sat 08:00-11:30"})
		if err != nil || len(got.Counters) != want.counters || got.Attended != want.attended || len(got.Hours) != 3 {
			t.Errorf("profile %q: %+v, %v", profile, got, err)
		}
	}
	if _, err := FirstConfig(cat, Site{Unit: "00004", Site: "Điểm số 2", Profile: "palace"}); err == nil || !strings.Contains(err.Error(), "profile") {
		t.Errorf("a profile that is none: %v", err)
	}
	for _, wrong := range []string{"mon", "fri-mon 08:00-12:00", "mon 08:00", "monday 08:00-12:00", "mon 12:00-08:00", "mon 8-12"} {
		if _, err := FirstConfig(cat, Site{Unit: "00004", Site: "Điểm số 2", Hours: wrong}); err == nil {
			t.Errorf("hours %q are taken", wrong)
		}
	}
	for unit, want := range map[string]string{"Xã Đông Anh": "UBND xã Đông Anh", "Phường Ba Đình": "UBND phường Ba Đình", "Thị trấn X": "UBND Thị trấn X"} {
		if got := committee(unit); got != want {
			t.Errorf("%s: %s", unit, got)
		}
	}
}

// Failing is slowed down for each address and for all together; succeeding is not.
func TestLimiter(t *testing.T) {
	var l Limiter
	for range 100 {
		giveBack, ok := l.Take("10.0.0.1")
		if !ok {
			t.Fatal("slowed down without a failure")
		}
		giveBack()
	}
	n := 0
	for range 100 {
		if _, ok := l.Take("10.0.0.1"); ok {
			n++
		}
	}
	if n != maxFailures {
		t.Errorf("%d failures at once", n)
	}
	if _, ok := l.Take("10.0.0.2"); !ok {
		t.Error("another address suffers")
	}
	for i := range 2 * maxAddresses {
		l.Take(strings.Repeat("x", i%7) + time.Duration(i).String())
	}
	if len(l.each) > maxAddresses {
		t.Errorf("it remembers %d addresses", len(l.each))
	}
}

func FuzzEnrolBody(f *testing.F) {
	key := userKey(f)
	f.Add(`{"code":"0123456789ABCDEFGHJKMNPQR","public_key":"` + key + `","hardware":{"model":"x"}}`)
	f.Add(`{"code":"x","public_key":"` + key + `","admin":true}`)
	f.Add(`{"public_key":"` + key + `"}{}`)
	f.Add(strings.Repeat("[", 10_000))
	f.Fuzz(func(t *testing.T, body string) {
		req, err := readRequest(strings.NewReader(body))
		if err != nil {
			if status, code := link.RefusalOf(err); status != 400 || code != "refused" || !errors.Is(err, link.ErrRefused) {
				t.Errorf("%d %s: %v", status, code, err)
			}
			if len(req.Hardware) > 0 || req.Code != "" {
				t.Error("half a request")
			}
			return
		}
		if !nkeys.IsValidPublicUserKey(req.PublicKey) || len(body) > maxRequest {
			t.Errorf("%q is taken", body)
		}
	})
}
