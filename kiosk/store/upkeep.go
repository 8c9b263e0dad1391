package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"tiepdan/kiosk/queue"
)

// How long a kiosk remembers. The centre keeps its own, longer memory.
const (
	keepReceipts = 400 * 24 * time.Hour // at least 12 months
	keepTickets  = 30 * 24 * time.Hour
)

// walLimit is the size of the WAL from which a checkpoint also cuts it. Below,
// its blocks are used again, which makes the next fsync cheaper.
const walLimit = 8 << 20

// Checkpoint moves the WAL into the file. Call it when nobody waits: at idle,
// and after a batch of receipts. It does nothing while others read.
func (s *Store) Checkpoint(ctx context.Context) error {
	mode := `PRAGMA wal_checkpoint(PASSIVE)`
	if st, err := os.Stat(s.path + "-wal"); err == nil && st.Size() > walLimit {
		mode = `PRAGMA wal_checkpoint(TRUNCATE)`
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wrap("checkpoint", err)
	}
	var busy, pages, done int
	return wrap("checkpoint", s.write.QueryRowContext(ctx, mode).Scan(&busy, &pages, &done))
}

// Purge forgets what is old: received dossiers with their receipts after
// keepReceipts, tickets and print jobs after keepTickets. What no receipt ends
// is never forgotten. It gives free space back to the disk.
func (s *Store) Purge(ctx context.Context, now time.Time) error {
	err := s.tx(ctx, "purge", func(tx tx) error {
		// Its outbox row and parts go with a dossier.
		if _, err := tx.ExecContext(ctx, `DELETE FROM dossiers WHERE receipt IN
			(SELECT receipt FROM outbox WHERE state = 'received' AND since < ?)`, now.Add(-keepReceipts).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM tickets WHERE day < ?`, queue.Day(now.Add(-keepTickets))); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM print_jobs WHERE at < ?`, now.Add(-keepTickets).UnixMilli())
		return err
	})
	if err != nil {
		return err
	}
	rows, err := s.write.QueryContext(ctx, `PRAGMA incremental_vacuum`) // works as its rows are read
	if err != nil {
		return wrap("purge", err)
	}
	for rows.Next() {
	}
	return wrap("purge", errors.Join(rows.Err(), rows.Close()))
}
