package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/queue"
)

// A Submission is what a visit wants kept: a dossier, a ticket, or both.
type Submission struct {
	Visit   string    // the visit's token: at least 128 random bits, as text
	At      time.Time // now; its day in Hanoi is the ticket's
	Dossier *Filing
	Ticket  *TicketRequest
}

// A Filing is a sealed dossier and the little that may be known of it.
type Filing struct {
	Sealed    dossier.Sealed
	Procedure string // code
	Case      string
}

// A TicketRequest asks for the next number of a service.
type TicketRequest struct {
	Service  string // code: one series
	Letter   string // "A"
	Priority string // reason; empty: none
}

// Recorded is what the store holds of a visit.
type Recorded struct {
	Again bool // it was recorded before; nothing was written now

	Receipt     dossier.ReceiptNumber // empty: no dossier
	Procedure   string
	Case        string
	SubmittedAt time.Time
	Code        string   // official code, once it came
	Status      int      // One-Stop's
	Slip        JobState // how far its newest slip came, by the printer or by what the person said

	Ticket queue.Ticket // ID 0: none
	Ahead  int          // people waiting before it, as far as the store knows
	Paper  JobState     // how far its newest paper came
}

// minToken is 128 bits in base64; 16 bytes as hex or base32 are longer.
const minToken = 22

// Record keeps a submission in one transaction. The same visit again gets what
// it has: nobody files twice or gets two numbers, whoever repeats the call. When
// it returns an error, nothing was recorded, or all of it (a lost answer of the
// commit): repeat it, or ask [Store.FindVisit].
func (s *Store) Record(ctx context.Context, sub Submission) (Recorded, error) {
	visit, err := hashVisit(sub.Visit)
	if err != nil {
		return Recorded{}, err
	}
	if sub.Dossier == nil && sub.Ticket == nil {
		return Recorded{}, errors.New("store: record: a submission without dossier or ticket")
	}
	var rec Recorded
	err = s.tx(ctx, "record", func(tx tx) error {
		rec, _, err = findVisit(ctx, tx, visit)
		if err != nil {
			return err
		}
		rec.Again = true
		if sub.Dossier != nil && rec.Receipt == "" {
			if err := insertDossier(ctx, tx, visit, sub, &rec); err != nil {
				return err
			}
			rec.Again = false
		}
		if sub.Ticket != nil && rec.Ticket.ID == 0 {
			if err := insertTicket(ctx, tx, visit, sub, &rec); err != nil {
				return err
			}
			rec.Again = false
		}
		return nil
	})
	if err != nil {
		return Recorded{}, err
	}
	return rec, nil
}

// FindVisit returns what a visit has recorded, for a page that comes back after
// a reload or a restart of the daemon.
func (s *Store) FindVisit(ctx context.Context, token string) (Recorded, bool, error) {
	visit, err := hashVisit(token)
	if err != nil {
		return Recorded{}, false, err
	}
	rec, found, err := findVisit(ctx, s.read, visit)
	return rec, found, wrap("find visit", err)
}

func hashVisit(token string) ([]byte, error) {
	if len(token) < minToken {
		return nil, fmt.Errorf("store: a visit token of %d characters is too short to be random", len(token))
	}
	h := sha256.Sum256([]byte("tiepdan visit\n" + token))
	return h[:], nil
}

