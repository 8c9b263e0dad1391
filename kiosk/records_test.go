//go:build !release

package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/store"
)

// The journal knows of each paper, before its first byte leaves, that it is on
// the line; and a paper printed again is a line of its own.
func TestPrintJournal(t *testing.T) {
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	profile, err := printer.ProfileNamed("generic-80")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	sim := printersim.New(profile.Dots, log)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- sim.Serve(ctx) }()
	defer func() { stop(); <-served }()
	p, err := printer.New(sim.Dial, profile, log)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	journal := func() (states []string) {
		jobs, err := db.Jobs(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			states = append(states, fmt.Sprint(j.Kind, " ", j.Number, " ", j.State))
		}
		return states
	}
	const visit = "0123456789012345678901"
	if _, err := db.Record(t.Context(), store.Submission{Visit: visit, At: time.Now(), Ticket: &store.TicketRequest{Service: "x", Letter: "A"}}); err != nil {
		t.Fatal(err)
	}
	var during []string
	prints := &printing{store: db, printer: p, layouts: layoutsOf(t), metrics: newMetrics(func() health.Report { return health.Report{} }, func() float64 { return 0 }),
		began: func(int64, printer.Kind, string) { during = journal() }}
	paper := printer.Ticket{Number: "A001", Service: "Hộ tịch", At: time.Now()}
	for n, want := range []struct{ during, after string }{
		{"[ticket A001 printing]", "[ticket A001 printed]"},
		{"[ticket A001 printing ticket A001 printed]", "[ticket A001 printed ticket A001 printed]"},
	} {
		if outcome, err := prints.Print(t.Context(), visit, paper); outcome != printer.Printed || err != nil {
			t.Fatalf("print %d: %s, %v", n, outcome, err)
		}
		if got := fmt.Sprint(during); got != want.during {
			t.Errorf("print %d: on the line the journal says %s, want %s", n, got, want.during)
		}
		if got := fmt.Sprint(journal()); got != want.after {
			t.Errorf("print %d: the journal says %s, want %s", n, got, want.after)
		}
	}
	if err := sim.SetPaper("out"); err != nil {
		t.Fatal(err)
	}
	if outcome, err := prints.Print(t.Context(), visit, paper); outcome != printer.NotPrinted || err == nil {
		t.Errorf("without paper: %s, %v", outcome, err)
	}
	if got := journal(); got[0] != "ticket A001 not-printed" {
		t.Errorf("the journal says %s", got)
	}
}

func layoutsOf(t *testing.T) *printer.Layouts {
	t.Helper()
	l, err := printer.NewLayouts(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
