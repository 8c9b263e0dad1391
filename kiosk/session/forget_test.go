package session

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
)

// personal are words of the people above that must not outlive their visit.
var personal = []string{
	"001099012345", "012345", "Nguyễn", "Châu Long", "20/05/1999", "Kiến Xương", "Trần Thị Mẹ",
	"001144054321", "BÌNH", "Bát Tràng", "001218000077", "Canh", "0912345678", "2026-01234", "12/2024",
}

// reach calls visit with every string that can be reached from v.
func reach(v reflect.Value, path string, visit func(path, s string)) {
	switch v.Kind() {
	case reflect.String:
		visit(path, v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			reach(v.Elem(), path, visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			reach(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			visit(path, string(v.Bytes()))
			return
		}
		for i := range v.Len() {
			reach(v.Index(i), path+"[]", visit)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			reach(k, path+"[key]", visit)
			reach(v.MapIndex(k), path+"["+k.String()+"]", visit)
		}
	}
}

// leaks lists where personal words are in v. What the kiosk was told is left out.
func leaks(v any) []string {
	var found []string
	if s, ok := v.(State); ok {
		s.Env, s.Coming = nil, nil
		v = s
	}
	reach(reflect.ValueOf(v), "", func(path, s string) {
		for _, word := range personal {
			if strings.Contains(s, word) {
				found = append(found, path+": "+word)
			}
		}
	})
	return found
}

func TestForgets(t *testing.T) {
	w := begin(t, testEnv(t)).toReview()
	if len(leaks(w.s)) < 10 {
		t.Fatal("the walk does not see what is there") // or else it could not fail
	}
	for name, end := range map[string]func(*walk){
		"end of time": func(w *walk) { w.wait(time.Hour) },
		"restart":     func(w *walk) { w.press("restart").press("restart-yes") },
		"card taken":  func(w *walk) { w.on(CardLevel{card.NoCard}).wait(30 * time.Second) },
		"another card": func(w *walk) {
			w.on(CardLevel{card.NoCard}).on(CardLevel{card.CardIn}).on(CardFailed{w.s.Visit.Pending, "wrong-key"})
		},
		"filed and ended": func(w *walk) { w.press("confirm").on(DossierRecorded{Visit: "token-1", At: w.now}).press("end") },
	} {
		t.Run(name, func(t *testing.T) {
			w := w.clone()
			w.TB = t
			end(w)
			if !w.s.AtRest() {
				t.Fatalf("at %s", w.s.Visit.At)
			}
			if l := leaks(w.s); l != nil {
				t.Errorf("still there: %v", l)
			}
		})
	}
}

// After the dossier is recorded only what the slip needs is kept.
func TestPurgesWhenRecorded(t *testing.T) {
	w := begin(t, testEnv(t)).toReview().press("confirm").on(DossierRecorded{Visit: "token-1", At: monday})
	s := w.s
	s.Visit.Slip = nil
	if l := leaks(s); l != nil {
		t.Errorf("still there: %v", l)
	}
}

// TestPurity: Step must not write through what the state before shares.
func TestPurity(t *testing.T) {
	w := begin(t, testEnv(t)).toReview()
	before := w.s
	answers := fmt.Sprint(before.Visit.Filing.Answers, before.Visit.Filing.Papers, before.Visit.Filing.Consents)
	w.press("edit", "nksHoTen").press("next", "Người Khác").press("edit", "papers")
	w.values("paper", map[string]string{"code": "000.00.00.G15-KQ000003", "how": ""}).press("next").press("confirm")
	if got := fmt.Sprint(before.Visit.Filing.Answers, before.Visit.Filing.Papers, before.Visit.Filing.Consents); got != answers {
		t.Errorf("a published state changed from\n%s to\n%s", answers, got)
	}
}

// TestRandomVisits throws events at the kiosk. Whatever happens: no panic, the
// screen has a way on, and with the card lifted and nobody there it comes to
// rest knowing nobody.
func TestRandomVisits(t *testing.T) {
	runs := randomRuns
	if testing.Short() {
		runs = 500
	}
	env := testEnv(t)
	starts := []*walk{begin(t, env), begin(t, env).card(an, signed), begin(t, env).toReview()}
	seen := map[Screen]bool{}
	for run := range runs {
		r := rand.New(rand.NewPCG(uint64(run), 42))
		w := starts[run%len(starts)].clone()
		var trail []string
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Fatalf("run %d: panic: %v\n%s", run, p, strings.Join(trail, " "))
				}
			}()
			for range 20 + r.IntN(60) {
				ev := randomEvent(r, w)
				trail = append(trail, fmt.Sprintf("%s:%T%s", w.s.Visit.At, ev, what(ev)))
				if len(trail) > 12 {
					trail = trail[1:]
				}
				w.on(ev)
				seen[w.s.Visit.At] = true
				if w.s.AtRest() && leaks(w.s) != nil {
					t.Fatalf("run %d: %s knows %v (%s)", run, w.s.Visit.At, leaks(w.s), strings.Join(trail, " "))
				}
				if r.IntN(8) == 0 {
					w.now = w.now.Add(time.Duration(r.IntN(20)) * time.Second)
				}
				if w.s.Visit.Token == "" { // as the machine does
					w.s.Visit.Token, w.s.Visit.Receipt = fmt.Sprint("token-", w.s.Visit.N), "K7QD3M9XV2TA"
				}
			}
		}()
		if !w.s.AtRest() && len(w.s.Actions(w.now)) == 0 && w.s.Next.IsZero() {
			t.Fatalf("run %d: stuck at %s (%s)", run, w.s.Visit.At, strings.Join(trail, " "))
		}
		w.on(CardLevel{card.NoCard})
		for i := 0; !w.s.AtRest(); i++ {
			if w.s.Next.IsZero() || i > 500 {
				t.Fatalf("run %d: %s never ends (%s)", run, w.s.Visit.At, strings.Join(trail, " "))
			}
			w.now = w.s.Next
			w.on(Timeout{})
		}
		w.at(AtAttract)
		if l := leaks(w.s); l != nil {
			t.Fatalf("run %d: leaks %v (%s)", run, l, strings.Join(trail, " "))
		}
	}
	for _, at := range []Screen{
		AtReadCard, AtReading, AtIdentity, AtMenu, AtServices, AtProcedures, AtProcedure, AtCase, AtQuestion, AtPapers,
		AtConsent, AtReview, AtReceipt, AtTicket, AtLookup, AtHelp, AtTakeCard, AtSorry, AtAttract,
	} {
		if !seen[at] && runs >= 10_000 {
			t.Errorf("no run came to %s: the test is too tame", at)
		}
	}
}

