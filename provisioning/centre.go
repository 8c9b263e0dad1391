package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/fleet"
	"tiepdan/provisioning/gateway"
	"tiepdan/provisioning/report"
	"tiepdan/provisioning/staff"
	"tiepdan/ui"
)

// A centre is what answers on the one port.
type centre struct {
	log          *slog.Logger
	bus          bus
	nc           *nats.Conn
	js           jetstream.JetStream
	readiness    jetstream.KeyValue
	rules        jetstream.KeyValue
	registry     *enrol.Registry
	authority    *enrol.Authority
	desk         *enrol.Desk
	fleet        *fleet.Watch
	city         *city
	alerts       *fleet.Keeper
	rollouts     *fleet.Rollouts
	book         *gateway.Desk
	reports      *report.Cache
	roll         *staff.Roll
	audit        *staff.Audit
	doors        enrol.Limiter // of sign-ins
	totpOptional bool
	gateway      *gateway.Gateway // nil: somewhere else, or none
	link         *bridge
	catalogues   catalogue.Days // the program's own
	shelved      sync.Mutex
	shelf        map[string]*catalogue.Days // others that were asked for, by hash
	token        string                     // of the operator's commands
	ca           []link.SignedCA
	started      time.Time
}

// handler routes all there is. sim is nil without a simulated One-Stop.
func (c *centre) handler(hosts []string, sim http.Handler) http.Handler {
	mux := http.NewServeMux()
	c.pages(mux, ui.Dist())
	mux.Handle("/api/", c.api())
	mux.HandleFunc("GET /healthz", c.healthz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(c.collectors(), promhttp.HandlerOpts{}))
	mux.Handle("POST /enrol", c.desk)
	mux.Handle("GET /nats", c.link)
	mux.HandleFunc("GET "+link.CAPath, c.serveCA)
	mux.HandleFunc("GET "+link.BlobPath+"/{hash}", c.blob)
	if c.gateway != nil {
		mux.HandleFunc("GET "+gateway.FilesPath+"/{token}", c.gateway.Files)
	}
	mux.Handle("/admin/", c.admin())
	if sim != nil {
		mux.Handle(simPath+"/", sim)
	}
	// A page of somebody else's, open in an operator's browser, may not act here
	// (Origin, Sec-Fetch-Site), nor get in by a name it made point here (Host).
	return onlyHosts(hosts, http.NewCrossOriginProtection().Handler(mux))
}

// hostsOf are the names a request may call this centre by, besides any IP address.
func hostsOf(o options) []string {
	hosts := []string{"localhost"}
	if host, _, err := net.SplitHostPort(o.addr); err == nil && host != "" {
		hosts = append(hosts, strings.ToLower(host))
	}
	for name := range strings.SplitSeq(o.hosts, ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			hosts = append(hosts, name)
		}
	}
	return hosts
}

