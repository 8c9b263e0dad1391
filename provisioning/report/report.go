// Package report counts what became of dossiers and of visits, for the steering committee:
// by unit, procedure, kiosk and day. Its SQLite file is a cache: it is made again from the
// gateway's book and the stream of events whenever it is lost, and holds nothing personal.
package report

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// A Row is one dossier as reports count it.
type Row struct {
	Kiosk, Receipt  string
	Unit, Procedure string
	At              time.Time // of the gateway's first answer
	Outcome         string    // accepted-for-review | refused | quarantined
	Status          int       // of One-Stop: 0 to 10
}

// processed are the statuses in which the city is done with a dossier: không được tiếp
// nhận, công dân rút, dừng, đã xử lý xong, đã trả kết quả.
var processed = []int{3, 7, 8, 9, 10}

// By names what a report is broken down by.
type By string

const (
	ByUnit      By = "unit"
	ByProcedure By = "procedure"
	ByDay       By = "day"
)

// columns are the only texts that get into a query.
var columns = map[By]string{ByUnit: "unit", ByProcedure: "procedure", ByDay: "day"}

// ErrBy says that there is no such breakdown.
var ErrBy = errors.New("a report is by unit, procedure or day")

// A Line of a report.
type Line struct {
	Key         string `json:"key"`
	Received    int    `json:"received"` // all that came
	Accepted    int    `json:"accepted"`
	Refused     int    `json:"refused"`
	Quarantined int    `json:"quarantined"`
	Processed   int    `json:"processed"` // the city is done with it
	PeakDay     string `json:"peak_day"`
	PeakCount   int    `json:"peak_count"`
}

// Cache is the file.
type Cache struct{ db *sql.DB }

const version = 3

const schema = `
CREATE TABLE IF NOT EXISTS filed (
	kiosk TEXT NOT NULL, receipt TEXT NOT NULL, unit TEXT NOT NULL, procedure TEXT NOT NULL,
	day TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER NOT NULL,
	PRIMARY KEY (kiosk, receipt)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS filed_day ON filed (day);
CREATE TABLE IF NOT EXISTS cursor (revision INTEGER NOT NULL);
INSERT INTO cursor SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM cursor);`

// Open opens the file, or makes it; one of another version, or broken, is made anew.
func Open(ctx context.Context, path string) (*Cache, error) {
	c, err := open(ctx, path)
	if err == nil {
		return c, nil
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if gone := os.Remove(path + suffix); gone != nil && !errors.Is(gone, os.ErrNotExist) {
			return nil, errors.Join(err, gone)
		}
	}
	return open(ctx, path)
}

func open(ctx context.Context, path string) (*Cache, error) {
	// A power cut costs the last rows, which the book has.
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var have int
	err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have)
	if err == nil && have != 0 && have != version {
		err = fmt.Errorf("version %d", have)
	}
	if err == nil {
		_, err = db.ExecContext(ctx, schema+visitsSchema+fmt.Sprintf("PRAGMA user_version = %d", version))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("report: %s: %w", path, err), db.Close())
	}
	return &Cache{db}, nil
}

// Close closes the file.
func (c *Cache) Close() error { return c.db.Close() }

// Cursor is the revision of the book that the cache has read up to.
func (c *Cache) Cursor(ctx context.Context) (revision uint64, err error) {
	err = c.db.QueryRowContext(ctx, "SELECT revision FROM cursor").Scan(&revision)
	return revision, err
}

// Forget empties the cache: the book is another one.
func (c *Cache) Forget(ctx context.Context) error {
	_, err := c.db.ExecContext(ctx, "DELETE FROM filed; UPDATE cursor SET revision = 0")
	return err
}

