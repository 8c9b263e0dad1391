package cardsim_test

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/cccd"
)

// A whole read as bars.md counts it: PACE by CAN, CA, AA and passive
// authentication over brainpoolP256r1; EF.SOD, DG 1, 2 (15 kB), 13, 14, 15.

func wholeRead(b *testing.B, t card.Transport, trust cccd.Options) *cccd.Reading {
	b.Helper()
	r, err := cccd.Read(b.Context(), t, can(persona(b, "an")), trust)
	if err != nil || r.Verdict.Grade != cccd.GradeGenuine || r.CA != cccd.OK || r.AA != cccd.OK {
		b.Fatalf("%v, %+v", err, r.Verdict)
	}
	return r
}

func benchOptions(b *testing.B) cccd.Options {
	return cccd.Options{Trust: anchored(b), Now: now, Portrait: true}
}

// BenchmarkRead counts APDUs and bytes of a read with extended length and with
// 256, and, the chip being another process, the CPU that is ours.
func BenchmarkRead(b *testing.B) {
	opts := benchOptions(b)
	chip := issue(b, "an", cardsim.Options{})
	long := wholeRead(b, chip, opts).Stats
	short := wholeRead(b, issue(b, "an", cardsim.Options{Fault: "short-only"}), opts).Stats
	ratio := float64(long.BytesSent+long.BytesReceived) / float64(chip.FileBytes()+64*long.APDUs)

	line := otherProcess(b)
	wholeRead(b, line, opts) // the chain of its signer is remembered from now on
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	reads, before := 0, used()
	for b.Loop() {
		wholeRead(b, line, opts)
		reads++
	}
	cpu := (used() - before).Seconds() * 1000 / float64(reads)
	b.ReportMetric(cpu, "cpu-ms/read")
	b.ReportMetric(float64(long.APDUs), "apdus/read")
	b.ReportMetric(float64(short.APDUs), "apdus-short/read")
	b.ReportMetric(ratio, "wire-ratio")
}

// servedChip names the socket on which this test binary, started again, is a
// chip.
const servedChip = "CARDSIM_SERVE"

// otherProcess is a chip in a process of its own, so that its share of the work
// is not taken for ours.
func otherProcess(b *testing.B) card.Transport {
	b.Helper()
	path := filepath.Join(b.TempDir(), "chip")
	l, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestServeChip$")
	cmd.Env = append(os.Environ(), servedChip+"="+path)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close(); _ = cmd.Wait() })
	return vpcd{conn}
}

// TestServeChip is no test but the other process of BenchmarkRead.
func TestServeChip(t *testing.T) {
	path := os.Getenv(servedChip)
	if path == "" {
		t.Skip("only of use to BenchmarkRead")
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := cardsim.ServeVPCDConn(context.Background(), conn, issue(t, "an", cardsim.Options{})); err != nil && err != io.ErrUnexpectedEOF {
		t.Fatal(err)
	}
}

// BenchmarkLatency is how much longer a read takes than the card itself does, at
// 40 ms an APDU and 10 µs a byte.
func BenchmarkLatency(b *testing.B) {
	opts := benchOptions(b)
	var ratios []float64
	for b.Loop() {
		chip := issue(b, "an", cardsim.Options{Latency: cardsim.Latency{PerAPDU: 40 * time.Millisecond, PerByte: 10 * time.Microsecond}})
		began := time.Now()
		wholeRead(b, chip, opts)
		ratios = append(ratios, float64(time.Since(began))/float64(chip.Spent()))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "card-ratio")
}

// BenchmarkGoodReads reads good cards with fresh keys, every tenth with a secret
// that starts with a zero byte, and counts the reads that fail. It does 10,000
// whatever time it is given.
func BenchmarkGoodReads(b *testing.B) {
	const reads = 10_000
	p := persona(b, "dung") // no portrait: the keys are what can go wrong
	opts := benchOptions(b)
	var failed atomic.Int64
	for b.Loop() {
		failed.Store(0)
		var next atomic.Int64
		var readers sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			readers.Go(func() {
				good, zero := issue(b, "dung", cardsim.Options{}), issue(b, "dung", cardsim.Options{Fault: "zero-secret"})
				for i := next.Add(1); i <= reads; i = next.Add(1) {
					chip := good
					if i%10 == 0 {
						chip = zero
					}
					chip.Reset()
					r, err := cccd.Read(b.Context(), chip, can(p), opts)
					if err != nil || r.Verdict.Grade != cccd.GradeGenuine || r.Stats.APDUs != 16 {
						failed.Add(1)
					}
				}
			})
		}
		readers.Wait()
	}
	b.ReportMetric(float64(failed.Load()), "failed/10000")
}
