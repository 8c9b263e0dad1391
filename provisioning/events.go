package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/report"
)

// What kiosks tell of how they do their work: from the stream of events into reports, and
// from there to the dashboard.

const (
	eventBatch = 500
	eventPause = time.Second // at most so long an event waits for others
)

// countEvents follows the stream of events into the report cache until ctx ends.
func (c *centre) countEvents(ctx context.Context) error {
	select { // units come from the registry
	case <-c.city.ready:
	case <-ctx.Done():
		return nil
	}
	stream, err := c.js.Stream(ctx, link.StreamEvents)
	if err != nil {
		return fmt.Errorf("events: %w", err)
	}
	at, err := c.reports.Heard(ctx)
	if err != nil {
		return err
	}
	if at > stream.CachedInfo().State.LastSeq { // it was restored from before: begin anew
		at = 0
		if err := c.reports.ForgetVisits(ctx); err != nil {
			return err
		}
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: at + 1})
	if err != nil {
		return fmt.Errorf("events: %w", err)
	}
	for ctx.Err() == nil {
		got, err := consumer.Fetch(eventBatch, jetstream.FetchMaxWait(eventPause))
		if err != nil {
			return fmt.Errorf("events: %w", err)
		}
		var batch []report.Event
		for m := range got.Messages() {
			meta, err := m.Metadata()
			if err != nil {
				return fmt.Errorf("events: %w", err)
			}
			at = meta.Sequence.Stream
			if e, ok := c.event(m.Subject(), m.Data(), meta.Timestamp); ok {
				batch = append(batch, e)
			}
		}
		if err := got.Error(); err != nil && !errors.Is(err, jetstream.ErrNoMessages) && ctx.Err() == nil {
			return fmt.Errorf("events: %w", err)
		}
		if len(batch) > 0 {
			if err := c.reports.Hear(ctx, batch, at, time.Now()); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxClock is how far a kiosk's clock may be ahead of ours.
const maxClock = 10 * time.Minute

// event reads one. Of a kiosk whose clock is far off, what counts is when it came.
func (c *centre) event(subject string, data []byte, came time.Time) (report.Event, bool) {
	token := strings.Split(subject, ".")
	var e link.Event
	if len(token) != 3 || !dossier.ValidKiosk(token[1]) || json.Unmarshal(data, &e) != nil || len(e.Origin) > 64 || (token[2] == link.EventDossier) != e.Receipt.Valid() {
		c.log.Warn("an event that is none", "subject", subject)
		return report.Event{}, false
	}
	if e.At.Sub(came) > maxClock || came.Sub(e.At) > link.KeepEvents {
		e.At = came
	}
	k, _ := c.city.kiosk(token[1])
	out := report.Event{Kiosk: token[1], Unit: k.Unit, Origin: e.Origin, Seq: e.Seq, At: e.At, Kind: token[2], Code: e.Code, Detail: e.Detail, Receipt: string(e.Receipt)}
	if token[2] == link.EventJourneys {
		n := func(step string) int { return max(0, e.Steps[step].N) }
		out.Visits = &report.Visits{
			Visits: n(link.StepVisit), Reads: n(link.StepRead), ReadMillis: max(0, e.Steps[link.StepRead].Millis), Failed: n(link.StepFailed),
			Done: n(link.StepDone), DoneMillis: max(0, e.Steps[link.StepDone].Millis), Tickets: n("ticket"), Dossiers: n("dossier"),
			Abandoned: n("abandoned"), NotSaved: n("not-saved"),
		}
	}
	return out, true
}

// A toldChange has the words of its condition.
type toldChange struct {
	report.Change
	Text *health.Text `json:"text"`
}

// apiLately is what a kiosk did in the last 24 hours, and its days of the last month.
func (c *centre) apiLately(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	k, err := c.theirs(r, who)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	hours, changes, err := c.reports.Lately(r.Context(), k.ID, now.Add(-24*time.Hour))
	if err != nil {
		return nil, err
	}
	told := []toldChange{}
	for _, one := range changes {
		t := toldChange{Change: one}
		if d, ok := health.Declared(one.Code); ok {
			t.Text = &d.Text
		}
		told = append(told, t)
	}
	days, err := c.reports.VisitLines(r.Context(), report.ByDay, report.Day(now.AddDate(0, 0, -30)), "", nil, k.ID)
	return map[string]any{"hours": hours, "changes": told, "days": days}, err
}
