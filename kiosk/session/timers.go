package session

import (
	"time"

	"tiepdan/drivers/card"
)

// idleAfter is how long the screen waits in silence before it counts down;
// zero: for ever.
func (s State) idleAfter() time.Duration {
	var t Timing
	if s.Env != nil {
		t = s.Env.Timing
	}
	v := &s.Visit
	switch v.At {
	case AtAttract, AtTakeCard, AtOut, AtReading:
		return 0
	case AtQuestion, AtPapers, AtReview, AtConsent:
		return or(t.LongIdle, 120*time.Second)
	case AtReceipt:
		if v.Filed != nil && v.Filed.At.IsZero() {
			return 0 // being recorded: the disk's own patience applies
		}
		return idleReceipt
	case AtTicket:
		if v.Print.State == printed || v.Print.State == printing {
			return idleTicket
		}
		return idleFallback
	}
	if v.Busy {
		return 0
	}
	return or(t.Idle, 45*time.Second)
}

func (s State) warnFor() time.Duration {
	if s.Env != nil {
		return or(s.Env.Timing.Warn, 30*time.Second)
	}
	return 30 * time.Second
}

// warns is when the countdown begins. A card taken away begins it at once.
func (s State) warns() (time.Time, bool) {
	if s.Visit.Ask == askCardRemoved {
		return s.Visit.Touched, true
	}
	idle := s.idleAfter()
	return s.Visit.Touched.Add(idle), idle > 0
}

// Countdown is the seconds until everything is forgotten, while they are shown.
func (s State) Countdown(now time.Time) (seconds int, shown bool) {
	from, ok := s.warns()
	if !ok || now.Before(from) {
		return 0, false
	}
	left := max(0, from.Add(s.warnFor()).Sub(now))
	return int((left + time.Second - 1) / time.Second), true
}

// due is when the state next changes by itself, after now; zero: never.
func (s State) due(now time.Time) time.Time {
	var next time.Time
	at := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if from, ok := s.warns(); ok {
		at(from)
		if !now.Before(from) { // a second at a time
			at(from.Add(now.Sub(from).Truncate(time.Second) + time.Second))
		}
	}
	v := &s.Visit
	switch v.At {
	case AtAttract:
		if s.Env != nil && (v.Comfort != s.Env.comfort() || v.Notice.Code != "") {
			at(v.Touched.Add(restAttract))
		}
	case AtReadCard:
		if v.Lay == waitKey {
			at(v.Since.Add(waitForQR))
		}
	case AtReading:
		at(v.Since.Add(waitForChip))
	case AtReceipt, AtServices, AtProcedure:
		if s.saving() {
			at(v.Since.Add(waitForDisk))
		}
	case AtTakeCard:
		if !s.Levels.Left {
			at(v.Since.Add(s.cardLeftAfter()))
		}
	}
	if s.Env != nil && s.Env.Catalogue != nil {
		if _, _, changes := s.Env.open(now); !changes.IsZero() {
			at(changes)
		}
	}
	return next
}

// saving says that a promise is on its way to the disk.
func (s State) saving() bool {
	return s.Visit.Busy || s.Visit.Filed != nil && s.Visit.Filed.At.IsZero()
}

func (s State) cardLeftAfter() time.Duration {
	if s.Env == nil {
		return time.Minute
	}
	return or(s.Env.Timing.CardLeft, time.Minute)
}

// timeout does all that is due by now. Early or late, it asks the clock only.
func (t *step) timeout() {
	past := func(from time.Time, wait time.Duration) bool { return !t.now.Before(from.Add(wait)) }
	if from, ok := t.warns(); ok && past(from, t.warnFor()) {
		t.do(Journey{"abandoned"})
		t.forget()
		return
	}
	v := &t.Visit
	switch v.At {
	case AtAttract:
		if past(v.Touched, restAttract) {
			v.Comfort, v.Notice = t.Env.comfort(), Notice{}
		}
	case AtReadCard:
		if v.Lay == waitKey && past(v.Since, waitForQR) {
			t.askForDigits()
		}
	case AtReading:
		if past(v.Since, waitForChip) {
			t.do(CancelRead{}, Journey{"card-failed"})
			t.sorry(sorryBroken)
		}
	case AtReceipt, AtServices, AtProcedure:
		if t.saving() && past(v.Since, waitForDisk) {
			if v.Filed != nil {
				v.At = AtReview // where a second try begins; the first may still come through
			}
			t.sorry(sorryNotSaved)
		}
	case AtTakeCard:
		if !t.Levels.Left && t.Levels.Reader != card.NoReader && past(v.Since, t.cardLeftAfter()) {
			t.Levels.Left = true
			t.Visit.Comfort = t.Env.comfort()
			t.do(Condition{"card-left", true}, Beep{"card-left"})
		}
	}
}
