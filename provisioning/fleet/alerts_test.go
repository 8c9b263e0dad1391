package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/health"
)

// ill is a standing with conditions that began a while ago.
func ill(id, site string, now time.Time, ago time.Duration, codes ...string) Standing {
	st := Standing{Place: Place{ID: id, Unit: "00004", UnitName: "UBND phường Ba Đình", Site: site}, Colour: Yellow, Open: true}
	for _, code := range codes {
		d, _ := health.Declared(code)
		st.Conditions = append(st.Conditions, d.At(now.Add(-ago), ""))
	}
	return st
}

func summary(alerts Alerts) string {
	var all []string
	for id, a := range alerts {
		var codes []string
		for _, c := range a.Conditions {
			codes = append(codes, c.Code)
		}
		if a.Site != "" {
			id = a.Site
		}
		all = append(all, fmt.Sprintf("%s %s: %s @ %s", a.Says(), id, strings.Join(codes, "+"), strings.Join(a.Kiosks, "+")))
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

func TestAlertSteps(t *testing.T) {
	now := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	long := 10 * time.Minute
	grey := ill("k-9", "Site 9", now, long, health.StoreFailing)
	grey.Colour = Grey
	for _, c := range []struct {
		name string
		all  []Standing
		want string
	}{
		{"nothing", nil, ""},
		{"within grace", []Standing{ill("k-1", "Site 1", now, alertGrace-time.Second, health.PaperOut)}, ""},
		{"a warning is for the dashboard", []Standing{ill("k-1", "Site 1", now, long, health.PaperLow)}, ""},
		{"a closed site", []Standing{grey}, ""},
		{"the centre's own eyes have waited", []Standing{ill("k-1", "Site 1", now, 0, health.KioskSilent)}, "raised Site 1: kiosk-silent @ k-1"},
		{"one site, two kiosks, three troubles", []Standing{
			ill("k-2", "Site 1", now, long, health.PaperOut),
			ill("k-1", "Site 1", now, long, health.PaperOut, health.ReaderMissing),
		}, "raised Site 1: paper-out+reader-missing @ k-1+k-2"},
		{"two sites", []Standing{ill("k-1", "Site 1", now, long, health.PaperOut), ill("k-2", "Site 2", now, long, health.PaperOut)},
			"raised Site 1: paper-out @ k-1; raised Site 2: paper-out @ k-2"},
		{"one cause at three sites", []Standing{
			ill("k-1", "Site 1", now, long, health.KioskSilent), ill("k-2", "Site 2", now, long, health.KioskSilent),
			ill("k-3", "Site 3", now, long, health.KioskSilent, health.PaperOut),
		}, "raised Site 3: paper-out @ k-3; raised cause-kiosk-silent: kiosk-silent @ k-1+k-2+k-3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := summary(Alerts{}.Step(c.all, now)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAlertLives(t *testing.T) {
	now := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	sick := []Standing{ill("k-1", "Site 1", now, time.Hour, health.PaperOut)}
	alerts := Alerts{}.Step(sick, now)
	var id string
	for id = range alerts {
	}
	a := alerts[id]
	a.Acked = &Ack{By: "lan", At: now}
	a.Told = map[string]string{"mail": "raised"}
	alerts[id] = a

	later := now.Add(time.Minute)
	if a = alerts.Step(sick, later)[id]; a.Acked == nil || a.Raised != now || a.untold("mail") {
		t.Errorf("it goes on: %+v", a)
	}
	alerts = alerts.Step(nil, later)
	if a = alerts[id]; a.Resolved != later || !a.untold("mail") || a.untold("webhook") {
		t.Errorf("it ended: %+v", a)
	}
	if a = alerts.Step(sick, later.Add(time.Minute))[id]; a.Acked != nil || a.Raised == now || !a.Resolved.IsZero() || !a.untold("mail") {
		t.Errorf("it came again: %+v", a)
	}
	if left := alerts.Step(nil, later.Add(keepAlerts)); len(left) != 0 {
		t.Errorf("kept for ever: %v", left)
	}
}

// bucket is a real JetStream of its own.
func bucket(t *testing.T) jetstream.JetStream {
	t.Helper()
	srv, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("no NATS")
	}
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// heardBy is a way out that may be out of order.
type heardBy struct {
	broken bool
	heard  []string
}

func (*heardBy) Name() string { return "ear" }
func (h *heardBy) Tell(_ context.Context, a Alert) error {
	if h.broken {
		return errors.New("out of order")
	}
	h.heard = append(h.heard, a.Says())
	return nil
}

func TestKeeper(t *testing.T) {
	ctx := t.Context()
	js := bucket(t)
	now := time.Now().UTC()
	var all []Standing
	ear := &heardBy{broken: true}
	open := func(self string) *Keeper {
		k, err := OpenKeeper(ctx, js, 1, self)
		if err != nil {
			t.Fatal(err)
		}
		k.Ways, k.Log = []Way{ear}, slog.New(slog.DiscardHandler)
		k.Standings = func(context.Context) ([]Standing, error) { return all, nil }
		return k
	}
	a, b := open("a"), open("b")

	all = []Standing{ill("k-1", "Site 1", now, time.Hour, health.PaperOut)}
	if err := a.step(ctx, now); err == nil {
		t.Error("nobody was told, and nothing said so")
	}
	ear.broken = false
	for range 3 {
		if err := a.step(ctx, now); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(ear.heard, []string{"raised"}) {
		t.Errorf("heard %v", ear.heard)
	}
	open1, err := b.All(ctx)
	if err != nil || len(open1) != 1 {
		t.Fatalf("%v, %v", open1, err)
	}
	id := open1[0].ID
	if _, err := b.Acknowledge(ctx, id, Ack{By: "lan"}, func(Alert) bool { return false }); !errors.Is(err, ErrNoAlert) {
		t.Errorf("who may not: %v", err)
	}
	if _, err := b.Acknowledge(ctx, id, Ack{By: "lan", Note: "đang đến"}, func(a Alert) bool { return a.Unit == "00004" }); err != nil {
		t.Fatal(err)
	}
	all = nil
	if err := a.step(ctx, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got, err := b.All(ctx); err != nil || len(got) != 1 || got[0].Resolved.IsZero() || got[0].Acked == nil || got[0].Acked.By != "lan" {
		t.Errorf("%+v, %v", got, err)
	}
	if !slices.Equal(ear.heard, []string{"raised", "resolved"}) {
		t.Errorf("heard %v", ear.heard)
	}
	for _, id := range []string{id, "none", "../x", ""} {
		if _, err := b.Acknowledge(ctx, id, Ack{By: "lan"}, func(Alert) bool { return true }); !errors.Is(err, ErrNoAlert) {
			t.Errorf("acknowledge %q: %v", id, err)
		}
	}
	if err := a.step(ctx, now.Add(time.Minute+keepAlerts)); err != nil {
		t.Fatal(err)
	}
	if got, err := b.All(ctx); err != nil || len(got) != 0 {
		t.Errorf("kept for ever: %v, %v", got, err)
	}
	all = []Standing{ill("k-1", "Site 1", now, time.Hour, health.PaperOut)}
	if err := a.step(ctx, now); err != nil { // where one was deleted before
		t.Fatal(err)
	}
}

func TestOneCentreTells(t *testing.T) {
	ctx := t.Context()
	js := bucket(t)
	a, err := OpenKeeper(ctx, js, 1, "a")
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenKeeper(ctx, js, 1, "b")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for i, c := range []struct {
		who  *Keeper
		at   time.Duration
		mine bool
	}{
		{a, 0, true}, {b, 0, false}, {a, leaseLife - time.Second, true}, {b, leaseLife, false},
		{b, 2*leaseLife - time.Second, true}, {a, 2 * leaseLife, false},
	} {
		if mine, err := c.who.lease(ctx, now.Add(c.at)); err != nil || mine != c.mine {
			t.Errorf("%d: %s has the lease: %v, %v", i, c.who.self, mine, err)
		}
	}
	if err := errors.Join(a.release(), b.release()); err != nil {
		t.Fatal(err)
	}
	if mine, err := a.lease(ctx, now.Add(2*leaseLife)); err != nil || !mine {
		t.Errorf("given back, taken at once: %v, %v", mine, err)
	}
}

func sample(resolved bool) Alert {
	now := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	for _, a := range (Alerts{}).Step([]Standing{ill("00004-01", "Điểm số 2", now, time.Hour, health.PaperOut)}, now) {
		if resolved {
			a.Resolved = now.Add(time.Hour)
		}
		a.Told = map[string]string{"mail": "raised"}
		return a
	}
	panic("no alert")
}

func TestWebhook(t *testing.T) {
	status := http.StatusNoContent
	var got map[string]any
	var key string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key = r.Header.Get("Idempotency-Key")
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.Method != http.MethodPost {
			t.Error(r.Method, err)
		}
		w.WriteHeader(status)
	}))
	defer srv.Close()
	hook := Webhook{srv.URL, srv.Client()}
	if err := hook.Tell(t.Context(), sample(false)); err != nil {
		t.Fatal(err)
	}
	if got["state"] != "raised" || got["subject"] != "[Tiếp Dân] UBND phường Ba Đình, Điểm số 2: Máy in hết giấy" || got["told"] != nil || !strings.HasSuffix(key, "-raised") {
		t.Errorf("%v, key %s", got, key)
	}
	status = http.StatusBadGateway
	if err := hook.Tell(t.Context(), sample(true)); err == nil || got["state"] != "resolved" {
		t.Errorf("%v: %v", err, got)
	}
}

// A mail server of the old school, and what one letter looks like on its line.
func TestMail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	letters := make(chan []string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		line := textproto.NewConn(c)
		line.PrintfLine("220 here")
		for {
			said, err := line.ReadLine()
			if err != nil {
				return
			}
			switch {
			case said == "DATA":
				line.PrintfLine("354 go on")
				letter, err := line.ReadDotLines()
				if err != nil {
					return
				}
				letters <- letter
				line.PrintfLine("250 kept")
			case said == "QUIT":
				line.PrintfLine("221 bye")
				return
			default:
				line.PrintfLine("250 ok")
			}
		}
	}()
	m := Mail{Server: l.Addr().String(), From: "kiosk@example.vn", To: []string{"lan@example.vn", "minh@example.vn"}}
	if err := m.Tell(t.Context(), sample(false)); err != nil {
		t.Fatal(err)
	}
	letter := strings.Join(<-letters, "\n")
	head, body, _ := strings.Cut(letter, "\n\n")
	for _, part := range []string{"Máy in hết giấy.", "người trực tại điểm", "Thay cuộn giấy mới.", "Điểm số 2", "00004-01"} {
		if !strings.Contains(body, part) {
			t.Errorf("no %q in\n%s", part, letter)
		}
	}
	for line := range strings.Lines(head) {
		if subject, ok := strings.CutPrefix(strings.TrimSpace(line), "Subject: "); ok {
			if text, err := new(mime.WordDecoder).DecodeHeader(subject); err != nil || !strings.HasPrefix(text, "[Tiếp Dân] UBND phường Ba Đình") {
				t.Errorf("subject %q, %v", text, err)
			}
		}
	}
	l.Close()
	if err := m.Tell(t.Context(), sample(false)); err == nil {
		t.Error("no server, and no error")
	}
}
