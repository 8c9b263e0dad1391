package printer

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestProfilesAreStrict(t *testing.T) {
	const good = `
- name: mine-80
  about: mine
  dots: 576
  dpi: 203
  columns: 48
  feed_units: 1
  baud: 9600
  glyphs: raster
  qr: raster
  cutter: full
  tail: 104
  status: dle-eot
  finish: gs-r
  justify: true
  double: true
`
	if ps, err := ParseProfiles([]byte(good)); err != nil || len(ps) != 1 {
		t.Fatal(ps, err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"mine-80", "Mine 80", "name"},
		{"576", "577", "dots"},
		{"576", "wide", "dots"},
		{"9600", "9601", "baud"},
		{"glyphs: raster", "glyphs: letters", "glyphs"},
		{"glyphs: raster", "glyphs: downloaded", "max_glyphs"},
		{"glyphs: raster", "glyphs: downloaded\n  max_glyphs: 40", "max_glyphs"}, // fewer than a line has letters
		{"glyphs: raster", "glyphs: downloaded\n  max_glyphs: 95", "max_glyphs"}, // the space is one's own
		{"qr: raster", "qr: native", "qr"},
		{"columns: 48", "columns: 49", "columns"}, // 588 dots
		{"dpi: 203", "dpi: 200", "dpi"},
		{"feed_units: 1", "feed_units: 3", "feed_units"},
		{"dpi: 203", "dpi: 203\n  usb: [{vendor: 4B8, product: \"0202\"}]", "usb"},
		{"dpi: 203", "dpi: 203\n  sources: [{fact: dots}]", "sources"},
		{"cutter: full", "cutter: half", "cutter"},
		{"tail: 104", "tail: 40", "tail"}, // through the last line
		{"dle-eot", "none", "finish"},     // nobody answers at the end
		{"justify", "justfy", "justfy"},
		{"double: true", "double: true\n  double: true", "double"},
		{good, good + good, "twice"},
	} {
		_, err := ParseProfiles([]byte(strings.Replace(good, c.from, c.to, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q for %.20q: %v, want a word about %s", c.to, c.from, err, c.want)
		}
	}
	if _, err := ProfileNamed("mine-80"); err == nil || !strings.Contains(err.Error(), "generic-80") {
		t.Error("an unknown name should list those there are:", err)
	}
}

func TestWordsOfTime(t *testing.T) {
	for m, want := range map[float64]string{
		0.2: "khoảng 1\u00a0phút", 7: "khoảng 7\u00a0phút", 12: "khoảng 15\u00a0phút", 60: "khoảng 1\u00a0giờ", 83: "khoảng 1\u00a0giờ 25\u00a0phút",
	} {
		if got := about(minutes(m)).vi; got != want {
			t.Errorf("%v min: %q, want %q", m, got, want)
		}
	}
	if got := strings.ReplaceAll(when(morning.UTC()).vi, "\u00a0", " "); got != "09:41, thứ Hai 23/11/2026" {
		t.Error(got)
	}
}

// Papers name people: whatever way one gets into a log, it says its kind and no more.
func TestPapersAreNotLogged(t *testing.T) {
	const canary = "NGUYỄN THỊ CHIM HOÀNG YẾN"
	slip := Slip{Applicant: canary, PIN: canary, Procedure: canary}
	for _, v := range []any{slip, &slip, layOut(t, slip), Ticket{Unit: canary}, Checklist{Unit: canary}} {
		if s := logged(v); strings.Contains(s, canary) || s == "" {
			t.Errorf("%T: %s", v, s)
		}
	}
}

func logged(v any) string {
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
	fmt.Fprintf(&b, "%v %+v %#v %s", v, v, v, v)
	return b.String()
}

func minutes(m float64) time.Duration { return time.Duration(m * float64(time.Minute)) }
