package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/dossier"
)

// fakeCards is a reader with one card; a reading takes its time and minds its context.
type fakeCards struct {
	mu      sync.Mutex
	id      cccd.Identity
	err     error
	running int
}

func (f *fakeCards) Read(ctx context.Context, key card.Key, progress func(cccd.Stage, int)) (*cccd.Reading, error) {
	f.mu.Lock()
	f.running++
	if f.running > 1 {
		panic("two readings at once")
	}
	id, err := f.id, f.err
	f.mu.Unlock()
	defer func() { f.mu.Lock(); f.running--; f.mu.Unlock() }()
	for i := range 10 {
		select {
		case <-ctx.Done():
			time.Sleep(100 * time.Millisecond) // a card lets go slowly
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
			progress(cccd.StageRead, 10*i)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	if key.CAN != cccd.PIN(id.PIN).CAN() {
		return nil, card.ErrWrongKey
	}
	return &cccd.Reading{
		Identity: id, Verdict: signed, Access: "PACE-CAN", Model: "2021",
		Portrait: cccd.Portrait{MIME: "image/jpeg", Data: []byte("face of " + id.Name)},
		Evidence: cccd.Evidence{SOD: []byte("sod"), DG1: []byte("dg1"), DG13: []byte("dg13")},
	}, nil
}

type fakeRecords struct {
	mu       sync.Mutex
	dossiers []dossier.Dossier
	visits   []string
	tickets  int
	err      error
	slow     time.Duration
	past     map[string]*Filed
}

func (f *fakeRecords) RecordTicket(ctx context.Context, o TicketOrder) (Ticket, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tickets++
	return Ticket{Number: fmt.Sprintf("A%03d", f.tickets), Service: o.Service, Ahead: f.tickets - 1, At: time.Now()}, f.err
}

func (f *fakeRecords) RecordDossier(ctx context.Context, visit string, d dossier.Dossier) error {
	time.Sleep(f.slow)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	f.dossiers, f.visits = append(f.dossiers, d), append(f.visits, visit)
	return nil
}

func (f *fakeRecords) FindVisit(ctx context.Context, visit string) (Found, error) {
	return Found{Filed: f.past[visit], Paper: printUnknown}, nil
}

type fakePrinter struct {
	mu   sync.Mutex
	docs []printer.Paper
	err  error
}

func (f *fakePrinter) Print(ctx context.Context, visit string, d printer.Paper) (printer.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.docs = append(f.docs, d)
	if f.err != nil {
		return printer.NotPrinted, f.err
	}
	return printer.Printed, nil
}

func (f *fakePrinter) Answered(context.Context, string, printer.Kind, bool) error { return nil }

type fakeFinder struct{}

func (fakeFinder) FindTicket(context.Context, string, time.Time) (Lookup, error) {
	return Lookup{State: "ticket-over"}, nil
}

func (fakeFinder) Find(ctx context.Context, number string) (Lookup, error) {
	return Lookup{}, errors.New("no line")
}

// A rig is a machine in a bubble with its devices, and what it published last.
type rig struct {
	*testing.T
	*Machine
	ctx     context.Context
	stop    func() error
	cards   *fakeCards
	records *fakeRecords
	paper   *fakePrinter
	log     *bytes.Buffer
	last    State // as of the last synctest.Wait
	screens []Screen

	mu        sync.Mutex
	published []State
}

// settle waits until all is quiet, then takes what was published.
func (r *rig) settle() {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.published {
		r.last = s
		if n := len(r.screens); n == 0 || r.screens[n-1] != s.Visit.At {
			r.screens = append(r.screens, s.Visit.At)
		}
	}
	r.published = nil
}

func newRig(t *testing.T) *rig {
	time.Sleep(time.Until(monday)) // bubbles begin in 2000, when An is a baby
	r := &rig{T: t, cards: &fakeCards{id: an}, records: &fakeRecords{}, paper: &fakePrinter{}, log: &bytes.Buffer{}}
	r.Machine = NewMachine(testEnv(t), slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	r.Env.Site.Hours = nil
	r.Cards, r.Records, r.Printer, r.Finder = r.cards, r.records, r.paper, fakeFinder{}
	r.Publish = func(s State) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.published = append(r.published, s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.ctx = ctx
	done := make(chan error, 1)
	go func() { done <- r.Machine.Run(ctx) }()
	r.stop = func() error { cancel(); return <-done }
	return r.post(CardLevel{card.NoCard}, PrinterLevel{printer.Ready}, LinkLevel{"up"}, ClockLevel{"synced"})
}

func (r *rig) post(evs ...Event) *rig {
	r.Helper()
	for _, ev := range evs {
		r.Post(r.ctx, ev)
		r.settle()
	}
	return r
}

func (r *rig) press(action string, value ...string) *rig {
	r.Helper()
	p := Pressed{Action: action, Screen: r.last.Epoch}
	if len(value) > 0 {
		p.Value = value[0]
	}
	return r.post(p)
}

func (r *rig) wait(d time.Duration) *rig {
	time.Sleep(d) // in the bubble
	r.settle()
	return r
}

func (r *rig) at(want Screen) *rig {
	r.Helper()
	if r.last.Visit.At != want {
		r.Fatalf("at %s, want %s", r.last.Visit.At, want)
	}
	return r
}

func (r *rig) file() *rig {
	r.Helper()
	r.post(CardLevel{card.CardIn}, Scanned{anQR}).at(AtReading).wait(3 * time.Second).at(AtIdentity)
	r.press("next").press("file").press("service", "ho-tich").press("procedure", "1.001193").press("next").press("case", "1.001193.01")
	for r.last.Visit.At == AtQuestion {
		r.press("next", childAnswers[r.last.Visit.Filing.Question])
	}
	for _, code := range []string{"000.00.00.G15-KQ000002", "000.00.00.G15-KQ000003"} {
		r.post(Pressed{Action: "paper", Screen: r.last.Epoch, Values: map[string]string{"code": code, "how": "counter"}})
	}
	r.press("next").at(AtConsent)
	return r.post(Pressed{Action: "next", Screen: r.last.Epoch, Values: map[string]string{"process": "true"}}).at(AtReview)
}

func TestMachineFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t).file()
		face := r.last.Visit.Holder.Portrait
		if mime, data, ok := r.Media(face); !ok || mime != "image/jpeg" || string(data) != "face of "+an.Name {
			t.Fatalf("portrait: %s %v", mime, ok)
		}
		token, receipt := r.last.Visit.Token, r.last.Visit.Receipt
		confirm := Pressed{Action: "confirm", Screen: r.last.Epoch}
		r.post(confirm, confirm).at(AtReceipt)
		if len(r.records.dossiers) != 1 || len(r.paper.docs) != 1 || r.records.visits[0] != token {
			t.Fatalf("%d dossiers, %d slips", len(r.records.dossiers), len(r.paper.docs))
		}
		d := r.records.dossiers[0]
		if err := d.Validate(); err != nil {
			t.Error(err)
		}
		p, _ := r.Env.Catalogue.Procedure(d.Procedure)
		if err := p.ValidateAnswers(d.Answers, d.Case, time.Now()); err != nil {
			t.Error(err)
		}
		if d.Receipt != receipt || string(d.SOD) != "sod" || string(d.DG13) != "dg13" || d.Channel != "direct" {
			t.Errorf("dossier %s, SOD %q", d.Receipt, d.SOD)
		}
		if _, _, ok := r.Media(face); ok {
			t.Error("the portrait is still there after the dossier was recorded")
		}
		qr := r.last.Visit.Filed.QR
		if mime, data, ok := r.Media(qr); !ok || mime != "image/png" || len(data) == 0 {
			t.Error("no QR code of the receipt")
		}
		if r.last.Visit.Print.State != "printed" {
			t.Errorf("print %+v", r.last.Visit.Print)
		}
		r.wait(90 * time.Second).at(AtTakeCard).post(CardLevel{card.NoCard}).at(AtAttract)
		if _, _, ok := r.Media(qr); ok {
			t.Error("pictures outlive their visit")
		}
		if r.last.Visit.Token == token || r.last.Visit.Receipt == receipt {
			t.Error("the next visit has the last one's names")
		}
		want := []Screen{
			AtAttract, AtReadCard, AtReading, AtIdentity, AtMenu, AtServices, AtProcedures, AtProcedure, AtCase, AtQuestion,
			AtPapers, AtConsent, AtReview, AtReceipt, AtTakeCard, AtAttract,
		}
		if !slices.Equal(r.screens, want) {
			t.Errorf("screens %v", r.screens)
		}
		if l := leaks(r.last); l != nil {
			t.Errorf("the next visit knows %v", l)
		}
		for _, word := range personal {
			if bytes.Contains(r.log.Bytes(), []byte(word)) {
				t.Errorf("the log says %q", word)
			}
		}
		if err := r.stop(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}) // the bubble fails if a goroutine is left
}

func TestMachineTwoPresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.press("quick-ticket").press("service", "cu-tru").at(AtTicket)
		if k := r.last.Visit.Ticket; k.Number != "A001" || k.QR == "" || len(r.paper.docs) != 1 {
			t.Errorf("ticket %+v, %d papers", k, len(r.paper.docs))
		}
		r.wait(50 * time.Second).at(AtAttract)
		_ = r.stop()
	})
}

