package config

import (
	"maps"
	"slices"
	"time"
)

// Channel is how a procedure is filed here: "direct", "online", "postal", or ""
// when it isn't. Without a line of its own a procedure is filed direct.
func (c Config) Channel(procedure string) string {
	switch kind, ok := c.Channels[procedure]; {
	case !ok:
		return "direct"
	case kind == ChannelOff:
		return ""
	default:
		return kind
	}
}

// Offers tells whether a procedure is on the screens here.
func (c Config) Offers(procedure string) bool {
	return len(c.Procedures) == 0 || slices.Contains(c.Procedures, procedure)
}

// Idle is how long screens wait for a touch; Warn how long the countdown then is.
func (k Counting) Idle() time.Duration     { return time.Duration(k.IdleSeconds) * time.Second }
func (k Counting) LongIdle() time.Duration { return time.Duration(k.LongIdleSeconds) * time.Second }
func (k Counting) Warn() time.Duration     { return time.Duration(k.WarnSeconds) * time.Second }
func (k Counting) CardLeft() time.Duration { return time.Duration(k.CardLeftSeconds) * time.Second }

// lastIssue is how long before closing the last number is given out.
const lastIssue = 30 * time.Minute

// Vietnam has kept UTC+7 without daylight saving since 1975.
var vietnam = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// Open tells whether now lies in the opening hours. Without hours a site is always open.
func (c Config) Open(now time.Time) bool {
	if len(c.Hours) == 0 {
		return true
	}
	_, ok := c.stretch(now, 0)
	return ok
}

// IssuesNumbers tells whether a queue number makes sense now: there are
// counters, it is open, and not about to close for the break or the day.
func (c Config) IssuesNumbers(now time.Time) bool {
	if len(c.Counters) == 0 {
		return false
	}
	if len(c.Hours) == 0 {
		return true
	}
	_, ok := c.stretch(now, lastIssue)
	return ok
}

// OfficersFrom is when officers look at what is filed now: the start of the
// stretch of hours that is running, else of the next one. Without hours it is
// the office day, 8:00 Monday to Friday. Holidays are not known here.
func (c Config) OfficersFrom(now time.Time) time.Time {
	if len(c.Hours) == 0 {
		c.Hours = []Hours{{Days: days[:5], From: "08:00", To: "17:00"}}
	}
	if start, ok := c.stretch(now, 0); ok {
		return start
	}
	now = now.In(vietnam)
	for day := range 8 {
		date := now.AddDate(0, 0, day)
		var best time.Time
		for _, h := range c.Hours {
			start, _, ok := h.on(date)
			if ok && start.After(now) && (best.IsZero() || start.Before(best)) {
				best = start
			}
		}
		if !best.IsZero() {
			return best
		}
	}
	return now // hours on no day at all; Validate lets no such day through
}

// stretch finds the hours now lies in, shortened at their end.
func (c Config) stretch(now time.Time, shorten time.Duration) (start time.Time, ok bool) {
	for _, h := range c.Hours {
		from, to, on := h.on(now)
		if on && !now.Before(from) && now.Before(to.Add(-shorten)) {
			return from, true
		}
	}
	return time.Time{}, false
}

// on gives the stretch on the day of t, if it holds on that day of the week.
func (h Hours) on(t time.Time) (from, to time.Time, ok bool) {
	t = t.In(vietnam)
	weekday := days[(int(t.Weekday())+6)%7] // time.Weekday begins on Sunday
	if len(h.Days) > 0 && !slices.Contains(h.Days, weekday) {
		return from, to, false
	}
	y, m, d := t.Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, vietnam)
	a, okA := clock(h.From)
	b, okB := clock(h.To)
	return midnight.Add(a), midnight.Add(b), okA && okB
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
