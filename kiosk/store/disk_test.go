package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tiepdan/kiosk/dossier"
)

func TestPurge(t *testing.T) {
	s, _ := newStore(t)
	ctx, to := t.Context(), recipient(t)
	old, owed := sealedFor(t, to, bytes.Repeat([]byte{1}, 1<<20)), sealedFor(t, to)
	rec := record(t, s, Submission{Dossier: filing(old), Ticket: &TicketRequest{Service: "a", Letter: "A"}})
	record(t, s, Submission{Dossier: filing(owed)})
	if _, err := s.MarkReceived(ctx, []dossier.Receipt{signedReceipt(t, old, 1, dossier.Accepted)}); err != nil {
		t.Fatal(err)
	}
	count := func() (tickets, jobs, dossiers int) {
		t.Helper()
		err := s.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM tickets), (SELECT count(*) FROM print_jobs), (SELECT count(*) FROM dossiers)`).Scan(&tickets, &jobs, &dossiers)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, x := range []struct {
		days                    int
		tickets, jobs, dossiers int
	}{{29, 1, 3, 2}, {32, 0, 0, 2}, {366, 0, 0, 2}, {401, 0, 0, 1}} {
		if err := s.Purge(ctx, time.Now().AddDate(0, 0, x.days)); err != nil {
			t.Fatal(err)
		}
		if tk, j, d := count(); tk != x.tickets || j != x.jobs || d != x.dossiers {
			t.Errorf("after %d days: %d tickets, %d jobs, %d dossiers", x.days, tk, j, d)
		}
	}
	if _, err := s.Load(ctx, owed.Receipt); err != nil {
		t.Error("forgot a dossier nobody signed for:", err)
	}
	if _, ok, err := s.Get(ctx, string(rec.Receipt)); ok || err != nil {
		t.Error(ok, err)
	}
	var pages int
	if err := s.write.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages); err != nil || pages > 100 {
		t.Errorf("%d pages left of a purged dossier of 1 MB, %v", pages, err)
	}
}

func TestCheckpoint(t *testing.T) {
	s, path := newStore(t)
	to := recipient(t)
	size := func() int64 {
		st, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return st.Size()
	}
	for range 3 {
		record(t, s, Submission{Dossier: filing(sealedFor(t, to, make([]byte, 4<<20)))})
	}
	if size() < 12<<20 {
		t.Errorf("the WAL was checkpointed while recording: %d bytes", size())
	}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if size() != 0 {
		t.Errorf("a large WAL stays: %d bytes", size())
	}
	record(t, s, Submission{Ticket: &TicketRequest{Service: "a", Letter: "A"}})
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := size()
	record(t, s, Submission{Ticket: &TicketRequest{Service: "a", Letter: "A"}})
	if size() != before {
		t.Errorf("the WAL is not used again after a checkpoint: %d, then %d bytes", before, size())
	}
}

// What the disk holds, WAL included, names nobody: not while queued, not after.
func TestNothingPersonalOnDisk(t *testing.T) {
	s, path := newStore(t)
	visit := rand.Text()
	sealed := sealedFor(t, recipient(t), []byte(canary+canary))
	record(t, s, Submission{Visit: visit, Dossier: filing(sealed), Ticket: &TicketRequest{Service: "a", Letter: "A"}})
	grep := func(when string, texts ...string) (found int) {
		t.Helper()
		for _, name := range []string{path, path + "-wal"} {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if st, err := os.Stat(name); err != nil || st.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", name, st.Mode())
			}
			for _, text := range texts {
				if bytes.Contains(b, []byte(text)) {
					t.Logf("%s: %q in %s", when, text, filepath.Base(name))
					found++
				}
			}
		}
		return found
	}
	personal := []string{"Canary", "001099000067", visit}
	if grep("queued", personal...) > 0 {
		t.Error("personal data on disk")
	}
	if grep("queued", string(sealed.Receipt)) == 0 || grep("queued", string(sealed.Ciphertext[:300])) == 0 {
		t.Error("what was recorded isn't on disk: the test looks at the wrong files")
	}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.MarkReceived(t.Context(), []dossier.Receipt{signedReceipt(t, sealed, 1, dossier.Accepted)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		t.Fatal(err)
	}
	if grep("received", append(personal, string(sealed.Ciphertext[:300]), string(sealed.Parts[1][100:200]))...) > 0 {
		t.Error("a purged payload can still be read from the file")
	}
}

func TestDiskFull(t *testing.T) {
	s, _ := newStore(t)
	var pages int
	if err := s.write.QueryRow(`PRAGMA page_count`).Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.Exec(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+10)); err != nil {
		t.Fatal(err)
	}
	sealed := sealedFor(t, recipient(t), make([]byte, 1<<20))
	sub := Submission{Visit: rand.Text(), At: time.Now(), Dossier: filing(sealed), Ticket: &TicketRequest{Service: "a", Letter: "A"}}
	if _, err := s.Record(t.Context(), sub); !errors.Is(err, ErrFull) {
		t.Fatalf("recorded on a full disk: %v", err)
	}
	if _, ok, err := s.FindVisit(t.Context(), sub.Visit); ok || err != nil {
		t.Error("half of it is there", ok, err)
	}
	sub.Dossier = nil
	if rec := record(t, s, sub); rec.Ticket.Number != "A001" {
		t.Error("a small ticket no longer fits", rec)
	}
}
