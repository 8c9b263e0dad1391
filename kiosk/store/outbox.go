package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tiepdan/kiosk/dossier"
)

// States of a dossier in the outbox.
const (
	Queued      = "queued"
	HandedOver  = "handed-over"
	Received    = "received"
	Quarantined = "quarantined"
)

// An Item is a dossier as the kiosk still knows it: nothing of the person.
type Item struct {
	Receipt     dossier.ReceiptNumber
	Procedure   string
	Case        string
	SubmittedAt time.Time
	State       string
	Since       time.Time
	Reason      string // why quarantined or refused
	Outcome     string // of the newest receipt, dossier.Accepted…
	Code        string
	Status      int
}

// resendAfter is how long a dossier stays handed over without a receipt before
// it is pending again: a centre restored from a backup has forgotten what it
// acknowledged since. One that hasn't takes it for what it has.
const resendAfter = 24 * time.Hour

// Pending returns receipt numbers to hand over: dossiers without papers first,
// then the oldest.
func (s *Store) Pending(ctx context.Context, limit int) ([]dossier.ReceiptNumber, error) {
	return s.numbers(ctx, "pending", `SELECT receipt FROM outbox WHERE state = 'queued' OR state = 'handed-over' AND since < ?
		ORDER BY papers, submitted_at LIMIT ?`, time.Now().Add(-resendAfter).UnixMilli(), limit)
}

// Open returns, after a number and in order of numbers, dossiers the gateway
// may have news of. Not answered: those without a receipt that ends their
// sending. Answered: those received in the last sixty days whose status is none
// that One-Stop ends with (3 not taken, 7 withdrawn, 8 stopped, 10 handed back).
func (s *Store) Open(ctx context.Context, answered bool, after dossier.ReceiptNumber, limit int) ([]dossier.ReceiptNumber, error) {
	if answered {
		return s.numbers(ctx, "open", `SELECT receipt FROM outbox WHERE state = 'received' AND outcome = 'accepted-for-review'
			AND status NOT IN (3, 7, 8, 10) AND receipt > ? AND submitted_at > ? ORDER BY receipt LIMIT ?`,
			string(after), time.Now().AddDate(0, 0, -60).UnixMilli(), limit)
	}
	return s.numbers(ctx, "open", `SELECT receipt FROM outbox WHERE state IN ('handed-over', 'quarantined') AND receipt > ? ORDER BY receipt LIMIT ?`,
		string(after), limit)
}

func (s *Store) numbers(ctx context.Context, what, query string, args ...any) ([]dossier.ReceiptNumber, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, wrap(what, err)
	}
	defer rows.Close()
	var all []dossier.ReceiptNumber
	for rows.Next() {
		var r dossier.ReceiptNumber
		if err := rows.Scan(&r); err != nil {
			return nil, wrap(what, err)
		}
		all = append(all, r)
	}
	return all, wrap(what, rows.Err())
}

// Load returns the sealed dossier, whole. The error is [ErrUnknown], [ErrPurged],
// or the disk's.
func (s *Store) Load(ctx context.Context, r dossier.ReceiptNumber) (dossier.Sealed, error) {
	sealed := dossier.Sealed{Receipt: r, Parts: map[int][]byte{}}
	var manifest string
	err := s.read.QueryRowContext(ctx, `SELECT manifest, sealed FROM dossiers WHERE receipt = ?`, string(r)).Scan(&manifest, &sealed.Ciphertext)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return dossier.Sealed{}, fmt.Errorf("store: load %s: %w", r, ErrUnknown)
	case err != nil:
		return dossier.Sealed{}, wrap("load", err)
	case sealed.Ciphertext == nil:
		return dossier.Sealed{}, fmt.Errorf("store: load %s: %w", r, ErrPurged)
	}
	if err := json.Unmarshal([]byte(manifest), &sealed.Manifest); err != nil {
		return dossier.Sealed{}, fmt.Errorf("store: load %s: its manifest is damaged", r)
	}
	rows, err := s.read.QueryContext(ctx, `SELECT n, sealed FROM parts WHERE receipt = ?`, string(r))
	if err != nil {
		return dossier.Sealed{}, wrap("load", err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		var c []byte
		if err := rows.Scan(&n, &c); err != nil {
			return dossier.Sealed{}, wrap("load", err)
		}
		sealed.Parts[n] = c
	}
	return sealed, wrap("load", rows.Err())
}

