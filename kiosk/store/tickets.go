package store

import (
	"context"
	"fmt"
	"time"

	"tiepdan/kiosk/queue"
)

const selectTicket = `SELECT id, service, n, number, priority, issued_at, state, counter, calls, called_at, ended_at FROM tickets`

func scanTicket(row interface{ Scan(...any) error }) (t queue.Ticket, err error) {
	var issued, called, ended int64
	err = row.Scan(&t.ID, &t.Service, &t.N, &t.Number, &t.Priority, &issued, &t.State, &t.Counter, &t.Calls, &called, &ended)
	t.IssuedAt, t.CalledAt, t.EndedAt = fromMillis(issued), fromMillis(called), fromMillis(ended)
	return t, err
}

// Tickets returns those issued on a day ("2026-11-23"), in order of issue.
func (s *Store) Tickets(ctx context.Context, day string) ([]queue.Ticket, error) {
	rows, err := s.read.QueryContext(ctx, selectTicket+` WHERE day = ? ORDER BY id`, day)
	if err != nil {
		return nil, wrap("tickets", err)
	}
	defer rows.Close()
	var all []queue.Ticket
	for rows.Next() {
		t, err := scanTicket(rows)
		if err != nil {
			return nil, wrap("tickets", err)
		}
		all = append(all, t)
	}
	return all, wrap("tickets", rows.Err())
}

// SaveTicket keeps where a ticket stands.
func (s *Store) SaveTicket(ctx context.Context, t queue.Ticket) error {
	r, err := s.write.ExecContext(ctx, `UPDATE tickets SET state = ?, counter = ?, calls = ?, called_at = ?, ended_at = ? WHERE id = ?`,
		string(t.State), t.Counter, t.Calls, millis(t.CalledAt), millis(t.EndedAt), t.ID)
	if err != nil {
		return wrap("save ticket", err)
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("store: save ticket %s: %w", t.Number, ErrUnknown)
	}
	return nil
}

// The zero time is 0, so that it comes back as the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
