package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/queue"
	"tiepdan/kiosk/session"
	"tiepdan/kiosk/store"
)

// records keeps what visits promise: it seals, commits, and tells hall and
// outbox. It is the session's Recorder and Finder.
type records struct {
	store     *store.Store
	catalogue atomic.Pointer[catalogue.Catalogue] // that in force; changes with the day
	recipient string                              // the gateway's age recipient
	hall      *queue.Machine
	queue     atomic.Pointer[queue.State] // as it was published last; nil before
	centre    asker                       // nil: not enrolled
	filed     func()                      // wakes the outbox; must not block
	full      func()                      // the disk is: health is to know at once; may be nil
	metrics   *metrics
}

// asker is the way to the centre's answers.
type asker interface {
	Ask(ctx context.Context, what string, request, reply any) error
}

// lookupWithin is how long a person waits for the centre before the kiosk says it can't ask now.
const lookupWithin = 5 * time.Second

func (r *records) RecordTicket(ctx context.Context, order session.TicketOrder) (session.Ticket, error) {
	svc, ok := r.catalogue.Load().Service(order.Service)
	if !ok {
		return session.Ticket{}, fmt.Errorf("no service %q in the catalogue", order.Service)
	}
	rec, err := r.record(ctx, store.Submission{Visit: order.Visit, At: time.Now(),
		Ticket: &store.TicketRequest{Service: svc.Code, Letter: svc.Letter}})
	if err != nil {
		return session.Ticket{}, err
	}
	r.hall.Post(ctx, queue.Issued{Ticket: rec.Ticket})
	return sessionTicket(rec), nil
}

func (r *records) RecordDossier(ctx context.Context, visit string, d dossier.Dossier) error {
	if r.recipient == "" {
		return errors.New("not enrolled: there is no gateway to seal to")
	}
	sealed, err := dossier.Seal(d, nil, r.recipient)
	if err != nil {
		return err
	}
	_, err = r.record(ctx, store.Submission{Visit: visit, At: d.SubmittedAt,
		Dossier: &store.Filing{Sealed: sealed, Procedure: d.Procedure, Case: d.Case}})
	if err == nil {
		r.filed()
	}
	return err
}

func (r *records) record(ctx context.Context, sub store.Submission) (store.Recorded, error) {
	start := time.Now()
	rec, err := r.store.Record(ctx, sub)
	if errors.Is(err, store.ErrFull) && r.full != nil {
		r.full()
	}
	if err != nil {
		return rec, err
	}
	r.metrics.record.Observe(time.Since(start).Seconds())
	return rec, nil
}

// FindVisit answers a page that comes back with a token.
func (r *records) FindVisit(ctx context.Context, visit string) (session.Found, error) {
	rec, ok, err := r.store.FindVisit(ctx, visit)
	if err != nil || !ok {
		return session.Found{}, err
	}
	var found session.Found
	if rec.Ticket.ID != 0 {
		t := sessionTicket(rec)
		found.Ticket, found.Paper = &t, string(rec.Paper)
	}
	if rec.Receipt != "" {
		found.Paper = string(rec.Slip)
		found.Filed = &session.Filed{Receipt: rec.Receipt, Procedure: rec.Procedure, Case: rec.Case, At: rec.SubmittedAt,
			Code: rec.Code, Status: rec.Status}
		if receipt, err := r.store.Receipt(ctx, rec.Receipt); err == nil {
			found.Filed.Outcome, found.Filed.Reason = receipt.Outcome, receipt.Reason
		} else if !errors.Is(err, store.ErrUnknown) {
			return session.Found{}, err
		}
	}
	return found, nil
}

func sessionTicket(rec store.Recorded) session.Ticket {
	return session.Ticket{Number: rec.Ticket.Number, Service: rec.Ticket.Service, Ahead: rec.Ahead, At: rec.Ticket.IssuedAt}
}

