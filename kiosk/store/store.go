// Package store keeps what a kiosk has promised, in one SQLite file (WAL,
// synchronous=FULL): one transaction per promise.
//
// [Store.Record] is the promise: when it returns, dossier, papers, outbox row,
// ticket number and print jobs are on disk together, and after a power cut they
// are still there. Nothing personal is in the file in clear: what is sealed
// comes sealed, of a visit's token only the hash is kept.
//
// A Store is safe for concurrent use. It checkpoints only when told to, so that
// recording costs about one fsync; its owner calls [Store.Checkpoint] when idle
// and [Store.Purge] once a day.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// FileName is the store's file in a kiosk's data folder.
const FileName = "kiosk.db"

var (
	// ErrFull says that the disk is full: nothing was recorded.
	ErrFull = errors.New("disk is full")
	// ErrNewer says that a newer program wrote the file.
	ErrNewer = errors.New("the data was written by a newer version of this program: install that version, or give another -data folder")
	// ErrUnknown says that there is no such dossier, ticket or print job.
	ErrUnknown = errors.New("not in the store")
	// ErrPurged says that the payload is gone because the gateway signed for it.
	ErrPurged = errors.New("payload purged after the gateway's receipt")
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open file.
type Store struct {
	path  string
	write *sql.DB // one connection: writers queue here, not in SQLite
	hot   map[string]*sql.Stmt
	read  *sql.DB
}

// Open opens or makes the store at path, mode 0600, and brings its schema up to
// date. Print jobs that were on the line when the program died become unknown.
func Open(ctx context.Context, path string) (*Store, error) {
	made, err := create(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path}
	if s.write, err = connect(path, 1, "auto_vacuum(INCREMENTAL)", "journal_mode(WAL)", "synchronous(FULL)",
		"secure_delete(ON)", "wal_autocheckpoint(0)", "temp_store(MEMORY)"); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	if _, err := s.write.ExecContext(ctx, `UPDATE print_jobs SET state = 'unknown' WHERE state = 'printing'`); err != nil {
		return nil, errors.Join(wrap("open", err), s.write.Close())
	}
	if made {
		if err := syncDir(filepath.Dir(path)); err != nil {
			return nil, errors.Join(err, s.write.Close())
		}
	}
	if s.read, err = connect(path, 2, "query_only(ON)"); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	return s, nil
}

// OpenReadOnly opens the store for looking, also while a daemon has it open.
// Only the methods that don't change anything may be called.
func OpenReadOnly(ctx context.Context, path string) (*Store, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no kiosk has kept anything in %s yet: give its folder with -data", filepath.Dir(path))
	} else if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	read, err := connect(path, 1, "query_only(ON)")
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, read: read}
	v, known, err := s.versions(ctx, read)
	switch {
	case err != nil:
	case v > known:
		err = ErrNewer
	case v < known:
		err = errors.New("the data was written by an older version of this program: start the kiosk once, it brings the data up to date")
	}
	if err != nil {
		return nil, errors.Join(err, read.Close())
	}
	return s, nil
}

// Close ends all use of the store.
func (s *Store) Close() error {
	err := s.read.Close()
	if s.write != nil { // the last to close, so that it leaves no WAL behind
		err = errors.Join(err, s.write.Close())
	}
	return err
}

// create makes an empty file that only we can read; SQLite gives its WAL the
// same mode.
func create(path string) (made bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		f, err = os.OpenFile(path, os.O_RDWR, 0)
		if err == nil {
			return false, f.Close()
		}
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EROFS) {
		return false, fmt.Errorf("the kiosk can't write to %s: make that folder writable for it, or give another with -data (%w)", filepath.Dir(path), err)
	}
	if err != nil {
		return false, fmt.Errorf("open store: %w", err)
	}
	return true, f.Close()
}

func connect(path string, conns int, pragmas ...string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(5000)", "foreign_keys(ON)"}, pragmas...)}
	u := url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// versions returns the schema of the file and the one this program knows.
func (s *Store) versions(ctx context.Context, db *sql.DB) (have, known int, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, 0, err
	}
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&have); err != nil {
		return 0, 0, wrap("open", err)
	}
	return have, len(names), nil
}

// migrate applies the migrations the file lacks, in the order of their names,
// each in a transaction of its own.
func (s *Store) migrate(ctx context.Context) error {
	have, known, err := s.versions(ctx, s.write)
	if err != nil {
		return err
	}
	if have > known {
		return ErrNewer
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	for i, name := range names[have:] {
		script, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		err = s.tx(ctx, filepath.Base(name), func(tx tx) error {
			if _, err := tx.ExecContext(ctx, string(script)); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, have+i+1))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL {
		return fmt.Errorf("store: %s: %w: %w", what, ErrFull, err)
	}
	return fmt.Errorf("store: %s: %w", what, err)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	return nil
}
