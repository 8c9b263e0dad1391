package outbox_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/drivers/card/cccd"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/outbox"
	"tiepdan/kiosk/outbox/centresim"
	"tiepdan/kiosk/store"
)

const kiosk = "k-1"

// world is one kiosk with a real store, its outbox, and a centre, in a bubble.
type world struct {
	t       *testing.T
	path    string
	centre  *centresim.Centre
	tear    *tearing // between us and the centre, when not nil
	store   *store.Store
	box     *outbox.Outbox
	results []dossier.Receipt
	logs    bytes.Buffer
	stop    func()
}

func inBubble(t *testing.T, f func(t *testing.T, w *world)) {
	path := filepath.Join(t.TempDir(), store.FileName)
	synctest.Test(t, func(t *testing.T) {
		centre, err := centresim.New(kiosk)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, path: path, centre: centre}
		w.start()
		f(t, w)
		w.stop()
		if strings.Contains(w.logs.String(), "Canary") {
			t.Error("a person in the log")
		}
	})
}

// start starts the kiosk, as after a power cut: only the store's file remains.
func (w *world) start() {
	s, err := store.Open(context.Background(), w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = s
	log := slog.New(slog.NewTextHandler(&w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	far := outbox.Centre(w.centre)
	if w.tear != nil {
		far = w.tear
	}
	w.box = outbox.New(s, far, w.centre.Credentials(), log)
	w.box.Results = func(r dossier.Receipt) { w.results = append(w.results, r) }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.box.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			w.t.Error("Run:", err)
		}
		if err := s.Close(); err != nil {
			w.t.Error(err)
		}
	}
	synctest.Wait()
}

func (w *world) record(pages ...[]byte) dossier.ReceiptNumber {
	w.t.Helper()
	r, err := dossier.NewReceiptNumber(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	now := time.Now()
	d := dossier.Dossier{
		Version: dossier.Version, Receipt: r, Kiosk: kiosk, Unit: "00004", Agency: "000.00.06.H26", Channel: "direct",
		SubmittedAt: now, Clock: "synced", Catalogue: "c", Procedure: "1.001193", Form: "khai-sinh", FormVersion: "1", Lang: "vi",
		Applicant: dossier.Applicant{PIN: "001099000067", Name: "Canary"}, Answers: dossier.Answers{"nksHoTen": "Canary"},
		Consents: []dossier.Consent{{Purpose: "filing", Text: "1", Given: true, Method: "touch", At: now}},
		Verdict:  cccd.Verdict{Grade: cccd.GradeAnchored},
	}
	var parts []dossier.Part
	for i, page := range pages {
		parts = append(parts, dossier.Part{N: i + 1, MIME: "image/jpeg", Data: page})
		d.Papers = append(d.Papers, dossier.Paper{Code: "p", Name: "p", How: "pages", Parts: []int{i + 1}})
	}
	sealed, err := dossier.Seal(d, parts, w.centre.Credentials().Recipient)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.store.Record(context.Background(), store.Submission{Visit: rand.Text(), At: time.Now(),
		Dossier: &store.Filing{Sealed: sealed, Procedure: d.Procedure}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.box.Poke()
	synctest.Wait()
	return r
}

func (w *world) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) state(r dossier.ReceiptNumber, want string) {
	w.t.Helper()
	i, ok, err := w.store.Get(context.Background(), string(r))
	if err != nil || !ok || i.State != want {
		w.t.Errorf("%s is %q (%s), want %q; %v", r, i.State, i.Reason, want, err)
	}
}

// filedOnce holds that One-Stop has exactly these.
func (w *world) filedOnce(rs ...dossier.ReceiptNumber) {
	w.t.Helper()
	var got []dossier.ReceiptNumber
	for _, f := range w.centre.Filed() {
		got = append(got, f.Dossier.Receipt)
	}
	slices.Sort(got)
	slices.Sort(rs)
	if !slices.Equal(got, rs) {
		w.t.Errorf("One-Stop has %v, want %v", got, rs)
	}
}

func TestToTheCode(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		page := bytes.Repeat([]byte("page"), 200_000) // four pieces
		r := w.record(page, []byte("small"))
		w.state(r, store.Received)
		if len(w.results) != 1 || w.results[0].Receipt != r || !strings.HasPrefix(w.results[0].Code, "000.00.06.H26-") || w.results[0].Status != 1 {
			t.Errorf("results %+v", w.results)
		}
		f := w.centre.Filed()
		if len(f) != 1 || len(f[0].Parts) != 2 || !bytes.Equal(f[0].Parts[0].Data, page) || f[0].Dossier.Answers["nksHoTen"] != "Canary" {
			t.Error("One-Stop has another dossier than was recorded")
		}
		if _, err := w.store.Load(t.Context(), r); !errors.Is(err, store.ErrPurged) {
			t.Error("the payload stays:", err)
		}
		if err := w.centre.SetStatus(r, 4); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(w.results) != 2 || w.results[1].Status != 4 {
			t.Errorf("no news of the status: %+v", w.results)
		}
	})
}

// tearing is a line on which one piece of papers does not get through.
type tearing struct {
	*centresim.Centre
	at   int // the piece
	sent []int
}

func (c *tearing) PublishPart(ctx context.Context, r dossier.ReceiptNumber, n int, piece []byte) error {
	c.sent = append(c.sent, n)
	if n == c.at {
		c.at = -1
		return errors.New("no answer")
	}
	return c.Centre.PublishPart(ctx, r, n, piece)
}

// On a slow line papers go on from the piece that did not get through.
func TestPapersGoOnWhereTheyStopped(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.stop()
		w.tear = &tearing{Centre: w.centre, at: 2}
		w.start()
		r := w.record(bytes.Repeat([]byte("page"), 200_000)) // four pieces
		w.state(r, store.Queued)
		w.after(10 * time.Second)
		w.state(r, store.Received)
		w.filedOnce(r)
		if want := []int{0, 1, 2, 2, 3}; !slices.Equal(w.tear.sent, want) {
			t.Errorf("pieces sent: %v, want %v", w.tear.sent, want)
		}
	})
}