// Find looks here first, then asks the centre: a slip may be another kiosk's, and
// where a dossier stands by now only the centre knows.
func (r *records) Find(ctx context.Context, number string) (session.Lookup, error) {
	item, ok, err := r.store.Get(ctx, number)
	if err != nil {
		return session.Lookup{}, err
	}
	if ok {
		found := session.Lookup{State: "found", Code: item.Code, Status: item.Status,
			Kept: item.State == store.Queued || item.State == store.HandedOver, Procedure: item.Procedure}
		// Codes can be counted up, receipt numbers not: who asks by a code isn't told the number.
		if r, err := dossier.ParseReceiptNumber(number); err == nil {
			found.Number = r.Grouped()
		}
		if item.Code == "" || r.centre == nil {
			return found, nil
		}
		reply, err := r.askCentre(ctx, number)
		if err != nil || !reply.Found {
			return found, nil // as it was when we last heard
		}
		found.Status, found.Received, found.Due = reply.Status, reply.Received, reply.Due
		return found, nil
	}
	if r.centre == nil {
		return session.Lookup{}, errors.New("not enrolled: no centre to ask")
	}
	reply, err := r.askCentre(ctx, number)
	if err != nil {
		return session.Lookup{}, err
	}
	if !reply.Found {
		return session.Lookup{State: "not-found"}, nil
	}
	return session.Lookup{State: "found", Number: dossier.ReceiptNumber(reply.Receipt).Grouped(), Code: reply.Code, Status: reply.Status,
		Procedure: reply.Procedure, Received: reply.Received, Due: reply.Due}, nil
}

func (r *records) askCentre(ctx context.Context, number string) (reply link.Lookup, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	err = r.centre.Ask(ctx, link.WhatLookup, link.AskLookup{Number: number}, &reply)
	return reply, err
}

// FindTicket looks at the hall as it is now. A number of another minute is another
// day's: the series begins anew each morning.
func (r *records) FindTicket(_ context.Context, number string, issued time.Time) (session.Lookup, error) {
	found := session.Lookup{State: "ticket-over", Number: number}
	hall := r.queue.Load()
	if hall == nil {
		return session.Lookup{}, errors.New("the hall has not said how it is")
	}
	for _, t := range hall.Tickets {
		if t.Number != number || !t.IssuedAt.Truncate(time.Minute).Equal(issued) {
			continue
		}
		switch {
		case t.State == queue.Waiting:
			found.State, found.Ahead = "ticket-waiting", hall.Ahead(t.ID)
		case t.AtCounter():
			found.State, found.Counter = "ticket-called", t.Counter
		}
	}
	return found, nil
}

// printing journals each job around the printer: what was on the line when the
// power went is known as unknown, never printed again by itself.
type printing struct {
	store   *store.Store
	printer *printer.Printer
	layouts *printer.Layouts
	metrics *metrics
	began   func(job int64, kind printer.Kind, number string)       // may be nil
	slip    func(of dossier.ReceiptNumber, outcome printer.Outcome) // how one came out; may be nil
	running atomic.Int32                                            // papers on their way out
}

func (p *printing) Print(ctx context.Context, visit string, paper printer.Paper) (printer.Outcome, error) {
	p.running.Add(1)
	defer p.running.Add(-1)
	doc := p.layouts.Document(paper)
	// Unjournalled, a crash in mid-print could not be told from a paper that came out.
	id, err := p.store.BeginJob(ctx, visit, string(doc.Kind), ungrouped(doc.Number), time.Now())
	if err != nil {
		return printer.NotPrinted, err
	}
	if p.began != nil {
		p.began(id, doc.Kind, doc.Number)
	}
	outcome, err := p.printer.Print(ctx, doc)
	p.metrics.prints.WithLabelValues(string(doc.Kind), string(outcome)).Inc()
	if number, ok := dossier.ParseReceiptNumber(doc.Number); p.slip != nil && doc.Kind == printer.KindSlip && ok == nil {
		p.slip(number, outcome)
	}
	// The paper's fate is known whatever became of the visit.
	return outcome, errors.Join(err, p.store.SetJob(context.WithoutCancel(ctx), id, store.JobState(outcome), time.Now()))
}

// resume tells the printer what the last run of this program left behind.
func (p *printing) resume(ctx context.Context) error {
	jobs, err := p.store.Jobs(ctx, 1)
	if err != nil {
		return err
	}
	if len(jobs) > 0 && jobs[0].State == store.JobUnknown {
		p.printer.LeftTorn()
	}
	return nil
}

// Answered keeps what the person said of a paper whose outcome was unknown.
func (p *printing) Answered(ctx context.Context, visit string, kind printer.Kind, out bool) error {
	return p.store.AnswerJobs(ctx, visit, string(kind), out)
}

// ungrouped is a receipt number as it is kept, whatever way it is shown.
func ungrouped(number string) string { return strings.ReplaceAll(number, "-", "") }
