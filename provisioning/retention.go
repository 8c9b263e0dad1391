package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/link"
	"tiepdan/provisioning/staff"
)

// How long the centre remembers is data, in days: kept in a bucket, so that every centre
// and gateway on a bus goes by the same, and changed at the dashboard.
type retention struct {
	Audit    int `json:"audit"`    // who did what
	Receipts int `json:"receipts"` // of dossiers that are done with, since their last word
	Events   int `json:"events"`   // what kiosks told; reports of visits can be made again so far back
	Pages    int `json:"pages"`    // sealed, that One-Stop never fetched
}

// usualRetention is longer than the twelve months that receipts and deeds have to be remembered.
var usualRetention = retention{Audit: 400, Receipts: 400, Events: 400, Pages: 30}

const (
	rulesBucket  = "rules"
	retentionKey = "retention"
	// blobLife is how long a configuration that no kiosk is told any more may still be fetched.
	blobLife = 30 * 24 * time.Hour

	forgetFirst = 10 * time.Minute // after a start, when kiosks are back
	forgetEvery = 24 * time.Hour
)

// check says which number is out of bounds.
func (r retention) check() error {
	for _, one := range []struct {
		name       string
		days, from int
	}{{"audit", r.Audit, 365}, {"receipts", r.Receipts, 365}, {"events", r.Events, 31}, {"pages", r.Pages, 7}} {
		if one.days < one.from || one.days > 3660 {
			return bad("%s: %d to 3660 days", one.name, one.from)
		}
	}
	return nil
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// openRules opens the bucket, or makes it.
func openRules(ctx context.Context, js jetstream.JetStream, replicas int) (jetstream.KeyValue, error) {
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: rulesBucket, Description: "what the centre goes by", History: 10, Replicas: replicas})
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", rulesBucket, err)
	}
	return kv, nil
}

// retentionIn is what the bucket says; the usual, if it says nothing.
func retentionIn(ctx context.Context, rules jetstream.KeyValue) (retention, error) {
	r := usualRetention
	e, err := rules.Get(ctx, retentionKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(e.Value(), &r)
	}
	if err != nil {
		return r, fmt.Errorf("retention: %w", err)
	}
	return r, nil
}

// pagesKept is for a gateway.
func pagesKept(rules jetstream.KeyValue) func(context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) {
		r, err := retentionIn(ctx, rules)
		return days(r.Pages), err
	}
}

func (c *centre) apiRetention(_ http.ResponseWriter, r *http.Request, _ caller) (any, error) {
	return retentionIn(r.Context(), c.rules)
}

// apiSetRetention is for who answers for the whole city.
func (c *centre) apiSetRetention(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	if !who.Everywhere() {
		return nil, errForbidden
	}
	var in retention
	if err := input(r, &in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	err = c.do(r.Context(), who, staff.Deed{What: "retention.set", Detail: string(data)}, func() error {
		if _, err := c.rules.Put(r.Context(), retentionKey, data); err != nil {
			return err
		}
		return c.keepStreams(r.Context(), in)
	})
	return in, err
}

// keepStreams has the streams that forget by age do so by the rules.
func (c *centre) keepStreams(ctx context.Context, r retention) error {
	for name, keep := range map[string]time.Duration{staff.AuditStream: days(r.Audit), link.StreamEvents: days(r.Events)} {
		s, err := c.js.Stream(ctx, name)
		if err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
		cfg := s.CachedInfo().Config
		if cfg.MaxAge == keep {
			continue
		}
		cfg.MaxAge = keep
		if _, err := c.js.UpdateStream(ctx, cfg); err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
	}
	return nil
}

// forget lets go, once a day, of what does not go by itself. Any number of centres may.
func (c *centre) forget(ctx context.Context) error {
	wait := forgetFirst + rand.N(forgetFirst)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = forgetEvery
		if err := c.forgetNow(ctx, time.Now()); err != nil && ctx.Err() == nil {
			c.log.Warn("what is old is still here", "err", err)
		}
	}
}

func (c *centre) forgetNow(ctx context.Context, now time.Time) error {
	r, err := retentionIn(ctx, c.rules)
	if err != nil {
		return err
	}
	receipts, err := c.book.Forget(ctx, now.Add(-days(r.Receipts)))
	if err != nil {
		return err
	}
	blobs, err := c.registry.Sweep(ctx, now.Add(-blobLife))
	if receipts+blobs > 0 {
		c.log.Info("what is old is forgotten", "receipts", receipts, "blobs", blobs)
	}
	return err
}
