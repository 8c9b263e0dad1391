package link

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tiepdan/kiosk/dossier"
)

// Kinds of event.<id>.<kind>.
const (
	EventStarted  = "started"  // the daemon began: conditions of before are over
	EventRaised   = "raised"   // a condition began to be reported
	EventCleared  = "cleared"  // and is reported no more
	EventJourneys = "journeys" // visits, counted since the last of these
	EventDossier  = "dossier"  // what became of a dossier here, by its receipt number
)

// EventSubject is where an event goes.
func EventSubject(kiosk, kind string) string { return "event." + kiosk + "." + kind }

// An Event is something that happened at a kiosk, told once. Origin and Seq number it:
// one that comes twice is counted once. Nothing in it is about a person.
type Event struct {
	Origin string    `json:"origin"`
	Seq    int64     `json:"seq"`
	At     time.Time `json:"at"`
	EventBody
}

// EventBody is what a kiosk keeps of it until it is told.
type EventBody struct {
	Code   string             `json:"code,omitempty"` // of the condition
	Detail string             `json:"detail,omitempty"`
	Steps  map[string]Journey `json:"steps,omitempty"` // of the hour that At is in
	// Receipt is whose EventDossier it is; Code then is [DossierPurged], or how its slip came
	// out: printed | not-printed | unknown.
	Receipt dossier.ReceiptNumber `json:"receipt,omitempty"`
}

// A Journey is how often a step of visits was reached, and how long it took in all.
type Journey struct {
	N      int   `json:"n"`
	Millis int64 `json:"ms,omitempty"`
}

// DossierPurged: the gateway has signed, and nothing but the receipt is left of it here.
const DossierPurged = "purged"

// Steps that are counted beside those of the session.
const (
	StepVisit  = "visit"
	StepRead   = "card-read" // Millis: of reading and verifying
	StepDone   = "done"      // the first ticket or dossier of a visit; Millis: since its first touch
	StepFailed = "card-failed"
)

const maxDetail = 200

// PublishEvent hands one over: when it returns nil, the centre has it on disk.
func (c *Conn) PublishEvent(ctx context.Context, kind string, e Event) error {
	e.Detail = strings.ToValidUTF8(e.Detail[:min(len(e.Detail), maxDetail)], "")
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRejected, err)
	}
	return c.publish(ctx, EventSubject(c.creds.Kiosk, kind), b, fmt.Sprintf("%s.%d", e.Origin, e.Seq), StreamEvents)
}
