package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"tiepdan/kiosk/store"
)

// outboxLine is a dossier as `kiosk outbox` lists it: nothing of the person.
type outboxLine struct {
	Receipt   string    `json:"receipt"`
	Procedure string    `json:"procedure"`
	State     string    `json:"state"`
	Since     time.Time `json:"since"`
	Code      string    `json:"code"`
	Status    int       `json:"status"`
	Reason    string    `json:"reason,omitempty"`
}

// outboxMost is how many dossiers are listed, the newest ones.
const outboxMost = 1000

// outboxCommand lists what was recorded here and how far each got: the newest
// first, also while the daemon runs.
func outboxCommand(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("kiosk outbox", flag.ContinueOnError)
	fs.SetOutput(stderr)
	data := fs.String("data", defaultData, "data folder")
	asJSON := fs.Bool("json", false, "one JSON array")
	owed := fs.Bool("owed", false, "only how many the gateway has not signed for: 0, this machine may go")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 1
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(stderr, "kiosk outbox: what is %q? It takes -data DIR and -json only\n", fs.Arg(0))
		return 1
	}
	if *owed {
		return countOwed(context.Background(), filepath.Join(*data, store.FileName), stdout, stderr)
	}
	if err := listOutbox(context.Background(), filepath.Join(*data, store.FileName), *asJSON, stdout); err != nil {
		fmt.Fprintf(stderr, "kiosk outbox: %v\n", err)
		return 1
	}
	return 0
}

// countOwed prints how many dossiers are here and nowhere else for certain. A folder that
// no kiosk ever used owes none.
func countOwed(ctx context.Context, path string, stdout, stderr io.Writer) int {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintln(stdout, 0)
		return 0
	}
	db, err := store.OpenReadOnly(ctx, path)
	if err != nil {
		fmt.Fprintf(stderr, "kiosk outbox: %v\n", err)
		return 1
	}
	defer db.Close()
	b, err := db.Backlog(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "kiosk outbox: %v\n", err)
		return 1
	}
	fmt.Fprintln(stdout, b.Queued+b.HandedOver+b.Quarantined)
	return 0
}

func listOutbox(ctx context.Context, path string, asJSON bool, out io.Writer) error {
	db, err := store.OpenReadOnly(ctx, path)
	if err != nil {
		return err
	}
	defer db.Close()
	items, err := db.List(ctx, outboxMost)
	if err != nil {
		return err
	}
	lines := []outboxLine{}
	for _, i := range items {
		lines = append(lines, outboxLine{
			Receipt: string(i.Receipt), Procedure: i.Procedure, State: i.State, Since: i.Since.Truncate(time.Second),
			Code: i.Code, Status: i.Status, Reason: i.Reason,
		})
	}
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(lines)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RECEIPT\tPROCEDURE\tSTATE\tSINCE\tCODE\tREASON")
	for n, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", items[n].Receipt.Grouped(), l.Procedure, l.State,
			l.Since.Format(time.DateTime), orDash(l.Code), orDash(l.Reason))
	}
	return w.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
