package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/provisioning/staff"
)

// A person is somebody at the dashboard, signed in.
type person struct {
	t    testing.TB
	base string
	*http.Client
}

const personPassword = "mật khẩu rất dài của tôi"

// anybody is a browser that nobody has signed in at.
func (h *hall) anybody() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &person{h.t, h.url, &http.Client{Jar: jar, Timeout: patience}}
}

// person adds somebody by the operator's command and signs in.
func (h *hall) person(name string, role staff.Role, units string) *person {
	h.t.Helper()
	var out bytes.Buffer
	if code := command([]string{"user", "add", "-name", name, "-role", string(role), "-units", units, "-data", h.data}, strings.NewReader(personPassword+"\n"), &out, &out); code != exitOK {
		h.t.Fatal(out.String())
	}
	p := h.anybody()
	if status := p.do("POST", "session", map[string]string{"name": name, "password": personPassword}, nil); status != 200 {
		h.t.Fatal("sign in:", status)
	}
	return p
}

// do asks and reads the answer; it returns the status.
func (p *person) do(method, path string, body, into any) int {
	p.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequest(method, p.base+"/api/"+path, bytes.NewReader(data))
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := p.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(said, into); err != nil {
			p.t.Fatalf("%s %s: %s: %v", method, path, said, err)
		}
	}
	return resp.StatusCode
}

// anyTOTP lets people in by their password alone, but for the tests of the second factor.
func anyTOTP(o *options) { o.totp = totpOptional }

// board is the overview as somebody sees it.
func (p *person) overview() overview {
	p.t.Helper()
	var o overview
	if status := p.do("GET", "overview", nil, &o); status != 200 {
		p.t.Fatal("overview:", status)
	}
	return o
}

