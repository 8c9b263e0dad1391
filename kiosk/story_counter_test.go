//go:build !release

package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"tiepdan/drivers/card/cardsim"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/outbox/centresim"
	"tiepdan/kiosk/session"
	"tiepdan/kiosk/wire"
)

func (s *story) meet(name string) (cardsim.Persona, error) {
	p, ok := cardsim.ByName(name)
	if !ok {
		return p, fmt.Errorf("there is no persona %q", name)
	}
	s.personas, s.present = append(s.personas, p), name
	return p, nil
}

func (s *story) lay(args []string, _ string) error {
	p, err := s.meet(arg(args, 0))
	if err != nil {
		return err
	}
	chip := s.cards[p.Name+arg(args, 1)] // laid again it is the same chip
	if chip == nil {
		if chip, err = cardsim.New(p, cardsim.Options{Fault: arg(args, 1), Latency: simLatency}); err != nil {
			return err
		}
		s.cards[p.Name+arg(args, 1)] = chip
	}
	s.reader.Insert(chip)
	synctest.Wait()
	return nil
}

func (s *story) tap(args []string, _ string) error {
	if err := s.lay(args, ""); err != nil {
		return err
	}
	p, _ := cardsim.ByName(args[0])
	return s.scanner.Scan(p.QR())
}

// scannerFault breaks the scanner, or mends it: "none".
func (s *story) scannerFault(args []string, _ string) error {
	name := arg(args, 0)
	if name == "none" {
		name = ""
	}
	return s.scanner.SetFault(name)
}

func (s *story) scan(args []string, rest string) error {
	if rest == "receipt" {
		r, err := dossier.ParseReceiptNumber(s.receipt)
		if err != nil {
			return fmt.Errorf("no slip in hand: %w", err)
		}
		return s.scanner.Scan(r.QR())
	}
	if rest == "ticket" {
		s.daemon.mu.Lock()
		drawn := s.daemon.board.Tickets
		s.daemon.mu.Unlock()
		if len(drawn) == 0 {
			return errors.New("no ticket in hand")
		}
		last := drawn[len(drawn)-1]
		return s.scanner.Scan(session.TicketQR(session.Site{Unit: s.cfg.Unit.Name}, session.Ticket{Number: last.Number, At: last.IssuedAt}))
	}
	if name, ok := strings.CutPrefix(rest, "qr:"); ok {
		p, err := s.meet(name)
		if err != nil {
			return err
		}
		return s.scanner.Scan(p.QR())
	}
	return s.scanner.Scan(rest)
}

// lineTo mends the printer's line, cuts it, or cuts it after so many bytes.
func (s *story) lineTo(args []string, _ string) error {
	if arg(args, 1) == "" {
		return s.printer.SetLine(arg(args, 0))
	}
	n, err := strconv.Atoi(args[1])
	if err != nil || args[0] != "cut" {
		return fmt.Errorf("line ok | cut [BYTES]")
	}
	s.printer.CutAfter(n)
	return nil
}

func (s *story) link(args []string, _ string) error {
	if a := arg(args, 0); a != "up" && a != "down" {
		return fmt.Errorf("the link is up or down, not %q", a)
	}
	s.centre.SetDown(args[0] == "down")
	return nil
}

// centreIs gives the centre a fault, or makes it well.
func (s *story) centreIs(args []string, _ string) error {
	if arg(args, 0) == "accepts" { // what was filed last, the result a week from now
		r, err := dossier.ParseReceiptNumber(s.receipt)
		if err != nil {
			return fmt.Errorf("nothing was filed: %w", err)
		}
		return s.centre.Accept(r, time.Now(), time.Now().AddDate(0, 0, 7))
	}
	f, ok := map[string]centresim.Faults{
		"well": {}, "mute": {Mute: true}, "asleep": {Asleep: true}, "quarantine": {Quarantine: true}, "reject": {Reject: true},
		"lose-acks": {LoseAcks: 2}, "fail": {Fail: 2},
	}[arg(args, 0)]
	if !ok {
		return fmt.Errorf("the centre has no fault %q", arg(args, 0))
	}
	s.centre.SetFaults(f)
	return nil
}

func (s *story) setReader(args []string, _ string) error {
	switch arg(args, 0) {
	case "gone":
		s.reader.PullReader()
	case "plugged":
		s.reader.PlugReader()
	default:
		return fmt.Errorf("the reader is gone or plugged")
	}
	return nil
}

// officer presses a button of a counter, on the screen it sees.
func (s *story) officer(action, counter string) error {
	hall := s.daemon.hallNow()
	v := wire.EncodeCounter(hall, s.cat, wire.Desk{Counter: counter, Officer: "Cán bộ"}, 1, time.Now())
	if !slices.Contains(v.Actions, action) {
		return fmt.Errorf("counter %s offers %v", counter, v.Actions)
	}
	ev, _ := wire.CounterCommand{Action: action, Screen: v.Screen}.Event(counter)
	s.daemon.hall.Post(s.Context(), ev)
	return nil
}
