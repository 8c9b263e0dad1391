package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

// pagesOf counts the digitised pages an item names, fetchedOf those that One-Stop has.
func pagesOf(item map[string]any) (n int) {
	for _, f := range item["TaiLieuNop"].([]any) {
		if f.(map[string]any)["DuocSoHoa"] == "1" {
			n++
		}
	}
	return n
}

func fetchedOf(item map[string]any) int {
	has, _ := item["TepDaTai"].(map[string]any)
	return len(has)
}

// Pages arrive whole: One-Stop fetches them by URLs that nobody can guess, and once it
// has them they are nowhere else.
func TestPages(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), func(o *options) { o.filesAgain = 2 * time.Second })
	d := h.enrol()
	doc := newDossier(t, d.creds.Kiosk)
	doc.Papers = []dossier.Paper{{Code: "KQ1", Name: "Giấy tờ", How: "pages", Parts: []int{1, 2}}}
	large := bytes.Repeat([]byte("trang hai "), link.PieceSize/5) // two pieces and more
	s := d.seal(doc, dossier.Part{N: 1, MIME: "image/jpeg", Data: []byte("trang một")}, dossier.Part{N: 2, MIME: "application/pdf", Data: large})
	for p := range link.Pieces(s.Manifest) {
		if err := d.conn.PublishPart(t.Context(), s.Receipt, p.N, s.Parts[p.Part][p.From:p.To]); err != nil {
			t.Fatal(err)
		}
	}
	d.publish(s)
	if r := d.receipt(s, 1); r.Outcome != dossier.Accepted {
		t.Fatalf("%+v", r)
	}
	var item map[string]any
	if err := until(t, func() (bool, error) {
		item = h.oneStop()[string(s.Receipt)]
		return item != nil && fetchedOf(item) == 2, nil
	}); err != nil {
		t.Fatal(err, item)
	}
	var urls []string
	for i, f := range item["TaiLieuNop"].([]any) {
		f := f.(map[string]any)
		urls = append(urls, f["DuongDanTaiTepTin"].(string))
		got, err := os.ReadFile(filepath.Join(h.data, "onestop", "files", f["TepDinhKemId"].(string)))
		if want := [][]byte{[]byte("trang một"), large}[i]; err != nil || !bytes.Equal(got, want) {
			t.Errorf("page %d: %d bytes, %v", i+1, len(got), err)
		}
	}
	fetch := func(url string) (int, string, []byte) {
		t.Helper()
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header.Get("Content-Type"), body
	}
	// Its answer may have been lost on the way: for a little it may ask again.
	if status, mime, body := fetch(urls[1]); status != 200 || mime != "application/pdf" || !bytes.Equal(body, large) {
		t.Errorf("asked again: %d %s, %d bytes", status, mime, len(body))
	}
	last := urls[0][len(urls[0])-1:]
	for _, wrong := range []string{strings.TrimSuffix(urls[0], last) + map[bool]string{true: "B", false: "A"}[last == "A"], h.url + "/files/x", h.url + "/files/*"} {
		if status, _, _ := fetch(wrong); status != http.StatusGone {
			t.Errorf("%s: %d", wrong, status)
		}
	}
	if err := until(t, func() (bool, error) {
		a, _, _ := fetch(urls[0])
		b, _, _ := fetch(urls[1])
		return a == http.StatusGone && b == http.StatusGone && strings.Contains(get(t, h.url+"/metrics"), "tiepdan_parts_held 0"), nil
	}); err != nil {
		t.Error("pages are here yet:", err)
	}
	for _, url := range urls {
		if strings.Contains(h.log.String(), url[strings.LastIndex(url, "/")+1:]) {
			t.Error("a page's URL is in the log")
		}
	}
}
