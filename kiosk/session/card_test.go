package session

import (
	"slices"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
)

func TestReadCard(t *testing.T) {
	qr := Scanned{anQR}
	in, out := CardLevel{card.CardIn}, CardLevel{card.NoCard}
	start := func(w *walk) { w.press("start") }
	for _, tt := range []struct {
		name string
		do   func(*walk)
		want Screen
		lay  string
	}{
		{"lay", start, AtReadCard, "lay"},
		{"card first, QR after", func(w *walk) { w.press("start").on(in).on(qr) }, AtReading, ""},
		{"QR first, card after", func(w *walk) { w.press("start").on(qr).on(in) }, AtReading, ""},
		{"QR on attract", func(w *walk) { w.on(qr) }, AtReadCard, "lay"},
		{"card on attract", func(w *walk) { w.on(in) }, AtReadCard, "wait-key"},
		{"no QR for 2.9 s", func(w *walk) { w.on(in).wait(2900 * time.Millisecond) }, AtReadCard, "wait-key"},
		{"no QR for 3 s", func(w *walk) { w.on(in).wait(3 * time.Second) }, AtReadCard, "ask-digits"},
		{"QR after the digits were asked for", func(w *walk) { w.on(in).wait(3 * time.Second).on(qr) }, AtReading, ""},
		{"digits", func(w *walk) { w.on(in).wait(3*time.Second).press("digits", "012345") }, AtReading, ""},
		{"digits by next, with spaces", func(w *walk) { w.on(in).wait(3*time.Second).press("next", "012 345") }, AtReading, ""},
		{"the whole number", func(w *walk) { w.on(in).wait(3*time.Second).press("next", "001099012345") }, AtReading, ""},
		{"five digits", func(w *walk) { w.on(in).wait(3*time.Second).press("next", "01234") }, AtReadCard, "ask-digits"},
		{"letters", func(w *walk) { w.on(in).wait(3*time.Second).press("next", "01234a") }, AtReadCard, "ask-digits"},
		{"card taken again", func(w *walk) { w.on(in).wait(3 * time.Second).on(out) }, AtReadCard, "lay"},
		{"mute card", func(w *walk) { w.on(CardLevel{card.CardMute}) }, AtReadCard, "unreadable"},
		{"reader gone", func(w *walk) { w.press("start").on(CardLevel{card.NoReader}) }, AtReadCard, "no-reader"},
		{"QR of something else", func(w *walk) { w.press("start").on(Scanned{"https://example.org"}) }, AtReadCard, "lay"},
		{"garbage on attract", func(w *walk) { w.on(Scanned{string(make([]byte, 1<<20))}) }, AtAttract, ""},
		{"no card", func(w *walk) { w.press("start").press("no-card") }, AtMenu, "lay"},
		{"back", func(w *walk) { w.press("start").press("back") }, AtAttract, ""},
		{"slip on attract", func(w *walk) { w.on(Scanned{"000.00.06.h26-261122-0361"}) }, AtLookup, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := begin(t, testEnv(t))
			tt.do(w)
			w.at(tt.want)
			if tt.want == AtReadCard && w.s.Visit.Lay != tt.lay {
				t.Errorf("state %s, want %s", w.s.Visit.Lay, tt.lay)
			}
		})
	}
}

func TestCardFailures(t *testing.T) {
	for _, tt := range []struct {
		code string
		want Screen
		say  string
	}{
		{"removed", AtSorry, "card-removed"}, {"mute", AtReadCard, "unreadable"}, {"not-a-card", AtReadCard, "not-a-card"},
		{"broken", AtSorry, "card-broken"}, {"no-reader", AtSorry, "no-reader"}, {"wrong-key", AtReadCard, "ask-digits"},
	} {
		t.Run(tt.code, func(t *testing.T) {
			w := begin(t, testEnv(t)).on(CardLevel{card.CardIn}).on(Scanned{anQR})
			w.on(CardFailed{Asked: w.s.Visit.Pending + 7, Code: tt.code}).at(AtReading) // a late one
			w.on(CardFailed{Asked: w.s.Visit.Pending, Code: tt.code}).at(tt.want)
			if got := w.s.Visit.Lay; tt.want == AtReadCard && got != tt.say {
				t.Errorf("read-card %s, want %s", got, tt.say)
			}
			if got := w.s.Visit.Sorry; tt.want == AtSorry && got != tt.say {
				t.Errorf("sorry %s, want %s", got, tt.say)
			}
		})
	}
	t.Run("silent", func(t *testing.T) {
		w := begin(t, testEnv(t)).on(CardLevel{card.CardIn}).on(Scanned{anQR}).wait(19 * time.Second).at(AtReading)
		w.on(Progress{Asked: w.s.Visit.Pending, Stage: cccd.StageRead, Percent: 40}).wait(19 * time.Second).at(AtReading)
		w.wait(time.Second).at(AtSorry)
		must[CancelRead](w)
	})
}

