package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"tiepdan/drivers/printer/printersim"
	"tiepdan/kiosk/wire"
)

// BenchmarkPressToPaper presses for queue numbers at the real kiosk, and takes the
// time from each press to the last byte of the ticket, the cut, being at the
// printer: command, record on disk, layout, drawing, both questions to the printer.
func BenchmarkPressToPaper(b *testing.B) {
	r := newRig(b)
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	p := &page{addr: r.Kiosk}
	defer p.close()
	if err := p.connect(ctx); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for b.Loop() {
		pressed, err := r.takeNumber(ctx, p)
		if err != nil {
			b.Fatal(err)
		}
		job, err := r.lastPaper()
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, job.Ended.Sub(pressed))
		if err := r.toAttract(ctx, p); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[min(len(took)*95/100, len(took)-1)].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
}

// takeNumber asks for a queue number without a card, and says when the press was
// that gave it.
func (r *rig) takeNumber(ctx context.Context, p *page) (pressed time.Time, err error) {
	if err := p.press(ctx, wire.Command{Action: "quick-ticket"}); err != nil {
		return pressed, err
	}
	if err := p.await(ctx, on("services")); err != nil {
		return pressed, err
	}
	pressed = time.Now()
	if err := p.press(ctx, wire.Command{Action: "service", Value: "ho-tich"}); err != nil {
		return pressed, err
	}
	return pressed, p.await(ctx, func(v wire.View) bool { return v.Ticket != nil && v.Ticket.Print.State == "printed" })
}

// lastPaper is what the simulated printer printed last.
func (r *rig) lastPaper() (printersim.Job, error) {
	resp, err := http.Get("http://" + r.Kiosk + "/sim/printer/paper.json")
	if err != nil {
		return printersim.Job{}, err
	}
	defer resp.Body.Close()
	var paper struct{ Jobs []printersim.Job }
	if err := json.NewDecoder(resp.Body).Decode(&paper); err != nil {
		return printersim.Job{}, err
	}
	if len(paper.Jobs) == 0 {
		return printersim.Job{}, errors.New("no paper")
	}
	return paper.Jobs[len(paper.Jobs)-1], nil
}
