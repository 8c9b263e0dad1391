package main

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"tiepdan/provisioning/gateway"
	"tiepdan/provisioning/report"
)

const unbuilt = `<!doctype html><html lang="vi"><meta charset="utf-8"><title>Trung tâm Tiếp Dân</title>
<h1>Trang đang được chuẩn bị</h1><p>The pages are not built yet: run <code>make ui</code>, then build the centre again.</p></html>`

// policy is what the dashboard may load: its own and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pages serves the dashboard: one page, whose parts are after its #, and hashed assets.
func (c *centre) pages(mux *http.ServeMux, files fs.FS) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cache-Control", "no-cache")
		body, err := fs.ReadFile(files, "fleet.html")
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			body = []byte(unbuilt)
		}
		w.Write(body) // the client is gone if this fails
	}
	mux.HandleFunc("GET /{$}", page)
	server := http.FileServerFS(files)
	mux.HandleFunc("GET /assets/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r) // no listings
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		server.ServeHTTP(w, r)
	})
}

// bookBatch is how many records of the book are counted in one transaction.
const bookBatch = 500

// countBook follows the gateway's book into the report cache until ctx ends.
func (c *centre) countBook(ctx context.Context) error {
	err := c.followBook(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("reports: %w", err)
}

func (c *centre) followBook(ctx context.Context) error {
	last, err := c.book.Revision(ctx)
	if err != nil {
		return err
	}
	at, err := c.reports.Cursor(ctx)
	if err != nil {
		return err
	}
	if at > last { // the book was restored from before: begin anew
		at = 0
		if err := c.reports.Forget(ctx); err != nil {
			return err
		}
	}
	select { // units come from the registry
	case <-c.city.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	var batch []report.Row
	caughtUp := false
	return c.book.Watch(ctx, at+1, func(r gateway.Record, revision uint64) error {
		if revision == 0 {
			caughtUp = true
		} else {
			batch, at = append(batch, c.row(r)), revision
		}
		if len(batch) == 0 || !caughtUp && len(batch) < bookBatch {
			return nil
		}
		err := c.reports.Put(ctx, batch, at)
		batch = batch[:0]
		return err
	})
}

// row is a record as reports count it.
func (c *centre) row(r gateway.Record) report.Row {
	k, _ := c.city.kiosk(r.Receipt.Kiosk)
	first := r.Receipt.At
	for _, s := range r.Life {
		if s.What == "filed" || s.What == "refused" || s.What == "quarantined" {
			first = s.At
			break
		}
	}
	return report.Row{Kiosk: r.Receipt.Kiosk, Receipt: string(r.Receipt.Receipt), Unit: k.Unit, Procedure: r.Procedure,
		At: first, Outcome: r.Receipt.Outcome, Status: r.Receipt.Status}
}
