package link

import (
	"crypto/ed25519"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"tiepdan/kiosk/dossier"
)

// centre is a real NATS server in operator mode behind a reverse proxy, as
// provisioning serves it, with its own connection nc.
type centre struct {
	t       *testing.T
	server  *server.Server
	account nkeys.KeyPair
	claims  *jwt.AccountClaims
	resolve *server.MemAccResolver
	opKey   nkeys.KeyPair
	url     string // http://…
	nc      *nats.Conn
	js      jetstream.JetStream
	key     ed25519.PrivateKey // signs receipts
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newCentre(t *testing.T) *centre {
	c := &centre{t: t, resolve: &server.MemAccResolver{}}
	c.opKey = must(nkeys.CreateOperator())(t)
	op := jwt.NewOperatorClaims(must(c.opKey.PublicKey())(t))
	must(op.Encode(c.opKey))(t)
	sys := must(nkeys.CreateAccount())(t)
	c.account = must(nkeys.CreateAccount())(t)
	c.claims = jwt.NewAccountClaims(must(c.account.PublicKey())(t))
	c.claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
	for _, a := range []*jwt.AccountClaims{jwt.NewAccountClaims(must(sys.PublicKey())(t)), c.claims} {
		if err := c.resolve.Store(a.Subject, must(a.Encode(c.opKey))(t)); err != nil {
			t.Fatal(err)
		}
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	c.key = key
	c.server = must(server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: t.TempDir(), SyncInterval: time.Minute,
		TrustedOperators: []*jwt.OperatorClaims{op}, SystemAccount: must(sys.PublicKey())(t), AccountResolver: c.resolve,
		Websocket: server.WebsocketOpts{Host: "127.0.0.1", Port: -1, NoTLS: true},
	}))(t)
	c.server.Start()
	t.Cleanup(func() { c.server.Shutdown(); c.server.WaitForShutdown() })
	if !c.server.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	ws := must(url.Parse(c.server.WebsocketURL()))(t)
	ws.Scheme = "http"
	proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(ws))
	t.Cleanup(proxy.Close)
	c.url = proxy.URL

	me := must(nkeys.CreateUser())(t)
	c.nc = must(nats.Connect(c.server.ClientURL(), nats.UserJWTAndSeed(c.user(me, nil, nil), string(must(me.Seed())(t)))))(t)
	t.Cleanup(c.nc.Close)
	c.js = must(jetstream.New(c.nc))(t)
	for _, cfg := range StreamConfigs(1) {
		must(c.js.CreateStream(t.Context(), cfg))(t)
	}
	return c
}

// user signs a user's JWT; without permissions it may do everything.
func (c *centre) user(k nkeys.KeyPair, pub, sub []string) string {
	u := jwt.NewUserClaims(must(k.PublicKey())(c.t))
	u.Permissions.Pub.Allow.Add(pub...)
	u.Permissions.Sub.Allow.Add(sub...)
	if pub != nil {
		u.Permissions.Resp = &jwt.ResponsePermission{MaxMsgs: Responses, Expires: ResponseWindow}
	}
	return must(u.Encode(c.account))(c.t)
}

func (c *centre) kiosk(id string) Credentials {
	k := must(nkeys.CreateUser())(c.t)
	pub, sub := Permissions(id)
	_, recipient, err := dossier.NewIdentity()
	if err != nil {
		c.t.Fatal(err)
	}
	return Credentials{
		Kiosk: id, Centre: c.url, Seed: string(must(k.Seed())(c.t)), JWT: c.user(k, pub, sub),
		Recipient: recipient, ReceiptKey: c.key.Public().(ed25519.PublicKey),
	}
}

// revoke puts a kiosk on the account's list, as the centre does.
func (c *centre) revoke(cr Credentials) {
	c.t.Helper()
	k := must(nkeys.FromSeed([]byte(cr.Seed)))(c.t)
	c.claims.Revoke(must(k.PublicKey())(c.t))
	if err := c.resolve.Store(c.claims.Subject, must(c.claims.Encode(c.opKey))(c.t)); err != nil {
		c.t.Fatal(err)
	}
	acc := must(c.server.LookupAccount(c.claims.Subject))(c.t)
	c.server.UpdateAccountClaims(acc, c.claims)
}
