package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/health"
)

// A Rollout changes the configuration or the catalogue of many kiosks in waves: one, then a tenth, then
// all others, [maxWave] at a time. It goes on by itself while kiosks take it well, and halts when they don't.
type Rollout struct {
	ID        string         `json:"id"`
	By        string         `json:"by"`
	At        time.Time      `json:"at"`
	Change    string         `json:"change,omitempty"`    // YAML: the fields that get other values
	Catalogue string         `json:"catalogue,omitempty"` // hash of a pack, or [OwnCatalogue]
	Word      *Word          `json:"word,omitempty"`      // what is said at once, and waits for nobody
	Kiosks    []string       `json:"kiosks"`              // in the order of their turn
	Units     []string       `json:"units"`               // whose kiosks they are
	Done      int            `json:"done"`                // how many of them have been told
	State     RolloutState   `json:"state"`
	Why       string         `json:"why,omitempty"`    // it halted
	Told      map[string]Ask `json:"told,omitempty"`   // what was asked of whom, until the kiosk has it
	Waited    time.Time      `json:"waited,omitzero"`  // since when the present wave is out
	Changed   time.Time      `json:"changed,omitzero"` // its state, last
}

// An Ask is what one kiosk was told to go by, by its hashes.
type Ask struct {
	Config    string `json:"config"`
	Catalogue string `json:"catalogue,omitempty"`
}

// OwnCatalogue is the one that each kiosk's program was built with.
const OwnCatalogue = "own"

// A Word is what the centre has kiosks say, and whether they serve people.
type Word struct {
	Notice *health.Text `json:"notice"`
	Locked bool         `json:"locked"`
}

// A RolloutState says how one stands.
type RolloutState string

// States of a rollout.
const (
	Running  RolloutState = "running"
	Finished RolloutState = "finished"
	Halted   RolloutState = "halted"  // kiosks did not take it
	Stopped  RolloutState = "stopped" // by somebody
)

// patience is how long a kiosk that is awake may take before it counts as one that
// doesn't take a change: somebody may be standing there.
const patience = 10 * time.Minute

// maxWave bounds one wave: all of a city at once would take longer than the lease of who
// tells them, and those who were told are kept by name in one message.
const maxWave = 500

// wave is how many kiosks are to have been told after the next wave.
func (r Rollout) wave() int {
	n := len(r.Kiosks)
	if r.Word != nil {
		return min(n, r.Done+maxWave)
	}
	to := n
	switch tenth := max(2, n/10); {
	case r.Done == 0:
		to = 1
	case r.Done < tenth:
		to = tenth
	}
	return min(to, r.Done+maxWave, n)
}

// verdict looks at those who were told: whom to wait for yet, and why to halt, if so.
func (r Rollout) verdict(stand map[string]Standing, now time.Time) (waits int, why string) {
	if r.Word != nil {
		return 0, ""
	}
	for id, ask := range r.Told {
		st, known := stand[id]
		switch {
		case !known || st.Colour == Revoked || st.Colour == Waiting:
			continue // it is told when it comes
		case slices.ContainsFunc(st.Conditions, func(c health.Condition) bool {
			return c.Code == health.ConfigRefused || c.Code == health.ConfigInvalid
		}):
			return 0, id + ": " + health.ConfigRefused
		case st.Config == ask.Config && st.Catalogue == ask.Catalogue || st.silentNow():
			continue
		case now.Sub(r.Waited) > patience:
			return 0, id + ": it does not take it"
		}
		waits++
	}
	return waits, ""
}

// silentNow tells a kiosk that says nothing: it holds up nobody.
func (st Standing) silentNow() bool {
	return st.Colour == Grey || slices.ContainsFunc(st.Conditions, func(c health.Condition) bool { return health.ByCentre(c.Code) })
}

// Rollouts are all there are, in a bucket.
type Rollouts struct {
	kv jetstream.KeyValue
	// Standings are all kiosks as they stand.
	Standings func(context.Context) ([]Standing, error)
	// Apply tells one kiosk what a rollout is about, and returns what it goes by once it has taken it.
	Apply func(ctx context.Context, kiosk string, r Rollout) (Ask, error)
}

