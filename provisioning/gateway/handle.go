package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

// streamQuarantine keeps what could not be filed, sealed as it came, for people to look into.
const streamQuarantine = "QUARANTINE"

// maxPanics is how often an item may bring the work on it down before it counts as poison.
const maxPanics = 3

// handle does one work item. nil: it has its receipt, acknowledge it; *tryLater: not
// now; anything else: it isn't a dossier, and there is no number to answer to.
func (g *Gateway) handle(ctx context.Context, subject string, body []byte, deliveries uint64, handedOver time.Time) error {
	// Subjects are dossier.<kiosk>.<receipt>. A kiosk can publish only under its
	// own id: of all there is, this alone is proof of where it comes from.
	token := strings.Split(subject, ".")
	if len(token) != 3 || !dossier.ValidKiosk(token[1]) || !dossier.ReceiptNumber(token[2]).Valid() {
		return errors.New("subject without kiosk and receipt number")
	}
	w := work{g: g, kiosk: token[1], receipt: dossier.ReceiptNumber(token[2])}
	g.metrics.arrived()
	known, revision, ok, err := g.book.find(ctx, w.kiosk, w.receipt)
	if err != nil {
		return later("book", err)
	}
	if ok && !known.Again {
		return w.close(ctx, known)
	}
	e, err := w.safely(ctx, body, deliveries)
	bad, isFault := errors.AsType[*fault](err)
	switch {
	case isFault:
		if e, err = w.quarantine(ctx, body, e, bad); err != nil {
			return later("quarantine", err)
		}
	case err != nil:
		return err
	}
	e.began(known, handedOver)
	if ok {
		e, err = w.keepAnew(ctx, e, known, revision)
	} else {
		e, err = w.keep(ctx, e)
	}
	if err != nil {
		return later("book", err)
	}
	if ok {
		g.metrics.leftQuarantine() // or is back in it, and counted again
	}
	g.metrics.answered(e)
	g.open.note(e)
	return w.close(ctx, e)
}

// work is one item in hand.
type work struct {
	g       *Gateway
	kiosk   string
	receipt dossier.ReceiptNumber
}

// safely is file, with a panic taken for a trouble of this item and no other.
func (w work) safely(ctx context.Context, body []byte, deliveries uint64) (e entry, err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		w.g.Log.Error("a dossier brought the work on it down", "receipt", w.receipt, "stack", string(debug.Stack()))
		if err = later("panic", errors.New("panic")); deliveries >= maxPanics {
			err = &fault{"internal-error", nil}
		}
	}()
	return w.file(ctx, body)
}

// file opens the item, checks all there is to check, and hands it to One-Stop.
func (w work) file(ctx context.Context, body []byte) (entry, error) {
	var env link.Envelope
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&env); err != nil {
		return entry{}, &fault{"envelope-unreadable", nil} // json's own words may quote it
	}
	e := entry{Receipt: dossier.Receipt{SHA256: dossier.Sealed{Ciphertext: env.Sealed}.SHA256()}}
	if env.Receipt != w.receipt {
		return e, &fault{"envelope-of-another", nil}
	}
	if env.Version > dossier.Version {
		return e, &fault{"envelope-too-new", fmt.Errorf("version %d", env.Version)}
	}
	d, manifest, err := dossier.Open(env.Sealed, w.g.Keys.Identity)
	if err != nil {
		return e, &fault{"does-not-open", err}
	}
	switch {
	case d.Receipt != w.receipt:
		return e, &fault{"dossier-of-another-number", nil}
	case d.Kiosk != w.kiosk:
		return e, &fault{"dossier-of-another-kiosk", nil}
	}
	e.Agency, e.Procedure = d.Agency, d.Procedure
	e.step(Step{At: d.SubmittedAt, What: "recorded", Detail: "clock " + d.Clock})
	if err := w.checkParts(ctx, manifest); err != nil {
		return e, err
	}
	found, bad := examine(d, w.g.Trust, w.g.Requires)
	e.KioskGrade, e.Grade, e.Notes = found.kioskGrade, found.grade, found.notes
	if bad != nil {
		return e, bad
	}
	cat, procedure, err := w.g.rules.hold(ctx, d, &found)
	e.Notes = found.notes
	if err != nil {
		return e, err
	}
	switch err := w.g.book.claim(ctx, w.kiosk, w.receipt); {
	case errors.Is(err, errTaken):
		return e, &fault{"receipt-number-of-another-kiosk", nil}
	case err != nil:
		return e, later("book", err)
	}
	urls, err := w.offer(ctx, manifest)
	if err != nil {
		return e, later("files", err)
	}
	start := time.Now()
	filed, err := w.g.OneStop.Submit(ctx, d.Agency, newItem(d, procedure, cat, found, urls))
	w.g.metrics.submitted(time.Since(start))
	refusal, refused := errors.AsType[*Refusal](err)
	switch {
	case refused:
		e.Receipt.Outcome = dossier.Refused
		e.Receipt.Reason = reason(refusal, d, found.chip)
		if err := w.withdraw(ctx, manifest); err != nil {
			return e, later("files", err)
		}
	case err != nil:
		return e, later("one-stop", err)
	default:
		e.Receipt.Outcome = dossier.Accepted
		e.Receipt.Code, e.Receipt.Status = filed.Code, filed.Status
		if filed.Existed {
			e.Notes = append(e.Notes, "one-stop-had-it")
		}
	}
	return e, nil
}

