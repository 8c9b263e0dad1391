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
