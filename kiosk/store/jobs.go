package store

import (
	"context"
	"database/sql"
	"errors"
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

// BeginJob journals that a paper of a visit goes on the line now: the job that
// Record left queued for it, or a new one for a reprint or a preparation list. A
// visit without a token is nobody's (a technician's test page).
func (s *Store) BeginJob(ctx context.Context, visit, kind, number string, at time.Time) (id int64, err error) {
	var token []byte
	if visit != "" {
		if token, err = hashVisit(visit); err != nil {
			return 0, err
		}
	}
	err = s.tx(ctx, "begin print job", func(tx tx) error {
		err := tx.QueryRowContext(ctx, `UPDATE print_jobs SET state = 'printing', at = ?
			WHERE visit = ? AND kind = ? AND number = ? AND state = 'queued' RETURNING id`, millis(at), token, kind, number).Scan(&id)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		id, err = insert(ctx, tx, `INSERT INTO print_jobs (visit, kind, number, state, at) VALUES (?, ?, ?, 'printing', ?)`,
			token, kind, number, millis(at))
		return err
	})
	return id, err
}

// AnswerJobs journals what a person said of the papers of a visit of which nobody
// knew whether they came out, beside the unknown state. They are not asked again.
func (s *Store) AnswerJobs(ctx context.Context, visit, kind string, out bool) error {
	token, err := hashVisit(visit)
	if err != nil {
		return err
	}
	state := JobNotPrinted
	if out {
		state = JobPrinted
	}
	_, err = s.write.ExecContext(ctx, `UPDATE print_jobs SET answer = ? WHERE visit = ? AND kind = ? AND state = 'unknown' AND answer IS NULL`,
		string(state), token, kind)
	return wrap("answer print job", err)
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