// onlyHosts answers only to names that are ours, so that a foreign name
// pointed at this address (DNS rebinding) opens nothing. An address has no name to point.
func onlyHosts(hosts []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.ToLower(strings.Trim(host, "[]"))
		if net.ParseIP(host) == nil && !slices.Contains(hosts, host) {
			http.Error(w, "this centre is not called that; start it with -hosts NAME if it is", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if r.TLS != nil {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// shutOut tells the bus which keys are out, as the registry has it.
func (c *centre) shutOut(ctx context.Context) error {
	kiosks, err := c.registry.All(ctx)
	if err != nil {
		return err
	}
	tokens, err := c.authority.Accounts(enrol.Revoked(kiosks))
	if err != nil {
		return err
	}
	return c.bus.setAccounts(tokens)
}

// admitted is called after an enrolment: if the machine replaces another, that one is out now.
func (c *centre) admitted(ctx context.Context, k enrol.Kiosk) error {
	if len(k.Shut) == 0 {
		return nil
	}
	return c.shutOut(ctx)
}

// A condition of the centre, in the shape of a kiosk's.
type condition struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
}

// healthz says whether dossiers can come in and go out.
func (c *centre) healthz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	conditions := []condition{}
	if c.gateway == nil {
		conditions = append(conditions, condition{"gateway-elsewhere", "no -onestop"})
	}
	status, code := "ok", http.StatusOK
	if _, err := c.js.Stream(ctx, link.StreamDossiers); err != nil {
		conditions = append(conditions, condition{"bus-away", err.Error()})
		status, code = "down", http.StatusServiceUnavailable
	}
	if err := c.bus.broken(); err != nil {
		conditions = append(conditions, condition{"bus-broken", err.Error()})
		status, code = "down", http.StatusServiceUnavailable
	}
	answer(w, code, map[string]any{"status": status, "conditions": conditions})
}

// flow is where dossiers are, without a word of whose they are.
type flow struct {
	gateway.Flow
	Waiting uint64 `json:"waiting"` // handed over, not yet answered for
	Parts   uint64 `json:"parts"`   // pieces of papers held
	Oldest  time.Time
}

func (c *centre) flow(ctx context.Context) (flow, error) {
	var f flow
	if c.gateway != nil {
		f.Flow = c.gateway.Metrics().Flow()
	}
	for name, into := range map[string]*uint64{link.StreamDossiers: &f.Waiting, link.StreamParts: &f.Parts} {
		s, err := c.js.Stream(ctx, name)
		if err != nil {
			return f, fmt.Errorf("stream %s: %w", name, err)
		}
		state := s.CachedInfo().State
		*into = state.Msgs
		if name == link.StreamDossiers && state.Msgs > 0 {
			f.Oldest = state.FirstTime
		}
	}
	return f, nil
}

// collectors are what /metrics tells. Labels are our own codes, never kiosks' words.
func (c *centre) collectors() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge := func(name, help string, value func() float64) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("tiepdan_centre_started_timestamp_seconds", "When this centre started.", func() float64 { return float64(c.started.Unix()) })
	gauge("tiepdan_centre_links", "Connections of kiosks through /nats.", func() float64 { return float64(c.link.open.Load()) })
	for _, colour := range fleet.Colours {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tiepdan_fleet_kiosks", Help: "Kiosks by how they stand.", ConstLabels: prometheus.Labels{"colour": string(colour)},
		}, func() float64 { return c.counted(func(st fleet.Standing) bool { return st.Colour == colour }) }))
	}
	for _, d := range health.Declarations {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tiepdan_fleet_condition_kiosks", Help: "Kiosks of open sites at which a condition holds.",
			ConstLabels: prometheus.Labels{"code": d.Code, "severity": string(d.Severity), "who": string(d.Who)},
		}, func() float64 {
			return c.counted(func(st fleet.Standing) bool {
				return (st.Colour == fleet.Red || st.Colour == fleet.Yellow) && slices.ContainsFunc(st.Conditions, func(c health.Condition) bool { return c.Code == d.Code })
			})
		}))
	}
	gauge("tiepdan_fleet_heard", "Kiosks heard of within the last heartbeats.", func() float64 {
		n, now := 0, time.Now()
		for _, s := range c.fleet.States() {
			if !s.Silent(now) {
				n++
			}
		}
		return float64(n)
	})
	stream := func(pick func(flow) float64) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			f, err := c.flow(ctx)
			if err != nil {
				return -1
			}
			return pick(f)
		}
	}
	gauge("tiepdan_dossiers_waiting", "Dossiers handed over and not yet answered for; -1: unknown.", stream(func(f flow) float64 { return float64(f.Waiting) }))
	gauge("tiepdan_dossiers_oldest_seconds", "How long the oldest of them has waited.", stream(func(f flow) float64 {
		if f.Oldest.IsZero() {
			return 0
		}
		return time.Since(f.Oldest).Seconds()
	}))
	gauge("tiepdan_parts_held", "Pieces of papers held for dossiers not yet answered for; -1: unknown.", stream(func(f flow) float64 { return float64(f.Parts) }))
	registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "tiepdan_fleet_bad_reports_total", Help: "Health reports that made no sense.",
	}, func() float64 { return float64(c.fleet.Bad()) }))
	if c.gateway != nil {
		registry.MustRegister(c.gateway.Metrics())
	}
	return registry
}

// counted counts standings for /metrics; -1: not known yet.
func (c *centre) counted(which func(fleet.Standing) bool) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	all, err := c.city.stand(ctx)
	if err != nil {
		return -1
	}
	n := 0
	for _, st := range all {
		if which(st) {
			n++
		}
	}
	return float64(n)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.Encode(body) // the client is gone if this fails
}

// same compares without telling by its time where they differ.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