// The card is pulled while it is read, and the next person lays theirs at once,
// before the reader has let go of the first.
func TestMachineNextVisitKnowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.post(CardLevel{card.CardIn}, Scanned{anQR}).wait(time.Second).at(AtReading)
		r.post(CardLevel{card.NoCard}).at(AtSorry).press("end").at(AtAttract)
		r.cards.mu.Lock()
		r.cards.id = binh
		r.cards.mu.Unlock()
		r.post(CardLevel{card.CardIn}).wait(3*time.Second).press("digits", "054321").at(AtReading)
		r.wait(3 * time.Second).at(AtIdentity)
		if got := r.last.Visit.Who; got != (Who{"bà", "Bình"}) {
			t.Errorf("who %+v", got)
		}
		s := r.last
		s.Visit.Holder = nil
		s.Visit.Key = card.Key{}
		s.Visit.Who = Who{}
		if l := leaks(s); l != nil {
			t.Errorf("knows %v", l)
		}
		_ = r.stop()
	})
}

// A card that is lifted and laid in a hurry is read once at a time.
func TestMachineHurriedCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t).file()
		for range 3 {
			r.post(CardLevel{card.NoCard}, CardLevel{card.CardIn})
		}
		r.at(AtReview).wait(4 * time.Second).at(AtReview)
		if r.last.Visit.Ask != "" {
			t.Error("still asks for the card that lies there")
		}
		r.press("confirm").at(AtReceipt)
		if len(r.records.dossiers) != 1 || string(r.records.dossiers[0].SOD) != "sod" {
			t.Error("no dossier with the evidence of the last reading")
		}
		_ = r.stop()
	})
}

