package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/config"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/fleet"
)

// options are the flags of serve.
type options struct {
	addr, data, nats string
	tlsCert, tlsKey  string
	tlsCA            string
	onestop          string
	filesURL         string
	account          string
	sim              bool
	hosts            string
	requires         string
	trust            string
	replicas         int
	verbose          bool
	totp             string
	alerts           alertOptions
	timeout, poll    time.Duration // of One-Stop; 0: the usual
	filesAgain       time.Duration // 0: the usual
}

func serveCommand(ctx context.Context, args []string, e env) error {
	var o options
	set := flag.NewFlagSet("serve", flag.ContinueOnError)
	set.StringVar(&o.addr, "addr", "127.0.0.1:8090", "`HOST:PORT` of everything: dashboard, enrolment, link")
	set.StringVar(&o.data, "data", defaultData, "`DIR` for all that is kept")
	set.StringVar(&o.tlsCert, "tls-cert", "", "`FILE` (PEM) of the certificate and its chain, read again when it changes; without it, something in front speaks TLS")
	set.StringVar(&o.tlsKey, "tls-key", "", "`FILE` (PEM) of its key")
	set.StringVar(&o.tlsCA, "tls-ca", "", "`FILE` (PEM) of the authority of that certificate, if it is your own: kiosks are told it, and codes vouch for it")
	set.StringVar(&o.nats, "nats", "", "`URLS`, with commas, of a NATS cluster that trusts this centre's operator (see provisioning cluster); without it, one is embedded")
	set.StringVar(&o.hosts, "hosts", "", "`NAMES`, with commas, this centre is called by besides its address")
	set.IntVar(&o.replicas, "replicas", 1, "copies of every stream, with -nats")
	set.StringVar(&o.totp, "totp", totpRequired, "the second factor of who signs in: required or optional")
	o.alerts.flags(set)
	set.BoolVar(&o.verbose, "v", false, "log more")
	o.gatewayFlags(set)
	simFlags(set, &o)
	if err := flags(set, args, e); err != nil {
		return err
	}
	if o.sim && o.onestop != "" {
		fmt.Fprintln(e.err, "provisioning serve: -onestop and -onestop-sim exclude each other")
		return errUsage
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		fmt.Fprintln(e.err, "provisioning serve: -tls-cert and -tls-key go together")
		return errUsage
	}
	if o.sim && o.tlsCert != "" {
		fmt.Fprintln(e.err, "provisioning serve: the simulated One-Stop answers at this address without TLS; leave -tls-cert out")
		return errUsage
	}
	if o.totp != totpRequired && o.totp != totpOptional {
		fmt.Fprintln(e.err, "provisioning serve: -totp is required or optional")
		return errUsage
	}
	var err error
	if o.account, err = secretText(o.account, e); err != nil {
		return fmt.Errorf("-onestop-account: %w", err)
	}
	if o.alerts.account, err = secretText(o.alerts.account, e); err != nil {
		return fmt.Errorf("-smtp-account: %w", err)
	}
	for {
		if err := serve(ctx, o, e); !errors.Is(err, errAgain) {
			return err
		}
	}
}

// errAgain ends a centre that is to begin anew at once.
var errAgain = errors.New("to begin anew")

const (
	lookAtBus = 5 * time.Second
	leastRoom = 16 << 20 // bytes free on a disk that was full
)

// mendBus ends this centre, to begin anew, once the bus that broke on a full disk may
// write again. Until then kiosks keep what is not taken.
func (c *centre) mendBus(ctx context.Context, data dataDir) error {
	looks := time.NewTicker(lookAtBus)
	defer looks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-looks.C:
		}
		broken := c.bus.broken()
		if broken == nil {
			continue
		}
		room, err := diskFree(data.path())
		c.log.Error("the bus keeps nothing: kiosks keep their dossiers", "err", broken, "bytes_free", room)
		if err == nil && room > leastRoom {
			return errAgain
		}
	}
}

// gatewayFlags are those of serve and of gateway.
func (o *options) gatewayFlags(set *flag.FlagSet) {
	set.StringVar(&o.onestop, "onestop", "", "`URL` of the One-Stop system")
	set.StringVar(&o.account, "onestop-account", "", "`USER:PASSWORD` at One-Stop, or @FILE, or -")
	set.StringVar(&o.filesURL, "files-url", "", "`URL` of this program as One-Stop sees it: it fetches pages there")
	set.StringVar(&o.requires, "filing-requires", config.FilingRead, "the least a card must be proven: anchored, signed or read")
	set.StringVar(&o.trust, "trust", "", "`DIR` of CSCA anchors (DATA/centre/trust)")
}

