package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/link"
	"tiepdan/provisioning/enrol"
)

// A bus is the NATS that everything travels on: the one embedded here, or a
// cluster somewhere else. Nothing of it listens on a port: whoever comes, comes in by dial.
type bus interface {
	// dial opens a raw connection that speaks the NATS protocol.
	dial(ctx context.Context) (net.Conn, error)
	// setAccounts tells the servers who is in, and who no longer.
	setAccounts(tokens map[string]string) error
	// broken says why it keeps nothing any more; nil: it does.
	broken() error
	// stop ends it, after everybody has left.
	stop()
}

// embedded is a NATS server in this process, with JetStream in dir.
type embedded struct {
	srv      *server.Server
	resolver *server.MemAccResolver
}

// startNATS starts the embedded server. Every acknowledged message is on disk
// (SyncAlways): a JetStream acknowledgement is what lets a kiosk go on.
func startNATS(dir string, authority *enrol.Authority, log *slog.Logger) (*embedded, error) {
	operator, err := authority.Operator()
	if err != nil {
		return nil, err
	}
	b := &embedded{resolver: &server.MemAccResolver{}}
	accounts, err := authority.Accounts(nil)
	if err != nil {
		return nil, err
	}
	for key, token := range accounts {
		if err := b.resolver.Store(key, token); err != nil {
			return nil, err
		}
	}
	b.srv, err = server.NewServer(&server.Options{
		ServerName:       "tiepdan-centre",
		DontListen:       true, // connections come in-process or through /nats
		NoSigs:           true,
		TrustedOperators: []*jwt.OperatorClaims{operator},
		SystemAccount:    authority.System(),
		AccountResolver:  b.resolver,
		JetStream:        true,
		StoreDir:         dir,
		SyncAlways:       true,
		MaxPayload:       1 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	b.srv.SetLoggerV2(natsLog{log}, false, false, false)
	b.srv.Start()
	if !b.srv.ReadyForConnections(30 * time.Second) {
		b.stop()
		return nil, errors.New("nats: the embedded server did not become ready within 30 s; its folder is " + dir)
	}
	return b, nil
}

func (b *embedded) dial(context.Context) (net.Conn, error) { return b.srv.InProcessConn() }

func (b *embedded) setAccounts(tokens map[string]string) error {
	for key, token := range tokens {
		if err := b.resolver.Store(key, token); err != nil {
			return err
		}
		claims, err := jwt.DecodeAccountClaims(token)
		if err != nil {
			return err
		}
		account, err := b.srv.LookupAccount(key)
		if err != nil {
			return fmt.Errorf("nats: account: %w", err)
		}
		b.srv.UpdateAccountClaims(account, claims)
	}
	return nil
}

// broken tells a server whose files could not be written, as on a full disk: it refuses
// from then on, also when there is room again.
func (b *embedded) broken() error {
	if h := b.srv.Healthz(nil); h.Status != "ok" {
		return errors.New(h.Error)
	}
	return nil
}

func (b *embedded) stop() {
	b.srv.Shutdown()
	b.srv.WaitForShutdown()
}

// external is a NATS cluster that trusts our operator: one of its nodes at a time.
type external struct {
	addrs     []string
	authority *enrol.Authority
	log       *slog.Logger
}

// dial takes any node that answers, another one each time: kiosks spread out.
func (b external) dial(ctx context.Context) (net.Conn, error) {
	var failed error
	for _, i := range rand.Perm(len(b.addrs)) {
		conn, err := (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, "tcp", b.addrs[i])
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// claimsUpdate is where a cluster with a full resolver takes an account's newest claims.
const claimsUpdate = "$SYS.REQ.CLAIMS.UPDATE"

// setAccounts hands the claims to the cluster, which spreads them to all its nodes.
func (b external) setAccounts(tokens map[string]string) error {
	who, err := b.authority.SystemUser("centre")
	if err != nil {
		return err
	}
	nc, err := connectAs(who, "nats://cluster", "accounts", b.log, nats.InProcessServer(inProcess{b}))
	if err != nil {
		return err
	}
	defer nc.Close()
	for _, token := range tokens {
		m, err := nc.Request(claimsUpdate, []byte(token), 10*time.Second)
		if err != nil {
			return fmt.Errorf("nats: the cluster did not take who is shut out: %w", err)
		}
		var said struct {
			Error *struct{ Description string } `json:"error"`
		}
		if err := json.Unmarshal(m.Data, &said); err != nil || said.Error != nil {
			return fmt.Errorf("nats: the cluster did not take who is shut out: %s", m.Data)
		}
	}
	return nil
}

func (external) broken() error { return nil } // its nodes are somebody else's to mend
func (external) stop()         {}

// inProcess lets nats.go connect by [bus.dial].
type inProcess struct{ bus }

func (p inProcess) InProcessConn() (net.Conn, error) { return p.dial(context.Background()) }

// connect is the centre's own connection over its bus.
func connect(b bus, authority *enrol.Authority, name string, log *slog.Logger) (*nats.Conn, error) {
	return connectTo("nats://centre", authority, name, log, nats.InProcessServer(inProcess{b}))
}

// busWithin is how long a bus may take to come up: nodes of a cluster that starts with
// us have to find each other first.
const busWithin = time.Minute

// jetStream connects to a bus as a centre, once its JetStream answers.
func jetStream(ctx context.Context, b bus, authority *enrol.Authority, name string, log *slog.Logger) (*nats.Conn, jetstream.JetStream, error) {
	late, cancel := context.WithTimeout(ctx, busWithin)
	defer cancel()
	for {
		nc, err := connect(b, authority, name, log)
		if err == nil {
			var js jetstream.JetStream
			if js, err = jetstream.New(nc); err == nil {
				if err = answers(late, js); err == nil {
					return nc, js, nil
				}
			}
			nc.Close()
		}
		log.Info("waiting for the bus", "err", err)
		select {
		case <-late.Done():
			return nil, nil, fmt.Errorf("the bus does not answer: %w", err)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// answers asks JetStream for a word, for a moment: a cluster that has no leader yet says none.
func answers(ctx context.Context, js jetstream.JetStream) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := js.AccountInfo(ctx)
	return err
}

// settled tries again while a cluster that has just come up, or lost a node, is still
// choosing who leads: for as long as a bus may take.
func settled(ctx context.Context, log *slog.Logger, try func() error) error {
	late, cancel := context.WithTimeout(ctx, busWithin)
	defer cancel()
	for {
		err := try()
		api, _ := errors.AsType[*jetstream.APIError](err)
		unsettled := errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) ||
			errors.Is(err, jetstream.ErrNoStreamResponse) || api != nil && api.Code == http.StatusServiceUnavailable
		if !unsettled {
			return err
		}
		log.Info("waiting for the bus", "err", err)
		select {
		case <-late.Done():
			return err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// connectFar connects from another process: to a cluster by its URLs, or through a
// centre that has one embedded, ws://host:8090/nats.
func connectFar(at string, data dataDir, authority *enrol.Authority, name string, log *slog.Logger) (*nats.Conn, error) {
	if strings.HasPrefix(at, "ws") {
		ca, err := data.authority()
		if err != nil {
			return nil, err
		}
		secure, err := link.TLS(ca)
		if err != nil {
			return nil, err
		}
		var how []nats.Option
		if strings.HasPrefix(at, "wss") {
			how = append(how, nats.Secure(secure))
		}
		return connectTo(at, authority, name, log, how...)
	}
	bus, err := openBus(at, data, authority, log)
	if err != nil {
		return nil, err
	}
	return connect(bus, authority, name, log)
}

// connectTo connects to a bus by its URL. name is for the server's log.
func connectTo(at string, authority *enrol.Authority, name string, log *slog.Logger, how ...nats.Option) (*nats.Conn, error) {
	who, err := authority.Centre(name)
	if err != nil {
		return nil, err
	}
	return connectAs(who, at, name, log, how...)
}

func connectAs(who nats.Option, at, name string, log *slog.Logger, how ...nats.Option) (*nats.Conn, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, fmt.Errorf("-nats: %w", err)
	}
	if u.Path != "" {
		how = append(how, nats.ProxyPath(u.Path))
		u.Path = ""
	}
	nc, err := nats.Connect(u.String(), append(how, who, nats.Name(name),
		nats.MaxReconnects(-1), nats.ReconnectWait(time.Second),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			log.Warn("nats", "subject", subject, "err", err)
		}))...)
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	return nc, nil
}

// natsLog hands the embedded server's words on. It logs addresses and ids, never what is in a message.
type natsLog struct{ log *slog.Logger }

func (l natsLog) Noticef(format string, v ...any) { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l natsLog) Debugf(string, ...any)           {}
func (l natsLog) Tracef(string, ...any)           {}
func (l natsLog) Errorf(format string, v ...any)  { l.log.Error(fmt.Sprintf(format, v...)) }
func (l natsLog) Fatalf(format string, v ...any)  { l.log.Error(fmt.Sprintf(format, v...)) }
func (l natsLog) Warnf(format string, v ...any) {
	if s := fmt.Sprintf(format, v...); !strings.Contains(s, "Maximum Memory") {
		l.log.Warn(s)
	}
}
