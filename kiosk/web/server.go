// Package web serves the kiosk's pages and their websockets: the resident's
// screen, the counters and the board. It owns no state of a visit or of the
// hall: whole views go down, newest wins; commands go up as events.
//
// Only pages of this kiosk may talk to it: Host and Origin are checked on every
// request, and nothing a page loads comes from elsewhere (Content-Security-Policy).
// What shows a person is answered to this machine alone, whatever the address
// the server listens on.
package web

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tiepdan/kiosk/health"
	"tiepdan/kiosk/queue"
	"tiepdan/kiosk/session"
)

// Visits is the machine behind the resident's screen.
type Visits interface {
	// Post hands over an event; it blocks until it is taken or ctx is done.
	Post(ctx context.Context, ev session.Event)
	// Media gives a picture of the running visit by its random id.
	Media(id string) (mime string, data []byte, ok bool)
}

// Hall is the queue behind counters and board.
type Hall interface {
	Post(ctx context.Context, ev queue.Event)
}

// Options are what the server needs.
type Options struct {
	Addr     string   // HOST:PORT it will be reached at
	Hosts    []string // further Host values of this site
	Pages    fs.FS    // built UI; nil or without index.html: a page that says how to build it
	Visits   Visits
	Hall     Hall
	Officers *Officers
	Care     Care  // nil: no technician's page
	Door     *Door // to it
	Health   func() health.Report
	Metrics  http.Handler
	Log      *slog.Logger
}

// Server is an http.Handler. PublishState and PublishHall feed it.
type Server struct {
	Options
	mux   *http.ServeMux
	hosts []string
	state latest[stamped[session.State]]
	hall  latest[stamped[queue.State]]
	rev   atomic.Uint64

	sockets sync.WaitGroup // which net/http no longer knows of
}

const maxBody = 64 << 10 // of what is posted here

// stamped is a published value with its revision.
type stamped[T any] struct {
	rev   uint64
	value T
}

// New returns a server. It starts nothing.
func New(o Options) *Server {
	s := &Server{Options: o, mux: http.NewServeMux(), hosts: hostsOf(o.Addr, o.Hosts)}
	s.mux.HandleFunc("GET /healthz", s.healthz)
	if o.Metrics != nil {
		s.mux.Handle("GET /metrics", o.Metrics)
	}
	s.socket("/ws", s.resident)
	s.socket("/ws/counter", s.counter)
	s.socket("/ws/board", s.board)
	s.mux.HandleFunc("POST /counter/sign-in", s.signIn)
	s.mux.HandleFunc("GET /counter/sign-in", s.signInChoices)
	s.mux.HandleFunc("GET /media/{id}", s.media)
	s.pages()
	if o.Care != nil {
		s.technician()
	}
	return s
}

// Handle adds a route, such as those of simulated devices. It bounds its bodies itself.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// PublishState is called after each step of the visit. It never blocks.
func (s *Server) PublishState(st session.State) {
	s.state.publish(stamped[session.State]{s.rev.Add(1), st})
}

// PublishHall is called after each step of the queue. It never blocks.
func (s *Server) PublishHall(st queue.State) {
	s.hall.publish(stamped[queue.State]{s.rev.Add(1), st})
}

// ServeHTTP lets in only requests that name this kiosk, from its own pages, and
// other machines only to what is the hall's.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self'; style-src 'self'; font-src 'self'; "+
		"img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if !slices.Contains(s.hosts, strings.ToLower(r.Host)) {
		http.Error(w, "This kiosk is not called "+safe(r.Host)+".", http.StatusMisdirectedRequest)
		return
	}
	if !sameOrigin(r) {
		http.Error(w, "Only this kiosk's own pages may ask that.", http.StatusForbidden)
		return
	}
	if !fromHere(r) && !ofTheHall(r.URL.Path) {
		http.Error(w, "Only this machine may ask that.", http.StatusForbidden)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// fromHere tells requests of this machine. Host proves nothing of that: who is
// no browser writes there what he likes.
func fromHere(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback()
}

// ofTheHall is what other machines of a site may see: counters, which sign in,
// and the board. The resident's screen shows a person, and is seen here only.
func ofTheHall(path string) bool {
	switch path {
	case "/counter", "/counter/sign-in", "/ws/counter", "/board", "/ws/board", "/healthz":
		return true
	}
	return strings.HasPrefix(path, "/assets/")
}

// sameOrigin: a browser names where a page came from on every websocket and
// state-changing request; a program on this machine sends none.
func sameOrigin(r *http.Request) bool {
	o := r.Header.Get("Origin")
	if o == "" {
		return r.Header.Get("Sec-Fetch-Site") != "cross-site"
	}
	host, ok := strings.CutPrefix(o, "http://")
	if !ok {
		host, ok = strings.CutPrefix(o, "https://")
	}
	return ok && strings.EqualFold(host, r.Host)
}

// hostsOf: loopback names at our port, and the site's own.
func hostsOf(addr string, more []string) []string {
	hosts := []string{strings.ToLower(addr)}
	if _, port, err := net.SplitHostPort(addr); err == nil {
		for _, h := range []string{"127.0.0.1", "localhost", "[::1]"} {
			hosts = append(hosts, h+":"+port)
			if port == "80" {
				hosts = append(hosts, h)
			}
		}
	}
	for _, h := range more {
		hosts = append(hosts, strings.ToLower(h))
	}
	return hosts
}

// safe keeps what a stranger sent out of trouble when it is said back.
func safe(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), 80)]
}

func (s *Server) media(w http.ResponseWriter, r *http.Request) {
	mime, data, ok := s.Visits.Media(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mime)
	w.Write(data)
}

// Serve answers on l until ctx is done, then lets running requests end. When it
// returns, nothing of it runs any more, websockets neither.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // a websocket sets its own
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			srv.Close() // whoever still reads slowly is cut off
		}
	})
	if err := srv.Serve(l); stop() {
		return err // and not for ctx
	}
	<-ended // Serve returns as soon as Shutdown begins
	s.sockets.Wait()
	return nil
}
