package web

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"

	"tiepdan/kiosk/health"
)

const unbuilt = `<!doctype html><html lang="vi"><meta charset="utf-8"><title>Tiếp Dân</title>
<h1>Máy đang được chuẩn bị</h1><p>The pages are not built yet: run <code>make ui</code>, then build the daemon again.</p></html>`

// Page serves an HTML file of the built UI.
func (s *Server) Page(path, file string) {
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		var body []byte
		err := fs.ErrNotExist
		if s.Pages != nil {
			body, err = fs.ReadFile(s.Pages, file)
		}
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			w.Write([]byte(unbuilt))
			return
		}
		w.Write(body)
	})
}

// pages serves the built UI: one HTML file a page, and hashed assets that may be kept.
func (s *Server) pages() {
	s.Page("/{$}", "index.html")
	s.Page("/counter", "counter.html")
	s.Page("/board", "board.html")
	if s.Pages == nil {
		return
	}
	files := http.FileServerFS(s.Pages)
	s.mux.HandleFunc("GET /assets/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r) // no listings
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		files.ServeHTTP(w, r)
	})
}

func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	report := s.Health()
	w.Header().Set("Content-Type", "application/json")
	if report.Status == health.Down {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	json.NewEncoder(w).Encode(report)
}