func what(ev Event) string {
	switch ev := ev.(type) {
	case Pressed:
		return "(" + ev.Action + ")"
	case CardLevel:
		return "(" + string(ev.Level) + ")"
	}
	return ""
}

// randomEvent mostly does what a person might, so that runs get somewhere.
func randomEvent(r *rand.Rand, w *walk) Event {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	if r.IntN(3) > 0 {
		return likelyPress(r, w)
	}
	asked := w.s.Visit.Pending - uint64(r.IntN(8)/7)
	visit := pick(w.s.Visit.Token, w.s.Visit.Token, w.s.Visit.Token, "token-9")
	id := []cccd.Identity{an, an, an, binh, dung}[r.IntN(5)]
	switch r.IntN(16) {
	case 0, 1:
		return CardLevel{[]card.Level{card.NoCard, card.CardIn, card.CardIn, card.CardMute, card.NoReader}[r.IntN(5)]}
	case 2:
		return PrinterLevel{[]printer.Level{printer.Ready, printer.PaperOut, printer.Offline}[r.IntN(3)]}
	case 3:
		return LinkLevel{pick("up", "down")}
	case 4, 5, 6:
		return Scanned{pick(anQR, anQR, "garbage", "TIEPDAN:K7QD3M9XV2TA", "000.00.06.H26-261122-0361")}
	case 7, 8:
		return CardRead{Asked: asked, Identity: id, Verdict: signed}
	case 9:
		return CardFailed{asked, pick("removed", "wrong-key", "mute", "not-a-card", "broken", "no-reader", "")}
	case 10:
		return TicketRecorded{Visit: visit, Ticket: Ticket{Number: "A001", Service: "ho-tich"}}
	case 11:
		return DossierRecorded{Visit: visit, At: w.now}
	case 12:
		return PrintDone{Visit: visit, Job: w.s.Visit.Print.Job, Outcome: printer.Outcome(pick("printed", "not-printed", "unknown"))}
	case 13:
		return []Event{RecordFailed{visit}, Touched{}, ReceiptArrived{Receipt: "K7QD3M9XV2TA", Outcome: "refused"}}[r.IntN(3)]
	case 14:
		return []Event{
			Hello{visit}, LookedUp{asked, Lookup{State: "found"}},
			VisitFound{Asked: asked, Found: Found{Ticket: &Ticket{Number: "A001", At: w.now}, Paper: queued}},
			VisitFound{Asked: asked, Found: Found{Filed: &Filed{Receipt: "K7QD3M9XV2TA", Procedure: "1.001193", At: w.now}}},
		}[r.IntN(4)]
	}
	return Timeout{}
}

