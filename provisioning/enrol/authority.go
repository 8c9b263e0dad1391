// Package enrol lets kiosks in: who may sign credentials, the registry of
// kiosks, one-time codes, and what a kiosk gets for one: a user JWT bound to the key it
// made, the gateway's public keys, and its first configuration.
package enrol

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"tiepdan/kiosk/link"
)

// Authority signs for this centre: an operator, its system account, and the one
// account all kiosks and the centre itself live in.
type Authority struct {
	operator, system, account nkeys.KeyPair
	operatorPub, systemPub    string
	accountPub                string
}

// Seeds are the private keys of an [Authority], as nkeys encodes them.
type Seeds struct{ Operator, System, Account []byte }

// NewSeeds makes fresh ones.
func NewSeeds() (Seeds, error) {
	var s Seeds
	for _, k := range []struct {
		create func() (nkeys.KeyPair, error)
		into   *[]byte
	}{{nkeys.CreateOperator, &s.Operator}, {nkeys.CreateAccount, &s.System}, {nkeys.CreateAccount, &s.Account}} {
		pair, err := k.create()
		if err != nil {
			return Seeds{}, err
		}
		if *k.into, err = pair.Seed(); err != nil {
			return Seeds{}, err
		}
	}
	return s, nil
}

// NewAuthority takes the seeds into use.
func NewAuthority(s Seeds) (*Authority, error) {
	a := &Authority{}
	for _, k := range []struct {
		name   string
		seed   []byte
		prefix nkeys.PrefixByte
		pair   *nkeys.KeyPair
		pub    *string
	}{
		{"operator", s.Operator, nkeys.PrefixByteOperator, &a.operator, &a.operatorPub},
		{"system", s.System, nkeys.PrefixByteAccount, &a.system, &a.systemPub},
		{"account", s.Account, nkeys.PrefixByteAccount, &a.account, &a.accountPub},
	} {
		prefix, _, err := nkeys.DecodeSeed(s.seedTrim(k.seed))
		if err == nil && prefix != k.prefix {
			err = fmt.Errorf("a seed of kind %s", prefix)
		}
		if err == nil {
			*k.pair, err = nkeys.FromSeed(s.seedTrim(k.seed))
		}
		if err == nil {
			*k.pub, err = (*k.pair).PublicKey()
		}
		if err != nil {
			return nil, fmt.Errorf("enrol: %s key: %w", k.name, err)
		}
	}
	return a, nil
}

// seedTrim forgives the newline an editor leaves.
func (Seeds) seedTrim(seed []byte) []byte {
	for len(seed) > 0 && (seed[len(seed)-1] == '\n' || seed[len(seed)-1] == '\r') {
		seed = seed[:len(seed)-1]
	}
	return seed
}

// Operator is what a NATS server of this centre trusts.
func (a *Authority) Operator() (*jwt.OperatorClaims, error) {
	c := jwt.NewOperatorClaims(a.operatorPub)
	c.Name = "tiepdan"
	c.SystemAccount = a.systemPub
	token, err := c.Encode(a.operator)
	if err != nil {
		return nil, err
	}
	return jwt.DecodeOperatorClaims(token)
}

// OperatorToken is the operator's JWT, for a cluster's configuration.
func (a *Authority) OperatorToken() (string, error) {
	c, err := a.Operator()
	if err != nil {
		return "", err
	}
	return c.Encode(a.operator)
}

// System is the system account's public key.
func (a *Authority) System() string { return a.systemPub }

// Account is the public key of the account kiosks live in.
func (a *Authority) Account() string { return a.accountPub }

// Accounts returns the account JWTs by public key. Users whose keys are revoked
// are cut off as soon as a server hears of it, and never let in again.
func (a *Authority) Accounts(revoked map[string]time.Time) (map[string]string, error) {
	system := jwt.NewAccountClaims(a.systemPub)
	system.Name = "SYS"
	account := jwt.NewAccountClaims(a.accountPub)
	account.Name = "TIEPDAN"
	account.Limits.JetStreamLimits = jwt.JetStreamLimits{
		MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit,
	}
	for _, key := range slices.Sorted(maps.Keys(revoked)) {
		account.RevokeAt(key, revoked[key])
	}
	tokens := map[string]string{}
	for _, c := range []*jwt.AccountClaims{system, account} {
		token, err := c.Encode(a.operator)
		if err != nil {
			return nil, fmt.Errorf("enrol: account: %w", err)
		}
		tokens[c.Subject] = token
	}
	return tokens, nil
}

// Kiosk signs the credential of a kiosk: exactly [link.Permissions]. It
// doesn't expire, because a kiosk back after a season must connect; revocation is the way out.
func (a *Authority) Kiosk(id, publicKey string) (string, error) {
	if !nkeys.IsValidPublicUserKey(publicKey) {
		return "", fmt.Errorf("enrol: %q is no public user key", publicKey)
	}
	pub, sub := link.Permissions(id)
	c := jwt.NewUserClaims(publicKey)
	c.Name = id
	c.Permissions = jwt.Permissions{
		Pub:  jwt.Permission{Allow: pub},
		Sub:  jwt.Permission{Allow: sub},
		Resp: &jwt.ResponsePermission{MaxMsgs: link.Responses, Expires: link.ResponseWindow},
	}
	return c.Encode(a.account)
}

// Centre lets the centre itself connect, by a key that lives only as long as
// this process.
func (a *Authority) Centre(name string) (nats.Option, error) { return user(a.account, name) }

// SystemUser lets the centre tell a cluster who is shut out, and nothing of kiosks.
func (a *Authority) SystemUser(name string) (nats.Option, error) { return user(a.system, name) }

func user(account nkeys.KeyPair, name string) (nats.Option, error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	pub, err := pair.PublicKey()
	if err != nil {
		return nil, err
	}
	seed, err := pair.Seed()
	if err != nil {
		return nil, err
	}
	c := jwt.NewUserClaims(pub)
	c.Name = name
	token, err := c.Encode(account)
	if err != nil {
		return nil, err
	}
	return nats.UserJWTAndSeed(token, string(seed)), nil
}
