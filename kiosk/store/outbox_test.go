package store

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"
	"time"

	"tiepdan/kiosk/dossier"
)

func signedReceipt(t testing.TB, s dossier.Sealed, seq int, outcome string) dossier.Receipt {
	t.Helper()
	_, key, _ := ed25519.GenerateKey(nil)
	r := dossier.Receipt{Receipt: s.Receipt, Kiosk: "k-1", SHA256: s.SHA256(), Seq: seq, Outcome: outcome, At: time.Now()}
	if outcome == dossier.Accepted {
		r.Code, r.Status = "000.00.06.H26-261123-0001", seq
	}
	r, err := r.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOutbox(t *testing.T) {
	s, _ := newStore(t)
	ctx, to := t.Context(), recipient(t)
	papers, plain, later := sealedFor(t, to, []byte("page")), sealedFor(t, to), sealedFor(t, to)
	at := time.Now()
	for i, x := range []dossier.Sealed{papers, plain, later} {
		record(t, s, Submission{At: at.Add(time.Duration(i) * time.Second), Dossier: filing(x)})
	}
	pending := func(want ...dossier.Sealed) {
		t.Helper()
		got, err := s.Pending(ctx, 10)
		var numbers []dossier.ReceiptNumber
		for _, w := range want {
			numbers = append(numbers, w.Receipt)
		}
		if err != nil || !slices.Equal(got, numbers) {
			t.Errorf("pending %v, %v; want %v", got, err, numbers)
		}
	}
	pending(plain, later, papers)
	if b, err := s.Backlog(ctx); err != nil || b.Queued != 3 || b.Oldest.UnixMilli() != at.UnixMilli() {
		t.Error(b, err)
	}
	if err := s.MarkHandedOver(ctx, []dossier.ReceiptNumber{plain.Receipt, papers.Receipt}); err != nil {
		t.Fatal(err)
	}
	pending(later)
	if err := s.Quarantine(ctx, later.Receipt, "too large"); err != nil {
		t.Fatal(err)
	}
	pending()
	open, err := s.Open(ctx, false, "", 10)
	if err != nil || len(open) != 3 || !slices.IsSorted(open) {
		t.Error(open, err)
	}
	if rest, err := s.Open(ctx, false, open[0], 1); err != nil || !slices.Equal(rest, open[1:2]) {
		t.Error(rest, err)
	}

	// A receipt for another ciphertext, or of an unknown number, purges nothing
	// and does not hold up the one beside it.
	other := signedReceipt(t, papers, 1, dossier.Accepted)
	other.SHA256 = plain.SHA256()
	stranger := signedReceipt(t, sealedFor(t, to), 1, dossier.Accepted)
	good := signedReceipt(t, plain, 1, dossier.Accepted)
	fresh, err := s.MarkReceived(ctx, []dossier.Receipt{other, stranger, good})
	if len(fresh) != 1 || fresh[0].Receipt != plain.Receipt || !errors.Is(err, ErrUnknown) || !errors.Is(err, errHash) {
		t.Errorf("fresh %v, %v", fresh, err)
	}
	if got, err := s.Load(ctx, papers.Receipt); err != nil || len(got.Parts) != 1 {
		t.Error("a wrong receipt purged a dossier", err)
	}
	if _, err := s.Load(ctx, plain.Receipt); !errors.Is(err, ErrPurged) {
		t.Error("a received dossier is still there", err)
	}
	if _, err := s.Load(ctx, stranger.Receipt); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if fresh, err := s.MarkReceived(ctx, []dossier.Receipt{good}); len(fresh) != 0 || err != nil {
		t.Error("the same receipt is news again", fresh, err)
	}
	if fresh, err := s.MarkReceived(ctx, []dossier.Receipt{signedReceipt(t, plain, 2, dossier.Accepted)}); len(fresh) != 1 || err != nil {
		t.Error("a newer status is no news", fresh, err)
	}
	if open, err := s.Open(ctx, true, "", 10); err != nil || !slices.Equal(open, []dossier.ReceiptNumber{plain.Receipt}) {
		t.Error(open, err)
	}

	// What the gateway quarantined stays whole here, and a later acceptance ends it.
	if _, err := s.MarkReceived(ctx, []dossier.Receipt{signedReceipt(t, papers, 1, dossier.Quarantined)}); err != nil {
		t.Fatal(err)
	}
	if i, ok, err := s.Get(ctx, papers.Receipt.Grouped()); !ok || err != nil || i.State != Quarantined {
		t.Error(i, ok, err)
	}
	if _, err := s.Load(ctx, papers.Receipt); err != nil {
		t.Error(err)
	}
	if _, err := s.MarkReceived(ctx, []dossier.Receipt{signedReceipt(t, papers, 2, dossier.Accepted)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(ctx, papers.Receipt); !errors.Is(err, ErrPurged) {
		t.Error(err)
	}
	if i, ok, err := s.Get(ctx, "000.00.06.h26-261123-0001"); !ok || err != nil || i.State != Received || i.Status != 2 || i.Code != "000.00.06.H26-261123-0001" {
		t.Error(i, ok, err)
	}
	if rec, err := s.Receipt(ctx, papers.Receipt); err != nil || rec.Seq != 2 || len(rec.Signature) == 0 {
		t.Error(rec, err)
	}
	if _, ok, err := s.Get(ctx, "nothing"); ok || err != nil {
		t.Error(ok, err)
	}
	items, err := s.List(ctx, 2)
	if err != nil || len(items) != 2 || items[0].Receipt != later.Receipt || items[0].Reason != "too large" {
		t.Error(items, err)
	}
}