func TestAMonthWithoutACentre(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.centre.SetDown(true)
		var all []dossier.ReceiptNumber
		for range 60 {
			all = append(all, w.record())
			w.after(12 * time.Hour)
		}
		w.state(all[0], store.Queued)
		if b, err := w.store.Backlog(t.Context()); err != nil || b.Queued != 60 || time.Since(b.Oldest) < 29*24*time.Hour {
			t.Error(b, err)
		}
		w.stop()
		w.start()
		w.centre.SetDown(false)
		w.after(time.Second)
		w.filedOnce(all...)
		for _, r := range all {
			w.state(r, store.Received)
		}
		if len(w.results) != 60 {
			t.Errorf("%d results", len(w.results))
		}
	})
}

// The kiosk may die, and the centre's answer may be lost, after each step.
func TestLostAnswers(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.centre.SetFaults(centresim.Faults{LoseAcks: 3, Asleep: true})
		plain, papers := w.record(), w.record([]byte("page"))
		w.state(plain, store.Queued)
		w.stop()
		w.start()
		w.after(time.Minute)
		w.state(plain, store.HandedOver)
		w.state(papers, store.HandedOver)
		w.centre.SetFaults(centresim.Faults{})
		synctest.Wait()
		w.filedOnce(plain, papers)
		w.state(plain, store.Received)
		w.state(papers, store.Received)
		if w.centre.Filed()[0].Times < 2 {
			t.Error("the dossier was sent once: no answer was lost")
		}
	})
}

func TestPushedReceiptLost(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.centre.SetFaults(centresim.Faults{Mute: true})
		r := w.record()
		w.state(r, store.HandedOver)
		w.after(time.Minute)
		w.state(r, store.Received)
		if err := w.centre.SetStatus(r, 9); err != nil {
			t.Fatal(err)
		}
		w.after(15 * time.Minute)
		if i, _, _ := w.store.Get(t.Context(), string(r)); i.Status != 9 {
			t.Errorf("a status nobody sent was never asked for: %+v", i)
		}
	})
}

func TestBadItemsDontBlock(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.centre.SetFaults(centresim.Faults{Reject: true})
		bad := w.record()
		w.state(bad, store.Quarantined)
		w.centre.SetFaults(centresim.Faults{Quarantine: true})
		poison := w.record()
		w.state(poison, store.Quarantined)
		if _, err := w.store.Load(t.Context(), poison); err != nil {
			t.Error("a quarantined dossier was purged:", err)
		}
		w.centre.SetFaults(centresim.Faults{Fail: 1})
		slow := w.record() // fails once, and waits
		good := w.record()
		w.state(slow, store.Queued)
		w.state(good, store.Received)
		w.after(10 * time.Second)
		w.state(slow, store.Received)
		w.filedOnce(slow, good)
	})
}

