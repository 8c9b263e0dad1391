package store

import (
	"context"
	"database/sql"
)

// hotQueries are prepared once: they run while somebody waits, and parsing them
// costs more than running them.
var hotQueries = []string{
	findDossier, findTicket, ticketPrints, nextNumber,
	addDossier, addPart, addOutbox, addTicket, addJob,
	handOver, findSealed, keepReceipt, purgeSealed, purgeParts,
}

func (s *Store) prepare(ctx context.Context) error {
	s.hot = map[string]*sql.Stmt{}
	for _, q := range hotQueries {
		st, err := s.write.PrepareContext(ctx, q)
		if err != nil {
			return wrap("prepare", err)
		}
		s.hot[q] = st
	}
	return nil
}

// A querier asks for one row: a tx, or the readers.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// A tx is a write transaction that finds its prepared statements by their text.
type tx struct {
	*sql.Tx
	hot map[string]*sql.Stmt
}

func (t tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if st, ok := t.hot[query]; ok {
		return t.Tx.StmtContext(ctx, st).QueryRowContext(ctx, args...)
	}
	return t.Tx.QueryRowContext(ctx, query, args...)
}

func (t tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if st, ok := t.hot[query]; ok {
		return t.Tx.StmtContext(ctx, st).ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, query, args...)
}

// tx runs f in a write transaction: all of it or nothing.
func (s *Store) tx(ctx context.Context, what string, f func(tx) error) error {
	begun, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return wrap(what, err)
	}
	defer begun.Rollback() // after Commit it does nothing
	if err := f(tx{begun, s.hot}); err != nil {
		return wrap(what, err)
	}
	return wrap(what, begun.Commit())
}
