package printer_test

import (
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
)

// A ticket of letters is in the hand in 2.2 s on the slowest line there is, from
// the press to the cut, in the simulated printer's own time.
func TestTicketOnASlowLine(t *testing.T) {
	const baud, most = 9600, 2200 * time.Millisecond
	p := profileNamed(t, "epson-tm-t20")
	p.Baud = baud
	synctest.Test(t, func(t *testing.T) {
		sim := printersim.New(p.Dots, quiet)
		sim.Behave(p)
		sim.SetTiming(printersim.Usual(baud))
		dev, err := printer.New(sim.Dial, p, quiet)
		if err != nil {
			t.Fatal(err)
		}
		dev.Share(sharedRenderer())
		serve(t, sim)
		b := bench{dev, sim}
		if level, err := b.Status(t.Context()); level != printer.Ready { // as Watch does before anybody presses
			t.Fatal(level, err)
		}
		press := time.Now()
		b.expect(t, sample(t, printer.KindTicket), printer.Printed, nil)
		known, out := time.Since(press), b.lastJob(t).Ended.Sub(press)
		t.Logf("out after %v, known after %v, %d bytes", out, known, b.lastJob(t).Bytes)
		if out > most || known > most+200*time.Millisecond {
			t.Errorf("out after %v, known after %v: %v are wanted", out, known, most)
		}
	})
}