func TestMachineCardErrors(t *testing.T) {
	for err, want := range map[error]Screen{
		card.ErrRemoved: AtSorry, card.ErrMute: AtReadCard, card.ErrNotLDS: AtReadCard, card.ErrSecurity: AtSorry, card.ErrWrongKey: AtReadCard,
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.cards.err = err
			r.post(CardLevel{card.CardIn}, Scanned{anQR}).wait(3 * time.Second).at(want)
			_ = r.stop()
		})
	}
}

func TestMachineNotSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t).file()
		r.records.err = errors.New("disk full")
		receipt := r.last.Visit.Receipt
		r.press("confirm").at(AtSorry)
		if len(r.paper.docs) > 0 {
			t.Error("a slip for a dossier that was not recorded")
		}
		r.records.mu.Lock()
		r.records.err = nil
		r.records.mu.Unlock()
		r.press("retry").at(AtReview).press("confirm").at(AtReceipt)
		if len(r.records.dossiers) != 1 || r.records.dossiers[0].Receipt != receipt || string(r.records.dossiers[0].SOD) != "sod" {
			t.Errorf("%d dossiers", len(r.records.dossiers))
		}
		_ = r.stop()
	})
}

func TestMachinePrinterFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.paper.err = fmt.Errorf("job 1: %w", printer.ErrPaperOut)
		r.press("quick-ticket").press("service", "cu-tru").at(AtTicket)
		if p := r.last.Visit.Print; p.State != "not-printed" || p.Why != "paper-out" {
			t.Errorf("print %+v", p)
		}
		_ = r.stop()
	})
}

func TestMachineFindsVisitAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.records.past = map[string]*Filed{"old": {Receipt: "K7QD3M9XV2TA", Procedure: "1.001193", At: time.Now()}}
		r.post(Hello{"older"}).at(AtAttract).post(Hello{"old"}).at(AtReceipt)
		if _, _, ok := r.Media(r.last.Visit.Filed.QR); !ok {
			t.Error("no QR code")
		}
		r.press("end").press("lookup").press("next", "000.00.06.H26-261122-0361")
		if got := r.last.Visit.Lookup.State; got != "offline" {
			t.Errorf("look-up %s", got)
		}
		_ = r.stop()
	})
}

// A month of visits: nothing grows.
func TestMachineMonth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for range 30 * 20 {
			r.post(CardLevel{card.CardIn}, Scanned{anQR}).wait(3 * time.Second).at(AtIdentity)
			r.wait(75 * time.Second).at(AtTakeCard).post(CardLevel{card.NoCard}).wait(time.Hour)
		}
		r.media.mu.Lock()
		if n := len(r.media.pictures) + len(r.media.evidence); n > 0 {
			t.Errorf("%d pictures and proofs left", n)
		}
		r.media.mu.Unlock()
		_ = r.stop()
	})
}

// An answer nobody waits for any more brings no face and no evidence along.
func TestLateReadingLeavesNothing(t *testing.T) {
	m := NewMachine(testEnv(t), slog.New(slog.DiscardHandler))
	s := New(m.Env)
	s.Visit.Pending = 2
	late := readDone{1, &cccd.Reading{Portrait: cccd.Portrait{MIME: "image/jpeg", Data: []byte("face")}, Evidence: cccd.Evidence{SOD: []byte("sod")}}}
	if ev, ok := m.withMedia(s, late).(CardFailed); !ok || ev.Asked != 1 {
		t.Errorf("it became %v", ev)
	}
	if len(m.media.pictures)+len(m.media.evidence) != 0 {
		t.Error("it left something")
	}
}
