package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/dossier"
)

// Level is how the connection stands.
type Level string

const (
	Up   Level = "up"
	Down Level = "down"
	// Forbidden: the centre is there and refuses this kiosk (revoked, or not
	// allowed a subject). To a caller it looks like a timeout; condition
	// link-forbidden, not "offline".
	Forbidden Level = "forbidden"
)

var (
	// ErrDown says that there is no connection now; nothing was sent.
	ErrDown = errors.New("no connection to the centre")
	// ErrRejected says that the centre will never take this message as it is.
	ErrRejected = errors.New("the centre rejects it")
)

const (
	dialTimeout  = 5 * time.Second
	replyTimeout = 10 * time.Second
	pingInterval = 10 * time.Second // two missed: down
	firstWait    = 250 * time.Millisecond
	longestWait  = 20 * time.Second
)

// Conn is the kiosk's one connection, of nats.go over a websocket. [Conn.Run]
// owns it; all other methods may be called from anywhere, at any time.
type Conn struct {
	creds Credentials
	url   string // ws:// or wss://
	path  string // of the websocket on that host
	log   *slog.Logger
	obey  func(ctx context.Context, verb string) (Done, error) // nil: no commands

	hints chan struct{} // what is desired may have changed

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced when what is below changes
	level    Level
	changes  int
	cut      bool
	live     net.Conn // under nc, while dialing or connected
	nc       *nats.Conn
	js       jetstream.JetStream
	watchers map[*func(dossier.Receipt)]struct{}
}

// New returns a connection that [Conn.Run] will open and keep open.
func New(c Credentials, log *slog.Logger) (*Conn, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	u, err := parseCentre(c.Centre)
	if err != nil {
		return nil, err
	}
	return &Conn{
		creds:    c,
		url:      strings.Replace(u.Scheme, "http", "ws", 1) + "://" + u.Host,
		path:     strings.TrimSuffix(u.Path, "/") + "/nats",
		log:      log,
		hints:    make(chan struct{}, 1),
		changed:  make(chan struct{}),
		level:    Down,
		watchers: map[*func(dossier.Receipt)]struct{}{},
	}, nil
}

// Run connects, and connects again whenever the connection is lost, with
// growing random pauses so that a city's kiosks don't come back all at once.
// It returns when ctx is done.
func (c *Conn) Run(ctx context.Context) error {
	pause := firstWait
	for ctx.Err() == nil {
		if c.waitUncut(ctx) != nil {
			break
		}
		begun := time.Now()
		err := c.connected(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(begun) > time.Minute {
			pause = firstWait // it was up: the first try again comes soon
		}
		level := Down
		if isForbidden(err) {
			level = Forbidden
		}
		wait := rand.N(pause) + pause/4
		c.log.Info("link down", "level", string(level), "err", err, "again_in", wait.Round(time.Millisecond))
		c.set(level)
		pause = min(2*pause, longestWait)
		c.sleep(ctx, wait)
	}
	c.set(Down)
	return ctx.Err()
}

// connected runs one connection from dialing to its end, and says why it ended.
func (c *Conn) connected(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	closed := make(chan struct{})
	var refused atomic.Bool // a subject, perhaps before we call ourselves up
	how := []nats.Option{}
	if len(c.creds.CA) > 0 {
		secure, err := TLS(c.creds.CA)
		if err != nil {
			return err
		}
		how = append(how, nats.Secure(secure))
	}
	nc, err := nats.Connect(c.url, append(how,
		nats.Name(c.creds.Kiosk), nats.ProxyPath(c.path), nats.SetCustomDialer(dialer{ctx, c}), nats.SkipHostLookup(),
		nats.UserJWTAndSeed(c.creds.JWT, c.creds.Seed), nats.CustomInboxPrefix(InboxPrefix(c.creds.Kiosk)),
		nats.NoReconnect(), nats.Timeout(dialTimeout), nats.PingInterval(pingInterval), nats.MaxPingsOutstanding(2),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			c.log.Warn("link", "err", err)
			switch {
			case errors.Is(err, nats.ErrPermissionViolation):
				refused.Store(true)
				if nc, _ := c.now(); nc != nil {
					c.set(Forbidden) // until something is answered again, or the next connection
				}
			case isForbidden(err):
				cancel(err)
			}
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(closed) }))...)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(replyTimeout))
	if err != nil {
		return err
	}
	if _, err := nc.Subscribe(ReceiptSubject(c.creds.Kiosk, ">"), c.receipt); err != nil {
		return err
	}
	if _, err := nc.Subscribe(DesiredSubject(c.creds.Kiosk), func(*nats.Msg) {
		select {
		case c.hints <- struct{}{}:
		default:
		}
	}); err != nil {
		return err
	}
	if c.obey != nil {
		if _, err := nc.Subscribe(CommandSubject(c.creds.Kiosk, "*"), func(m *nats.Msg) { go c.command(ctx, m) }); err != nil {
			return err
		}
	}
	if err := nc.FlushTimeout(dialTimeout); err != nil {
		return err
	}
	c.mu.Lock()
	c.nc, c.js = nc, js
	c.mu.Unlock()
	c.set(Up)
	if refused.Load() {
		c.set(Forbidden)
	}
	c.log.Info("link up")
	select {
	case <-closed:
		err = errors.New("connection closed")
		if last := nc.LastError(); last != nil {
			err = last
		}
	case <-ctx.Done():
		err = ctx.Err()
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	c.mu.Lock()
	c.nc, c.js = nil, nil
	c.mu.Unlock()
	return err
}

