package store

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// recordUntilKilled names the store that a child process of this test fills.
const recordUntilKilled = "STORE_TEST_RECORD_UNTIL_KILLED"

func TestMain(m *testing.M) {
	if path := os.Getenv(recordUntilKilled); path != "" {
		os.Exit(child(path))
	}
	os.Exit(m.Run())
}

// child records visit after visit and says each only after Record returned:
// what it says is what a person was shown.
func child(path string) int {
	ctx := context.Background()
	s, err := Open(ctx, path)
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	to := os.Getenv("RECIPIENT")
	for i := 0; ; i++ {
		sealed, err := seal(to, make([]byte, i%3*10_000+1))
		if err != nil {
			fmt.Println("error", err)
			return 1
		}
		sub := Submission{Visit: rand.Text(), At: time.Now(), Dossier: filing(sealed), Ticket: &TicketRequest{Service: "a", Letter: "A"}}
		rec, err := s.Record(ctx, sub)
		if err != nil {
			fmt.Println("error", err)
			return 1
		}
		fmt.Println("shown", sub.Visit, rec.Receipt, rec.Ticket.Number)
		if i%7 == 6 {
			if err := s.Checkpoint(ctx); err != nil {
				fmt.Println("error", err)
				return 1
			}
		}
	}
}

func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	type shown struct{ visit, receipt, number string }
	var all []shown
	to := recipient(t)
	for range 20 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), recordUntilKilled+"="+path, "RECIPIENT="+to)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		most := mathrand.IntN(12) + 1
		for n := 0; lines.Scan(); n++ {
			f := strings.Fields(lines.Text())
			if len(f) != 4 || f[0] != "shown" {
				t.Fatalf("child: %s", lines.Text())
			}
			all = append(all, shown{f[1], f[2], f[3]})
			if n == most {
				time.AfterFunc(mathrand.N(8*time.Millisecond), func() { cmd.Process.Kill() }) // anywhere in the next records
			}
		}
		cmd.Wait()
	}

	s := open(t, path)
	numbers, receipts := map[string]bool{}, map[string]bool{}
	for _, x := range all {
		rec, ok, err := s.FindVisit(t.Context(), x.visit)
		if err != nil || !ok || string(rec.Receipt) != x.receipt || rec.Ticket.Number != x.number {
			t.Fatalf("shown %v, kept %+v, %v, %v", x, rec, ok, err)
		}
		if numbers[rec.Ticket.Number+rec.Ticket.IssuedAt.String()[:10]] || receipts[x.receipt] {
			t.Errorf("%v was given twice", x)
		}
		numbers[rec.Ticket.Number+rec.Ticket.IssuedAt.String()[:10]], receipts[x.receipt] = true, true
		sealed, err := s.Load(t.Context(), rec.Receipt)
		if err != nil {
			t.Fatal(err)
		}
		if err := sealed.Manifest.Check(1, sealed.Parts[1]); err != nil {
			t.Error(err)
		}
	}
	if len(all) < 40 {
		t.Errorf("only %d visits lived through 20 kills: the test kills too early", len(all))
	}
	var check string
	if err := s.read.QueryRow(`PRAGMA integrity_check`).Scan(&check); err != nil || check != "ok" {
		t.Error(check, err)
	}
	pending, err := s.Pending(t.Context(), 1<<20)
	if err != nil || len(pending) < len(all) {
		t.Errorf("%d pending of %d shown, %v", len(pending), len(all), err)
	}
	t.Logf("%d shown, %d recorded", len(all), len(pending))
}
