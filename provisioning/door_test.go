package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tiepdan/kiosk/config"
	"tiepdan/kiosk/link"
)

func TestEnrolmentCodes(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	code := h.code()
	creds, text, err := link.Enrol(t.Context(), h.url, code, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, err := config.Parse(text)
	if err != nil {
		t.Fatalf("the first configuration: %v", err)
	}
	if first.Unit.Name != "UBND phường Ba Đình" || first.Channels["1.010041"] != "online" || len(first.Counters) != 4 || len(first.Officers) != 1 {
		t.Errorf("first configuration: %+v", first)
	}
	if creds.Kiosk != "00004-01" {
		t.Errorf("kiosk %s", creds.Kiosk)
	}
	if strings.Contains(string(text), "2468") || strings.Contains(h.log.String(), string(code)) {
		t.Error("a secret is where it does not belong")
	}
	if _, _, err := link.Enrol(t.Context(), h.url, code, nil); !errors.Is(err, link.ErrCodeUsed) {
		t.Errorf("used: %v", err)
	}
	good := h.code()
	wrong := link.EnrolCode("0" + string(good)[1:])
	if wrong == good {
		wrong = link.EnrolCode("1" + string(good)[1:])
	}
	if wrong[1:] == code[1:] {
		t.Fatal("codes repeat")
	}
	if _, _, err := link.Enrol(t.Context(), h.url, wrong, nil); !errors.Is(err, link.ErrWrongCode) {
		t.Errorf("wrong: %v", err)
	}
	if _, _, err := link.Enrol(t.Context(), h.url, openHall(t, t.TempDir()).code(), nil); !errors.Is(err, link.ErrWrongCode) {
		t.Errorf("another centre's: %v", err)
	}
	// Guessing ends soon.
	for range 20 {
		if _, _, err = link.Enrol(t.Context(), h.url, wrong, nil); errors.Is(err, link.ErrSlowDown) {
			break
		}
	}
	if !errors.Is(err, link.ErrSlowDown) {
		t.Errorf("twenty guesses: %v", err)
	}
}

func TestDoors(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	token, err := os.ReadFile(filepath.Join(h.data, "centre", "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	bearer := "Bearer " + strings.TrimSpace(string(token))
	for _, c := range []struct {
		name, method, path, body string
		header                   map[string]string
		host                     string
		want                     int
	}{
		{name: "no token", method: "GET", path: "/admin/kiosks", want: 401},
		{name: "wrong token", method: "GET", path: "/admin/kiosks", header: map[string]string{"Authorization": "Bearer x"}, want: 401},
		{name: "token", method: "GET", path: "/admin/kiosks", header: map[string]string{"Authorization": bearer}, want: 200},
		{name: "garbage", method: "POST", path: "/admin/kiosks", body: "{", header: map[string]string{"Authorization": bearer}, want: 400},
		{name: "no unit", method: "POST", path: "/admin/kiosks", body: `{"unit":"99999","site":"x","agency":"H26","life":"24h"}`, header: map[string]string{"Authorization": bearer}, want: 400},
		{name: "a long life", method: "POST", path: "/admin/kiosks", body: `{"unit":"00004","site":"x","agency":"H26","life":"99999h"}`, header: map[string]string{"Authorization": bearer}, want: 400},
		{name: "too much", method: "POST", path: "/admin/kiosks", body: strings.Repeat(" ", maxAdmin+1), header: map[string]string{"Authorization": bearer}, want: 400},
		{name: "enrolment garbage", method: "POST", path: "/enrol", body: "{", want: 400},
		{name: "enrolment too much", method: "POST", path: "/enrol", body: strings.Repeat(" ", 1<<20), want: 400},
		{name: "enrolment by GET", method: "GET", path: "/enrol", want: 405},
		{name: "a foreign page", method: "POST", path: "/onestop/fault", body: `{"kind":"none"}`, header: map[string]string{"Origin": "https://evil.example"}, want: 403},
		{name: "a foreign page, newer browser", method: "POST", path: "/onestop/fault", body: `{"kind":"none"}`, header: map[string]string{"Sec-Fetch-Site": "cross-site"}, want: 403},
		{name: "a name made to point here", method: "GET", path: "/onestop/dossiers", host: "evil.example", want: 421},
		{name: "localhost", method: "GET", path: "/healthz", host: "localhost:8090", want: 200},
		{name: "a browser on the link", method: "GET", path: "/nats", header: map[string]string{"Origin": "http://127.0.0.1", "Connection": "Upgrade",
			"Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}, want: 403},
		{name: "the link without a websocket", method: "GET", path: "/nats", want: 400},
		{name: "nothing there", method: "GET", path: "/wp-login.php", want: 404},
		{name: "One-Stop garbage", method: "POST", path: "/onestop/service", body: "\xff", want: 400},
		{name: "One-Stop unknown fault", method: "POST", path: "/onestop/fault", body: `{"kind":"earthquake"}`, want: 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), c.method, h.url+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range c.header {
				req.Header.Set(k, v)
			}
			if c.host != "" {
				req.Host = c.host
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != c.want {
				t.Errorf("%d, want %d: %s", resp.StatusCode, c.want, body)
			}
		})
	}
}

// What goes wrong at the start is said in a sentence that tells what to do.
func TestStartSentences(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	missing := t.TempDir()
	first := openHall(t, missing)
	first.stop()
	if err := os.Remove(filepath.Join(missing, "centre", "keys", "account.nk")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		root bool // nothing is read-only to root
		code int
		want string
	}{
		"port taken":      {[]string{"serve", "-addr", strings.TrimPrefix(h.url, "http://"), "-data", t.TempDir()}, true, 2, "is taken"},
		"no such address": {[]string{"serve", "-addr", "192.0.2.1:80", "-data", t.TempDir()}, true, 2, "no address of this machine"},
		"data locked":     {[]string{"serve", "-addr", "127.0.0.1:0", "-data", h.data}, true, 2, "another centre is serving from"},
		"data is a file":  {[]string{"serve", "-addr", "127.0.0.1:0", "-data", file}, true, 2, "runs through a file"},
		"data read-only":  {[]string{"serve", "-addr", "127.0.0.1:0", "-data", closed}, false, 2, "can't write to the data folder"},
		"a key is gone":   {[]string{"serve", "-addr", "127.0.0.1:0", "-data", missing}, true, 2, "restore it from the backup"},
		"both One-Stops":  {[]string{"serve", "-onestop-sim", "-onestop", "http://x"}, true, 1, "exclude each other"},
		"unknown command": {[]string{"server"}, true, 1, "there is no command"},
		"unknown flag":    {[]string{"serve", "-port", "1"}, true, 1, "-port"},
		"no centre there": {[]string{"kiosk", "list", "-data", t.TempDir()}, true, 2, "no centre has served from"},
		"no unit":         {[]string{"kiosk", "add", "-site", "x"}, true, 1, "-unit and -site are needed"},
		"unknown unit":    {[]string{"kiosk", "add", "-unit", "99999", "-site", "x", "-data", h.data}, true, 2, "none with this code"},
		"short PIN":       {[]string{"kiosk", "add", "-officer", "a:B:12"}, true, 1, "shorter than 4"},
	} {
		t.Run(name, func(t *testing.T) {
			if !c.root && os.Geteuid() == 0 {
				t.Skip("root writes everywhere")
			}
			var out, errs bytes.Buffer
			if code := command(c.args, strings.NewReader(""), &out, &errs); code != c.code || !strings.Contains(errs.String(), c.want) {
				t.Errorf("exit %d, %q; want %d, %q", code, errs.String(), c.code, c.want)
			}
		})
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://")); err != nil {
		t.Errorf("the one that was there: %v", err)
	} else {
		conn.Close()
	}
}
