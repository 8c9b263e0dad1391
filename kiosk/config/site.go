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

// Idle is how long screens wait for a touch, LongIdle where people read and
// write; Warn how long the countdown then is; CardLeft how long a card may lie
// after a visit.
func (k Counting) Idle() time.Duration     { return time.Duration(k.IdleSeconds) * time.Second }
func (k Counting) LongIdle() time.Duration { return time.Duration(k.LongIdleSeconds) * time.Second }
func (k Counting) Warn() time.Duration     { return time.Duration(k.WarnSeconds) * time.Second }
func (k Counting) CardLeft() time.Duration { return time.Duration(k.CardLeftSeconds) * time.Second }

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// vietnam has kept UTC+7 since 1975; a machine's own zone may be unset.
var vietnam = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// OpenAt says whether a site with these hours is open at a moment, and since when it
// has been so or closed. Without hours it is always open; since is then zero, as it
// is where nothing opened or closed within the last week.
func OpenAt(hours []Hours, now time.Time) (open bool, since time.Time) {
	if len(hours) == 0 {
		return true, time.Time{}
	}
	y, m, d := now.In(vietnam).Date()
	var opened, closed time.Time // the last of each until now
	for back := range 8 {
		midnight := time.Date(y, m, d-back, 0, 0, 0, 0, vietnam)
		for _, h := range hours {
			if len(h.Days) > 0 && !slices.Contains(h.Days, days[(int(midnight.Weekday())+6)%7]) {
				continue
			}
			from, okFrom := clock(h.From)
			to, okTo := clock(h.To)
			if !okFrom || !okTo {
				continue // Validate refuses it
			}
			begin, end := midnight.Add(from), midnight.Add(to)
			switch {
			case begin.After(now):
			case end.After(now):
				open = true
				opened = latest(opened, begin)
			default:
				closed = latest(closed, end)
			}
		}
	}
	if open {
		return true, opened
	}
	return false, closed
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
