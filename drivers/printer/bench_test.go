package printer_test

import (
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
)

// BenchmarkTicket is layout, drawing with warm letters and encoding, of dots.
func BenchmarkTicket(b *testing.B) { benchTicket(b, profileNamed(b, "generic-80")) }

// BenchmarkDownloadedTicket is the same of letters that the printer is taught.
func BenchmarkDownloadedTicket(b *testing.B) { benchTicket(b, profileNamed(b, "epson-tm-t20")) }

// BenchmarkTickets says of every profile what a ticket costs: bytes, the time they
// are on the line at the speed the printer leaves the factory with, and our own.
func BenchmarkTickets(b *testing.B) {
	for _, p := range profiles(b) {
		b.Run(p.Name, func(b *testing.B) { benchTicket(b, p) })
	}
}

func benchTicket(b *testing.B, p printer.Profile) {
	r := sharedRenderer()
	doc := sample(b, printer.KindTicket)
	bytes := 0
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		job, err := r.Job(doc, p)
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		bytes = len(job)
	}
	b.ReportMetric(float64(bytes), "ticket-bytes")
	b.ReportMetric(float64(bytes)*10*1000/float64(p.Baud), "line-ms")
	b.ReportMetric(float64(percentile(took, 99).Microseconds())/1000, "p99-ms")
}

func percentile(d []time.Duration, p int) time.Duration {
	slices.Sort(d)
	return d[min(len(d)*p/100, len(d)-1)]
}

// BenchmarkManyTickets prints 10,000 tickets in a row over a pseudo-terminal,
// whatever time it is given, and says what is left of them.
func BenchmarkManyTickets(b *testing.B) {
	const tickets, warm = 10_000, 200
	p := profileNamed(b, "epson-tm-t20")
	sim := printersim.New(p.Dots, quiet)
	sim.Behave(p)
	if err := sim.OpenPTY(b.TempDir()); err != nil {
		b.Skip("no pseudo-terminals here:", err)
	}
	dev, err := printer.New(printer.Open(sim.Port(), 115200), p, quiet)
	if err != nil {
		b.Fatal(err)
	}
	serve(b, sim)
	b.Cleanup(func() {
		if err := dev.Close(); err != nil {
			b.Error(err)
		}
	})
	var before, after resources
	failed := 0
	var took []time.Duration
	for b.Loop() {
		for i := range tickets {
			if i == warm {
				before = used()
			}
			start := time.Now()
			if got, err := dev.Print(b.Context(), sample(b, printer.KindTicket)); got != printer.Printed {
				b.Log(i, got, err)
				failed++
			}
			took = append(took, time.Since(start))
		}
		after = used()
	}
	b.ReportMetric(float64(failed), "failed/10000")
	b.ReportMetric(float64(max(after.heap-before.heap, 0))/1024, "heap-KiB-more")
	b.ReportMetric(float64(after.goroutines-before.goroutines), "goroutines-more")
	b.ReportMetric(float64(after.files-before.files), "files-more")
	b.ReportMetric(float64(percentile(took, 99).Microseconds())/1000, "p99-ms")
}

type resources struct{ heap, goroutines, files int }

func used() resources {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, _ := os.ReadDir("/proc/self/fd") // none where there is no /proc
	return resources{int(m.HeapAlloc), runtime.NumGoroutine(), len(files)}
}
