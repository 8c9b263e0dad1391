package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"

	"tiepdan/drivers/card/trust"
	"tiepdan/provisioning/enrol"
)

// What a centre needs before it serves.

func logger(e env, verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: level}))
}

// listen takes the one port there is.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken, perhaps by another centre; stop that, or choose another address with -addr", addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s; choose a port above 1023 with -addr", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is no address of this machine; choose another with -addr", addr)
	case err != nil:
		return nil, fmt.Errorf("-addr %s: %w", addr, err)
	}
	return l, nil
}

// reachable is an address one can dial: a server on all addresses is on the loopback one too.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return addr.String()
}

func openBus(at string, data dataDir, authority *enrol.Authority, log *slog.Logger) (bus, error) {
	if at == "" {
		return startNATS(data.path("nats"), authority, log.With("part", "nats"))
	}
	var addrs []string
	for one := range strings.SplitSeq(at, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil || u.Scheme != "nats" || u.Port() == "" {
			return nil, fmt.Errorf("-nats %s: URLs like nats://a:4222,nats://b:4222 are needed", at)
		}
		addrs = append(addrs, u.Host)
	}
	return external{addrs, authority, log.With("part", "nats")}, nil
}

// openTrust reads the anchors. What is refused is told, and the others count.
func openTrust(dir string, log *slog.Logger) (*trust.Store, error) {
	store, report, err := trust.LoadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, r := range report.Refused {
		log.Warn("not a trust anchor", "file", r.Source, "why", r.Why)
	}
	log.Info("trust anchors", "anchors", report.Anchors, "files", report.Files)
	return store, nil
}

// account splits USER:PASSWORD.
func account(text string) (user, password string, err error) {
	user, password, ok := strings.Cut(strings.TrimSpace(text), ":")
	if !ok || user == "" || password == "" {
		return "", "", errors.New("-onestop-account: USER:PASSWORD is needed, or @FILE with it")
	}
	return user, password, nil
}

// secretText gives a flag's value, read from standard input for "-" and from a file for "@FILE".
func secretText(value string, e env) (string, error) {
	var data []byte
	var err error
	switch {
	case value == "-":
		data, err = readAll(e.in)
	case strings.HasPrefix(value, "@"):
		data, err = os.ReadFile(value[1:])
	default:
		return value, nil
	}
	return strings.TrimRight(string(data), "\r\n"), err
}
