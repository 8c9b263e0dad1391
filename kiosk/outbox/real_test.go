package outbox_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"tiepdan/drivers/card/cccd"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/outbox"
	"tiepdan/kiosk/store"
)

// realCentre is a NATS server that syncs every message to disk, behind a proxy
// as in provisioning, with a gateway that signs what it pulls.
func realCentre(t testing.TB) link.Credentials {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true,
		Websocket: server.WebsocketOpts{Host: "127.0.0.1", Port: -1, NoTLS: true},
	})
	check(err)
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	ws, err := url.Parse(srv.WebsocketURL())
	check(err)
	ws.Scheme = "http"
	proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(ws))
	t.Cleanup(proxy.Close)

	nc, err := nats.Connect(srv.ClientURL())
	check(err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	check(err)
	for _, cfg := range link.StreamConfigs(1) {
		_, err := js.CreateStream(context.Background(), cfg)
		check(err)
	}
	work, err := js.CreateConsumer(context.Background(), link.StreamDossiers, jetstream.ConsumerConfig{Durable: "gateway", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 256})
	check(err)
	pub, key, err := ed25519.GenerateKey(nil)
	check(err)
	consuming, err := work.Consume(func(m jetstream.Msg) {
		var e link.Envelope
		if err := json.Unmarshal(m.Data(), &e); err != nil {
			t.Error(err)
			return
		}
		r, err := dossier.Receipt{Receipt: e.Receipt, Kiosk: kiosk, SHA256: dossier.Sealed{Ciphertext: e.Sealed}.SHA256(), Seq: 1,
			Outcome: dossier.Accepted, Code: "000.00.06.H26-261123-0001", Status: 1, At: time.Now()}.Sign(key)
		if err != nil {
			t.Error(err)
			return
		}
		b, err := json.Marshal(r)
		if err == nil {
			err = nc.Publish(link.ReceiptSubject(kiosk, e.Receipt), b)
		}
		if err == nil {
			err = m.Ack()
		}
		if err != nil {
			t.Error(err)
		}
	})
	check(err)
	t.Cleanup(consuming.Stop)
	user, err := nkeys.CreateUser()
	check(err)
	seed, err := user.Seed()
	check(err)
	_, recipient, err := dossier.NewIdentity()
	check(err)
	return link.Credentials{Kiosk: kiosk, Centre: proxy.URL, Seed: string(seed), JWT: "none", Recipient: recipient, ReceiptKey: pub}
}

// recordMany fills a store with dossiers of about 20 kB.
func recordMany(t testing.TB, s *store.Store, recipient string, n int) {
	t.Helper()
	for range n {
		r, err := dossier.NewReceiptNumber(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		sealed, err := dossier.Seal(dossier.Dossier{
			Version: dossier.Version, Receipt: r, Kiosk: kiosk, Unit: "00004", Agency: "000.00.06.H26", Channel: "direct",
			SubmittedAt: now, Clock: "synced", Catalogue: "c", Procedure: "1.001193", Form: "khai-sinh", FormVersion: "1", Lang: "vi",
			Applicant: dossier.Applicant{PIN: "001099000067", Name: "Canary"}, SOD: make([]byte, 14<<10),
			Consents: []dossier.Consent{{Purpose: "filing", Text: "1", Given: true, Method: "touch", At: now}},
			Verdict:  cccd.Verdict{Grade: cccd.GradeAnchored},
		}, nil, recipient)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Record(context.Background(), store.Submission{Visit: rand.Text(), At: now,
			Dossier: &store.Filing{Sealed: sealed, Procedure: "1.001193"}}); err != nil {
			t.Fatal(err)
		}
	}
}

// drainAll runs the outbox until so many results came.
func drainAll(t testing.TB, s *store.Store, cred link.Credentials, want int) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	conn, err := link.New(cred, log)
	if err != nil {
		t.Fatal(err)
	}
	box := outbox.New(s, conn, cred, log)
	results := make(chan dossier.Receipt, want)
	box.Results = func(r dossier.Receipt) { results <- r }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- conn.Run(ctx) }()
	go func() { ended <- box.Run(ctx) }()
	late := time.After(2 * time.Minute)
	for range want {
		select {
		case <-results:
		case <-late:
			t.Fatal("not all dossiers came back with a receipt")
		}
	}
	cancel()
	<-ended
	<-ended
}

func TestOverARealLink(t *testing.T) {
	cred := realCentre(t)
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	recordMany(t, s, cred.Recipient, 40)
	drainAll(t, s, cred, 40)
	if b, err := s.Backlog(t.Context()); err != nil || b != (dossier.Backlog{}) {
		t.Error(b, err)
	}
}

// BenchmarkDrain is a backlog of 20 kB dossiers, from the link's coming up to
// the last receipt kept, over the websocket to a server that syncs each message.
func BenchmarkDrain(b *testing.B) {
	cred := realCentre(b)
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), store.FileName))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	recordMany(b, s, cred.Recipient, b.N)
	b.ResetTimer()
	drainAll(b, s, cred, b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "dossiers/s")
}