func likelyPress(r *rand.Rand, w *walk) Event {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	p := Pressed{Screen: w.s.Epoch}
	if r.IntN(20) == 0 {
		p.Screen--
	}
	f := &w.s.Visit.Filing
	switch at := w.s.Visit.At; {
	case w.s.Visit.Ask == "" && at == AtServices:
		p.Action, p.Value = "service", pick("ho-tich", "ho-tich", "cu-tru", "x")
	case w.s.Visit.Ask == "" && at == AtProcedures:
		p.Action, p.Value = "procedure", pick("1.001193", "1.001193", "1.010041", "1.000656", "x")
	case w.s.Visit.Ask == "" && at == AtCase:
		p.Action, p.Value = "case", pick("1.001193.01", "1.001193.02", "x")
	case at == AtQuestion && r.IntN(4) > 0:
		p.Action, p.Value = "next", childAnswers[f.Question]
		if r.IntN(10) == 0 {
			p.Value = pick("", "x", "no", "30/02/2026")
		}
	case at == AtPapers && r.IntN(3) > 0:
		p.Action = "paper"
		p.Values = map[string]string{
			"code": pick("000.00.00.G15-KQ000001", "000.00.00.G15-KQ000002", "000.00.00.G15-KQ000003", "x"),
			"how":  pick("counter", "counter", "e-certificate", "", "x"), "number": pick("2026-01234", "1"),
		}
	case at == AtConsent && r.IntN(3) > 0:
		p.Action, p.Values = "next", map[string]string{"process": pick("true", "true", "false"), "contact": "true"}
	case at == AtReview && r.IntN(3) == 0:
		p.Action, p.Value = "edit", pick("nksHoTen", "chaMeKetHon", "papers", "case", "consent", "x")
	case at == AtReadCard && r.IntN(2) == 0:
		p.Action, p.Value = "digits", pick("012345", "999999", "x")
	case at == AtLookup && r.IntN(2) == 0:
		p.Action, p.Value = "next", pick("K7QD-3M9X-V2TA", "000.00.06.H26-261122-0361", "x", "")
	default:
		actions := w.s.Actions(w.now)
		actions = append(actions, actions...)
		p.Action = pick(append(actions, "language", "size", "search", "print", "confirm", "nonsense")...)
		p.Value = pick("", "en", "xl", "khai sinh")
		if (p.Action == "end" || p.Action == "restart-yes" || p.Action == "not-me") && r.IntN(3) > 0 {
			p.Action = "touch"
		}
	}
	return p
}
