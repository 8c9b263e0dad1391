package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/config"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/fleet"
)

// A city is the registry of kiosks held in memory, and how each stands. It follows the
// bucket, so that any number of centres show the same.
type city struct {
	registry *enrol.Registry
	watch    *fleet.Watch
	ready    chan struct{} // closed when all there is was read

	mu     sync.Mutex
	kiosks map[string]enrol.Kiosk
	places map[string]fleet.Place

	judged    time.Time // when standings were
	standings []fleet.Standing
}

func newCity(r *enrol.Registry, w *fleet.Watch) *city {
	return &city{registry: r, watch: w, ready: make(chan struct{}), kiosks: map[string]enrol.Kiosk{}, places: map[string]fleet.Place{}}
}

// run follows the registry until ctx ends.
func (c *city) run(ctx context.Context) error {
	all := sync.OnceFunc(func() { close(c.ready) })
	err := c.registry.Watch(ctx, func(k *enrol.Kiosk) {
		if k == nil {
			all()
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		before, known := c.kiosks[k.ID]
		place := fleet.Place{ID: k.ID, Unit: k.Unit, UnitName: k.UnitName, Site: k.Site, Enrolled: k.Enrolled, Revoked: k.Revoked}
		place.Find = k.ID + " " + catalogue.Fold(k.Site+" "+k.UnitName) + " " + k.Unit
		if known && string(before.Config) == string(k.Config) {
			place.Hours = c.places[k.ID].Hours
		} else if cfg, err := config.Parse(k.Config); err == nil { // one that can't be read is the kiosk's condition
			place.Hours = cfg.Hours
		}
		c.kiosks[k.ID], c.places[k.ID] = *k, place
		c.judged = time.Time{}
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// kiosk returns what the registry has of one.
func (c *city) kiosk(id string) (enrol.Kiosk, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.kiosks[id]
	return k, ok
}

// told counts, of the kiosks in these units, how many are told each catalogue.
func (c *city) told(sees func(unit string) bool) map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := map[string]int{}
	for _, k := range c.kiosks {
		if sees(k.Unit) && k.Revoked.IsZero() {
			n[k.Catalogue]++
		}
	}
	return n
}

// usual is the catalogue that most kiosks are told; "": their program's own.
func (c *city) usual() (hash string) {
	most := 0
	for one, n := range c.told(func(string) bool { return true }) {
		if n > most || n == most && one < hash {
			hash, most = one, n
		}
	}
	return hash
}

// fresh is how long a judgement of all kiosks is shown to whoever asks.
const fresh = time.Second

// stand judges all kiosks, at most once a second. The list is not to be changed.
func (c *city) stand(ctx context.Context) ([]fleet.Standing, error) {
	select {
	case <-c.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.judged) >= fresh {
		places := make([]fleet.Place, 0, len(c.places))
		for _, p := range c.places {
			places = append(places, p)
		}
		c.standings, c.judged = c.watch.Standings(places, now), now
	}
	return c.standings, nil
}

// seen are the standings of units that a person may see.
func seen(all []fleet.Standing, sees func(unit string) bool) []fleet.Standing {
	return slices.DeleteFunc(slices.Clone(all), func(st fleet.Standing) bool { return !sees(st.Unit) })
}
