package main

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"

	"tiepdan/kiosk/dossier"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/gateway/onestopsim"
)

// A gateway in a process of its own, on the link like everybody: what the
// centre kept, sealed, while there was none, goes out.
func TestGatewayApart(t *testing.T) {
	h := openHall(t, t.TempDir(), func(o *options) { o.sim = false })
	d := h.enrol()
	s := d.file()
	if page := get(t, h.url+"/metrics"); !strings.Contains(page, "tiepdan_dossiers_waiting 1") {
		t.Errorf("nothing waits:\n%s", page)
	}
	if page := get(t, h.url+"/healthz"); !strings.Contains(page, "gateway-elsewhere") {
		t.Error(page)
	}
	sim, err := onestopsim.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	city := httptest.NewServer(sim.Handler("/city"))
	defer city.Close()

	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"gateway", "-nats", strings.Replace(h.url, "http", "ws", 1) + "/nats", "-data", h.data,
			"-onestop", city.URL + "/city", "-onestop-account", "-"},
			env{strings.NewReader(sim.Account().Username + ":" + sim.Account().Password + "\n"), h.log, h.log})
	}()
	if r := d.receipt(s, 1); r.Outcome != dossier.Accepted {
		t.Errorf("%+v", r)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("the gateway's end: %v", err)
	}
}

// The centre on a NATS server that is not its own, which trusts its operator.
func TestExternalNATS(t *testing.T) {
	data := t.TempDir()
	folder, err := openData(data)
	if err != nil {
		t.Fatal(err)
	}
	k, err := folder.keys(true)
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.close(); err != nil {
		t.Fatal(err)
	}
	authority, err := enrol.NewAuthority(k.authority)
	if err != nil {
		t.Fatal(err)
	}
	operator, err := authority.Operator()
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := authority.Accounts(nil)
	if err != nil {
		t.Fatal(err)
	}
	resolver := &server.MemAccResolver{}
	for key, token := range accounts {
		if err := resolver.Store(key, token); err != nil {
			t.Fatal(err)
		}
	}
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		TrustedOperators: []*jwt.OperatorClaims{operator}, SystemAccount: authority.System(), AccountResolver: resolver,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	defer func() { srv.Shutdown(); srv.WaitForShutdown() }()
	if !srv.ReadyForConnections(patience) {
		t.Fatal("NATS is not ready")
	}
	h := openHall(t, data, func(o *options) { o.nats, o.timeout = srv.ClientURL(), 5*time.Second })
	d := h.enrol()
	if r := d.receipt(d.file(), 1); r.Outcome != dossier.Accepted {
		t.Errorf("%+v", r)
	}
	h.stop()
}
