package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"tiepdan/kiosk/health"
	"tiepdan/kiosk/session"
)

// fakeCare is a kiosk under a technician's hands.
type fakeCare struct {
	kiosk        string
	centre, code string
	did          []string
	err          error
}

func (f *fakeCare) Place() (string, string, string) {
	return f.kiosk, "UBND phường Ba Đình", "Nhà văn hóa"
}
func (f *fakeCare) Scanned() string { return "" }
func (f *fakeCare) Enrol(_ context.Context, centre, code string) error {
	f.centre, f.code = centre, code
	if f.err == nil {
		f.kiosk = "00004-01"
	}
	return f.err
}
func (f *fakeCare) Undo(context.Context) error { f.did = append(f.did, "undo"); return f.err }
func (f *fakeCare) Examine(context.Context) health.Diagnosis {
	f.did = append(f.did, "examine")
	return health.Diagnosis{Ready: true}
}
func (f *fakeCare) Test(context.Context) error { f.did = append(f.did, "test"); return f.err }
func (f *fakeCare) Report(context.Context) (health.Diagnosis, error) {
	f.did = append(f.did, "report")
	return health.Diagnosis{}, f.err
}

func serveTechnician(t *testing.T, care *fakeCare, door *Door) (post func(path, body string) (int, string)) {
	t.Helper()
	ts := httptest.NewUnstartedServer(nil)
	s := New(Options{Addr: ts.Listener.Addr().String(), Care: care, Door: door,
		Officers: NewOfficers(nil, nil), Health: func() health.Report { return health.Report{} }, Log: slog.New(slog.DiscardHandler)})
	s.PublishState(session.New(nil))
	ts.Config.Handler = s
	ts.Start()
	t.Cleanup(ts.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	return func(path, body string) (int, string) {
		t.Helper()
		resp, err := client.Post(ts.URL+"/technician/"+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var said struct{ Error string }
		readAnswer(t, resp, &said)
		return resp.StatusCode, said.Error
	}
}

// Whoever enrols a machine goes on with it; who comes later needs the kiosk's own code,
// and may not guess for long.
func TestTechnician(t *testing.T) {
	care, door := &fakeCare{}, NewDoor()
	post := serveTechnician(t, care, door)
	for body, want := range map[string]string{
		`{"code":"ABC"}`:                                "no-centre",
		`{"code":"ABC","centre":"x","more":1}`:          "malformed",
		`{"code":"ABC","centre":"https://a.example"}`:   "wrong-code",
		`{"code":" https://b.example/enrol#ABC-DEF "}`:  "wrong-code",
		`{"code":"https://c.example/city/enrol#ABCDE"}`: "wrong-code",
	} {
		care.err = &Refusal{"wrong-code", errors.New("letter by letter")}
		if _, code := post("enrol", body); code != want {
			t.Errorf("%s: %s", body, code)
		}
	}
	care.err = nil
	if status, code := post("enrol", `{"code":"https://centre.example/enrol#ABC-DEF"}`); status != 200 || care.centre != "https://centre.example" || care.code != "ABC-DEF" {
		t.Fatal(status, code, care.centre, care.code)
	}
	for _, what := range []string{"examine", "test", "report", "undo"} {
		if status, code := post(what, ""); status != 200 {
			t.Errorf("%s: %d %s", what, status, code)
		}
	}
	if _, code := post("enrol", `{"code":"https://b.example/enrol#ABC"}`); code != "enrolled-already" {
		t.Error("enrolled twice:", code)
	}
	care.err = &Refusal{"paper", errors.New("paper out")}
	if status, code := post("test", ""); status != http.StatusConflict || code != "paper" {
		t.Error(status, code)
	}

	// The daemon has begun anew: the same door lets the same technician in.
	care.err, care.did = nil, nil
	door.Key(quickPIN("12345678"))
	stranger := serveTechnician(t, care, door)
	for _, what := range []string{"examine", "test", "report", "undo"} {
		if status, code := stranger(what, ""); status != http.StatusUnauthorized || code != "sign-in" {
			t.Errorf("a stranger's %s: %d %s", what, status, code)
		}
	}
	if len(care.did) > 0 {
		t.Error("a stranger did", care.did)
	}
	if status, _ := stranger("sign-in", `{"code":"1234 5678"}`); status != 200 {
		t.Error("the kiosk's own code:", status)
	}
	if status, _ := stranger("test", ""); status != 200 {
		t.Error("signed in:", status)
	}
	stranger("sign-out", "")
	if status, _ := stranger("test", ""); status != http.StatusUnauthorized {
		t.Error("signed out:", status)
	}
	var last string
	for range triesBeforeWait + 1 {
		_, last = stranger("sign-in", `{"code":"00000000"}`)
	}
	if last != "too-many-tries" {
		t.Error("guessing goes on:", last)
	}
}
