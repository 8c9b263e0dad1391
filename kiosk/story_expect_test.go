//go:build !release

package main

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/drivers/printer/printersim"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/wire"
)

// expect waits for a thing to be so, patiently: what is so already is so at once.
func (s *story) expect(args []string, rest string) error {
	what, rest, _ := strings.Cut(rest, " ")
	look, ok := map[string]func(args []string, rest string) error{
		"screen": s.expectScreen, "view": s.expectView, "printed": s.expectPrinted, "papers": s.expectPapers,
		"centre": s.expectCentre, "outbox": s.expectOutbox, "board": s.expectBoard, "forgotten": s.expectForgotten,
		"scanner":   s.expectScanner,
		"condition": s.expectCondition, "purged": s.expectPurged,
	}[what]
	if !ok {
		return fmt.Errorf("nothing called %q can be expected", what)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		s.settle()
		err := look(args[1:], strings.TrimSpace(rest))
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// expectScanner checks what the scanner was told since it was last asked.
func (s *story) expectScanner(_ []string, rest string) error {
	s.heard += s.scanner.Heard()
	if got := strconv.Quote(s.heard); got != rest {
		return fmt.Errorf("it heard %s", got)
	}
	s.heard = ""
	return nil
}

func (s *story) expectScreen(args []string, _ string) error {
	if v, _ := s.screen.look(); v.Name != arg(args, 0) && place(v) != arg(args, 0) {
		return fmt.Errorf("it is %s", place(v))
	}
	return nil
}

func (s *story) expectView(args []string, rest string) error {
	_, want, _ := strings.Cut(rest, " ")
	_, doc := s.screen.look()
	v, found := find(doc, arg(args, 0))
	switch {
	case matches(v, found, want):
		return nil
	case !found:
		return fmt.Errorf("there is no %s", args[0])
	}
	return fmt.Errorf("%s is %s", args[0], shown(v))
}

func (s *story) expectPrinted(args []string, _ string) error {
	kind, number := arg(args, 0), arg(args, 1)
	jobs := s.printer.Jobs()
	if !slices.ContainsFunc(jobs, func(j printersim.Job) bool {
		return j.State == printersim.Printed && j.Kind == kind && (number == "*" || j.Number == number)
	}) {
		return fmt.Errorf("the papers are %+v", jobs)
	}
	if trouble := s.printer.Troubles(); len(trouble) > 0 {
		return fmt.Errorf("the printer did not understand %v", trouble)
	}
	return nil
}

func count(args []string, n int, what any) error {
	if want, err := strconv.Atoi(arg(args, 0)); err != nil || n != want {
		return fmt.Errorf("%d, not %q: %+v", n, arg(args, 0), what)
	}
	return nil
}

func (s *story) expectPapers(args []string, _ string) error {
	jobs := s.printer.Jobs()
	return count(args, len(jobs), jobs)
}

func (s *story) expectCentre(args []string, _ string) error {
	filed := s.centre.Filed()
	var codes []string
	seen := map[dossier.ReceiptNumber]bool{}
	for _, f := range filed {
		codes = append(codes, f.Code)
		if seen[f.Dossier.Receipt] {
			return fmt.Errorf("%s is there twice", f.Dossier.Receipt)
		}
		seen[f.Dossier.Receipt] = true
	}
	return count(args, len(filed), codes)
}

func (s *story) expectOutbox(args []string, _ string) error {
	b, err := s.daemon.db.Backlog(s.Context())
	if err != nil {
		return err
	}
	return count(args, b.Queued+b.HandedOver, b)
}

// expectBoard: board NUMBER COUNTER; the number "none" is a counter that serves nobody.
func (s *story) expectBoard(args []string, _ string) error {
	number := arg(args, 0)
	b := wire.EncodeBoard(s.daemon.hallNow(), s.cat, wire.Desk{}, 1, time.Now())
	shown := slices.ContainsFunc(b.Now, func(c wire.HallCounter) bool {
		return c.Counter == arg(args, 1) && cmp.Or(c.Number, "none") == number
	})
	called := number == "none" || slices.ContainsFunc(b.Calls, func(c wire.HallCall) bool { return c.Number == number && c.Counter == arg(args, 1) })
	if !shown || !called {
		return fmt.Errorf("the board shows %+v, last calls %+v", b.Now, b.Calls)
	}
	return nil
}

// expectCondition: condition CODE held|clear, of the health report.
func (s *story) expectCondition(args []string, _ string) error {
	held := s.daemon.tracker.Report(time.Now()).Has(arg(args, 0))
	if want := arg(args, 1); want != "held" && want != "clear" || held != (want == "held") {
		return fmt.Errorf("held: %v", held)
	}
	return nil
}

// expectForgotten: forgotten [PERSONA…]; nobody named is everybody.
func (s *story) expectForgotten(who []string, _ string) error {
	if found := s.remembered(who...); found != nil {
		return fmt.Errorf("still there: %s", strings.Join(found, "; "))
	}
	return nil
}

// expectPurged: what a person is known by is gone, though they still stand there.
func (s *story) expectPurged([]string, string) error {
	if found := s.unpurged(); found != nil {
		return fmt.Errorf("still there: %s", strings.Join(found, "; "))
	}
	return nil
}

// TestExpectationsCanFail: each of them, where it does not hold.
func TestExpectationsCanFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t)
		tell := func(lines ...string) {
			t.Helper()
			for _, line := range lines {
				if err := s.tell(line); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
			}
		}
		wrong := func(lines ...string) {
			t.Helper()
			for _, line := range lines {
				if err := s.tell(line); err == nil {
					t.Errorf("%q is told without an error", line)
				}
				tell("touch")
			}
		}
		wrong("dance", "expect nothing", "wait long", "tap nobody", "press confirm", "press service ho-tich", "file 9.999999", "scan receipt",
			"call 1", "link sideways", "reader lost", "paper wet", "cover off", "line wet", "centre tired", "told tales")
		tell("tap an", "expect screen identity")
		wrong("expect forgotten", "expect forgotten an", "expect purged", "expect screen menu", "expect view who.given Bình", "expect view who.given ~B",
			"expect view who.given !~A", "expect view who absent", "expect view idle.seconds 30", "expect view actions ~confirm", "expect view actions !~next",
			"expect condition card-left held", "expect condition card-left", "expect board A001 1", "expect board none 9")
		tell("file 1.001193", "press confirm", "expect view receipt.state sent", "expect printed slip *")
		wrong("expect papers 2", "expect papers", "expect centre 0", "expect outbox 1", "expect printed ticket *", "expect printed slip K7QD-3M9X-V2TA",
			"expect forgotten", "expect view receipt.number absent")
		if found := s.leaks(); found != nil {
			t.Fatal(found)
		}
		for _, word := range []string{"Nguyễn Văn An", "001099012345", base64.StdEncoding.EncodeToString([]byte(`{"of":"Nguyễn Văn An"}`)), `"key":"012345"`} {
			_, _ = s.log.Write([]byte(word)) // a storyLog takes all
			if s.leaks() == nil {
				t.Errorf("%q in the log is not seen", word)
			}
			s.log.buf.Reset()
		}
	})
}