func TestThreeTries(t *testing.T) {
	w := begin(t, testEnv(t)).on(CardLevel{card.CardIn}).wait(3 * time.Second)
	for left := 2; left >= 0; left-- {
		w.press("digits", anIs).at(AtReading)
		w.on(CardFailed{Asked: w.s.Visit.Pending, Code: "wrong-key"})
		if left > 0 && (w.s.Visit.Lay != "wrong-digits" || w.s.Visit.Tries != left) {
			t.Fatalf("read-card %s with %d tries, want wrong-digits with %d", w.s.Visit.Lay, w.s.Visit.Tries, left)
		}
	}
	w.at(AtSorry)
	if got := actions(w); !slices.Equal(got, []string{"end", "help", "no-card", "ticket"}) {
		t.Errorf("ways out: %v", got)
	}
	again := w.clone() // laying the card again gives no more tries; a QR code still opens it
	again.press("no-card").at(AtMenu).on(CardLevel{card.NoCard}).on(CardLevel{card.CardIn}).at(AtReadCard).wait(3 * time.Second).at(AtSorry)
	again.press("no-card").on(CardLevel{card.NoCard}).on(CardLevel{card.CardIn}).on(Scanned{anQR}).at(AtReading)
	w.press("ticket").at(AtServices).press("service", "ho-tich")
	must[RecordTicket](w)
}

func TestCardTakenAtAnyMoment(t *testing.T) {
	out, in := CardLevel{card.NoCard}, CardLevel{card.CardIn}
	t.Run("reading", func(t *testing.T) {
		w := begin(t, testEnv(t)).on(in).on(Scanned{anQR}).on(out).at(AtSorry)
		must[CancelRead](w)
		if w.s.Visit.Sorry != "card-removed" {
			t.Errorf("sorry %s", w.s.Visit.Sorry)
		}
	})
	t.Run("filing: asks, then forgets", func(t *testing.T) {
		w := begin(t, testEnv(t)).toReview().on(out).at(AtReview)
		if w.s.Visit.Ask != "card-removed" || !slices.Equal(actions(w), []string{"end"}) {
			t.Fatalf("ask %q, actions %v", w.s.Visit.Ask, actions(w))
		}
		w.press("confirm").none() // not under the question
		if n, shown := w.s.Countdown(w.now); !shown || n != 30 {
			t.Errorf("countdown %d %v", n, shown)
		}
		w.wait(29 * time.Second).at(AtReview).wait(time.Second).at(AtAttract)
	})
	t.Run("laid again: the same goes on", func(t *testing.T) {
		w := begin(t, testEnv(t)).toReview().on(out).on(in)
		read := must[ReadCard](w)
		w.on(CardRead{Asked: read.Asked, Identity: an, Verdict: signed}).at(AtReview)
		if w.s.Visit.Ask != "" || w.s.Visit.Holder.Read != read.Asked {
			t.Error("still asking, or the old evidence stands")
		}
		w.press("confirm")
		must[RecordDossier](w)
	})
	t.Run("laid again: another ends it", func(t *testing.T) {
		w := begin(t, testEnv(t)).toReview().on(out).on(in)
		w.on(CardRead{Asked: w.s.Visit.Pending, Identity: binh, Verdict: signed}).at(AtTakeCard)
	})
	t.Run("laid again: another, by its key", func(t *testing.T) {
		w := begin(t, testEnv(t)).toReview().on(out).on(in)
		w.on(CardFailed{Asked: w.s.Visit.Pending, Code: "wrong-key"}).at(AtTakeCard)
	})
	t.Run("reader gone and back", func(t *testing.T) {
		w := begin(t, testEnv(t)).toReview().on(CardLevel{card.NoReader}).at(AtReview)
		if w.s.Visit.Ask != "" {
			t.Error("a broken reader is not the person's doing")
		}
		w.on(in)
		must[ReadCard](w)
	})
	t.Run("recording: nothing lost", func(t *testing.T) {
		w := begin(t, testEnv(t)).toReview().press("confirm").on(out).at(AtReceipt)
		w.on(DossierRecorded{Visit: "token-1", At: w.now}).at(AtReceipt)
		if w.s.Visit.Ask != "" {
			t.Error("asks for the card")
		}
	})
}

func TestLaidAgainAfterSorry(t *testing.T) {
	w := begin(t, testEnv(t)).on(CardLevel{card.CardIn}).on(Scanned{anQR}).on(CardLevel{card.NoCard}).at(AtSorry)
	w.on(CardLevel{card.CardIn}).at(AtReading)
}

