package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/config"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/gateway"
)

// oneStopTimeout is how long One-Stop may take for an item before it is asked again.
const oneStopTimeout = 20 * time.Second

// defaultFilesURL is where One-Stop fetches pages, if nobody said: here, when it is on
// this machine. Elsewhere it could not, and dossiers with pages wait until somebody says.
func (o *options) defaultFilesURL(here string, log *slog.Logger) {
	if o.filesURL != "" {
		return
	}
	if base, err := url.Parse(o.onestop); err == nil {
		if ip := net.ParseIP(base.Hostname()); base.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			o.filesURL = here
			return
		}
	}
	log.Warn("no -files-url: One-Stop could not fetch pages, and dossiers that have some wait")
}

func openGateway(ctx context.Context, o options, data dataDir, keys gateway.Keys, nc *nats.Conn, shelf gateway.Shelf, pages func(context.Context) (time.Duration, error), log *slog.Logger) (*gateway.Gateway, error) {
	if !slices.Contains([]string{config.FilingAnchored, config.FilingSigned, config.FilingRead}, o.requires) {
		return nil, fmt.Errorf("-filing-requires %s: anchored, signed or read", o.requires)
	}
	base, err := url.Parse(o.onestop)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("-onestop %s: a URL like https://host/path is needed", o.onestop)
	}
	user, password, err := account(o.account)
	if err != nil {
		return nil, err
	}
	dir := o.trust
	if dir == "" {
		dir = data.path("trust")
	}
	anchors, err := openTrust(dir, log)
	if err != nil {
		return nil, err
	}
	for _, der := range simAnchors(o) {
		if err := anchors.Add(der); err != nil {
			return nil, fmt.Errorf("simulated trust anchor: %w", err)
		}
	}
	timeout := oneStopTimeout
	if o.timeout > 0 {
		timeout = o.timeout
	}
	return gateway.Open(ctx, gateway.Options{
		Conn: nc,
		Keys: keys,
		OneStop: &gateway.National{
			Base: base, Username: user, Password: password, Client: &http.Client{Timeout: timeout},
		},
		Trust:     anchors,
		Requires:  o.requires,
		FilesURL:  strings.TrimSuffix(o.filesURL, "/"),
		Shelf:     shelf,
		KeepPages: pages,
		Replicas:  o.replicas,

		StatusEvery: o.poll,
		FilesAgain:  o.filesAgain,
		Log:         log.With("part", "gateway"),
	})
}

// gatewayCommand is a gateway by itself: it has the centre's keys in its data
// folder, and reaches the bus over the network.
func gatewayCommand(ctx context.Context, args []string, e env) error {
	var o options
	set := flag.NewFlagSet("gateway", flag.ContinueOnError)
	set.StringVar(&o.data, "data", defaultData, "`DIR` with the centre's keys")
	set.StringVar(&o.nats, "nats", "", "`URLS` of the bus: nats://a:4222,nats://b:4222 of a cluster, or ws://host:8090/nats of a centre with an embedded one")
	set.BoolVar(&o.verbose, "v", false, "log more")
	filesAddr := set.String("files-addr", "127.0.0.1:8091", "`HOST:PORT` where One-Stop fetches pages, decrypted; -files-url is what it calls that by")
	o.gatewayFlags(set)
	if err := flags(set, args, e); err != nil {
		return err
	}
	if o.nats == "" || o.onestop == "" {
		fmt.Fprintln(e.err, "provisioning gateway: -nats and -onestop are needed")
		return errUsage
	}
	var err error
	if o.account, err = secretText(o.account, e); err != nil {
		return fmt.Errorf("-onestop-account: %w", err)
	}
	log := logger(e, o.verbose)
	data := dataDir{root: o.data}
	keys, err := data.keys(false)
	if err != nil {
		return err
	}
	authority, err := enrol.NewAuthority(keys.authority)
	if err != nil {
		return err
	}
	nc, err := connectFar(o.nats, data, authority, "gateway", log)
	if err != nil {
		return err
	}
	defer nc.Close()
	listener, err := listen(*filesAddr)
	if err != nil {
		return err
	}
	defer listener.Close() // a second close is no news
	o.defaultFilesURL("http://"+listener.Addr().String(), log)
	var g *gateway.Gateway
	if err := settled(ctx, log, func() error {
		js, err := jetstream.New(nc)
		if err != nil {
			return err
		}
		shelf, err := enrol.FindShelf(ctx, js)
		if err != nil {
			return err
		}
		rules, err := js.KeyValue(ctx, rulesBucket)
		if err != nil {
			return fmt.Errorf("bucket %s: %w", rulesBucket, err)
		}
		g, err = openGateway(ctx, o, data, keys.gateway, nc, shelf, pagesKept(rules), log)
		return err
	}); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+gateway.FilesPath+"/{token}", g.Files)
	pages := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(log.With("part", "http").Handler(), slog.LevelDebug)}
	defer pages.Close()
	go pages.Serve(listener) // ends with its listener
	return errors.Join(g.Run(ctx), nc.FlushTimeout(2*time.Second))
}
