package link

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
)

// What is fetched by a hash is that, or an error: whoever stands in between changes nothing.
func TestBlob(t *testing.T) {
	body, status := "phone: \"1022\"\n", http.StatusOK
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	}))
	defer srv.Close()
	cr := credentials(t)
	cr.Centre = srv.URL
	conn, err := New(cr, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	hash := HashOf([]byte(body))
	if b, err := conn.Blob(t.Context(), hash); err != nil || string(b) != body {
		t.Errorf("%q %v", b, err)
	}
	body = "phone: \"666\"\n"
	if _, err := conn.Blob(t.Context(), hash); err == nil {
		t.Error("other bytes are taken")
	}
	body, status = "", http.StatusNotFound
	if _, err := conn.Blob(t.Context(), HashOf(nil)); err == nil {
		t.Error("nothing is taken")
	}
}
