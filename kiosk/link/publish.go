package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/dossier"
)

// errStoreFailed is JetStream's number for "the stream did not keep it". Only
// with the words below it means that the subject is taken, that is: we have
// handed this over before. A full disk has the same number.
const (
	errStoreFailed  jetstream.ErrorCode = 10077
	subjectTaken                        = "maximum messages per subject exceeded"
	errTooLarge     jetstream.ErrorCode = 10054 // message size exceeds maximum allowed
	errHeaderTooBig jetstream.ErrorCode = 10097
)

// PublishDossier hands a dossier over: when it returns nil, the centre has the
// envelope on disk. That is no receipt. Errors wrap [ErrDown] or [ErrRejected],
// or may pass with time.
func (c *Conn) PublishDossier(ctx context.Context, e Envelope) error {
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRejected, err)
	}
	return c.publish(ctx, DossierSubject(c.creds.Kiosk, e.Receipt), b, string(e.Receipt), StreamDossiers)
}

// PublishPart hands piece n of a dossier's papers over (see [Pieces]), as
// PublishDossier does. A piece that is there already is handed over.
func (c *Conn) PublishPart(ctx context.Context, r dossier.ReceiptNumber, n int, piece []byte) error {
	if len(piece) > PieceSize {
		return fmt.Errorf("%w: a piece of %d bytes", ErrRejected, len(piece))
	}
	return c.publish(ctx, PartSubject(c.creds.Kiosk, r, n), piece, fmt.Sprintf("%s.%d", r, n), StreamParts)
}

func (c *Conn) publish(ctx context.Context, subject string, data []byte, id, stream string) error {
	_, js := c.now()
	if js == nil {
		return ErrDown
	}
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	_, err := js.Publish(ctx, subject, data, jetstream.WithMsgID(id), jetstream.WithExpectStream(stream), jetstream.WithRetryAttempts(0))
	var api *jetstream.APIError
	switch {
	case err == nil:
	case errors.As(err, &api) && api.ErrorCode == errStoreFailed && strings.Contains(api.Description, subjectTaken):
	case errors.As(err, &api) && (api.ErrorCode == errTooLarge || api.ErrorCode == errHeaderTooBig), errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("%w: %w", ErrRejected, err)
	default:
		return c.explain(err)
	}
	c.answered()
	return nil
}

// Ask sends a request, as JSON, and reads the answer into reply.
func (c *Conn) Ask(ctx context.Context, what string, req, reply any) error {
	nc, _ := c.now()
	if nc == nil {
		return ErrDown
	}
	b, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", what, err)
	}
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	m, err := nc.RequestWithContext(ctx, AskSubject(c.creds.Kiosk, what), b)
	if err != nil {
		return fmt.Errorf("ask %s: %w", what, c.explain(err))
	}
	c.answered()
	if err := json.Unmarshal(m.Data, reply); err != nil {
		return fmt.Errorf("ask %s: an answer that is none: %w", what, err)
	}
	return nil
}

// AskReceipts asks which of these numbers the gateway has signed for.
func (c *Conn) AskReceipts(ctx context.Context, rs []dossier.ReceiptNumber) ([]dossier.Receipt, error) {
	var reply Receipts
	err := c.Ask(ctx, WhatReceipts, AskReceipts{Receipts: rs}, &reply)
	return reply.Receipts, err
}

// PublishHealth sends the whole report; the newest wins, so none is sent again.
func (c *Conn) PublishHealth(_ context.Context, report any) error {
	nc, _ := c.now()
	if nc == nil {
		return ErrDown
	}
	b, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("health report: %w", err)
	}
	return c.explain(nc.Publish(HealthSubject(c.creds.Kiosk), b))
}

func (c *Conn) now() (*nats.Conn, jetstream.JetStream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nc, c.js
}

// answered ends a Forbidden that a single subject brought about.
func (c *Conn) answered() {
	c.mu.Lock()
	forbidden := c.nc != nil && c.level == Forbidden
	c.mu.Unlock()
	if forbidden {
		c.set(Up)
	}
}

// explain tells a connection that went away from an answer that did not come.
func (c *Conn) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrConnectionReconnecting), errors.Is(err, nats.ErrDisconnected):
		return fmt.Errorf("%w: %w", ErrDown, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("no answer in %v: %w", replyTimeout.Round(time.Second), err)
	}
	return err
}