// checkParts holds that every sealed page is there, whole, and opens.
func (w work) checkParts(ctx context.Context, m dossier.Manifest) error {
	pages := map[int][]byte{}
	for piece := range link.Pieces(m) {
		msg, err := w.g.parts.GetLastMsgForSubject(ctx, link.PartSubject(w.kiosk, w.receipt, piece.N))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return later("parts", fmt.Errorf("piece %d is not here yet", piece.N))
		}
		if err != nil {
			return later("parts", err)
		}
		pages[piece.Part] = append(pages[piece.Part], msg.Data...)
	}
	for n, sealed := range pages {
		if err := m.Check(n, sealed); err != nil {
			return &fault{"part-damaged", err}
		}
		if _, err := dossier.OpenPart(sealed, w.g.Keys.Identity, w.receipt, n); err != nil {
			return &fault{"part-does-not-open", err}
		}
	}
	return nil
}

// quarantine sets the item aside, sealed as it is, and makes it a receipt's worth of an entry.
func (w work) quarantine(ctx context.Context, body []byte, e entry, bad *fault) (entry, error) {
	w.g.Log.Error("a dossier goes to quarantine", "kiosk", w.kiosk, "receipt", w.receipt, "why", bad.code, "detail", bad.detail)
	_, err := w.g.js.Publish(ctx, quarantineSubject(w.kiosk, w.receipt), body)
	if err != nil && !isTaken(err) {
		return e, err
	}
	if e.Receipt.SHA256 == "" { // not even an envelope: answer for the bytes that came
		e.Receipt.SHA256 = dossier.Sealed{Ciphertext: body}.SHA256()
	}
	e.Receipt.Outcome, e.Receipt.Reason = dossier.Quarantined, bad.code
	return e, nil
}

// isTaken says that a subject that takes one message has it already.
func isTaken(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && api.ErrorCode == 10077
}

// keep signs an entry's first receipt and keeps it for good.
func (w work) keep(ctx context.Context, e entry) (entry, error) {
	e.Receipt.Receipt, e.Receipt.Kiosk, e.Receipt.Seq, e.Receipt.At = w.receipt, w.kiosk, 1, time.Now()
	var err error
	if e.Receipt, err = e.Receipt.Sign(w.g.Keys.Receipt); err != nil {
		return e, err
	}
	if err := w.g.book.claim(ctx, w.kiosk, w.receipt); err != nil && !errors.Is(err, errTaken) {
		return e, err // quarantined ones are looked up by number too
	}
	return w.g.book.add(ctx, e)
}

// began puts before an entry's steps what came before them, and after them its outcome.
func (e *entry) began(known entry, handedOver time.Time) {
	recorded := e.Life
	e.Life = known.Life
	if len(known.Life) == 0 {
		e.Life = recorded
		e.step(Step{At: handedOver, What: "handed-over"})
	}
	what := map[string]string{dossier.Accepted: "filed", dossier.Refused: "refused", dossier.Quarantined: "quarantined"}[e.Receipt.Outcome]
	step := Step{At: time.Now(), What: what, Code: e.Receipt.Code, Status: e.Receipt.Status}
	if e.Receipt.Outcome == dossier.Quarantined {
		step.Detail = e.Receipt.Reason
	}
	e.step(step)
}

// keepAnew replaces the receipt of one that was in quarantine, by the next of its numbers.
func (w work) keepAnew(ctx context.Context, e, known entry, revision uint64) (entry, error) {
	r := &e.Receipt
	r.Receipt, r.Kiosk, r.Seq, r.At = w.receipt, w.kiosk, known.Receipt.Seq+1, time.Now()
	var err error
	if *r, err = r.Sign(w.g.Keys.Receipt); err != nil {
		return e, err
	}
	ok, err := w.g.book.update(ctx, e, revision)
	if err == nil && !ok {
		err = errors.New("the entry changed meanwhile")
	}
	if err == nil && r.Outcome != dossier.Quarantined {
		err = w.g.release(ctx, w.kiosk, w.receipt)
	}
	return e, err
}

// close tells the kiosk, lets go of the pages, and is the last thing before the
// acknowledgement. All of it may happen twice.
func (w work) close(ctx context.Context, e entry) error {
	if err := w.g.book.file(ctx, e); err != nil {
		return later("book", err)
	}
	if e.Receipt.Outcome == dossier.Refused { // what is quarantined people look into; what is accepted One-Stop fetches
		err := w.g.parts.Purge(ctx, jetstream.WithPurgeSubject("part."+w.kiosk+"."+string(w.receipt)+".>"))
		if err != nil {
			return later("parts", err)
		}
	}
	if err := w.g.tell(e.Receipt); err != nil {
		return later("bus", err)
	}
	return nil
}

// signed is a receipt in the word of the present key, which is what kiosks believe: it may
// have been kept in that of one before.
func (g *Gateway) signed(r dossier.Receipt) (dossier.Receipt, error) {
	if r.Verify(g.Keys.Public()) == nil {
		return r, nil
	}
	return r.Sign(g.Keys.Receipt)
}

// tell sends a receipt to its kiosk. A kiosk that isn't there asks when it is back.
func (g *Gateway) tell(r dossier.Receipt) error {
	r, err := g.signed(r)
	if err != nil {
		return err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return g.Conn.Publish(link.ReceiptSubject(r.Kiosk, r.Receipt), data)
}
