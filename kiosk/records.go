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
	centre    asker  // nil: not enrolled
	filed     func() // wakes the outbox; must not block
	full      func() // the disk is: health is to know at once; may be nil
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
func (r *records) FindVisit(ctx context.Context, visit string) (*session.Filed, *session.Ticket, error) {
	rec, ok, err := r.store.FindVisit(ctx, visit)
	if err != nil || !ok {
		return nil, nil, err
	}
	var filed *session.Filed
	var ticket *session.Ticket
	if rec.Receipt != "" {
		filed = &session.Filed{Receipt: rec.Receipt, Procedure: rec.Procedure, Case: rec.Case, At: rec.SubmittedAt,
			Code: rec.Code, Status: rec.Status}
		if receipt, err := r.store.Receipt(ctx, rec.Receipt); err == nil {
			filed.Outcome, filed.Reason = receipt.Outcome, receipt.Reason
		} else if !errors.Is(err, store.ErrUnknown) {
			return nil, nil, err
		}
	}
	if rec.Ticket.ID != 0 {
		t := sessionTicket(rec)
		ticket = &t
	}
	return filed, ticket, nil
}

func sessionTicket(rec store.Recorded) session.Ticket {
	return session.Ticket{Number: rec.Ticket.Number, Service: rec.Ticket.Service, Ahead: rec.Ahead, At: rec.Ticket.IssuedAt}
}

// Find looks here first, then asks the centre: a slip may be another kiosk's.
func (r *records) Find(ctx context.Context, number string) (session.Lookup, error) {
	item, ok, err := r.store.Get(ctx, number)
	if err != nil {
		return session.Lookup{}, err
	}
	if ok {
		found := session.Lookup{State: "found", Code: item.Code, Status: item.Status,
			Kept: item.State == store.Queued || item.State == store.HandedOver}
		// Codes can be counted up, receipt numbers not: who asks by a code isn't told the number.
		if r, err := dossier.ParseReceiptNumber(number); err == nil {
			found.Number = r.Grouped()
		}
		return found, nil
	}
	if r.centre == nil {
		return session.Lookup{}, errors.New("not enrolled: no centre to ask")
	}
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	var reply link.Lookup
	if err := r.centre.Ask(ctx, link.WhatLookup, link.AskLookup{Number: number}, &reply); err != nil {
		return session.Lookup{}, err
	}
	if !reply.Found {
		return session.Lookup{State: "not-found"}, nil
	}
	return session.Lookup{State: "found", Number: dossier.ReceiptNumber(reply.Receipt).Grouped(), Code: reply.Code, Status: reply.Status}, nil
}

// printing journals each job around the printer: what was on the line when the
// power went is known as unknown, never printed again by itself.
type printing struct {
	store   *store.Store
	printer *printer.Printer
	layouts *printer.Layouts
	metrics *metrics
	began   func(job int64, kind printer.Kind, number string) // may be nil
}

func (p *printing) Print(ctx context.Context, visit string, paper printer.Paper) (printer.Outcome, error) {
	doc := p.layouts.Document(paper)
	id, err := p.job(ctx, doc)
	if err != nil {
		return printer.NotPrinted, err
	}
	if err := p.store.SetJob(ctx, id, store.JobPrinting, time.Now()); err != nil {
		return printer.NotPrinted, err // unjournalled, a crash now could not be told from a paper that came out
	}
	if p.began != nil {
		p.began(id, doc.Kind, doc.Number)
	}
	outcome, err := p.printer.Print(ctx, doc)
	p.metrics.prints.WithLabelValues(string(doc.Kind), string(outcome)).Inc()
	// The paper's fate is known whatever became of the visit.
	return outcome, errors.Join(err, p.store.SetJob(context.WithoutCancel(ctx), id, store.JobState(outcome), time.Now()))
}

// job finds the line that Record made for this paper, or makes one: a reprint, a list.
func (p *printing) job(ctx context.Context, doc printer.Document) (int64, error) {
	jobs, err := p.store.Jobs(ctx, 20)
	if err != nil {
		return 0, err
	}
	for _, j := range jobs {
		if j.State == store.JobQueued && j.Kind == string(doc.Kind) && ungrouped(j.Number) == ungrouped(doc.Number) {
			return j.ID, nil
		}
	}
	return p.store.AddJob(ctx, string(doc.Kind), doc.Number, time.Now())
}

// ungrouped is a receipt number as it is kept, whatever way it is shown.
func ungrouped(number string) string { return strings.ReplaceAll(number, "-", "") }
