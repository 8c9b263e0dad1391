package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tiepdan/drivers/card/cccd"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/queue"
)

const canary = "Đỗ Canary Ẩn"

func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newStore(t testing.TB) (*Store, string) {
	path := filepath.Join(t.TempDir(), FileName)
	return open(t, path), path
}

// recipient is a gateway nobody has the identity of.
func recipient(t testing.TB) string {
	t.Helper()
	_, r, err := dossier.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sealedFor(t testing.TB, to string, pages ...[]byte) dossier.Sealed {
	t.Helper()
	s, err := seal(to, pages...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func seal(to string, pages ...[]byte) (dossier.Sealed, error) {
	r, err := dossier.NewReceiptNumber(rand.Reader)
	if err != nil {
		return dossier.Sealed{}, err
	}
	now := time.Now()
	d := dossier.Dossier{
		Version: dossier.Version, Receipt: r, Kiosk: "k-1", Unit: "00004", Agency: "000.00.06.H26", Channel: "direct",
		SubmittedAt: now, Clock: "synced", Catalogue: "c", Procedure: "1.001193", Case: "1.001193.01", Form: "khai-sinh",
		FormVersion: "1", Lang: "vi", Applicant: dossier.Applicant{PIN: "001099000067", Name: canary},
		Answers:  dossier.Answers{"nksHoTen": canary, "note": strings.Repeat(canary+" ", 500/10)},
		Consents: []dossier.Consent{{Purpose: "filing", Text: "1", Given: true, Method: "touch", At: now}},
		Verdict:  cccd.Verdict{Grade: cccd.GradeAnchored},
	}
	var parts []dossier.Part
	for i, page := range pages {
		parts = append(parts, dossier.Part{N: i + 1, MIME: "image/jpeg", Data: page})
	}
	if pages != nil {
		d.Papers = []dossier.Paper{{Code: "p", Name: "p", How: "pages"}}
		for _, p := range parts {
			d.Papers[0].Parts = append(d.Papers[0].Parts, p.N)
		}
	}
	return dossier.Seal(d, parts, to)
}

func filing(s dossier.Sealed) *Filing {
	return &Filing{Sealed: s, Procedure: "1.001193", Case: "1.001193.01"}
}

func record(t testing.TB, s *Store, sub Submission) Recorded {
	t.Helper()
	if sub.Visit == "" {
		sub.Visit = rand.Text()
	}
	if sub.At.IsZero() {
		sub.At = time.Now()
	}
	rec, err := s.Record(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestRecordBoth(t *testing.T) {
	s, path := newStore(t)
	visit, sealed := rand.Text(), sealedFor(t, recipient(t), []byte(canary), []byte("two"))
	sub := Submission{Visit: visit, At: time.Now(), Dossier: filing(sealed), Ticket: &TicketRequest{Service: "ho-tich", Letter: "A"}}
	first := record(t, s, sub)
	if first.Again || first.Receipt != sealed.Receipt || first.Ticket.Number != "A001" || first.SlipJob == 0 || first.TicketJob == 0 ||
		first.Procedure != "1.001193" || first.Ticket.State != queue.Waiting || first.SubmittedAt.UnixMilli() != sub.At.UnixMilli() {
		t.Errorf("recorded %+v", first)
	}
	sub.Dossier = filing(sealedFor(t, recipient(t)))
	again := record(t, s, sub)
	want := first
	want.Again = true
	if again != want {
		t.Errorf("again: %+v, want %+v", again, want)
	}
	found, ok, err := s.FindVisit(t.Context(), visit)
	if err != nil || !ok || found != first {
		t.Errorf("found %+v, %v, %v", found, ok, err)
	}
	if _, ok, err := s.FindVisit(t.Context(), rand.Text()); ok || err != nil {
		t.Error("found a visit that never was", err)
	}
	s.Close()

	s = open(t, path)
	found, ok, err = s.FindVisit(t.Context(), visit)
	if err != nil || !ok || found != first {
		t.Errorf("after a restart: %+v, %v, %v", found, ok, err)
	}
	got, err := s.Load(t.Context(), sealed.Receipt)
	if err != nil || got.SHA256() != sealed.SHA256() || len(got.Parts) != 2 || !bytes.Equal(got.Parts[2], sealed.Parts[2]) || !slices.Equal(got.Manifest, sealed.Manifest) {
		t.Errorf("loaded %v, %v", got, err)
	}
}

func TestRecordOneThenTheOther(t *testing.T) {
	s, _ := newStore(t)
	visit := rand.Text()
	ticket := Submission{Visit: visit, Ticket: &TicketRequest{Service: "a", Letter: "A"}}
	if rec := record(t, s, ticket); rec.Receipt != "" || rec.Ticket.ID == 0 {
		t.Fatalf("%+v", rec)
	}
	sealed := sealedFor(t, recipient(t))
	if rec := record(t, s, Submission{Visit: visit, Dossier: filing(sealed)}); rec.Again || rec.Receipt != sealed.Receipt || rec.Ticket.Number != "A001" {
		t.Errorf("%+v", rec)
	}
	if rec := record(t, s, ticket); !rec.Again || rec.Ticket.Number != "A001" || rec.Receipt != sealed.Receipt {
		t.Errorf("%+v", rec)
	}
}

func TestRecordRefuses(t *testing.T) {
	s, _ := newStore(t)
	sealed := sealedFor(t, recipient(t), []byte("page"))
	spoilt := sealed
	spoilt.Parts = map[int][]byte{1: []byte("another")}
	missing := sealed
	missing.Parts = nil
	for name, sub := range map[string]Submission{
		"short token": {Visit: "short", Ticket: &TicketRequest{Service: "a", Letter: "A"}},
		"nothing":     {Visit: rand.Text()},
		"spoilt part": {Visit: rand.Text(), Dossier: filing(spoilt), Ticket: &TicketRequest{Service: "a", Letter: "A"}},
		"no part":     {Visit: rand.Text(), Dossier: filing(missing)},
		"no number":   {Visit: rand.Text(), Dossier: &Filing{Sealed: dossier.Sealed{Ciphertext: []byte{1}}}},
	} {
		sub.At = time.Now()
		if _, err := s.Record(t.Context(), sub); err == nil {
			t.Errorf("%s: recorded", name)
		}
	}
	if rec := record(t, s, Submission{Ticket: &TicketRequest{Service: "a", Letter: "A"}}); rec.Ticket.N != 1 {
		t.Errorf("a refused submission took number 1: %+v", rec)
	}
	if items, err := s.List(t.Context(), 10); err != nil || len(items) != 0 {
		t.Errorf("half a submission stayed: %v, %v", items, err)
	}
}

func TestNumbersRestartDaily(t *testing.T) {
	s, _ := newStore(t)
	day := time.Date(2026, 11, 23, 16, 59, 0, 0, time.UTC) // 23:59 in Hanoi
	var got []string
	for _, x := range []struct {
		service string
		at      time.Time
	}{{"a", day}, {"a", day}, {"b", day}, {"a", day.Add(time.Minute)}, {"a", day.Add(-time.Hour)}, {"b", day.Add(24 * time.Hour)}} {
		rec := record(t, s, Submission{At: x.at, Ticket: &TicketRequest{Service: x.service, Letter: strings.ToUpper(x.service)}})
		got = append(got, fmt.Sprint(rec.Ticket.Number, "+", rec.Ahead))
	}
	if want := []string{"A001+0", "A002+1", "B001+0", "A001+0", "A003+2", "B001+0"}; !slices.Equal(got, want) {
		t.Errorf("numbers %q, want %q", got, want)
	}
	today, err := s.Tickets(t.Context(), "2026-11-23")
	if err != nil || len(today) != 4 || !today[0].CalledAt.IsZero() {
		t.Fatal(today, err)
	}
	tk := today[0]
	tk.State, tk.Counter, tk.Calls, tk.CalledAt = queue.Called, "1", 1, day
	if err := s.SaveTicket(t.Context(), tk); err != nil {
		t.Fatal(err)
	}
	today, err = s.Tickets(t.Context(), "2026-11-23")
	if err != nil || today[0].State != queue.Called || !today[0].CalledAt.Equal(day) || today[0].Counter != "1" {
		t.Error(today[0], err)
	}
	if err := s.SaveTicket(t.Context(), queue.Ticket{ID: 99, State: queue.Called}); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

func TestConcurrentNumbers(t *testing.T) {
	s, _ := newStore(t)
	var mu sync.Mutex
	var wg sync.WaitGroup
	seen := map[string]int{}
	visits := []string{rand.Text(), rand.Text()} // pressed by everybody
	for g := range 8 {
		wg.Go(func() {
			for i := range 25 {
				visit := rand.Text()
				if i == 0 {
					visit = visits[g%2]
				}
				rec, err := s.Record(context.Background(), Submission{Visit: visit, At: time.Now(), Ticket: &TicketRequest{Service: "a", Letter: "A"}})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if !rec.Again {
					seen[rec.Ticket.Number]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 8*25-6 {
		t.Errorf("%d numbers, want %d", len(seen), 8*25-6)
	}
	for number, n := range seen {
		if n != 1 {
			t.Errorf("%s was given %d times", number, n)
		}
	}
}

func signedReceipt(t testing.TB, s dossier.Sealed, seq int, outcome string) dossier.Receipt {
	t.Helper()
	_, key, _ := ed25519.GenerateKey(nil)
	r := dossier.Receipt{Receipt: s.Receipt, Kiosk: "k-1", SHA256: s.SHA256(), Seq: seq, Outcome: outcome, At: time.Now()}
	if outcome == dossier.Accepted {
		r.Code, r.Status = "000.00.06.H26-261123-0001", seq
	}
	r, err := r.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOutbox(t *testing.T) {
	s, _ := newStore(t)
	ctx, to := t.Context(), recipient(t)
	papers, plain, later := sealedFor(t, to, []byte("page")), sealedFor(t, to), sealedFor(t, to)
	at := time.Now()
	for i, x := range []dossier.Sealed{papers, plain, later} {
		record(t, s, Submission{At: at.Add(time.Duration(i) * time.Second), Dossier: filing(x)})
	}
	pending := func(want ...dossier.Sealed) {
		t.Helper()
		got, err := s.Pending(ctx, 10)
		var numbers []dossier.ReceiptNumber
		for _, w := range want {
			numbers = append(numbers, w.Receipt)
		}
		if err != nil || !slices.Equal(got, numbers) {
			t.Errorf("pending %v, %v; want %v", got, err, numbers)
		}
	}
	pending(plain, later, papers)
	if b, err := s.Backlog(ctx); err != nil || b.Queued != 3 || b.Oldest.UnixMilli() != at.UnixMilli() {
		t.Error(b, err)
	}
	if err := s.MarkHandedOver(ctx, []dossier.ReceiptNumber{plain.Receipt, papers.Receipt}); err != nil {
		t.Fatal(err)
	}
	pending(later)
	if err := s.Quarantine(ctx, later.Receipt, "too large"); err != nil {
		t.Fatal(err)
	}
	pending()
	open, err := s.Open(ctx, false, "", 10)
	if err != nil || len(open) != 3 || !slices.IsSorted(open) {
		t.Error(open, err)
	}
	if rest, err := s.Open(ctx, false, open[0], 1); err != nil || !slices.Equal(rest, open[1:2]) {
		t.Error(rest, err)
	}

	// A receipt for another ciphertext, or of an unknown number, purges nothing
	// and does not hold up the one beside it.
	other := signedReceipt(t, papers, 1, dossier.Accepted)
	other.SHA256 = plain.SHA256()
	stranger := signedReceipt(t, sealedFor(t, to), 1, dossier.Accepted)
	good := signedReceipt(t, plain, 1, dossier.Accepted)
	fresh, err := s.MarkReceived(ctx, []dossier.Receipt{other, stranger, good})
	if len(fresh) != 1 || fresh[0].Receipt != plain.Receipt || !errors.Is(err, ErrUnknown) || !errors.Is(err, errHash) {
		t.Errorf("fresh %v, %v", fresh, err)
	}
	if got, err := s.Load(ctx, papers.Receipt); err != nil || len(got.Parts) != 1 {
		t.Error("a wrong receipt purged a dossier", err)
	}
	if _, err := s.Load(ctx, plain.Receipt); !errors.Is(err, ErrPurged) {
		t.Error("a received dossier is still there", err)
	}
	if _, err := s.Load(ctx, stranger.Receipt); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if fresh, err := s.MarkReceived(ctx, []dossier.Receipt{good}); len(fresh) != 0 || err != nil {
		t.Error("the same receipt is news again", fresh, err)
	}
	if fresh, err := s.MarkReceived(ctx, []dossier.Receipt{signedReceipt(t, plain, 2, dossier.Accepted)}); len(fresh) != 1 || err != nil {
		t.Error("a newer status is no news", fresh, err)
	}
	if open, err := s.Open(ctx, true, "", 10); err != nil || !slices.Equal(open, []dossier.ReceiptNumber{plain.Receipt}) {
		t.Error(open, err)
	}

	// What the gateway quarantined stays whole here, and a later acceptance ends it.
	if _, err := s.MarkReceived(ctx, []dossier.Receipt{signedReceipt(t, papers, 1, dossier.Quarantined)}); err != nil {
		t.Fatal(err)
	}
	if i, ok, err := s.Get(ctx, papers.Receipt.Grouped()); !ok || err != nil || i.State != Quarantined {
		t.Error(i, ok, err)
	}
	if _, err := s.Load(ctx, papers.Receipt); err != nil {
		t.Error(err)
	}
	if _, err := s.MarkReceived(ctx, []dossier.Receipt{signedReceipt(t, papers, 2, dossier.Accepted)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(ctx, papers.Receipt); !errors.Is(err, ErrPurged) {
		t.Error(err)
	}
	if i, ok, err := s.Get(ctx, "000.00.06.h26-261123-0001"); !ok || err != nil || i.State != Received || i.Status != 2 || i.Code != "000.00.06.H26-261123-0001" {
		t.Error(i, ok, err)
	}
	if rec, err := s.Receipt(ctx, papers.Receipt); err != nil || rec.Seq != 2 || len(rec.Signature) == 0 {
		t.Error(rec, err)
	}
	if _, ok, err := s.Get(ctx, "nothing"); ok || err != nil {
		t.Error(ok, err)
	}
	items, err := s.List(ctx, 2)
	if err != nil || len(items) != 2 || items[0].Receipt != later.Receipt || items[0].Reason != "too large" {
		t.Error(items, err)
	}
}

func TestPrintJournal(t *testing.T) {
	s, path := newStore(t)
	ctx := t.Context()
	rec := record(t, s, Submission{Ticket: &TicketRequest{Service: "a", Letter: "A"}})
	list, err := s.AddJob(ctx, "list", "1.001193", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for id, state := range map[int64]JobState{rec.TicketJob: JobPrinting, list: JobPrinted} {
		if err := s.SetJob(ctx, id, state, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetJob(ctx, 99, JobPrinted, time.Now()); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if err := s.SetJob(ctx, list, "eaten", time.Now()); err == nil {
		t.Error("a state that is none")
	}
	s.Close()
	jobs, err := open(t, path).Jobs(ctx, 10)
	if err != nil || len(jobs) != 2 || jobs[1].State != JobUnknown || jobs[1].Number != "A001" || jobs[0].State != JobPrinted {
		t.Errorf("after a restart: %v, %v", jobs, err)
	}
}

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

func TestOpenErrors(t *testing.T) {
	_, path := newStore(t)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`PRAGMA user_version = 999`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer schema: %v", err)
	}
	if _, err := OpenReadOnly(t.Context(), path); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer schema: %v", err)
	}
	junk := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(junk, bytes.Repeat([]byte("junk"), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), junk); err == nil {
		t.Error("opened junk")
	}
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", FileName)); err == nil || !strings.Contains(err.Error(), "-data") {
		t.Errorf("no folder: %v", err)
	}
	if _, err := OpenReadOnly(t.Context(), filepath.Join(t.TempDir(), FileName)); err == nil || !strings.Contains(err.Error(), "-data") {
		t.Errorf("nothing there: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "ổ đĩa ?a=b#c%20")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	open(t, filepath.Join(dir, FileName))
	if _, err := os.Stat(filepath.Join(dir, FileName)); err != nil {
		t.Error("a folder with a strange name:", err)
	}
}

func TestReadOnlyBesideADaemon(t *testing.T) {
	s, path := newStore(t)
	sealed := sealedFor(t, recipient(t))
	record(t, s, Submission{Dossier: filing(sealed)})
	look, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	items, err := look.List(t.Context(), 10)
	if err != nil || len(items) != 1 || items[0].Receipt != sealed.Receipt {
		t.Error(items, err)
	}
	if _, err := look.read.Exec(`DELETE FROM dossiers`); err == nil {
		t.Error("could delete")
	}
}

// SIGKILL doesn't show whether a commit reached the disk: the page cache lives
// on. What makes it reach the disk is this.
func TestPragmas(t *testing.T) {
	s, _ := newStore(t)
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "secure_delete": "1", "foreign_keys": "1", "wal_autocheckpoint": "0",
		"auto_vacuum": "2", "busy_timeout": "5000",
	} {
		var got string
		if err := s.write.QueryRow(`PRAGMA ` + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s; %v", pragma, got, want, err)
		}
	}
}
