package store

import (
	"context"
	"fmt"
	"time"
)

// Kinds of print jobs that Record makes.
const (
	JobTicket = "ticket"
	JobSlip   = "slip"
)

// JobState is how far a print job came. A program that dies while a job is on
// the line leaves it unknown: perhaps it was printed, and it is never printed
// again by itself.
type JobState string

const (
	JobQueued     JobState = "queued"
	JobPrinting   JobState = "printing"
	JobPrinted    JobState = "printed"
	JobNotPrinted JobState = "not-printed"
	JobUnknown    JobState = "unknown"
)

// A Job is a line of the print journal: never what was printed, only of what.
type Job struct {
	ID     int64
	Kind   string
	Number string // ticket or receipt number
	State  JobState
	At     time.Time
}

// AddJob journals a print that Record doesn't know of, such as a preparation list.
func (s *Store) AddJob(ctx context.Context, kind, number string, at time.Time) (id int64, err error) {
	r, err := s.write.ExecContext(ctx, addJob, nil, kind, number, millis(at))
	if err != nil {
		return 0, wrap("add print job", err)
	}
	id, err = r.LastInsertId()
	return id, wrap("add print job", err)
}

// SetJob journals how far a print came.
func (s *Store) SetJob(ctx context.Context, id int64, state JobState, at time.Time) error {
	r, err := s.write.ExecContext(ctx, `UPDATE print_jobs SET state = ?, at = ? WHERE id = ?`, string(state), millis(at), id)
	if err != nil {
		return wrap("print job", err)
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("store: print job %d: %w", id, ErrUnknown)
	}
	return nil
}

// Jobs returns the newest print jobs, newest first.
func (s *Store) Jobs(ctx context.Context, limit int) ([]Job, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id, kind, number, state, at FROM print_jobs ORDER BY id DESC LIMIT ?`, limit)
	if err != nil {
		return nil, wrap("print jobs", err)
	}
	defer rows.Close()
	var all []Job
	for rows.Next() {
		var j Job
		var at int64
		if err := rows.Scan(&j.ID, &j.Kind, &j.Number, &j.State, &at); err != nil {
			return nil, wrap("print jobs", err)
		}
		j.At = fromMillis(at)
		all = append(all, j)
	}
	return all, wrap("print jobs", rows.Err())
}
