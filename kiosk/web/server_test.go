package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/crypto/argon2"

	"tiepdan/kiosk/health"
	"tiepdan/kiosk/queue"
	"tiepdan/kiosk/session"
	"tiepdan/kiosk/wire"
)

// fakeVisits takes events into a channel, as the machine would.
type fakeVisits struct{ events chan session.Event }

func (f *fakeVisits) Post(ctx context.Context, ev session.Event) {
	select {
	case f.events <- ev:
	case <-ctx.Done():
	}
}

func (f *fakeVisits) Media(id string) (string, []byte, bool) {
	return "image/png", []byte("png"), id == "portrait"
}

type fakeHall struct{ events chan queue.Event }

func (f *fakeHall) Post(_ context.Context, ev queue.Event) { f.events <- ev }

type fixture struct {
	*Server
	visits *fakeVisits
	hall   *fakeHall
	http   *httptest.Server
}

func serve(t *testing.T) fixture {
	visits, hall := &fakeVisits{make(chan session.Event, 16)}, &fakeHall{make(chan queue.Event, 16)}
	ts := httptest.NewUnstartedServer(nil)
	s := New(Options{
		Addr: ts.Listener.Addr().String(), Visits: visits, Hall: hall,
		Pages:    fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}, "assets/a-1.js": {Data: []byte("1")}},
		Officers: NewOfficers([]Officer{{"hoa", "Hoa", HashPIN("246810")}}, []string{"1", "2"}),
		Health:   func() health.Report { return health.Report{Status: health.OK} },
		Log:      slog.New(slog.DiscardHandler),
	})
	s.PublishState(session.New(nil))
	s.PublishHall(queue.State{Counters: []queue.Counter{{Code: "1"}, {Code: "2"}}})
	ts.Config.Handler = s
	ts.Start()
	t.Cleanup(ts.Close)
	return fixture{s, visits, hall, ts}
}