// MarkHandedOver notes that the centre has taken these; one transaction.
func (s *Store) MarkHandedOver(ctx context.Context, rs []dossier.ReceiptNumber) error {
	now := time.Now().UnixMilli()
	return s.tx(ctx, "handed over", func(tx tx) error {
		for _, r := range rs {
			if _, err := tx.ExecContext(ctx, handOver, now, string(r)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Quarantine sets a dossier aside that can't be handed over. Its payload stays.
func (s *Store) Quarantine(ctx context.Context, r dossier.ReceiptNumber, reason string) error {
	_, err := s.write.ExecContext(ctx, `UPDATE outbox SET state = 'quarantined', since = ?, reason = ? WHERE receipt = ? AND state IN ('queued', 'handed-over')`,
		time.Now().UnixMilli(), reason, string(r))
	return wrap("quarantine", err)
}

// MarkReceived keeps receipts whose signature the caller has verified, in one
// transaction, and returns those that were news. A receipt binds the hash of
// what was sealed here, or it changes nothing; when it ends the sending, payload
// and papers are purged with it. Of several the highest Seq stays. The error
// joins what was wrong with single receipts; the others are kept all the same.
func (s *Store) MarkReceived(ctx context.Context, rs []dossier.Receipt) (fresh []dossier.Receipt, err error) {
	var wrong []error
	err = s.tx(ctx, "received", func(tx tx) error {
		for _, r := range rs {
			news, err := receive(ctx, tx, r)
			switch {
			case errors.Is(err, ErrUnknown) || errors.Is(err, errHash):
				wrong = append(wrong, fmt.Errorf("store: receipt for %s: %w", r.Receipt, err))
			case err != nil:
				return err
			case news:
				fresh = append(fresh, r)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fresh, errors.Join(wrong...)
}

const (
	handOver    = `UPDATE outbox SET state = 'handed-over', since = ? WHERE receipt = ? AND state IN ('queued', 'handed-over')`
	findSealed  = `SELECT d.sha256, o.state, o.seq FROM dossiers d JOIN outbox o USING (receipt) WHERE receipt = ?`
	keepReceipt = `UPDATE outbox SET state = ?, since = ?, reason = ?, seq = ?, outcome = ?, code = ?, status = ?, signed = ? WHERE receipt = ?`
	purgeSealed = `UPDATE dossiers SET sealed = NULL WHERE receipt = ? AND sealed IS NOT NULL`
	purgeParts  = `DELETE FROM parts WHERE receipt = ?`
)

var errHash = errors.New("it is for another ciphertext than was sealed here")

func receive(ctx context.Context, tx tx, r dossier.Receipt) (news bool, err error) {
	var sha256, state string
	var seq int
	err = tx.QueryRowContext(ctx, findSealed, string(r.Receipt)).Scan(&sha256, &state, &seq)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, ErrUnknown
	case err != nil:
		return false, err
	case sha256 != r.SHA256:
		return false, errHash
	case r.Seq <= seq:
		return false, nil
	}
	signed, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	if r.Outcome == dossier.Quarantined && state != Received {
		state = Quarantined // the payload stays: it may have to be sent again
	} else {
		state = Received
	}
	if _, err := tx.ExecContext(ctx, keepReceipt, state, time.Now().UnixMilli(), r.Reason, r.Seq, r.Outcome, r.Code, r.Status, string(signed), string(r.Receipt)); err != nil {
		return false, err
	}
	if state == Received {
		if _, err := tx.ExecContext(ctx, purgeSealed, string(r.Receipt)); err != nil {
			return false, err
		}
		if _, err := tx.ExecContext(ctx, purgeParts, string(r.Receipt)); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Receipt returns the newest signed receipt of a dossier, or [ErrUnknown].
func (s *Store) Receipt(ctx context.Context, r dossier.ReceiptNumber) (dossier.Receipt, error) {
	var signed string
	err := s.read.QueryRowContext(ctx, `SELECT signed FROM outbox WHERE receipt = ? AND signed <> ''`, string(r)).Scan(&signed)
	if errors.Is(err, sql.ErrNoRows) {
		return dossier.Receipt{}, fmt.Errorf("store: receipt for %s: %w", r, ErrUnknown)
	} else if err != nil {
		return dossier.Receipt{}, wrap("receipt", err)
	}
	var rec dossier.Receipt
	return rec, wrap("receipt", json.Unmarshal([]byte(signed), &rec))
}

// Backlog is what this kiosk still owes the centre.
func (s *Store) Backlog(ctx context.Context) (b dossier.Backlog, err error) {
	var oldest int64
	err = s.read.QueryRowContext(ctx, `SELECT
			(SELECT count(*) FROM outbox WHERE state = 'queued'),
			(SELECT count(*) FROM outbox WHERE state = 'handed-over'),
			(SELECT count(*) FROM outbox WHERE state = 'quarantined'),
			coalesce((SELECT min(submitted_at) FROM outbox WHERE state IN ('queued', 'handed-over')), 0)`).
		Scan(&b.Queued, &b.HandedOver, &b.Quarantined, &oldest)
	b.Oldest = fromMillis(oldest)
	return b, wrap("backlog", err)
}

const selectItem = `SELECT receipt, d.procedure, d.case_code, d.submitted_at, o.state, o.since, o.reason, o.outcome, o.code, o.status
	FROM outbox o JOIN dossiers d USING (receipt)`

func scanItem(row interface{ Scan(...any) error }) (i Item, err error) {
	var submitted, since int64
	err = row.Scan(&i.Receipt, &i.Procedure, &i.Case, &submitted, &i.State, &since, &i.Reason, &i.Outcome, &i.Code, &i.Status)
	i.SubmittedAt, i.Since = fromMillis(submitted), fromMillis(since)
	return i, err
}

// Get finds a dossier by its receipt number or official code, as typed or
// scanned. Not to find it is no error.
func (s *Store) Get(ctx context.Context, number string) (Item, bool, error) {
	query, arg := ` WHERE receipt = ?`, ""
	if r, err := dossier.ParseReceiptNumber(number); err == nil {
		arg = string(r)
	} else if code, ok := dossier.ParseCode(number); ok {
		query, arg = ` WHERE o.code = ? ORDER BY d.submitted_at DESC LIMIT 1`, code
	} else {
		return Item{}, false, nil
	}
	i, err := scanItem(s.read.QueryRowContext(ctx, selectItem+query, arg))
	if errors.Is(err, sql.ErrNoRows) {
		return Item{}, false, nil
	}
	return i, err == nil, wrap("get", err)
}

// List returns the newest dossiers, newest first.
func (s *Store) List(ctx context.Context, limit int) ([]Item, error) {
	rows, err := s.read.QueryContext(ctx, selectItem+` ORDER BY d.submitted_at DESC, receipt LIMIT ?`, limit)
	if err != nil {
		return nil, wrap("list", err)
	}
	defer rows.Close()
	var all []Item
	for rows.Next() {
		i, err := scanItem(rows)
		if err != nil {
			return nil, wrap("list", err)
		}
		all = append(all, i)
	}
	return all, wrap("list", rows.Err())
}