func isForbidden(err error) bool {
	for _, e := range []error{
		nats.ErrAuthorization, nats.ErrAuthRevoked, nats.ErrAuthExpired, nats.ErrAccountAuthExpired, nats.ErrPermissionViolation,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// dialer dials for nats.go so that a cut link, or the end of ctx, closes what
// is dialled at once.
type dialer struct {
	ctx context.Context
	c   *Conn
}

func (d dialer) Dial(network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(d.ctx, network, address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(d.ctx, func() { conn.Close() })
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	if d.c.cut {
		return nil, errors.Join(errCut, conn.Close())
	}
	d.c.live = conn
	return conn, nil
}

var errCut = errors.New("link cut")

// SetCut cuts the link, as an unplugged cable does, and mends it again. While
// it is cut nothing connects. For benches and tests.
func (c *Conn) SetCut(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	if cut && c.live != nil {
		c.live.Close()
		c.live = nil
	}
	c.notify()
}

func (c *Conn) waitUncut(ctx context.Context) error {
	for {
		c.mu.Lock()
		cut, changed := c.cut, c.changed
		c.mu.Unlock()
		if !cut {
			return nil
		}
		c.set(Down)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// sleep waits, but not on after the link was cut and mended.
func (c *Conn) sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	c.mu.Lock()
	was := c.cut
	c.mu.Unlock()
	for {
		c.mu.Lock()
		cut, changed := c.cut, c.changed
		c.mu.Unlock()
		if cut != was {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			return
		case <-changed:
		}
	}
}

func (c *Conn) set(l Level) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.level != l {
		c.level = l
		c.changes++
		c.notify()
	}
}

// notify wakes everybody who waits for a change. c.mu is held.
func (c *Conn) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Level is how the connection stands now.
func (c *Conn) Level() Level {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.level
}

// Watch calls emit with the level now and after each change, until ctx is done.
// Changes that come faster than emit returns are told as the newest only, but
// told: a connection lost and found again is another Up.
func (c *Conn) Watch(ctx context.Context, emit func(Level)) error {
	told := -1
	for {
		c.mu.Lock()
		level, changes, changed := c.level, c.changes, c.changed
		c.mu.Unlock()
		if changes != told {
			told = changes
			emit(level)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// WatchReceipts calls emit with each receipt the centre sends, unverified,
// until ctx is done. What comes while the link is down is to be asked for.
func (c *Conn) WatchReceipts(ctx context.Context, emit func(dossier.Receipt)) error {
	c.mu.Lock()
	c.watchers[&emit] = struct{}{}
	c.mu.Unlock()
	<-ctx.Done()
	c.mu.Lock()
	delete(c.watchers, &emit)
	c.mu.Unlock()
	return ctx.Err()
}

func (c *Conn) receipt(m *nats.Msg) {
	var r dossier.Receipt
	if err := json.Unmarshal(m.Data, &r); err != nil {
		c.log.Warn("not a receipt", "subject", m.Subject)
		return
	}
	c.mu.Lock()
	emits := make([]func(dossier.Receipt), 0, len(c.watchers))
	for e := range c.watchers {
		emits = append(emits, *e)
	}
	c.mu.Unlock()
	for _, emit := range emits {
		emit(r)
	}
}