const (
	addDossier = `INSERT INTO dossiers (receipt, visit, procedure, case_code, submitted_at, sha256, manifest, sealed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	addPart   = `INSERT INTO parts (receipt, n, sealed) VALUES (?, ?, ?)`
	addOutbox = `INSERT INTO outbox (receipt, state, since, submitted_at, papers) VALUES (?, 'queued', ?, ?, ?)`
	addJob    = `INSERT INTO print_jobs (visit, kind, number, state, at) VALUES (?, ?, ?, 'queued', ?)`
	addTicket = `INSERT INTO tickets (visit, day, service, n, number, priority, issued_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting')`

	nextNumber = `SELECT
			coalesce((SELECT max(n) FROM tickets WHERE day = ?1 AND service = ?2), 0) + 1,
			(SELECT count(*) FROM tickets WHERE day = ?1 AND service = ?2 AND state = 'waiting')`
	findDossier = `SELECT d.receipt, d.procedure, d.case_code, d.submitted_at, o.code, o.status,
			coalesce((SELECT coalesce(answer, state) FROM print_jobs WHERE visit = d.visit AND kind = 'slip' ORDER BY id DESC LIMIT 1), '')
		FROM dossiers d JOIN outbox o USING (receipt) WHERE d.visit = ?`
	findTicket   = selectTicket + ` WHERE visit = ?`
	ticketPrints = `SELECT
			(SELECT count(*) FROM tickets WHERE day = ? AND service = ? AND n < ? AND state = 'waiting'),
			coalesce((SELECT coalesce(answer, state) FROM print_jobs WHERE visit = ? AND kind = 'ticket' ORDER BY id DESC LIMIT 1), '')`
)

func insertDossier(ctx context.Context, tx tx, visit []byte, sub Submission, rec *Recorded) error {
	sealed, at := sub.Dossier.Sealed, sub.At.UnixMilli()
	if !sealed.Receipt.Valid() || len(sealed.Ciphertext) == 0 || len(sealed.Parts) != len(sealed.Manifest) {
		return errors.New("a sealed dossier that is not whole")
	}
	manifest, err := json.Marshal(sealed.Manifest)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, addDossier, string(sealed.Receipt), visit, sub.Dossier.Procedure, sub.Dossier.Case, at,
		sealed.SHA256(), string(manifest), sealed.Ciphertext); err != nil {
		return err
	}
	for _, p := range sealed.Manifest {
		if err := sealed.Manifest.Check(p.N, sealed.Parts[p.N]); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, addPart, string(sealed.Receipt), p.N, sealed.Parts[p.N]); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, addOutbox, string(sealed.Receipt), at, at, min(len(sealed.Manifest), 1)); err != nil {
		return err
	}
	rec.Receipt, rec.Procedure, rec.Case = sealed.Receipt, sub.Dossier.Procedure, sub.Dossier.Case
	rec.SubmittedAt = fromMillis(at)
	rec.Slip = JobQueued
	_, err = insert(ctx, tx, addJob, visit, JobSlip, string(sealed.Receipt), at)
	return err
}

func insertTicket(ctx context.Context, tx tx, visit []byte, sub Submission, rec *Recorded) error {
	day, at := queue.Day(sub.At), sub.At.UnixMilli()
	t := queue.Ticket{Service: sub.Ticket.Service, Priority: sub.Ticket.Priority, IssuedAt: fromMillis(at), State: queue.Waiting}
	err := tx.QueryRowContext(ctx, nextNumber, day, t.Service).Scan(&t.N, &rec.Ahead)
	if err != nil {
		return err
	}
	t.Number = queue.Number(sub.Ticket.Letter, t.N)
	if t.ID, err = insert(ctx, tx, addTicket, visit, day, t.Service, t.N, t.Number, t.Priority, at); err != nil {
		return err
	}
	rec.Ticket = t
	rec.Paper = JobQueued
	_, err = insert(ctx, tx, addJob, visit, JobTicket, t.Number, at)
	return err
}

func insert(ctx context.Context, tx tx, query string, args ...any) (id int64, err error) {
	r, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

func findVisit(ctx context.Context, q querier, visit []byte) (rec Recorded, found bool, err error) {
	var at int64
	err = q.QueryRowContext(ctx, findDossier, visit).
		Scan(&rec.Receipt, &rec.Procedure, &rec.Case, &at, &rec.Code, &rec.Status, &rec.Slip)
	switch {
	case err == nil:
		found, rec.SubmittedAt = true, fromMillis(at)
	case !errors.Is(err, sql.ErrNoRows):
		return Recorded{}, false, err
	}
	rec.Ticket, err = scanTicket(q.QueryRowContext(ctx, findTicket, visit))
	if errors.Is(err, sql.ErrNoRows) {
		return rec, found, nil
	} else if err != nil {
		return Recorded{}, false, err
	}
	t := rec.Ticket
	err = q.QueryRowContext(ctx, ticketPrints, queue.Day(t.IssuedAt), t.Service, t.N, visit).Scan(&rec.Ahead, &rec.Paper)
	return rec, true, err
}