func (f fixture) get(t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequest("GET", f.http.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestWhoMayAsk(t *testing.T) {
	f := serve(t)
	port := f.Addr[strings.LastIndex(f.Addr, ":"):]
	for _, tt := range []struct {
		name   string
		path   string
		header []string
		want   int
	}{
		{"own page", "/", nil, 200},
		{"by name", "/", []string{"Host", "localhost" + port}, 200},
		{"DNS rebinding", "/", []string{"Host", "evil.example"}, 421},
		{"right host, wrong port", "/", []string{"Host", "127.0.0.1:1"}, 421},
		{"own origin", "/healthz", []string{"Origin", "http://" + f.Addr}, 200},
		{"another page", "/healthz", []string{"Origin", "https://evil.example"}, 403},
		{"null origin", "/healthz", []string{"Origin", "null"}, 403},
		{"cross-site without origin", "/healthz", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"websocket of another page", "/ws", []string{"Origin", "http://evil.example", "Connection", "Upgrade", "Upgrade", "websocket",
			"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, 403},
		{"not a websocket", "/ws", nil, 400},
		{"counter without signing in", "/ws/counter", nil, 401},
		{"picture", "/media/portrait", nil, 200},
		{"picture of the last visit", "/media/gone", nil, 404},
		{"asset", "/assets/a-1.js", nil, 200},
		{"no listing", "/assets/", nil, 404},
		{"climbing", "/assets/../index.html", nil, 200}, // cleaned by net/http to the page itself
		{"elsewhere", "/etc/passwd", nil, 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp := f.get(t, tt.path, tt.header...)
			if resp.StatusCode != tt.want && !(tt.name == "climbing" && resp.StatusCode == 404) {
				t.Errorf("%s: %s, want %d", tt.path, resp.Status, tt.want)
			}
			csp := resp.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
				t.Errorf("Content-Security-Policy: %q", csp)
			}
		})
	}
}

// Another machine of the site sees the hall and nothing of a person, even when
// it says that it asks for 127.0.0.1.
func TestOtherMachines(t *testing.T) {
	f := serve(t)
	for path, want := range map[string]int{
		"/": 403, "/ws": 403, "/media/portrait": 403, "/metrics": 403, "/bench": 403, "/sim/card": 403, "/assets/../ws": 301,
		"/counter": 503, "/board": 503, "/assets/a-1.js": 200, "/healthz": 200, "/ws/counter": 401, "/counter/sign-in": 200, // 503: not built here
	} {
		for _, from := range []string{"10.0.0.7:5000", "[2001:db8::1]:5000", "[::ffff:10.0.0.7]:5000"} {
			r := httptest.NewRequest("GET", "http://"+f.Addr+path, nil)
			r.RemoteAddr = from
			w := httptest.NewRecorder()
			f.ServeHTTP(w, r)
			if w.Code != want && !(strings.Contains(path, "..") && w.Code/100 == 3) {
				t.Errorf("%s from %s: %d, want %d", path, from, w.Code, want)
			}
		}
	}
	for _, from := range []string{"127.0.0.1:5000", "[::1]:5000", "[::ffff:127.0.0.1]:5000"} {
		r := httptest.NewRequest("GET", "http://"+f.Addr+"/", nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		if f.ServeHTTP(w, r); w.Code != 200 {
			t.Errorf("from %s: %d", from, w.Code)
		}
	}
}

func (f fixture) dial(t *testing.T, path string, header http.Header) *websocket.Conn {
	t.Helper()
	conn, resp, err := websocket.DefaultDialer.Dial("ws://"+f.Addr+path, header)
	if err != nil {
		t.Fatalf("%s: %v (%v)", path, err, resp)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	return conn
}

func TestResidentHearsTheNewestAndIsHeard(t *testing.T) {
	f := serve(t)
	conn := f.dial(t, "/ws", nil)
	var first, second wire.View
	if err := conn.ReadJSON(&first); err != nil || first.Name != "out-of-service" {
		t.Fatalf("first view %q, %v", first.Name, err)
	}
	f.PublishState(session.New(nil))
	if err := conn.ReadJSON(&second); err != nil || second.Rev <= first.Rev {
		t.Errorf("rev %d after %d, %v", second.Rev, first.Rev, err)
	}
	conn.WriteJSON(wire.Command{Action: "start", Screen: 7})
	if ev := <-f.visits.events; ev.(session.Pressed).Action != "start" || ev.(session.Pressed).Screen != 7 {
		t.Errorf("the press arrived as %#v", ev)
	}
}

func TestGarbageClosesItsOwnSocketOnly(t *testing.T) {
	f := serve(t)
	good := f.dial(t, "/ws", nil)
	var v wire.View
	good.ReadJSON(&v)
	for _, frame := range [][]byte{
		nil, []byte("{"), []byte("null"), []byte(`{"action":""}`), []byte(`{"action":"next","extra":1}`), []byte("\xff\xfe"),
		[]byte(`{"action":"next"} {"action":"next"}`), bytes.Repeat([]byte("x"), maxFrame+1),
	} {
		bad := f.dial(t, "/ws", nil)
		bad.ReadJSON(&v)
		bad.WriteMessage(websocket.TextMessage, frame)
		if _, _, err := bad.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation, websocket.CloseMessageTooBig) {
			t.Errorf("frame of %d bytes: %v, want a close that says why", len(frame), err)
		}
	}
	bad := f.dial(t, "/ws", nil)
	bad.ReadJSON(&v)
	bad.WriteMessage(websocket.BinaryMessage, []byte(`{"action":"next"}`))
	if _, _, err := bad.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		t.Errorf("binary frame: %v", err)
	}
	f.PublishState(session.New(nil))
	if err := good.ReadJSON(&v); err != nil {
		t.Errorf("the good socket: %v", err)
	}
	if len(f.visits.events) != 0 {
		t.Errorf("garbage became %d events", len(f.visits.events))
	}
}

func (f fixture) signIn(t *testing.T, c *http.Client, body string) (int, string) {
	t.Helper()
	resp, err := c.Post(f.http.URL+"/counter/sign-in", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	var said struct{ Error string }
	json.Unmarshal(b, &said)
	return resp.StatusCode, said.Error
}

func TestCounterSignsInCallsAndSignsOut(t *testing.T) {
	f := serve(t)
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar}
	if code, why := f.signIn(t, c, `{"id":"hoa","pin":"000000","counter":"1"}`); code != 401 || why != "wrong-pin" {
		t.Errorf("wrong PIN: %d %s", code, why)
	}
	if code, why := f.signIn(t, c, `{"id":"hoa","pin":"246810","counter":"9"}`); code != 400 || why != "no-such-counter" {
		t.Errorf("no such counter: %d %s", code, why)
	}
	if code, _ := f.signIn(t, c, `{"id":"hoa","pin":"246810","counter":"1"}`); code != 204 {
		t.Fatalf("signing in: %d", code)
	}
	base, _ := http.NewRequest("GET", f.http.URL, nil)
	cookies := jar.Cookies(base.URL)
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	conn := f.dial(t, "/ws/counter", http.Header{"Cookie": {cookies[0].String()}})
	var v wire.CounterView
	if err := conn.ReadJSON(&v); err != nil || v.Officer != "Hoa" || v.Counter != "1" {
		t.Fatalf("counter view %+v, %v", v, err)
	}
	now := time.Now()
	f.PublishHall(queue.State{Day: queue.Day(now), Counters: []queue.Counter{{Code: "1"}},
		Tickets: []queue.Ticket{{ID: 1, Number: "A001", State: queue.Called, Counter: "1", Calls: 1, CalledAt: now}}})
	stale := v.Screen
	if err := conn.ReadJSON(&v); err != nil || v.Screen == stale {
		t.Fatalf("screen %d did not change: %v", v.Screen, err)
	}
	conn.WriteJSON(wire.CounterCommand{Action: "finish", Screen: stale}) // dropped: it saw another ticket
	conn.WriteJSON(wire.CounterCommand{Action: "finish", Screen: v.Screen})
	if ev := <-f.hall.events; ev != (queue.Finish{Counter: "1"}) {
		t.Errorf("finish became %#v", ev)
	}
	conn.WriteJSON(wire.CounterCommand{Action: "sign-out"})
	if _, _, err := conn.ReadMessage(); err == nil {
		t.Error("the socket outlives signing out")
	}
	if len(f.hall.events) != 0 {
		t.Error("a stale press reached the queue")
	}
	if resp := f.get(t, "/ws/counter", "Cookie", cookies[0].String()); resp.StatusCode != 401 {
		t.Errorf("after signing out: %s", resp.Status)
	}
}

// No script of a page reads the cookie, and no other site's page sends it.
func TestCookie(t *testing.T) {
	f := serve(t)
	resp, err := http.Post(f.http.URL+"/counter/sign-in", "application/json", strings.NewReader(`{"id":"hoa","pin":"246810","counter":"1"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cookies := resp.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%s, %d cookies", resp.Status, len(cookies))
	}
	if c := cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.MaxAge <= 0 || len(c.Value) < 22 {
		t.Errorf("cookie %v", c)
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	now := time.Now()
	for _, id := range []string{"hoa", "nobody"} { // an id is not found by asking
		o := NewOfficers([]Officer{{"hoa", "Hoa", quickPIN("246810")}}, []string{"1"})
		for range triesBeforeWait {
			if _, err := o.signIn(id, "1", "1", "a", now); err != ErrWrongPIN {
				t.Fatalf("%s: %v", id, err)
			}
		}
		if _, err := o.signIn(id, "246810", "1", "a", now); err != ErrTooMany {
			t.Errorf("%s: after %d wrong tries: %v", id, triesBeforeWait, err)
		}
		_, err := o.signIn(id, "246810", "1", "b", now)
		if id == "hoa" && err != nil {
			t.Errorf("a stranger locked the officer out elsewhere: %v", err)
		}
		_, err = o.signIn(id, "246810", "1", "a", now.Add(waitAfterTries+time.Second))
		if id == "hoa" && err != nil {
			t.Errorf("after the wait: %v", err)
		}
	}
}

func TestOneAddressGuessesAtManyOfficers(t *testing.T) {
	now := time.Now()
	o := NewOfficers([]Officer{{"hoa", "Hoa", quickPIN("246810")}}, []string{"1"})
	for range 2 * triesOfAddress { // the right PIN is no guess
		if _, err := o.signIn("hoa", "246810", "1", "a", now); err != nil {
			t.Fatal(err)
		}
	}
	for i := range triesOfAddress {
		if _, err := o.signIn(fmt.Sprint("x", i), "1", "1", "a", now); err != ErrWrongPIN {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	if _, err := o.signIn("one-more", "1", "1", "a", now); err != ErrTooMany {
		t.Errorf("after %d: %v", triesOfAddress, err)
	}
	for i := range 2 * maxGuesses {
		o.mayGuess(guess{"x", fmt.Sprint(i)}, now)
	}
	if n := len(o.wrong); n > maxGuesses+1 {
		t.Errorf("%d guesses are remembered", n)
	}
	if _, err := o.signIn("hoa", "246810", "1", "new", now.Add(waitAfterTries+time.Second)); err != nil {
		t.Errorf("a minute after the attack: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"127.0.0.1:5000": "127.0.0.1", "[::ffff:10.0.0.7]:5000": "10.0.0.7", "[2001:db8:1:2:3::4]:5000": "2001:db8:1:2::/64", "pipe": "pipe",
	} {
		if got := address(&http.Request{RemoteAddr: remote}); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}

// quickPIN is a hash of the least cost that is accepted.
func quickPIN(pin string) string {
	salt := []byte("salt of the test")
	return fmt.Sprintf("$argon2id$v=19$m=8,t=1,p=1$%s$%s", b64(salt), b64(argon2.IDKey([]byte(pin), salt, 1, 8, 1, 32)))
}

func TestPIN(t *testing.T) {
	if ok, err := CheckPIN(HashPIN("246810"), "246810"); !ok || err != nil {
		t.Errorf("right PIN: %v %v", ok, err)
	}
	if ok, _ := CheckPIN(HashPIN("246810"), "246811"); ok {
		t.Error("a wrong PIN passes")
	}
	if ok, err := CheckPIN(decoyPIN, ""); ok || err != nil {
		t.Errorf("the decoy: %v %v", ok, err)
	}
	for _, phc := range []string{"", "246810", "$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAA"} {
		if _, err := CheckPIN(phc, "x"); err == nil {
			t.Errorf("%q is taken for a hash", phc)
		}
	}
}

// readAnswer reads a JSON answer, if it is one.
func readAnswer(t *testing.T, resp *http.Response, into any) {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
	}
}
