package report

import (
	"context"
	"database/sql"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// Visits are how many people came how far at a kiosk, and in what time.
type Visits struct {
	Visits     int   `json:"visits"`
	Reads      int   `json:"reads"` // cards read and judged
	ReadMillis int64 `json:"read_ms"`
	Failed     int   `json:"failed"` // cards that could not be read
	Done       int   `json:"done"`   // visits with a ticket or a dossier
	DoneMillis int64 `json:"done_ms"`
	Tickets    int   `json:"tickets"`
	Dossiers   int   `json:"dossiers"`
	Abandoned  int   `json:"abandoned"`
	NotSaved   int   `json:"not_saved"`
}

func (v *Visits) fields() []any {
	return []any{&v.Visits, &v.Reads, &v.ReadMillis, &v.Failed, &v.Done, &v.DoneMillis, &v.Tickets, &v.Dossiers, &v.Abandoned, &v.NotSaved}
}

const visitColumns = "visits, reads, read_ms, failed, done, done_ms, tickets, dossiers, abandoned, not_saved"

const visitSums = "sum(visits), sum(reads), sum(read_ms), sum(failed), sum(done), sum(done_ms), sum(tickets), sum(dossiers), sum(abandoned), sum(not_saved)"

const visitsSchema = `
CREATE TABLE IF NOT EXISTS days (
	kiosk TEXT NOT NULL, day TEXT NOT NULL, unit TEXT NOT NULL, visits INTEGER NOT NULL, reads INTEGER NOT NULL, read_ms INTEGER NOT NULL,
	failed INTEGER NOT NULL, done INTEGER NOT NULL, done_ms INTEGER NOT NULL, tickets INTEGER NOT NULL, dossiers INTEGER NOT NULL,
	abandoned INTEGER NOT NULL, not_saved INTEGER NOT NULL, PRIMARY KEY (kiosk, day)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS days_day ON days (day);
CREATE TABLE IF NOT EXISTS hours (
	kiosk TEXT NOT NULL, hour INTEGER NOT NULL, visits INTEGER NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL,
	PRIMARY KEY (kiosk, hour)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changes (
	kiosk TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS changes_kiosk ON changes (kiosk, at);
CREATE TABLE IF NOT EXISTS lives (
	receipt TEXT NOT NULL, kiosk TEXT NOT NULL, at INTEGER NOT NULL, what TEXT NOT NULL,
	PRIMARY KEY (receipt, at, what)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS told (
	kiosk TEXT NOT NULL, origin TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (kiosk, origin)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heard (seq INTEGER NOT NULL);
INSERT INTO heard SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM heard);`

// keepFine is how far back hours and changes go; days are kept as long as dossiers are.
const keepFine = 31 * 24 * time.Hour

// An Event is what a kiosk told, as reports count it. Origin and Seq number it.
type Event struct {
	Kiosk, Unit  string
	Origin       string
	Seq          int64
	At           time.Time
	Kind         string
	Code, Detail string
	Receipt      string  // whose slip or payload it is about; "": nobody's
	Visits       *Visits // nil: a change
}

// Heard is the number in the stream of events that the cache has read up to.
func (c *Cache) Heard(ctx context.Context) (seq uint64, err error) {
	err = c.db.QueryRowContext(ctx, "SELECT seq FROM heard").Scan(&seq)
	return seq, err
}

// ForgetVisits empties what was heard: the stream is another one.
func (c *Cache) ForgetVisits(ctx context.Context) error {
	_, err := c.db.ExecContext(ctx, "DELETE FROM days; DELETE FROM hours; DELETE FROM changes; DELETE FROM lives; DELETE FROM told; UPDATE heard SET seq = 0")
	return err
}

// Hear counts these, each once however often it is told, and notes how far the stream was read.
func (c *Cache) Hear(ctx context.Context, events []Event, seq uint64, now time.Time) error {
	return c.tx(ctx, func(tx *sql.Tx) error {
		for _, e := range events {
			news, err := tx.ExecContext(ctx, `INSERT INTO told VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq`, e.Kiosk, e.Origin, e.Seq)
			if err != nil {
				return err
			}
			n, err := news.RowsAffected()
			if err == nil && n > 0 {
				err = hear(ctx, tx, e)
			}
			if err != nil {
				return err
			}
		}
		old := now.Add(-keepFine).Unix()
		for _, then := range []struct {
			query string
			arg   any
		}{{"DELETE FROM hours WHERE hour < ?", old}, {"DELETE FROM changes WHERE at < ?", old}, {"UPDATE heard SET seq = ?", seq}} {
			if _, err := tx.ExecContext(ctx, then.query, then.arg); err != nil {
				return err
			}
		}
		return nil
	})
}

func hear(ctx context.Context, tx *sql.Tx, e Event) error {
	if e.Receipt != "" {
		_, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO lives VALUES (?, ?, ?, ?)", e.Receipt, e.Kiosk, e.At.Unix(), e.Code)
		return err
	}
	if e.Visits == nil {
		_, err := tx.ExecContext(ctx, "INSERT INTO changes VALUES (?, ?, ?, ?, ?)", e.Kiosk, e.At.Unix(), e.Kind, e.Code, e.Detail)
		return err
	}
	v := e.Visits
	if _, err := tx.ExecContext(ctx, `INSERT INTO days (kiosk, day, unit, `+visitColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET visits = visits + excluded.visits, reads = reads + excluded.reads, read_ms = read_ms + excluded.read_ms,
		failed = failed + excluded.failed, done = done + excluded.done, done_ms = done_ms + excluded.done_ms, tickets = tickets + excluded.tickets,
		dossiers = dossiers + excluded.dossiers, abandoned = abandoned + excluded.abandoned, not_saved = not_saved + excluded.not_saved`,
		append([]any{e.Kiosk, Day(e.At), e.Unit}, v.fields()...)...); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO hours VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET visits = visits + excluded.visits, done = done + excluded.done, failed = failed + excluded.failed`,
		e.Kiosk, e.At.Truncate(time.Hour).Unix(), v.Visits, v.Done, v.Failed)
	return err
}

// An Hour of a kiosk.
type Hour struct {
	At     time.Time `json:"at"`
	Visits int       `json:"visits"`
	Done   int       `json:"done"`
	Failed int       `json:"failed"`
}

// A Change of a kiosk: it started, or a condition began or ended.
type Change struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Code   string    `json:"code,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

// mostChanges bounds one answer, the newest first.
const mostChanges = 200

// Lately is what a kiosk told since a moment: every hour that had a visit, and changes,
// the newest first.
func (c *Cache) Lately(ctx context.Context, kiosk string, since time.Time) (hours []Hour, changes []Change, err error) {
	hours, changes = []Hour{}, []Change{}
	tx, err := c.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // both of one moment
	if err != nil {
		return nil, nil, fmt.Errorf("report: %w", err)
	}
	defer tx.Rollback() // nothing was changed
	rows, err := tx.QueryContext(ctx, "SELECT hour, visits, done, failed FROM hours WHERE kiosk = ? AND hour >= ? ORDER BY hour", kiosk, since.Truncate(time.Hour).Unix())
	if err != nil {
		return nil, nil, fmt.Errorf("report: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var h Hour
		var at int64
		if err := rows.Scan(&at, &h.Visits, &h.Done, &h.Failed); err != nil {
			return nil, nil, fmt.Errorf("report: %w", err)
		}
		h.At = time.Unix(at, 0).UTC()
		hours = append(hours, h)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("report: %w", err)
	}
	told, err := tx.QueryContext(ctx, "SELECT at, kind, code, detail FROM changes WHERE kiosk = ? AND at >= ? ORDER BY at DESC, rowid DESC LIMIT ?", kiosk, since.Unix(), mostChanges)
	if err != nil {
		return nil, nil, fmt.Errorf("report: %w", err)
	}
	defer told.Close()
	for told.Next() {
		var one Change
		var at int64
		if err := told.Scan(&at, &one.Kind, &one.Code, &one.Detail); err != nil {
			return nil, nil, fmt.Errorf("report: %w", err)
		}
		one.At = time.Unix(at, 0).UTC()
		changes = append(changes, one)
	}
	return hours, changes, told.Err()
}

// Life is what a kiosk told of one of its dossiers, in order.
func (c *Cache) Life(ctx context.Context, kiosk, receipt string) ([]Change, error) {
	rows, err := c.db.QueryContext(ctx, "SELECT at, what FROM lives WHERE receipt = ? AND kiosk = ? ORDER BY at", receipt, kiosk)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	defer rows.Close()
	var life []Change
	for rows.Next() {
		var one Change
		var at int64
		if err := rows.Scan(&at, &one.Code); err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		one.At = time.Unix(at, 0).UTC()
		life = append(life, one)
	}
	return life, rows.Err()
}

// A VisitLine of a report of visits.
type VisitLine struct {
	Key string `json:"key"`
	Visits
}

// ByKiosk breaks visits down; dossiers have it not.
const ByKiosk By = "kiosk"

// VisitLines counts the visits of these days and units, as [Cache.Lines] does dossiers, by
// unit, kiosk or day; kiosk, if it is not empty, is the only one that counts. The last line,
// of no key, is the sum.
func (c *Cache) VisitLines(ctx context.Context, by By, from, to string, units []string, kiosk string) ([]VisitLine, error) {
	column, ok := map[By]string{ByUnit: "unit", ByKiosk: "kiosk", ByDay: "day"}[by]
	if !ok {
		return nil, ErrBy
	}
	where, args := within(from, to, units)
	if kiosk != "" {
		where, args = where+" AND kiosk = ?", append(args, kiosk)
	}
	var lines []VisitLine
	for _, query := range []string{
		"SELECT " + column + ", " + visitSums + " FROM days WHERE " + where + " GROUP BY 1 ORDER BY 1",
		"SELECT '', " + visitSums + " FROM days WHERE " + where + " HAVING count(*) > 0",
	} {
		rows, err := c.db.QueryContext(ctx, query, args...)
		if err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var l VisitLine
			if err := rows.Scan(append([]any{&l.Key}, l.fields()...)...); err != nil {
				return nil, fmt.Errorf("report: %w", err)
			}
			lines = append(lines, l)
		}
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
	}
	if len(lines) == 0 {
		lines = []VisitLine{{}}
	}
	return lines, nil
}

// WriteVisitsCSV writes a report of visits, as [WriteCSV] does one of dossiers.
func WriteVisitsCSV(w io.Writer, by By, lines []VisitLine, name func(key string) string) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	heads := map[By][]string{ByUnit: {"Mã đơn vị", "Đơn vị"}, ByKiosk: {"Máy", "Điểm"}, ByDay: {"Ngày", ""}}
	out.Write(slices.Concat(heads[by], []string{"Lượt", "Hoàn thành", "Tỷ lệ hoàn thành %", "Thời gian trung bình (giây)", "Đọc thẻ", "Đọc thẻ trung bình (giây)", "Thẻ không đọc được", "Phiếu số", "Hồ sơ", "Bỏ dở", "Không lưu được"}))
	for _, l := range lines {
		key, text := l.Key, ""
		if key == "" {
			key = "Tổng"
		} else {
			text = name(l.Key)
		}
		out.Write([]string{plain(key), plain(text), strconv.Itoa(l.Visits.Visits), strconv.Itoa(l.Done), ratio(100*float64(l.Done), l.Visits.Visits),
			ratio(float64(l.DoneMillis)/1000, l.Done), strconv.Itoa(l.Reads), ratio(float64(l.ReadMillis)/1000, l.Reads), strconv.Itoa(l.Failed),
			strconv.Itoa(l.Tickets), strconv.Itoa(l.Dossiers), strconv.Itoa(l.Abandoned), strconv.Itoa(l.NotSaved)})
	}
	out.Flush()
	return out.Error()
}

// ratio is nothing where there was nothing.
func ratio(sum float64, n int) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatFloat(sum/float64(n), 'f', 1, 64)
}
