package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/staff"
)

// What kiosks ask of the centre beside their dossiers, which are the gateway's: to keep
// what a technician found, and to take an enrolment at the wrong site back.

// undoWithin is how long after it an enrolment is taken back without an admin.
const undoWithin = 24 * time.Hour

// maxFound bounds a technician's report.
const maxFound = 64 << 10

// openReadiness opens the bucket of the last report of each kiosk.
func openReadiness(ctx context.Context, js jetstream.JetStream, replicas int) (jetstream.KeyValue, error) {
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: "readiness", Description: "what a technician found last, by kiosk", MaxValueSize: maxFound, Replicas: replicas,
	})
	if err != nil {
		return nil, fmt.Errorf("bucket readiness: %w", err)
	}
	return kv, nil
}

// answerKiosks answers until ctx ends. One of all centres does.
func (c *centre) answerKiosks(ctx context.Context) error {
	for what, how := range map[string]func(ctx context.Context, kiosk string, m *nats.Msg) (answer string, then func() error, err error){
		link.WhatReadiness: c.keepReadiness,
		link.WhatUndo:      c.undo,
	} {
		sub, err := c.nc.QueueSubscribe(link.AskSubject("*", what), "centre", func(m *nats.Msg) {
			asked, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			kiosk := strings.Split(m.Subject, ".")[1]
			code, then, err := how(asked, kiosk, m)
			if err == nil {
				err = respond(m, link.Answer{Error: code})
			}
			if err == nil && then != nil {
				// What comes next may cut the kiosk off: its answer is to be there before.
				err = errors.Join(c.nc.FlushTimeout(lastWord), sleep(asked, lastWord/4), then())
			}
			if err != nil {
				c.log.Warn("a kiosk's request failed", "subject", m.Subject, "err", err)
			}
		})
		if err != nil {
			return err
		}
		defer sub.Unsubscribe() // the connection ends soon after
	}
	<-ctx.Done()
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func respond(m *nats.Msg, answer link.Answer) error {
	data, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return m.Respond(data)
}

func (c *centre) keepReadiness(ctx context.Context, kiosk string, m *nats.Msg) (string, func() error, error) {
	var found health.Diagnosis
	if len(m.Data) > maxFound || json.Unmarshal(m.Data, &found) != nil {
		return "malformed", nil, nil
	}
	_, err := c.readiness.Put(ctx, kiosk, m.Data)
	return "", nil, err
}

// readinessOf is the last report of a kiosk; nil: none.
func (c *centre) readinessOf(ctx context.Context, kiosk string) (*health.Diagnosis, error) {
	e, err := c.readiness.Get(ctx, kiosk)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found health.Diagnosis
	return &found, json.Unmarshal(e.Value(), &found)
}

// undo takes an enrolment back: the machine is shut out, after it has heard so, and the
// code works again.
func (c *centre) undo(ctx context.Context, kiosk string, _ *nats.Msg) (code string, then func() error, err error) {
	err = c.do(ctx, caller{Person: staff.Person{Name: technicianName}}, staff.Deed{What: "kiosk.undo", Target: kiosk}, func() error {
		_, err := c.registry.Undo(ctx, kiosk, undoWithin)
		return err
	})
	if errors.Is(err, enrol.ErrLate) {
		return "late", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	c.log.Info("enrolment undone", "kiosk", kiosk)
	return "", func() error { return c.shutOut(context.WithoutCancel(ctx)) }, nil
}

// technicianName is who did it, in the audit, where nobody signed in at the centre.
const technicianName = "technician"