// Who is not signed in, has no second factor, or too small a role, gets nowhere.
func TestDoorsOfTheAPI(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), func(o *options) { o.totp = totpRequired })
	routes := []string{
		"GET overview", "GET kiosks", "POST kiosks", "GET kiosks/00004-01", "POST kiosks/00004-01/code", "POST kiosks/00004-01/revoke",
		"GET alerts", "POST alerts/x/ack", "GET receipts/K7QD3M9XV2TA", "GET quarantine", "POST quarantine/00004-01/K7QD3M9XV2TA/retry",
		"GET report?by=unit", "GET report.csv?by=unit", "GET visits?by=unit", "GET visits.csv?by=unit", "GET kiosks/00004-01/lately", "GET units", "GET audit", "GET people", "POST people", "PUT people/x", "POST people/x/reset",
		"GET live", "PUT session/password",
	}
	stranger, fresh := h.anybody(), h.person("lan", staff.Admin, "*")
	for _, route := range routes {
		method, path, _ := strings.Cut(route, " ")
		var said struct{ Error string }
		if status := stranger.do(method, path, nil, &said); status != 401 || said.Error != "sign-in" {
			t.Errorf("%s for a stranger: %d %s", route, status, said.Error)
		}
		if status := fresh.do(method, path, nil, &said); status != 403 || said.Error != "set-up-totp" {
			t.Errorf("%s without a second factor: %d %s", route, status, said.Error)
		}
	}
	if status := stranger.do("GET", "nothing/here", nil, nil); status != 404 {
		t.Error("what is not there:", status)
	}
	// Somebody else's page, in the browser of who is signed in.
	req, err := http.NewRequest("POST", h.url+"/api/people", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://elsewhere.example")
	if resp, err := fresh.Do(req); err != nil || resp.StatusCode != 403 {
		t.Errorf("from elsewhere: %v, %v", resp.Status, err)
	}
	cookies := fresh.Jar.Cookies(must(url.Parse(h.url)))
	if len(cookies) != 1 {
		t.Fatal(cookies)
	}
	if strings.Contains(h.log.String(), cookies[0].Value) || strings.Contains(h.log.String(), personPassword) {
		t.Error("a secret is in the log")
	}
	viewer := openHall(t, t.TempDir(), anyTOTP).person("minh", staff.Viewer, "*")
	for _, route := range []string{"POST kiosks", "POST kiosks/00004-01/code", "POST kiosks/00004-01/revoke", "POST alerts/x/ack",
		"POST quarantine/00004-01/K7QD3M9XV2TA/retry", "GET people", "POST people", "PUT people/minh", "POST people/minh/reset"} {
		method, path, _ := strings.Cut(route, " ")
		if status := viewer.do(method, path, map[string]string{}, nil); status != 403 {
			t.Errorf("%s for a viewer: %d", route, status)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// An admin of one ward sees and commands that ward only, on every route.
func TestOneWard(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	city, ours, theirs := h.person("city", staff.Admin, "*"), h.person("badinh", staff.Admin, "00004"), h.person("other", staff.Admin, "00008")
	d := h.enrol() // 00004-01
	if err := d.conn.PublishHealth(t.Context(), health.NewTracker().Report(time.Now())); err != nil {
		t.Fatal(err)
	}
	filed := d.file()
	d.receipt(filed, 1)
	bad := newDossier(t, d.creds.Kiosk)
	bad.Answers["nycEmail"] = "không phải thư"
	held := d.seal(bad)
	d.publish(held)
	d.receipt(held, 1)
	if err := until(t, func() (bool, error) {
		var lines []struct{ Received int }
		ours.do("GET", "report?by=unit", nil, &lines)
		return len(lines) == 2 && lines[1].Received == 2 && ours.overview().Colours["green"] == 1, nil
	}); err != nil {
		t.Fatal(err)
	}

	for _, who := range []*person{city, ours} {
		o := who.overview()
		if len(o.Units) != 1 || o.Units[0].Name != "UBND phường Ba Đình" || (o.Flow != nil) != (who == city) {
			t.Errorf("overview: %+v", o)
		}
		for _, route := range []string{"kiosks/00004-01", "receipts/" + string(filed.Receipt), "report?by=procedure"} {
			if status := who.do("GET", route, nil, nil); status != 200 {
				t.Errorf("%s: %d", route, status)
			}
		}
	}
	if o := theirs.overview(); len(o.Units)+len(o.Worst)+len(o.Causes)+len(o.Colours) != 0 || o.Flow != nil {
		t.Errorf("the other ward sees %+v", o)
	}
	for _, route := range []string{
		"GET kiosks/00004-01", "GET kiosks/00004-01/lately", "POST kiosks/00004-01/code", "POST kiosks/00004-01/revoke", "POST kiosks/00004-01/technician-code",
		"POST kiosks/00004-01/command/restart", "POST rollouts/x/stop", "POST kiosks/00004-01/command/test-print", "GET receipts/" + string(filed.Receipt),
		"POST quarantine/00004-01/" + string(held.Receipt) + "/retry", "PUT people/badinh", "PUT people/city", "POST people/badinh/reset", "POST people/city/reset",
	} {
		method, path, _ := strings.Cut(route, " ")
		body := map[string]any{}
		if strings.HasPrefix(path, "people/") {
			body = map[string]any{"role": "viewer", "units": []string{"00008"}, "password": personPassword}
		}
		if status := theirs.do(method, path, body, nil); status != 404 {
			t.Errorf("%s: %d", route, status)
		}
	}
	for route, body := range map[string]map[string]any{
		"POST kiosks":       {"unit": "00004", "site": "Điểm lạ"},
		"POST people":       {"name": "spy", "role": "viewer", "units": []string{"00004"}, "password": personPassword},
		"POST  people":      {"name": "spy", "role": "admin", "units": []string{"*"}, "password": personPassword},
		"PUT people/other":  {"role": "admin", "units": []string{"*"}},
		"PUT  people/other": {"role": "admin", "units": []string{"00008", "00004"}},
	} {
		method, path, _ := strings.Cut(route, " ")
		if status := theirs.do(method, strings.TrimSpace(path), body, nil); status != 403 {
			t.Errorf("%s: %d", route, status)
		}
	}
	for path, empty := range map[string]string{"kiosks": `{"total":0,"kiosks":[]}`, "quarantine": "[]", "alerts": "[]"} {
		var got json.RawMessage
		if status := theirs.do("GET", path, nil, &got); status != 200 || string(got) != empty {
			t.Errorf("%s: %d %s", path, status, got)
		}
	}
	var lines []struct{ Received int }
	theirs.do("GET", "report?by=day", nil, &lines)
	if len(lines) != 1 || lines[0].Received != 0 {
		t.Errorf("report: %+v", lines)
	}
	var list []ticket
	if theirs.do("POST", "kiosks", map[string]string{"csv": "unit,site\n00008,Của ta\n00004,Của người\n"}, &list); len(list) != 2 || list[0].Kiosk != "00008-01" || list[1].Error != "forbidden" {
		t.Errorf("a list with another's line: %+v", list)
	}
	var deeds []staff.Deed
	theirs.do("GET", "audit", nil, &deeds)
	if i := slices.IndexFunc(deeds, func(d staff.Deed) bool { return d.Who != "other" }); i >= 0 {
		t.Errorf("sees a deed of %+v", deeds[i])
	}
	var people []staff.Person
	if theirs.do("GET", "people", nil, &people); len(people) != 1 || people[0].Name != "other" {
		t.Errorf("people: %+v", people)
	}
	if n := len(must(h.run("kiosk", "list"))); n == 0 {
		t.Error("no kiosks")
	}
	if d.conn.Level() != "up" {
		t.Error("somebody else's kiosk was cut off")
	}
	// And it is in the list of deeds that they tried, for who sees it all.
	city.do("GET", "audit?n=1000", nil, &deeds)
	if !slices.ContainsFunc(deeds, func(d staff.Deed) bool { return d.Who == "operator" && d.What == "kiosk.add" && d.Unit == "00004" }) {
		t.Errorf("the operator's deeds are not written down: %+v", deeds)
	}
	if status := ours.do("POST", "kiosks/00004-01/revoke", nil, nil); status != 200 {
		t.Error("revoke:", status)
	}
	d.waitFor("forbidden")
}

func TestSignInByBrowser(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), func(o *options) { o.totp = totpRequired })
	p := h.person("lan", staff.Admin, "*")
	var me struct {
		Person staff.Person
		SetUp  bool `json:"set_up_totp"`
	}
	if p.do("GET", "session", nil, &me); !me.SetUp || me.Person.Name != "lan" {
		t.Fatalf("%+v", me)
	}
	var offer struct{ Secret, URI, QR string }
	if status := p.do("POST", "session/totp", nil, &offer); status != 200 || len(offer.Secret) != 32 || !strings.HasPrefix(offer.URI, "otpauth://totp/") || !strings.HasPrefix(offer.QR, "M") {
		t.Fatalf("%d %+v", status, offer)
	}
	if status := p.do("PUT", "session/totp", map[string]string{"code": "12345"}, nil); status != 401 {
		t.Error("a wrong code:", status)
	}
	if strings.Contains(h.log.String(), offer.Secret) {
		t.Error("the secret is in the log")
	}
	if status := p.do("DELETE", "session", nil, nil); status != 200 {
		t.Error("sign out:", status)
	}
	if status := p.do("GET", "session", nil, nil); status != 401 {
		t.Error("signed out, and still in:", status)
	}
	// Guessing ends soon, also over many names.
	last := 0
	for n := range 12 {
		last = h.anybody().do("POST", "session", map[string]string{"name": fmt.Sprintf("name%d", n), "password": "x"}, nil)
	}
	if last != 429 {
		t.Error("the twelfth guess:", last)
	}
}

// A list of kiosks becomes a sheet of codes; wrong lines are said, the others count.
func TestAddKiosksByList(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	p := h.person("lan", staff.Admin, "*")
	var got []ticket
	list := "\ufeffUnit;Site;Profile;Hours\r\n00004;Nhà văn hóa;residential;\r\n99999;Đâu đó;;\r\n00008;Trụ sở;reception;mon-fri 08:00-12:00 13:30-17:00\r\n00008;;reception;\r\n00008;Xe;truck;\r\n"
	if status := p.do("POST", "kiosks", map[string]string{"csv": list, "life": "48h"}, &got); status != 200 || len(got) != 5 {
		t.Fatalf("%d %+v", status, got)
	}
	for i, want := range []struct{ code, detail string }{{}, {"unit-unknown", "99999"}, {}, {"bad-input", "site"}, {"profile-unknown", "truck"}} {
		ok := got[i].Error == "" && got[i].Code != "" && got[i].QR != "" && got[i].Line == i+2
		if want.code != "" {
			ok = got[i].Code == "" && got[i].Error == want.code && strings.Contains(got[i].Detail, want.detail)
		}
		if !ok {
			t.Errorf("line %d: %+v", i+2, got[i])
		}
	}
	if left := time.Until(got[0].Expires); left < 47*time.Hour || left > 48*time.Hour {
		t.Errorf("the code lasts %v", left)
	}
	for _, wrong := range []string{"a,b\n", "unit\n00004\n", "unit,site\n00004\n", "unit,site\n\"00004,x\n", "\n", "unit,site,site2\n"} {
		var said struct{ Error, Detail string }
		if status := p.do("POST", "kiosks", map[string]string{"csv": wrong}, &said); status != 400 || said.Detail == "" {
			t.Errorf("%q: %d %+v", wrong, status, said)
		}
	}
	if strings.Contains(h.log.String(), got[0].Code) {
		t.Error("a code is in the log")
	}
}

// The overview comes by itself, and stops when its reader signs out.
func TestLive(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	d, p := h.enrol(), h.person("lan", staff.Admin, "*")
	dialer := websocket.Dialer{Jar: p.Jar, HandshakeTimeout: patience}
	at := strings.Replace(h.url, "http", "ws", 1) + "/api/live"
	if _, resp, err := dialer.Dial(at, http.Header{"Origin": {"https://elsewhere.example"}}); err == nil || resp.StatusCode != 403 {
		t.Error("another's page hears the overview")
	}
	ws, _, err := dialer.Dial(at, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	tracker := health.NewTracker()
	tracker.Set(health.PaperOut, true, "")
	if err := d.conn.PublishHealth(t.Context(), tracker.Report(time.Now())); err != nil {
		t.Fatal(err)
	}
	ws.SetReadDeadline(time.Now().Add(patience))
	for {
		var o overview
		if err := ws.ReadJSON(&o); err != nil {
			t.Fatal(err)
		}
		if len(o.Causes) == 1 && o.Causes[0].Code == health.PaperOut && len(o.Worst) == 1 && o.Worst[0].Colour == "yellow" {
			break
		}
	}
	p.do("DELETE", "session", nil, nil)
	for {
		if _, _, err := ws.NextReader(); err != nil {
			if !websocket.IsCloseError(err, 4001) {
				t.Error(err)
			}
			return
		}
	}
}

// One poisoned dossier is set aside, and tried again by hand once what was wrong with
// it is mended; its kiosk then has the newer receipt.
func TestTriedAgainByHand(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	h := openHall(t, data, anyTOTP, func(o *options) { o.requires = "signed" })
	d := h.enrol()
	s := d.file()
	if r := d.receipt(s, 1); r.Outcome != dossier.Quarantined || r.Reason != "evidence-below-policy" {
		t.Fatalf("%+v", r)
	}
	p := h.person("lan", staff.Operator, "00004")
	retry := "quarantine/00004-01/" + string(s.Receipt) + "/retry"
	if status := p.do("POST", retry, nil, nil); status != 200 {
		t.Fatal(status)
	}
	if r := d.receipt(s, 2); r.Outcome != dossier.Quarantined {
		t.Fatalf("nothing was mended: %+v", r)
	}
	h.stop()
	h = openHall(t, data, anyTOTP)
	d = h.connect(d.creds)
	p = h.anybody()
	p.do("POST", "session", map[string]string{"name": "lan", "password": personPassword}, nil)
	var held []struct{ Receipt, Reason string }
	if err := until(t, func() (bool, error) { // until the registry is read
		return p.do("GET", "quarantine", nil, &held) == 200 && len(held) == 1, nil
	}); err != nil || held[0].Receipt != string(s.Receipt) || held[0].Reason != "evidence-below-policy" {
		t.Fatalf("%v, %v", held, err)
	}
	if status := p.do("POST", retry, nil, nil); status != 200 {
		t.Fatal(status)
	}
	r := d.receipt(s, 3)
	if r.Outcome != dossier.Accepted || h.oneStop()[string(s.Receipt)] == nil {
		t.Fatalf("%+v", r)
	}
	if err := r.Verify(d.creds.ReceiptKey); err != nil {
		t.Error(err)
	}
	if status := p.do("POST", retry, nil, nil); status != 404 {
		t.Error("what is no longer held:", status)
	}
	var found struct {
		Record struct {
			Life []struct{ What, Detail string }
		}
	}
	if status := p.do("GET", "receipts/"+r.Code, nil, &found); status != 200 {
		t.Fatal(status)
	}
	var life []string
	for _, step := range found.Record.Life {
		life = append(life, step.What)
	}
	if got := strings.Join(life, " "); got != "recorded handed-over quarantined tried-again quarantined tried-again filed" {
		t.Error(got)
	}
	if page := get(t, h.url+"/metrics"); !strings.Contains(page, `tiepdan_gateway_dossiers_total{outcome="quarantined"} 0`) {
		t.Error("still counted as held")
	}
}
