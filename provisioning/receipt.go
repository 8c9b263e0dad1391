package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"tiepdan/provisioning/gateway"
)

// receiptCommand prints a dossier's whole life, one step a line. Nothing in it is personal.
func receiptCommand(ctx context.Context, args []string, e env) error {
	set := flag.NewFlagSet("receipt", flag.ContinueOnError)
	set.SetOutput(e.err)
	var o operator
	set.StringVar(&o.data, "data", defaultData, "`DIR` of the centre")
	set.StringVar(&o.addr, "addr", "", "`URL` of the centre, if it isn't the one that serves from DIR")
	number := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		number, args = args[0], args[1:]
	}
	if err := flags(set, args, e); err != nil {
		return err
	}
	if number == "" {
		fmt.Fprintln(e.err, "provisioning receipt: the receipt number or official code comes first")
		return errUsage
	}
	var rec gateway.Record
	if err := o.do(ctx, "GET", "receipts/"+url.PathEscape(number), nil, &rec); err != nil {
		return err
	}
	r := rec.Receipt
	fmt.Fprintf(e.out, "%s  kiosk %s  procedure %s  %s %s  status %d\n", r.Receipt.Grouped(), r.Kiosk, rec.Procedure, r.Outcome, r.Code, r.Status)
	fmt.Fprintf(e.out, "card: kiosk says %s, gateway proves %s  %s\n", rec.KioskGrade, rec.Grade, strings.Join(rec.Notes, " "))
	for _, s := range rec.Life {
		line := fmt.Sprintf("%s  %-12s %s %s", s.At.Local().Format("2006-01-02 15:04:05"), s.What, s.Code, s.Detail)
		if s.Status != 0 {
			line += fmt.Sprintf(" status %d", s.Status)
		}
		fmt.Fprintln(e.out, strings.TrimRight(line, " "))
	}
	return nil
}

func (c *centre) adminReceipt(w http.ResponseWriter, r *http.Request) {
	rec, ok, err := c.whole(r.Context(), r.PathValue("number"))
	switch {
	case err != nil:
		c.refuseFor(w, err)
	case !ok:
		refuse(w, http.StatusNotFound, errors.New("no dossier of this number has an answer yet"))
	default:
		answer(w, http.StatusOK, rec)
	}
}
