package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

// answer answers what kiosks ask, until stop.
func (g *Gateway) answer() (stop func(), err error) {
	var subs []*nats.Subscription
	stop = func() {
		for _, s := range subs {
			if err := s.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
				g.Log.Warn("gateway: unsubscribe", "subject", s.Subject, "err", err)
			}
		}
	}
	for what, how := range map[string]func(context.Context, string, []byte) (any, error){
		link.WhatReceipts: g.receipts,
		link.WhatLookup:   g.lookup,
	} {
		// One of all gateways answers.
		sub, err := g.Conn.QueueSubscribe(link.AskSubject("*", what), "gateway", func(m *nats.Msg) { g.respond(m, how) })
		if err != nil {
			stop()
			return nil, fmt.Errorf("gateway: answer %s: %w", what, err)
		}
		subs = append(subs, sub)
	}
	return stop, nil
}

func (g *Gateway) respond(m *nats.Msg, how func(context.Context, string, []byte) (any, error)) {
	// A connection delivers one message of a subscription after the other; nobody is to wait for long.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	kiosk := strings.Split(m.Subject, ".")[1]
	reply, err := how(ctx, kiosk, m.Data)
	if err != nil {
		g.Log.Warn("a kiosk's question goes unanswered", "subject", m.Subject, "err", err)
		return
	}
	data, err := json.Marshal(reply)
	if err == nil {
		err = m.Respond(data)
	}
	if err != nil {
		g.Log.Warn("an answer did not leave", "subject", m.Subject, "err", err)
	}
}

// receipts gives a kiosk the receipts of its own numbers that have one.
func (g *Gateway) receipts(ctx context.Context, kiosk string, body []byte) (any, error) {
	var ask link.AskReceipts
	if err := json.Unmarshal(body, &ask); err != nil {
		return nil, err
	}
	if len(ask.Receipts) > link.MaxAskReceipts {
		return nil, fmt.Errorf("%d receipts at once", len(ask.Receipts))
	}
	known := link.Receipts{Receipts: []dossier.Receipt{}}
	for _, r := range ask.Receipts {
		if !r.Valid() {
			continue
		}
		e, _, ok, err := g.book.find(ctx, kiosk, r)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		signed, err := g.signed(e.Receipt)
		if err != nil {
			return nil, err
		}
		known.Receipts = append(known.Receipts, signed)
	}
	return known, nil
}

// freshWithin is how long One-Stop may take to say where a dossier stands, while
// somebody waits for it at a kiosk.
const freshWithin = 3 * time.Second

// freshen asks One-Stop itself where a dossier stands. Where it does not say, what
// it said last is the answer.
func (g *Gateway) freshen(ctx context.Context, e entry, found *link.Lookup) {
	if e.Receipt.Code == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, freshWithin)
	defer cancel()
	all, err := g.OneStop.Statuses(ctx, e.Agency, []string{e.Receipt.Code})
	if err != nil || len(all) != 1 || all[0].Code != e.Receipt.Code {
		g.Log.Debug("a look-up is answered from the book", "err", err)
		return
	}
	found.Status, found.Received, found.Due, found.At = all[0].Status, all[0].Received, all[0].Due, time.Now().UTC()
}

// lookup tells where a dossier stands to whoever holds its number. Who asks
// by the code isn't told the receipt number: codes can be counted up, receipt numbers not.
func (g *Gateway) lookup(ctx context.Context, _ string, body []byte) (any, error) {
	var ask link.AskLookup
	if err := json.Unmarshal(body, &ask); err != nil {
		return nil, err
	}
	e, ok, err := g.book.lookup(ctx, ask.Number)
	if err != nil {
		return nil, err
	}
	if !ok {
		return link.Lookup{At: time.Now().UTC()}, nil
	}
	found := link.Lookup{Found: true, Code: e.Receipt.Code, Status: e.Receipt.Status, At: e.Receipt.At, Procedure: e.Procedure}
	g.freshen(ctx, e, &found)
	if r, err := dossier.ParseReceiptNumber(ask.Number); err == nil {
		found.Receipt = string(r)
	}
	return found, nil
}
