package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A Keeper keeps the alerts in a KV bucket, one entry each, and tells them by every
// way out. Of all centres on one bus one holds the lease and does so; any may
// acknowledge.
type Keeper struct {
	Ways      []Way
	Standings func(context.Context) ([]Standing, error)
	Log       *slog.Logger
	Chores    []func(ctx context.Context, now time.Time) error // what else one centre at a time does

	kv   jetstream.KeyValue
	self string
}

const (
	alertEvery = 5 * time.Second
	leaseLife  = 20 * time.Second
	leaseKey   = "lease"
	tellWithin = 30 * time.Second
)

// ErrNoAlert says that there is no open alert of that id.
var ErrNoAlert = errors.New("no such alert")

// OpenKeeper opens the bucket, or makes it. self names this centre among others.
func OpenKeeper(ctx context.Context, js jetstream.JetStream, replicas int, self string) (*Keeper, error) {
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "alerts", History: 1, Replicas: replicas})
	if err != nil {
		return nil, fmt.Errorf("fleet: alerts: %w", err)
	}
	return &Keeper{kv: kv, self: self}, nil
}

// Run keeps and tells until the context ends. Call it once, with the fields set.
func (k *Keeper) Run(ctx context.Context) error {
	ticks := time.NewTicker(alertEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return k.release()
		case now := <-ticks.C:
			mine, err := k.lease(ctx, now)
			if err == nil && mine {
				err = k.step(ctx, now)
				for _, chore := range k.Chores {
					err = errors.Join(err, chore(ctx, now))
				}
			}
			if err != nil && ctx.Err() == nil {
				k.Log.Warn("alerts", "err", err) // the next round does it
			}
		}
	}
}

// step is one round: what is, what of it is news, and who hears it.
func (k *Keeper) step(ctx context.Context, now time.Time) error {
	all, err := k.Standings(ctx)
	if err != nil {
		return err
	}
	old, revisions, err := k.load(ctx)
	if err != nil {
		return err
	}
	var errs error
	next := old.Step(all, now)
	for id := range old {
		if _, kept := next[id]; !kept {
			errs = errors.Join(errs, k.kv.Delete(ctx, "alert."+id, jetstream.LastRevision(revisions[id])))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(next)) {
		errs = errors.Join(errs, k.tellAndKeep(ctx, next[id], old[id], revisions[id]))
	}
	return errs
}

// tellAndKeep keeps an alert that changed, and tells whoever has not heard.
func (k *Keeper) tellAndKeep(ctx context.Context, a, old Alert, revision uint64) error {
	var errs error
	told := maps.Clone(a.Told)
	for _, way := range k.Ways {
		if !a.untold(way.Name()) {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, tellWithin)
		err := way.Tell(limited, a)
		cancel()
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("alert %s: %w", a.ID, err)) // told again next time
			continue
		}
		if told == nil {
			told = map[string]string{}
		}
		told[way.Name()] = a.Says()
	}
	a.Told = told
	was, err := json.Marshal(old)
	if err != nil {
		return errors.Join(errs, err)
	}
	data, err := json.Marshal(a)
	if err != nil || string(was) == string(data) {
		return errors.Join(errs, err)
	}
	if old.Raised != a.Raised || old.Resolved != a.Resolved {
		k.Log.Warn("alert "+a.Says(), "alert", a.ID, "kiosks", len(a.Kiosks), "severity", string(a.Severity))
	}
	if revision == 0 {
		_, err = k.kv.Create(ctx, "alert."+a.ID, data)
	} else {
		_, err = k.kv.Update(ctx, "alert."+a.ID, data, revision)
	}
	if errors.Is(err, jetstream.ErrKeyExists) {
		err = nil // acknowledged meanwhile: the next round sees it
	}
	return errors.Join(errs, err)
}

