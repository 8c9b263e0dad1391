package catalogue

import (
	"sync"
	"time"
)

// Days keeps catalogues by day: what came late is held against what was in force when
// it was confirmed. The zero Days is ready, and safe for concurrent use.
type Days struct {
	mu   sync.Mutex
	days map[Date]*Catalogue
}

// maxDays bounds how many days' catalogues are kept.
const maxDays = 16

// On is [Embedded], loaded once a day.
func (d *Days) On(t time.Time) (*Catalogue, error) {
	day := DateOf(t)
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.days[day]; c != nil {
		return c, nil
	}
	c, err := Embedded(t)
	if err != nil {
		return nil, err
	}
	if len(d.days) >= maxDays || d.days == nil {
		d.days = map[Date]*Catalogue{}
	}
	d.days[day] = c
	return c, nil
}
