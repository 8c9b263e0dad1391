package onestopsim

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func open(t *testing.T, dir string) *Sim {
	t.Helper()
	s, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func serve(t *testing.T, s *Sim) string {
	t.Helper()
	srv := httptest.NewServer(s.Handler("/onestop"))
	t.Cleanup(srv.Close)
	return srv.URL + "/onestop"
}

func call(t *testing.T, url, body string) (int, reply) {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var r reply
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatalf("%s: %s", url, data)
	}
	return resp.StatusCode, r
}

func login(t *testing.T, s *Sim, url string) string {
	t.Helper()
	_, r := call(t, url+"/login", fmt.Sprintf(`{"username":%q,"password":%q}`, s.Account().Username, s.Account().Password))
	if r.Session == "" {
		t.Fatalf("%+v", r)
	}
	return r.Session
}

const good = `"MaTTHC":"1.001193","TenTTHC":"Thủ tục đăng ký khai sinh","KenhThucHien":"1","ChuHoSo":"TÊN THỬ","NgayNopHoSo":"20261122235959","TrangThaiHoSo":"1"`

func post(t *testing.T, url, session, source string) reply {
	t.Helper()
	_, r := call(t, url+"/service", fmt.Sprintf(`{"session":%q,"madonvi":"000.00.06.H26","service":"DongBoHoSoMC","isUpdating":false,"data":[{"MaHoSoNguon":%q,%s}]}`, session, source, good))
	return r
}

func TestNumbersByAgencyAndDay(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	url := serve(t, s)
	session := login(t, s, url)
	day := time.Now().In(Vietnam).Format("060102")
	for n := 1; n <= 11; n++ { // past 0008, where an octal reader stops
		r := post(t, url, session, fmt.Sprintf("A%d", n))
		if want := fmt.Sprintf("000.00.06.H26-%s-%04d", day, n); r.ErrorCode != codeOK || r.Result[0].MaHoSo != want {
			t.Fatalf("%+v, want %s", r, want)
		}
	}
	if _, r := call(t, url+"/service", fmt.Sprintf(`{"session":%q,"madonvi":"H27","service":"DongBoHoSoMC","isUpdating":false,"data":[{"MaHoSoNguon":"B1",%s}]}`, session, good)); r.Result[0].MaHoSo != "H27-"+day+"-0001" {
		t.Errorf("another agency: %+v", r)
	}
	again := post(t, url, session, "A3")
	if again.ErrorCode != codeExists || again.Result[0].MaHoSo != "000.00.06.H26-"+day+"-0003" || !strings.Contains(again.Message, "đã tồn tại") {
		t.Errorf("again: %+v", again)
	}

	// The same after a restart, and numbering goes on.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	url = serve(t, s)
	if r := post(t, url, session, "A12"); r.ErrorCode != codeSession {
		t.Errorf("a session outlived a restart: %+v", r)
	}
	session = login(t, s, url)
	if r := post(t, url, session, "A3"); r.ErrorCode != codeExists || r.Result[0].MaHoSo != again.Result[0].MaHoSo {
		t.Errorf("after a restart: %+v", r)
	}
	if r := post(t, url, session, "A12"); r.Result[0].MaHoSo != "000.00.06.H26-"+day+"-0012" {
		t.Errorf("after a restart: %+v", r)
	}
}

// Many at once with the same source: one code.
func TestOnceAtOnce(t *testing.T) {
	s := open(t, t.TempDir())
	url := serve(t, s)
	session := login(t, s, url)
	codes := make(chan string, 40)
	var wg sync.WaitGroup
	for n := range cap(codes) {
		wg.Go(func() { codes <- post(t, url, session, fmt.Sprintf("S%d", n%4)).Result[0].MaHoSo })
	}
	wg.Wait()
	close(codes)
	seen := map[string]int{}
	for c := range codes {
		seen[c]++
	}
	if len(seen) != 4 || len(s.all()) != 4 {
		t.Errorf("%v", seen)
	}
}

