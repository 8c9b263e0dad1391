package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What One-Stop may answer to one item, and what that means.
func TestAnswers(t *testing.T) {
	const code = "000.00.06.H26-261122-0361"
	for _, c := range []struct {
		name, body string
		want       Filed
		refused    bool
		again      bool // ask again
	}{
		{name: "taken", body: `{"error_code":"00","result":[{"MaHoSo":"` + code + `","MaHoSoNguon":"N1","TrangThaiHoSo":"1","error_code":"00"}]}`, want: Filed{Code: code, Status: 1}},
		{name: "taken, terse", body: `{"error_code":"0","result":[{"MaHoSo":"` + code + `"}]}`, want: Filed{Code: code, Status: 1}},
		{name: "taken, in numbers", body: `{"error_code":0,"result":[{"MaHoSo":"` + code + `","TrangThaiHoSo":2}]}`, want: Filed{Code: code, Status: 2}},
		{name: "was there", body: `{"error_code":"03","message":"Hồ sơ đã tồn tại","result":[{"MaHoSo":"` + code + `","MaHoSoNguon":"N1","error_code":"03"}]}`, want: Filed{Code: code, Status: 1, Existed: true}},
		{name: "was there, by its words", body: `{"error_code":"17","message":"Hồ sơ ĐÃ TỒN TẠI","result":[{"MaHoSo":"` + code + `"}]}`, want: Filed{Code: code, Status: 1, Existed: true}},
		{name: "was there, and no code", body: `{"error_code":"03","message":"đã tồn tại"}`, again: true},
		{name: "refused", body: `{"error_code":"04","message":"sai thẩm quyền"}`, refused: true},
		{name: "refused, in the result", body: `{"error_code":"00","result":[{"error_code":"04","message":"sai"}]}`, refused: true},
		{name: "trouble", body: `{"error_code":"99","message":"Lỗi hệ thống"}`, again: true},
		{name: "a code nobody told us of", body: `{"error_code":"E-1234"}`, again: true},
		{name: "taken without a code", body: `{"error_code":"00","result":[]}`, again: true},
		{name: "taken with a code that is none", body: `{"error_code":"00","result":[{"MaHoSo":"abc"}]}`, again: true},
		{name: "about another", body: `{"error_code":"00","result":[{"MaHoSo":"` + code + `","MaHoSoNguon":"N2"}]}`, again: true},
		{name: "about two", body: `{"error_code":"00","result":[{"MaHoSo":"` + code + `"},{"MaHoSo":"` + code + `"}]}`, again: true},
		{name: "half", body: `{"error_code":"00","result":[{"MaHoSo":"000.00.0`, again: true},
		{name: "a page", body: `<html>`, again: true},
		{name: "nothing", body: ``, again: true},
		{name: "null", body: `null`, again: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := parseReply([]byte(c.body))
			var got Filed
			if err == nil {
				got, err = filed(r, "N1")
			}
			_, refused := errors.AsType[*Refusal](err)
			if got != c.want || refused != c.refused || (err != nil && !refused) != c.again {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"error_code":"00","message":"","session":"s","result":[{"MaHoSo":"H26-261122-0001","MaHoSoNguon":"N1","TrangThaiHoSo":"1","error_code":"00"}]}`))
	f.Add([]byte(`{"error_code":3,"message":"đã tồn tại"}`))
	f.Add([]byte(`{"error_code":{}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseReply(data)
		if err != nil {
			return
		}
		got, err := filed(r, "N1")
		if err == nil && (got.Code == "" || got.Status < 1 || got.Status > 10) {
			t.Errorf("%q is taken for %+v", data, got)
		}
		// What parses says the same when it is written again.
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		r2, err := parseReply(again)
		if err != nil || r2.ErrorCode != r.ErrorCode || len(r2.Result) != len(r.Result) {
			t.Errorf("%q: %+v, %v", again, r2, err)
		}
	})
}

// Half an answer, no answer, and a password that is wrong are all told apart
// from a refusal, and none says anything of the item.
func TestTransport(t *testing.T) {
	var handle atomic.Pointer[http.HandlerFunc]
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/login") {
			w.Write([]byte(`{"error_code":"00","session":"s1"}`))
			return
		}
		(*handle.Load())(w, r)
	}))
	defer srv.Close()
	base, err := url.Parse(srv.URL + "/x")
	if err != nil {
		t.Fatal(err)
	}
	n := &National{Base: base, Username: "u", Password: "p", Client: &http.Client{Timeout: 200 * time.Millisecond}}
	release := make(chan struct{})
	defer close(release)
	for name, h := range map[string]http.HandlerFunc{
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte(`{"error_code":"00"}`))
			panic(http.ErrAbortHandler)
		},
		"closed": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"slow":   func(http.ResponseWriter, *http.Request) { <-release },
		"500":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "TÊN THỬ", 500) },
		"a session that never holds": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"error_code":"01"}`))
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for range maxReply/1024 + 2 {
				w.Write(make([]byte, 1024))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			handle.Store(&h)
			_, err := n.Submit(context.Background(), "H26", Item{MaHoSoNguon: "N1", ChuHoSo: "TÊN THỬ"})
			if _, refused := errors.AsType[*Refusal](err); err == nil || refused || strings.Contains(err.Error(), "TÊN THỬ") {
				t.Errorf("%v", err)
			}
		})
	}
	n.Base, err = url.Parse("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Statuses(context.Background(), "H26", []string{"x"}); err == nil {
		t.Error("nobody there, and no error")
	}
}
