package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"tiepdan/provisioning/enrol"
)

// A bus is the NATS that everything travels on: the one embedded here, or a
// cluster somewhere else. Nothing of it listens on a port: whoever comes, comes in by dial.
type bus interface {
	// dial opens a raw connection that speaks the NATS protocol.
	dial(ctx context.Context) (net.Conn, error)
	// setAccounts tells the servers who is in, and who no longer.
	setAccounts(tokens map[string]string) error
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

func (b *embedded) stop() {
	b.srv.Shutdown()
	b.srv.WaitForShutdown()
}

// external is a NATS server or cluster that trusts our operator.
type external struct{ addr string }

func (b external) dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", b.addr)
}

func (external) setAccounts(map[string]string) error { return nil }
func (external) stop()                               {}

// inProcess lets nats.go connect by [bus.dial].
type inProcess struct{ bus }

func (p inProcess) InProcessConn() (net.Conn, error) { return p.dial(context.Background()) }

// connect is the centre's own connection over its bus.
func connect(b bus, authority *enrol.Authority, name string, log *slog.Logger) (*nats.Conn, error) {
	return connectTo("nats://centre", authority, name, log, nats.InProcessServer(inProcess{b}))
}

// connectTo connects to a bus by its URL: nats://host:4222, or ws://host:8090/nats
// through a centre. name is for the server's log.
func connectTo(at string, authority *enrol.Authority, name string, log *slog.Logger, how ...nats.Option) (*nats.Conn, error) {
	who, err := authority.Centre(name)
	if err != nil {
		return nil, err
	}
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
