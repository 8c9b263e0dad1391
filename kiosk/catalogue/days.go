package catalogue

import (
	"sync"
	"time"
)

// Days keeps catalogues by day: what came late is held against what was in force when
// it was confirmed. The zero Days is the program's own, ready, and safe for concurrent use.
type Days struct {
	from *Source // nil: the program's own
	mu   sync.Mutex
	days map[Date]*Catalogue
}

// NewDays keeps those of a source.
func NewDays(from Source) *Days { return &Days{from: &from} }

// maxDays bounds how many days' catalogues are kept.
const maxDays = 16

// On is [Source.On], loaded once for a day.
func (d *Days) On(t time.Time) (*Catalogue, error) {
	day := DateOf(t)
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.days[day]; c != nil {
		return c, nil
	}
	from := BuiltIn()
	if d.from != nil {
		from = *d.from
	}
	c, err := from.On(t)
	if err != nil {
		return nil, err
	}
	if len(d.days) >= maxDays || d.days == nil {
		d.days = map[Date]*Catalogue{}
	}
	d.days[day] = c
	return c, nil
}