func TestCentreInTrouble(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.centre.SetDown(true)
		var all []dossier.ReceiptNumber
		for range 100 {
			all = append(all, w.record())
		}
		w.centre.SetFaults(centresim.Faults{Fail: 400})
		w.centre.SetDown(false)
		w.after(5 * time.Second)
		w.filedOnce()
		w.after(20 * time.Minute)
		w.filedOnce(all...)
	})
}

// A centre restored from a backup does not know what it acknowledged.
func TestCentreForgets(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.centre.SetFaults(centresim.Faults{Asleep: true})
		r := w.record()
		w.state(r, store.HandedOver)
		w.stop()
		forgetful, err := centresim.Restore(w.centre)
		if err != nil {
			t.Fatal(err)
		}
		w.centre = forgetful
		w.start()
		w.after(time.Hour)
		w.state(r, store.HandedOver)
		w.after(24 * time.Hour)
		w.state(r, store.Received)
		w.filedOnce(r)
	})
}

func TestReceiptsNotBelieved(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.centre.SetFaults(centresim.Faults{Asleep: true})
		r := w.record()
		sealed, err := w.store.Load(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		_, evil, _ := ed25519.GenerateKey(nil)
		rec := dossier.Receipt{Receipt: r, Kiosk: kiosk, SHA256: sealed.SHA256(), Seq: 9, Outcome: dossier.Refused, At: time.Now()}
		forged, err := rec.Sign(evil)
		if err != nil {
			t.Fatal(err)
		}
		w.centre.Send(forged)
		w.centre.Send(rec) // unsigned
		w.centre.Send(dossier.Receipt{})
		for name, spoil := range map[string]func(*dossier.Receipt){
			"another kiosk":      func(r *dossier.Receipt) { r.Kiosk = "k-2" },
			"another ciphertext": func(r *dossier.Receipt) { r.SHA256 = strings.Repeat("0", 64) },
		} {
			bad := rec
			spoil(&bad)
			if err := w.centre.SignAndSend(bad); err != nil {
				t.Fatal(name, err)
			}
		}
		synctest.Wait()
		w.state(r, store.HandedOver)
		if len(w.results) != 0 {
			t.Errorf("results %v", w.results)
		}
		w.centre.SetFaults(centresim.Faults{})
		synctest.Wait()
		w.state(r, store.Received)
	})
}

// Dossiers without papers go first; a large backlog goes in many transactions.
func TestOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.centre.SetDown(true)
		first := w.record([]byte("page"))
		w.after(time.Second)
		var plain []dossier.ReceiptNumber
		for range 70 {
			plain = append(plain, w.record())
		}
		w.centre.SetDown(false)
		w.after(time.Second)
		filed := w.centre.Filed()
		if len(filed) != 71 || filed[70].Dossier.Receipt != first {
			t.Errorf("%d filed; the one with papers is not the last", len(filed))
		}
		w.filedOnce(append(plain, first)...)
	})
}

// brokenStore fails as a bad disk does.
type brokenStore struct{ outbox.Store }

func (brokenStore) MarkReceived(context.Context, []dossier.Receipt) ([]dossier.Receipt, error) {
	return nil, errors.New("bad disk")
}

func TestReceiptThatCantBeKept(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.stop()
		s, err := store.Open(context.Background(), w.path)
		if err != nil {
			t.Fatal(err)
		}
		w.store = s
		ctx, cancel := context.WithCancel(context.Background())
		box := outbox.New(brokenStore{s}, w.centre, w.centre.Credentials(), slog.New(slog.DiscardHandler))
		ended := make(chan error, 1)
		go func() { ended <- box.Run(ctx) }()
		w.box = box
		r := w.record()
		w.after(5 * time.Minute)
		w.state(r, store.HandedOver)
		if len(w.results) != 0 {
			t.Error("told a result that is not kept")
		}
		cancel()
		<-ended
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		w.start()
		w.after(time.Minute)
		w.state(r, store.Received)
		if len(w.results) != 1 {
			t.Errorf("results %v", w.results)
		}
	})
}
