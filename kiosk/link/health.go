package link

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"tiepdan/kiosk/health"
)

const (
	// HealthEvery is how often a kiosk says how it stands while nothing changes.
	HealthEvery = 15 * time.Second
	// healthJitter parts kiosks that were switched on by the same clock.
	healthJitter = 3 * time.Second
	// lookEvery bounds how long a change waits to be said.
	lookEvery = time.Second
)

// SayHealth sends the whole report when the connection has come up, when what holds
// has changed, and about every [HealthEvery] besides. The newest wins: one that can't
// be sent is dropped, because the next says it all. It returns when ctx is done.
func (c *Conn) SayHealth(ctx context.Context, report func() health.Report) error {
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	var due time.Time
	var said string
	for {
		c.mu.Lock()
		changes, changed := c.changes, c.changed
		c.mu.Unlock()
		r := report()
		holds := fmt.Sprint(changes, r.Status)
		for _, one := range r.Conditions {
			holds += " " + one.Code
		}
		if now := time.Now(); holds != said || !now.Before(due) {
			if c.PublishHealth(ctx, r) == nil {
				said, due = holds, now.Add(HealthEvery-healthJitter+rand.N(2*healthJitter))
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-looks.C:
		case <-changed:
		}
	}
}
