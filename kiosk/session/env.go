package session

import (
	"slices"
	"time"

	"tiepdan/kiosk/catalogue"
)

// Env is what the kiosk was told. It is not written after [New].
type Env struct {
	Site      Site
	Catalogue *catalogue.Catalogue
	Timing    Timing
	Languages []string       // the first is spoken first; none: vi, en
	Notice    catalogue.Text // a word of the centre's to who comes
	Locked    bool           // by the centre: nobody is served
}

// Site is where the kiosk stands and how strict it is.
type Site struct {
	Kiosk          string // id
	Unit           string // "UBND phường Ba Đình"
	UnitCode       string
	Name           string // "Điểm hỗ trợ dịch vụ công số 2"
	Agency         string // One-Stop agency id
	Phone          string
	Attended       bool
	Training       bool              // simulated devices
	FilingRequires string            // anchored | signed | read
	Channels       map[string]string // procedure code → direct | online | postal; "off" or absent: not filed here
	Procedures     []string          // offered here; none: all
	Counters       bool              // a site without counters offers no numbers
	Hours          []Hours           // none: always open
	LastTicket     time.Duration     // numbers end this long before closing; zero: 30 min
}

// Hours are one stretch of opening time, as time since midnight in Vietnam.
type Hours struct {
	Days     []time.Weekday // none: every day
	From, To time.Duration
}

// Timing are the waits of a visit; a zero one takes the default of screens.md.
type Timing struct {
	Idle, LongIdle, Warn, CardLeft time.Duration
}

const (
	waitForQR    = 3 * time.Second  // after the card, before asking for digits
	waitForChip  = 20 * time.Second // without progress
	waitForDisk  = 60 * time.Second
	restAttract  = 45 * time.Second // until another person's language goes
	idleReceipt  = 60 * time.Second
	idleTicket   = 20 * time.Second
	idleFallback = 60 * time.Second // a number to be photographed
	digitTries   = 3
	maxPrints    = 3
	resumeWithin = 15 * time.Minute // a page may find its visit again
)

func or(d, fallback time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return fallback
}

func (e *Env) comfort() Comfort {
	c := Comfort{Lang: "vi", Size: "m", Contrast: "light"}
	if e != nil && len(e.Languages) > 0 {
		c.Lang = e.Languages[0]
	}
	return c
}

func (e *Env) speaks(lang string) bool {
	if len(e.Languages) == 0 {
		return lang == "vi" || lang == "en"
	}
	return slices.Contains(e.Languages, lang)
}

// Offers says whether a procedure is offered here at all.
func (e *Env) Offers(code string) bool {
	return len(e.Site.Procedures) == 0 || slices.Contains(e.Site.Procedures, code)
}

// Channel is how a procedure is filed here, false when it is not.
func (e *Env) Channel(p *catalogue.Procedure) (catalogue.Channel, bool) {
	kind := e.Site.Channels[p.Code]
	if kind == "" || kind == "off" {
		return catalogue.Channel{}, false
	}
	return p.Channel(kind)
}

// vietnam has kept UTC+7 since 1975; a kiosk's own zone may be unset.
var vietnam = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// open says whether numbers are given out at now, and if not, why; and when
// that next changes (zero: not by the clock).
func (e *Env) open(now time.Time) (ok bool, why string, changes time.Time) {
	if !e.Site.Counters {
		return false, "no-counters", time.Time{}
	}
	if len(e.Site.Hours) == 0 {
		return true, "", time.Time{}
	}
	last := or(e.Site.LastTicket, 30*time.Minute)
	y, m, d := now.In(vietnam).Date()
	for day := range 8 {
		midnight := time.Date(y, m, d+day, 0, 0, 0, 0, vietnam)
		for _, h := range e.Site.Hours {
			if len(h.Days) > 0 && !slices.Contains(h.Days, midnight.Weekday()) {
				continue
			}
			from, to := midnight.Add(h.From), midnight.Add(h.To-last)
			if !now.Before(from) && now.Before(to) {
				ok = true
			}
			for _, t := range []time.Time{from, to} {
				if t.After(now) && (changes.IsZero() || t.Before(changes)) {
					changes = t
				}
			}
		}
	}
	if !ok {
		why = "closed"
	}
	return ok, why, changes
}
