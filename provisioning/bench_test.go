package main

import (
	"testing"
	"time"

	"tiepdan/kiosk/dossier"
)

// BenchmarkDrain is a kiosk's backlog going out: handed over, filed at One-Stop
// and signed for, each fsynced at every step.
func BenchmarkDrain(b *testing.B) {
	h := openHall(b, b.TempDir(), func(o *options) { o.verbose, o.timeout = false, 20*time.Second })
	d := h.enrol()
	all := make([]dossier.Sealed, b.N)
	for i := range all {
		all[i] = d.seal(newDossier(b, d.creds.Kiosk))
	}
	b.ResetTimer()
	go func() {
		for _, s := range all {
			d.publish(s)
		}
	}()
	for range all {
		<-d.receipts
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "dossiers/s")
}
