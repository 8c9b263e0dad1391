package store

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkRecord is a dossier of 20 kB with its outbox row and a ticket,
// checkpointed when idle. Beside each record stands one fsync of as many bytes
// on the same disk: the ratio is the figure, for disks differ.
func BenchmarkRecord(b *testing.B) {
	s, path := newStore(b)
	to := recipient(b)
	f, err := os.Create(filepath.Join(filepath.Dir(path), "plain"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var records, fsyncs []time.Duration
	for i := range b.N {
		b.StopTimer()
		sealed := sealedFor(b, to, make([]byte, 18_000))
		start := time.Now()
		if _, err := f.WriteAt(sealed.Parts[1], int64(i%50)*24_000); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		fsyncs = append(fsyncs, time.Since(start))
		b.StartTimer()
		start = time.Now()
		record(b, s, Submission{Dossier: filing(sealed), Ticket: &TicketRequest{Service: "a", Letter: "A"}})
		records = append(records, time.Since(start))
		b.StopTimer()
		if i%50 == 49 {
			if err := s.Checkpoint(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
	}
	slices.Sort(records)
	slices.Sort(fsyncs)
	for _, p := range []struct {
		name string
		at   int
	}{{"p50", 50}, {"p99", 99}} {
		r, f := records[len(records)*p.at/100], fsyncs[len(fsyncs)*p.at/100]
		b.ReportMetric(float64(r.Microseconds()), p.name+"-us")
		b.ReportMetric(float64(f.Microseconds()), p.name+"-fsync-us")
		b.ReportMetric(float64(r)/float64(f), p.name+"-ratio")
	}
}