// serve is the whole centre, from the folder to the last connection, top to bottom.
func serve(ctx context.Context, o options, e env) (err error) {
	log := logger(e, o.verbose)
	if os.Getenv("GOGC") == "" {
		// Most of what lives here are links that stay as they are: half the usual room
		// for garbage keeps 8,000 of them under 1.5 GB, for some CPU while they all come in.
		defer debug.SetGCPercent(debug.SetGCPercent(50))
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	data, err := openData(o.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.close()) }()
	listener, err := listen(o.addr)
	if err != nil {
		return err
	}
	defer listener.Close() // a second close is no news
	scheme := "http"
	if o.tlsCert != "" {
		scheme = "https"
		if listener, err = listenTLS(listener, o.tlsCert, o.tlsKey); err != nil {
			return err
		}
	}
	keys, err := data.keys(true)
	if err != nil {
		return err
	}
	authority, err := enrol.NewAuthority(keys.authority)
	if err != nil {
		return err
	}

	bus, err := openBus(o.nats, data, authority, log)
	if err != nil {
		return err
	}
	defer bus.stop()
	nc, js, err := jetStream(ctx, bus, authority, "centre", log)
	if err != nil {
		return err
	}
	defer nc.Close()
	var registry *enrol.Registry
	var rules jetstream.KeyValue
	if err := settled(ctx, log, func() (err error) {
		if rules, err = openRules(ctx, js, o.replicas); err != nil {
			return err
		}
		kept, err := retentionIn(ctx, rules)
		if err != nil {
			return err
		}
		for _, c := range link.StreamConfigs(o.replicas) {
			if c.Name == link.StreamEvents {
				c.MaxAge = days(kept.Events)
			}
			if _, err := js.CreateOrUpdateStream(ctx, c); err != nil {
				return fmt.Errorf("stream %s: %w", c.Name, err)
			}
		}
		registry, err = enrol.OpenRegistry(ctx, js, o.replicas, keys.pepper)
		return err
	}); err != nil {
		return err
	}
	recipient, err := keys.gateway.Recipient()
	if err != nil {
		return err
	}
	if registry.Keys, err = keys.gateway.Changes(); err != nil {
		return err
	}
	authorities, err := readCA(o.tlsCA, keys.gateway)
	if err != nil {
		return err
	}
	token, err := data.operatorToken()
	if err != nil {
		return err
	}

	if err := settled(ctx, log, func() error { return registry.TellCA(ctx, authorities) }); err != nil {
		return err
	}
	c := &centre{
		ca:  authorities,
		log: log, bus: bus, nc: nc, js: js, rules: rules, registry: registry, authority: authority, token: token,
		fleet: fleet.NewWatch(log.With("part", "fleet")), started: time.Now(),
		link: &bridge{dial: bus.dial, log: log.With("part", "link")},
	}
	if err := settled(ctx, log, func() error { return c.shutOut(ctx) }); err != nil {
		return err
	}
	if err := settled(ctx, log, func() error { return c.openRooms(ctx, o, data) }); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.reports.Close()) }()
	c.desk = &enrol.Desk{
		Registry: registry, Authority: authority, Recipient: recipient, ReceiptKey: keys.gateway.Receipt, Past: keys.gateway.Past, CA: authorityOf(authorities),
		Admitted: c.admitted, Log: log.With("part", "enrol"),
	}
	sim, err := openSim(&o, listener.Addr(), log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sim.close()) }()
	if o.onestop != "" {
		o.defaultFilesURL(scheme+"://"+reachable(listener.Addr()), log)
		if err := settled(ctx, log, func() (err error) {
			c.gateway, err = openGateway(ctx, o, data, keys.gateway, nc, registry.Shelf, pagesKept(rules), log)
			return err
		}); err != nil {
			return err
		}
	} else {
		log.Warn("no One-Stop system is named (-onestop or -onestop-sim): dossiers are kept, sealed, until there is a gateway")
	}

	// Web connections outlast the workers, which may still have something to say to kiosks.
	web, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	server := &http.Server{
		Handler:           c.handler(hostsOf(o), sim.handler()),
		BaseContext:       func(net.Listener) context.Context { return web },
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.With("part", "http").Handler(), slog.LevelDebug),
	}
	var workers, serving sync.WaitGroup
	failed := make(chan error, 16) // one of each, and more
	work := func(group *sync.WaitGroup, name string, run func() error) {
		group.Go(func() {
			if err := run(); err != nil {
				failed <- fmt.Errorf("%s: %w", name, err)
			}
			stop() // whoever ends first ends the others
		})
	}
	work(&serving, "http", func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	work(&workers, "fleet", func() error { return c.fleet.Run(ctx, nc) })
	work(&workers, "registry", func() error { return again(ctx, log, "registry", c.city.run) })
	work(&workers, "watchdog", func() error { return c.watchdog(ctx, scheme+"://"+reachable(listener.Addr())) })
	work(&workers, "keys", func() error { return again(ctx, log, "keys", c.tellKeys) })
	work(&workers, "requests", func() error { return again(ctx, log, "requests", c.answerKiosks) })
	work(&workers, "bus", func() error { return c.mendBus(ctx, data) })
	work(&workers, "retention", func() error { return c.forget(ctx) })
	work(&workers, "alerts", func() error { return c.alerts.Run(ctx) })
	work(&workers, "reports", func() error { return again(ctx, log, "reports", c.countBook) })
	work(&workers, "events", func() error { return again(ctx, log, "events", c.countEvents) })
	if c.gateway != nil {
		work(&workers, "gateway", func() error { return c.gateway.Run(ctx) })
	}
	if err := data.announce(scheme+"://"+listener.Addr().String(), authorityOf(authorities)); err != nil {
		failed <- err
		stop()
	}
	fmt.Fprintf(e.out, "centre    %s://%s\n", scheme, listener.Addr())

	<-ctx.Done()
	log.Info("stopping")
	// Each of these has an end: with the bus of 8,000 links, which takes 2 to 4 s, ten seconds in all.
	workers.Wait()                                       // at most three seconds
	if err := nc.FlushTimeout(time.Second); err != nil { // the last receipts
		log.Warn("the bus did not take the last messages", "err", err)
	}
	hangUp()
	closing, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		err = errors.Join(err, server.Close())
		log.Warn("some connections were cut", "err", err)
	}
	serving.Wait()
	close(failed)
	for e := range failed {
		err = errors.Join(err, e)
	}
	return err
}

// again runs what follows the bus until ctx ends. What ends before, because a node was
// lost just then, begins anew.
func again(ctx context.Context, log *slog.Logger, name string, run func(context.Context) error) error {
	for {
		err := run(ctx)
		if ctx.Err() != nil {
			return nil
		}
		log.Warn("begins anew", "part", name, "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}