// A reader that is also a scanner may see the code before the chip, on a screen
// that asked for neither.
func TestCodeSeenBeforeTheCard(t *testing.T) {
	w := begin(t, testEnv(t)).press("no-card").at(AtMenu)
	w.on(Scanned{"not a card"}).at(AtMenu)
	w.on(Scanned{anQR}).at(AtReadCard).on(CardLevel{card.CardIn}).at(AtReading)
	w.on(CardLevel{card.NoCard}).at(AtSorry).on(Scanned{anQR}).at(AtReadCard).on(CardLevel{card.CardIn}).at(AtReading)

	w = begin(t, testEnv(t)).card(an, signed).press("next").at(AtMenu)
	w.on(Scanned{anQR}).at(AtMenu) // whose visit it is stands already
}

func TestToldWaitsForTheVisitToEnd(t *testing.T) {
	env := testEnv(t)
	env.Site.Name = "Điểm số 3"
	w := begin(t, testEnv(t)).press("no-card").on(Told{env})
	if w.s.Env == env {
		t.Error("told in mid-visit")
	}
	w.press("end").at(AtAttract)
	if w.s.Env != env {
		t.Error("not told")
	}
	if s, _ := New(nil).Step(Told{env}, monday); s.Visit.At != AtAttract {
		t.Errorf("told at last, and still %s", s.Visit.At)
	}
}

// A kiosk that the centre closes serves whoever is at it to the end, and then nobody until it is open.
func TestClosedByTheCentre(t *testing.T) {
	closed := testEnv(t)
	closed.Locked = true
	w := begin(t, testEnv(t)).press("no-card").on(Told{closed})
	if w.s.Visit.At == AtOut {
		t.Error("closed in the middle of a visit")
	}
	w.press("end").at(AtOut)
	w.on(Told{testEnv(t)}).at(AtAttract)
}

func TestForgottenCard(t *testing.T) {
	w := begin(t, testEnv(t)).card(an, signed).wait(45 * time.Second).wait(30 * time.Second).at(AtTakeCard)
	if b := must[Beep](w); b.Code != "take-card" {
		t.Errorf("beep %s", b.Code)
	}
	w.on(Scanned{anQR}).at(AtTakeCard)                                       // it never opens a new visit
	w.on(CardLevel{card.NoReader}).on(CardLevel{card.CardIn}).at(AtTakeCard) // nor when the reader comes back
	w.wait(60 * time.Second).at(AtTakeCard)
	if c := must[Condition](w); c.Code != "card-left" || !c.Held || !w.s.Levels.Left {
		t.Errorf("condition %+v, left %v", c, w.s.Levels.Left)
	}
	w.press("quick-ticket").at(AtServices).press("back").at(AtTakeCard) // others still get numbers
	w.on(CardLevel{card.NoCard}).at(AtAttract)
	if c := must[Condition](w); c.Held {
		t.Error("card-left still held")
	}
	w.on(CardLevel{card.CardIn}).at(AtReadCard)
}

func TestCardThereAtStart(t *testing.T) {
	w := &walk{TB: t, s: New(testEnv(t)), now: monday}
	w.on(CardLevel{card.CardIn}).at(AtTakeCard).on(CardLevel{card.NoCard}).at(AtAttract)
}

// Chip and reader tell of the same unplugging by two ways, in either order.
func TestReaderGoneInMidRead(t *testing.T) {
	reading := func() *walk { return begin(t, testEnv(t)).on(CardLevel{card.CardIn}).on(Scanned{anQR}).at(AtReading) }
	level, failed := CardLevel{card.NoReader}, func(w *walk) Event { return CardFailed{w.s.Visit.Pending, "removed"} }
	first := reading()
	answer := failed(first)
	for name, w := range map[string]*walk{"level first": first.on(level).on(answer), "chip first": func() *walk { w := reading(); return w.on(failed(w)).on(level) }()} {
		if w.at(AtSorry); w.s.Visit.Sorry != "no-reader" {
			t.Errorf("%s: sorry %s, want no-reader: nobody lifted the card", name, w.s.Visit.Sorry)
		}
	}
}

// A card laid while help is on the screen opens the visit when help is left;
// nobody has to lift it and lay it again.
func TestCardLaidDuringHelp(t *testing.T) {
	w := begin(t, testEnv(t)).press("help").at(AtHelp).on(CardLevel{card.CardIn}).at(AtHelp)
	w.press("back").at(AtReadCard)
	begin(t, testEnv(t)).press("help").press("back").at(AtAttract)
}
