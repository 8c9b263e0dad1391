package store

import (
	"bytes"
	"context"
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
	if first.Again || first.Receipt != sealed.Receipt || first.Ticket.Number != "A001" || first.Slip != JobQueued || first.Paper != JobQueued ||
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

func TestPrintJournal(t *testing.T) {
	s, path := newStore(t)
	ctx := t.Context()
	visit := rand.Text()
	paper := func() JobState {
		t.Helper()
		rec, ok, err := s.FindVisit(ctx, visit)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return rec.Paper
	}
	begin := func(visit string) int64 {
		t.Helper()
		id, err := s.BeginJob(ctx, visit, JobTicket, "A001", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	record(t, s, Submission{Visit: visit, Ticket: &TicketRequest{Service: "a", Letter: "A"}})
	if got := paper(); got != JobQueued {
		t.Error("recorded:", got)
	}
	first := begin(visit)
	if got := paper(); got != JobPrinting {
		t.Error("begun:", got)
	}
	if err := s.SetJob(ctx, first, JobPrinted, time.Now()); err != nil {
		t.Fatal(err)
	}
	if second := begin(visit); second == first || paper() != JobPrinting {
		t.Error("a reprint is no job of its own:", first, second, paper())
	}
	nobodys := begin("")
	if err := s.SetJob(ctx, nobodys, JobNotPrinted, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := s.SetJob(ctx, 99, JobPrinted, time.Now()); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if err := s.SetJob(ctx, nobodys, "eaten", time.Now()); err == nil {
		t.Error("a state that is none")
	}
	for _, out := range []bool{true, false} {
		// The program dies in mid-print; whoever stands there is asked, once.
		s.Close()
		s = open(t, path)
		if got := paper(); got != JobUnknown {
			t.Error("after a restart:", got)
		}
		if err := s.AnswerJobs(ctx, visit, JobTicket, out); err != nil {
			t.Fatal(err)
		}
		if got, want := paper(), map[bool]JobState{true: JobPrinted, false: JobNotPrinted}[out]; got != want {
			t.Errorf("answered %v: %s", out, got)
		}
		begin(visit)
	}
	jobs, err := s.Jobs(ctx, 10)
	if err != nil || len(jobs) != 5 || jobs[4].State != JobPrinted || jobs[3].State != JobUnknown {
		t.Errorf("%v, %v", jobs, err)
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
