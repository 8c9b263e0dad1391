package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func open1(t *testing.T, path string) *Cache {
	t.Helper()
	c, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func row(n int, unit, procedure, outcome string, status int, at string) Row {
	when, err := time.Parse(time.DateTime, at)
	if err != nil {
		panic(err)
	}
	return Row{"k-1", fmt.Sprint(n), unit, procedure, when, outcome, status}
}

func fill(t *testing.T, c *Cache) {
	t.Helper()
	rows := []Row{
		row(1, "00004", "1.001193", "accepted-for-review", 1, "2026-11-02 03:00:00"),
		row(2, "00004", "1.001193", "accepted-for-review", 10, "2026-11-02 04:00:00"),
		row(3, "00004", "1.010041", "refused", 0, "2026-11-03 03:00:00"),
		row(4, "00008", "1.001193", "quarantined", 0, "2026-11-03 16:59:59"),
		row(5, "00008", "1.001193", "accepted-for-review", 2, "2026-11-03 17:00:00"), // the 4th, in Hanoi
	}
	if err := c.Put(t.Context(), rows, 7); err != nil {
		t.Fatal(err)
	}
}

func TestLines(t *testing.T) {
	c := open1(t, filepath.Join(t.TempDir(), "report.db"))
	fill(t, c)
	for _, q := range []struct {
		name     string
		by       By
		from, to string
		units    []string
		want     []Line
	}{
		{"by unit", ByUnit, "", "", nil, []Line{
			{"00004", 3, 2, 1, 0, 2, "2026-11-02", 2}, {"00008", 2, 1, 0, 1, 0, "2026-11-03", 1}, {"", 5, 3, 1, 1, 2, "2026-11-02", 2}}},
		{"by procedure", ByProcedure, "", "", nil, []Line{
			{"1.001193", 4, 3, 0, 1, 1, "2026-11-02", 2}, {"1.010041", 1, 0, 1, 0, 1, "2026-11-03", 1}, {"", 5, 3, 1, 1, 2, "2026-11-02", 2}}},
		{"by day", ByDay, "", "", nil, []Line{
			{"2026-11-02", 2, 2, 0, 0, 1, "2026-11-02", 2}, {"2026-11-03", 2, 0, 1, 1, 1, "2026-11-03", 2}, {"2026-11-04", 1, 1, 0, 0, 0, "2026-11-04", 1}, {"", 5, 3, 1, 1, 2, "2026-11-02", 2}}},
		{"some days", ByUnit, "2026-11-03", "2026-11-03", nil, []Line{
			{"00004", 1, 0, 1, 0, 1, "2026-11-03", 1}, {"00008", 1, 0, 0, 1, 0, "2026-11-03", 1}, {"", 2, 0, 1, 1, 1, "2026-11-03", 2}}},
		{"one unit", ByProcedure, "", "", []string{"00008"}, []Line{{"1.001193", 2, 1, 0, 1, 0, "2026-11-03", 1}, {"", 2, 1, 0, 1, 0, "2026-11-03", 1}}},
		{"no unit", ByUnit, "", "", []string{}, []Line{{}}},
	} {
		got, err := c.Lines(t.Context(), q.by, q.from, q.to, q.units)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(q.want) {
			t.Errorf("%s: %v\ngot  %v\nwant %v", q.name, err, got, q.want)
		}
	}
	if _, err := c.Lines(t.Context(), "1; DROP TABLE filed", "", "", nil); !errors.Is(err, ErrBy) {
		t.Error(err)
	}
}

// What changes is counted once, on its first day.
func TestPutAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.db")
	c := open1(t, path)
	fill(t, c)
	if err := c.Put(t.Context(), []Row{row(4, "00008", "1.001193", "accepted-for-review", 10, "2026-11-20 03:00:00")}, 9); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = open1(t, path)
	if at, err := c.Cursor(t.Context()); err != nil || at != 9 {
		t.Errorf("cursor %d, %v", at, err)
	}
	got, err := c.Lines(t.Context(), ByDay, "2026-11-03", "2026-11-03", nil)
	if err != nil || got[0] != (Line{"2026-11-03", 2, 1, 1, 0, 2, "2026-11-03", 2}) {
		t.Errorf("%v, %v", got, err)
	}
	if err := c.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Lines(t.Context(), ByDay, "", "", nil); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

// A broken cache is no reason not to start.
func TestBrokenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	c := open1(t, path)
	if at, err := c.Cursor(t.Context()); err != nil || at != 0 {
		t.Errorf("cursor %d, %v", at, err)
	}
	fill(t, c)
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	lines := []Line{{"00004", 3, 2, 1, 0, 2, "2026-11-02", 2}, {"=cmd()", 0, 0, 0, 0, 0, "", 0}, {"", 3, 2, 1, 0, 2, "2026-11-02", 2}}
	if err := WriteCSV(&b, ByUnit, lines, func(string) string { return "Phường Ba Đình" }); err != nil {
		t.Fatal(err)
	}
	text, ok := bytes.CutPrefix(b.Bytes(), []byte("\ufeff"))
	got, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || !ok || len(got) != 4 {
		t.Fatalf("%v\n%s", err, b.String())
	}
	for i, want := range []string{
		"[Mã đơn vị Đơn vị Tổng nhận Chuyển một cửa Bị từ chối Cần người xem Đã xử lý Tỷ lệ xử lý % Ngày cao điểm Số hồ sơ ngày cao điểm]",
		"[00004 Phường Ba Đình 3 2 1 0 2 66.7 2026-11-02 2]", "['=cmd() Phường Ba Đình 0 0 0 0 0   0]", "[Tổng  3 2 1 0 2 66.7 2026-11-02 2]",
	} {
		if s := fmt.Sprint(got[i]); s != want {
			t.Errorf("got  %s\nwant %s", s, want)
		}
	}
}
