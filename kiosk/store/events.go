package store

import (
	"context"
	"time"
)

// An Event waits until the centre has it. It is nobody's.
type Event struct {
	Seq  int64
	Kind string
	At   time.Time
	Body []byte // JSON
}

// maxEvents bounds how many wait; of a kiosk that was away for longer than that the
// oldest are forgotten. A year of hours with visits is some 4,000.
const maxEvents = 20_000

// AddEvents keeps them for the centre, numbered in their order.
func (s *Store) AddEvents(ctx context.Context, events ...Event) error {
	return s.tx(ctx, "event", func(tx tx) error {
		for _, e := range events {
			if _, err := tx.ExecContext(ctx, `INSERT INTO events (kind, at, body) VALUES (?, ?, ?)`, e.Kind, e.At.UnixMilli(), string(e.Body)); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM events WHERE seq <= (SELECT max(seq) FROM events) - ?`, maxEvents)
		return err
	})
}

// Events returns the first that wait, and the name of this file.
func (s *Store) Events(ctx context.Context, limit int) (origin string, events []Event, err error) {
	if err := s.read.QueryRowContext(ctx, `SELECT id FROM origin`).Scan(&origin); err != nil {
		return "", nil, wrap("events", err)
	}
	rows, err := s.read.QueryContext(ctx, `SELECT seq, kind, at, body FROM events ORDER BY seq LIMIT ?`, limit)
	if err != nil {
		return "", nil, wrap("events", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e Event
		var at int64
		if err := rows.Scan(&e.Seq, &e.Kind, &at, &e.Body); err != nil {
			return "", nil, wrap("events", err)
		}
		e.At = time.UnixMilli(at)
		events = append(events, e)
	}
	return origin, events, wrap("events", rows.Err())
}

// DropEvents forgets those up to a number: the centre has them.
func (s *Store) DropEvents(ctx context.Context, upTo int64) error {
	_, err := s.write.ExecContext(ctx, `DELETE FROM events WHERE seq <= ?`, upTo)
	return wrap("events", err)
}