// tx does work in one transaction: all of it or nothing.
func (c *Cache) tx(ctx context.Context, work func(*sql.Tx) error) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := work(tx); err != nil {
		return errors.Join(fmt.Errorf("report: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Put counts these, and notes how far the book was read.
func (c *Cache) Put(ctx context.Context, rows []Row, revision uint64) error {
	return c.tx(ctx, func(tx *sql.Tx) error {
		// The day of a dossier is that of its first answer, whatever came after.
		put, err := tx.PrepareContext(ctx, `INSERT INTO filed VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET unit = excluded.unit, procedure = excluded.procedure, outcome = excluded.outcome, status = excluded.status`)
		if err != nil {
			return err
		}
		defer put.Close()
		for _, r := range rows {
			if _, err := put.ExecContext(ctx, r.Kiosk, r.Receipt, r.Unit, r.Procedure, Day(r.At), r.Outcome, r.Status); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "UPDATE cursor SET revision = ?", revision)
		return err
	})
}

// hanoi has kept UTC+7 since 1975; days are its days.
var hanoi = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// Day is the day of a moment, in Hanoi.
func Day(t time.Time) string { return t.In(hanoi).Format(time.DateOnly) }

// Lines counts the dossiers of these days (2026-11-01, both included; none: open) and
// units (nil: all), broken down; the last line, of no key, is the sum.
func (c *Cache) Lines(ctx context.Context, by By, from, to string, units []string) ([]Line, error) {
	column, ok := columns[by]
	if !ok {
		return nil, ErrBy
	}
	where, args := within(from, to, units)
	done := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(processed)), ","), "[]")
	rows, err := c.db.QueryContext(ctx, `SELECT `+column+`, day, count(*), sum(outcome = 'accepted-for-review'), sum(outcome = 'refused'),
		sum(outcome = 'quarantined'), sum(outcome = 'refused' OR status IN (`+done+`)) FROM filed WHERE `+where+` GROUP BY 1, 2 ORDER BY 1, 2`, args...)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	defer rows.Close()
	var lines []Line
	days := map[string]int{}
	sum := Line{}
	for rows.Next() {
		var l Line
		if err := rows.Scan(&l.Key, &l.PeakDay, &l.Received, &l.Accepted, &l.Refused, &l.Quarantined, &l.Processed); err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		l.PeakCount = l.Received
		days[l.PeakDay] += l.Received
		sum.add(l)
		if n := len(lines); n > 0 && lines[n-1].Key == l.Key {
			lines[n-1].add(l)
			continue
		}
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	sum.PeakDay, sum.PeakCount = "", 0
	for d, n := range days {
		if n > sum.PeakCount || n == sum.PeakCount && d < sum.PeakDay {
			sum.PeakDay, sum.PeakCount = d, n
		}
	}
	return append(lines, sum), nil
}

// within is the condition of a query for these days and units.
func within(from, to string, units []string) (where string, args []any) {
	where = "1"
	for _, bound := range []struct{ op, day string }{{">=", from}, {"<=", to}} {
		if bound.day != "" {
			where, args = where+" AND day "+bound.op+" ?", append(args, bound.day)
		}
	}
	if units != nil {
		where += " AND unit IN (" + strings.TrimSuffix(strings.Repeat("?,", len(units)), ",") + ")"
		for _, u := range units {
			args = append(args, u)
		}
	}
	return where, args
}

func (l *Line) add(more Line) {
	l.Received += more.Received
	l.Accepted += more.Accepted
	l.Refused += more.Refused
	l.Quarantined += more.Quarantined
	l.Processed += more.Processed
	if more.PeakCount > l.PeakCount {
		l.PeakDay, l.PeakCount = more.PeakDay, more.PeakCount
	}
}

// WriteCSV writes a report that spreadsheets open as it is: UTF-8 with a mark, words of
// the committee. A text that a spreadsheet would take for a formula is kept from it.
func WriteCSV(w io.Writer, by By, lines []Line, name func(key string) string) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	heads := map[By][]string{ByUnit: {"Mã đơn vị", "Đơn vị"}, ByProcedure: {"Mã thủ tục", "Thủ tục"}, ByDay: {"Ngày", ""}}
	out.Write(slices.Concat(heads[by], []string{"Tổng nhận", "Chuyển một cửa", "Bị từ chối", "Cần người xem", "Đã xử lý", "Tỷ lệ xử lý %", "Ngày cao điểm", "Số hồ sơ ngày cao điểm"}))
	for _, l := range lines {
		key, text := l.Key, ""
		if key == "" {
			key = "Tổng"
		} else {
			text = name(l.Key)
		}
		share := ""
		if l.Received > 0 {
			share = strconv.FormatFloat(100*float64(l.Processed)/float64(l.Received), 'f', 1, 64)
		}
		out.Write([]string{plain(key), plain(text), strconv.Itoa(l.Received), strconv.Itoa(l.Accepted), strconv.Itoa(l.Refused),
			strconv.Itoa(l.Quarantined), strconv.Itoa(l.Processed), share, l.PeakDay, strconv.Itoa(l.PeakCount)})
	}
	out.Flush()
	return out.Error()
}

func plain(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