// ErrNoRollout says that there is none of that id that could be stopped.
var ErrNoRollout = errors.New("no such rollout under way")

// OpenRollouts opens the bucket, or makes it.
func OpenRollouts(ctx context.Context, js jetstream.JetStream, replicas int) (*Rollouts, error) {
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "rollouts", History: 1, Replicas: replicas})
	if err != nil {
		return nil, fmt.Errorf("fleet: rollouts: %w", err)
	}
	return &Rollouts{kv: kv}, nil
}

// Begin keeps a new one; its first wave goes out with the next step.
func (rs *Rollouts) Begin(ctx context.Context, r Rollout) error {
	r.State, r.Changed = Running, r.At
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = rs.kv.Create(ctx, r.ID, data)
	return err
}

// All returns them, the newest first.
func (rs *Rollouts) All(ctx context.Context) ([]Rollout, error) {
	keys, err := rs.kv.ListKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("fleet: rollouts: %w", err)
	}
	all := []Rollout{}
	for key := range keys.Keys() {
		r, _, err := rs.get(ctx, key)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Rollout) int { return b.At.Compare(a.At) })
	return all, nil
}

func (rs *Rollouts) get(ctx context.Context, id string) (r Rollout, revision uint64, err error) {
	e, err := rs.kv.Get(ctx, id)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
		return r, 0, ErrNoRollout
	}
	if err != nil {
		return r, 0, fmt.Errorf("fleet: rollout %s: %w", id, err)
	}
	return r, e.Revision(), json.Unmarshal(e.Value(), &r)
}

// Stop ends one that runs. may says whether this somebody may, once it is known what it is about.
func (rs *Rollouts) Stop(ctx context.Context, id string, now time.Time, may func(Rollout) bool) error {
	for range 10 {
		r, revision, err := rs.get(ctx, id)
		if err != nil {
			return err
		}
		if r.State != Running || !may(r) {
			return ErrNoRollout
		}
		r.State, r.Changed = Stopped, now
		if err := rs.put(ctx, r, revision); !errors.Is(err, jetstream.ErrKeyExists) {
			return err
		}
	}
	return fmt.Errorf("fleet: rollout %s changes all the time", id)
}

func (rs *Rollouts) put(ctx context.Context, r Rollout, revision uint64) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = rs.kv.Update(ctx, r.ID, data, revision)
	return err
}

// Step takes every rollout one step on; one centre at a time does (see [Keeper]).
func (rs *Rollouts) Step(ctx context.Context, now time.Time) error {
	all, err := rs.All(ctx)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(r Rollout) bool { return r.State != Running })
	if len(all) == 0 {
		return nil
	}
	standings, err := rs.Standings(ctx)
	if err != nil {
		return err
	}
	stand := map[string]Standing{}
	for _, st := range standings {
		stand[st.ID] = st
	}
	var errs error
	for _, r := range all {
		errs = errors.Join(errs, rs.step(ctx, r.ID, stand, now))
	}
	return errs
}

// step waits for the present wave, or sends the next.
func (rs *Rollouts) step(ctx context.Context, id string, stand map[string]Standing, now time.Time) error {
	r, revision, err := rs.get(ctx, id)
	if err != nil || r.State != Running {
		return err
	}
	waits, why := r.verdict(stand, now)
	switch {
	case why != "":
		r.State, r.Why, r.Changed = Halted, why, now
		return rs.put(ctx, r, revision)
	case waits > 0:
		return nil
	case r.Done == len(r.Kiosks):
		r.State, r.Told, r.Changed = Finished, nil, now
		return rs.put(ctx, r, revision)
	}
	r.Told, r.Waited = map[string]Ask{}, now
	for to := r.wave(); r.Done < to; r.Done++ {
		ask, err := rs.Apply(ctx, r.Kiosks[r.Done], r)
		if err != nil {
			r.State, r.Why, r.Changed = Halted, r.Kiosks[r.Done]+": "+err.Error(), now
			break
		}
		r.Told[r.Kiosks[r.Done]] = ask
	}
	return rs.put(ctx, r, revision)
}