// A crash in the middle of a line: that line was never answered for. What
// stands before it stands; a damaged line in the middle is an error.
func TestTornJournal(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	url := serve(t, s)
	session := login(t, s, url)
	post(t, url, session, "T1")
	first := s.journal.end()
	post(t, url, session, "T2")
	s.Close()
	path := filepath.Join(dir, "dossiers.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{first, first + 1, int64(len(whole)) - 1} {
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		again := open(t, dir)
		if n := len(again.all()); n != 1 {
			t.Errorf("cut at %d of %d: %d items", size, len(whole), n)
		}
		url := serve(t, again)
		if r := post(t, url, login(t, again, url), "T2"); r.ErrorCode != codeOK || !strings.HasSuffix(r.Result[0].MaHoSo, "-0002") {
			t.Errorf("cut at %d: %+v", size, r)
		}
		again.Close()
		if got, err := os.ReadFile(path); err != nil || len(got) != len(whole) {
			t.Errorf("cut at %d: %d bytes, want %d, %v", size, len(got), len(whole), err)
		}
	}
	if err := os.WriteFile(path, append([]byte("{broken}\n"), whole...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("a damaged journal: %v", err)
	}
}

func TestStrictness(t *testing.T) {
	s := open(t, t.TempDir())
	url := serve(t, s)
	session := login(t, s, url)
	send := func(item string) reply {
		_, r := call(t, url+"/service", fmt.Sprintf(`{"session":%q,"madonvi":"H26","service":"DongBoHoSoMC","isUpdating":false,"data":[%s]}`, session, item))
		return r
	}
	for name, c := range map[string]struct{ item, want string }{
		"unknown field":     {`{"MaHoSoNguon":"A1","Lạ":"1",` + good + `}`, "unknown field"},
		"no source":         {`{` + good + `}`, "MaHoSoNguon"},
		"with a code":       {`{"MaHoSoNguon":"A1","MaHoSo":"H26-261122-0001",` + good + `}`, "MaHoSo:"},
		"date":              {`{"MaHoSoNguon":"A1",` + strings.Replace(good, "20261122235959", "22/11/2026", 1) + `}`, "NgayNopHoSo"},
		"an impossible day": {`{"MaHoSoNguon":"A1",` + strings.Replace(good, "20261122235959", "20261322235959", 1) + `}`, "NgayNopHoSo"},
		"channel":           {`{"MaHoSoNguon":"A1",` + strings.Replace(good, `"KenhThucHien":"1"`, `"KenhThucHien":"4"`, 1) + `}`, "KenhThucHien"},
		"our date":          {`{"MaHoSoNguon":"A1","NgayTiepNhan":"20261122235959",` + good + `}`, "NgayTiepNhan"},
		"long summary":      {`{"MaHoSoNguon":"A1","TrichYeuHoSo":"` + strings.Repeat("ă", 1001) + `",` + good + `}`, "TrichYeuHoSo"},
	} {
		if r := send(c.item); r.ErrorCode != codeInvalid || !strings.Contains(r.Message, c.want) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if n := len(s.all()); n != 0 {
		t.Errorf("%d were kept", n)
	}
	if _, r := call(t, url+"/login", `{"username":"kiosk-gateway","password":"guess"}`); r.ErrorCode != codeLogin || r.Session != "" {
		t.Errorf("wrong password: %+v", r)
	}
	if status, _ := call(t, url+"/decide", `{"MaHoSo":"H26-261122-9999","TrangThaiHoSo":"2"}`); status != 404 {
		t.Errorf("a decision about nothing: %d", status)
	}
	if status, _ := call(t, url+"/decide", `{"MaHoSo":"H26-261122-9999","TrangThaiHoSo":"11"}`); status != 400 {
		t.Errorf("status 11: %d", status)
	}
}

// A decision is there after a restart.
func TestDecisionsLast(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	url := serve(t, s)
	code := post(t, url, login(t, s, url), "D1").Result[0].MaHoSo
	if status, _ := call(t, url+"/decide", `{"MaHoSo":"`+code+`","TrangThaiHoSo":"2","NgayHenTra":"20261130170000"}`); status != 200 {
		t.Fatal(status)
	}
	s.Close()
	s = open(t, dir)
	item, ok := s.find(code)
	if !ok || item.TrangThaiHoSo != "2" || item.NgayHenTra != "20261130170000" || len(item.NgayTiepNhan) != 14 {
		t.Errorf("%+v", item)
	}
}

func FuzzService(f *testing.F) {
	s, err := Open(f.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	session := s.login()
	f.Add(`{"session":"` + session + `","madonvi":"H26","service":"DongBoHoSoMC","isUpdating":false,"data":[{"MaHoSoNguon":"A",` + good + `}]}`)
	f.Add(`{"session":"` + session + `","madonvi":"H26","service":"TraCuuHoSo","data":[{"MaHoSo":"x"}]}`)
	f.Add(`{"kind":"slow","count":1}`)
	f.Add("\x00")
	h := s.Handler("")
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/service", "/login", "/decide"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body)))
			if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	})
}