func (k *Keeper) load(ctx context.Context) (Alerts, map[string]uint64, error) {
	watch, err := k.kv.Watch(ctx, "alert.*", jetstream.IgnoreDeletes())
	if err != nil {
		return nil, nil, fmt.Errorf("fleet: alerts: %w", err)
	}
	defer watch.Stop() // only frees what ctx frees too
	alerts, revisions := Alerts{}, map[string]uint64{}
	for {
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case e := <-watch.Updates():
			if e == nil {
				return alerts, revisions, nil
			}
			var a Alert
			if err := json.Unmarshal(e.Value(), &a); err != nil {
				return nil, nil, fmt.Errorf("fleet: %s: %w", e.Key(), err)
			}
			alerts[a.ID], revisions[a.ID] = a, e.Revision()
		}
	}
}

// All returns the open alerts and those resolved not long ago, open and newest first.
func (k *Keeper) All(ctx context.Context) ([]Alert, error) {
	alerts, _, err := k.load(ctx)
	all := slices.Collect(maps.Values(alerts))
	slices.SortFunc(all, func(a, b Alert) int {
		if open := a.Resolved.IsZero(); open != b.Resolved.IsZero() {
			if open {
				return -1
			}
			return 1
		}
		return b.Raised.Compare(a.Raised)
	})
	return all, err
}

// Acknowledge notes that somebody is at an open alert. may says whether he may, once
// it is known what the alert is about.
func (k *Keeper) Acknowledge(ctx context.Context, id string, ack Ack, may func(Alert) bool) (Alert, error) {
	for range 10 {
		e, err := k.kv.Get(ctx, "alert."+id)
		if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
			return Alert{}, ErrNoAlert
		}
		if err != nil {
			return Alert{}, fmt.Errorf("fleet: %w", err)
		}
		var a Alert
		if err := json.Unmarshal(e.Value(), &a); err != nil {
			return Alert{}, fmt.Errorf("fleet: alert %s: %w", id, err)
		}
		if !a.Resolved.IsZero() || !may(a) {
			return Alert{}, ErrNoAlert
		}
		a.Acked = &ack
		data, err := json.Marshal(a)
		if err != nil {
			return Alert{}, err
		}
		if _, err = k.kv.Update(ctx, "alert."+id, data, e.Revision()); err == nil {
			return a, nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) {
			return Alert{}, fmt.Errorf("fleet: %w", err)
		}
	}
	return Alert{}, fmt.Errorf("fleet: alert %s changes all the time", id)
}

// A lease says which centre tells alerts, and until when.
type lease struct {
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
}

// lease takes or renews the lease; false: another holds it.
func (k *Keeper) lease(ctx context.Context, now time.Time) (bool, error) {
	mine, err := json.Marshal(lease{k.self, now.Add(leaseLife)})
	if err != nil {
		return false, err
	}
	e, err := k.kv.Get(ctx, leaseKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		_, err = k.kv.Create(ctx, leaseKey, mine)
		return err == nil, notTaken(err)
	}
	if err != nil {
		return false, fmt.Errorf("lease: %w", err)
	}
	var held lease
	if err := json.Unmarshal(e.Value(), &held); err != nil {
		return false, fmt.Errorf("lease: %w", err)
	}
	if held.Holder != k.self && now.Before(held.Until) {
		return false, nil
	}
	_, err = k.kv.Update(ctx, leaseKey, mine, e.Revision())
	return err == nil, notTaken(err)
}

// notTaken drops the error of somebody having been faster.
func notTaken(err error) error {
	if errors.Is(err, jetstream.ErrKeyExists) {
		return nil
	}
	return err
}

// release lets another centre take over at once.
func (k *Keeper) release() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	e, err := k.kv.Get(ctx, leaseKey)
	if err != nil {
		return nil // nobody has it, or it runs out by itself
	}
	var held lease
	if json.Unmarshal(e.Value(), &held) == nil && held.Holder == k.self {
		_ = k.kv.Delete(ctx, leaseKey, jetstream.LastRevision(e.Revision())) // or it runs out by itself
	}
	return nil
}
