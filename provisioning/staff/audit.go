package staff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A Deed is what somebody did, or tried to do, at the centre. It holds no personal
// data but the name of who did it.
type Deed struct {
	At     time.Time `json:"at"`
	Who    string    `json:"who"` // a person, or "operator" of the command line
	From   string    `json:"from,omitempty"`
	What   string    `json:"what"`             // "kiosk.revoke"
	Target string    `json:"target,omitempty"` // a kiosk, a receipt, a person
	Unit   string    `json:"unit,omitempty"`   // of the target; none: the whole city's
	Result string    `json:"result"`           // "ok", or why not
	Detail string    `json:"detail,omitempty"`
}

// Audit is the list of deeds, in a stream that nobody can change: entries leave it by
// age alone.
type Audit struct {
	stream jetstream.Stream
	js     jetstream.JetStream
}

// AuditStream is that stream.
const AuditStream = "AUDIT"

const auditSubject = "audit"

// OpenAudit opens the stream, or makes it; keep is how long deeds are remembered.
func OpenAudit(ctx context.Context, js jetstream.JetStream, replicas int, keep time.Duration) (*Audit, error) {
	s, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: AuditStream, Subjects: []string{auditSubject}, Description: "who did what at the centre",
		Storage: jetstream.FileStorage, MaxAge: keep, DenyDelete: true, DenyPurge: true, AllowDirect: true, Replicas: replicas,
	})
	if err != nil {
		return nil, fmt.Errorf("staff: audit: %w", err)
	}
	return &Audit{s, js}, nil
}

// Note keeps a deed; what can't be noted must not be done.
func (a *Audit) Note(ctx context.Context, d Deed) error {
	d.At = time.Now().UTC()
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if _, err := a.js.Publish(ctx, auditSubject, data); err != nil {
		return fmt.Errorf("staff: audit: %w", err)
	}
	return nil
}

// Last returns up to n deeds that show wants, the newest first.
func (a *Audit) Last(ctx context.Context, n int, show func(Deed) bool) ([]Deed, error) {
	info, err := a.stream.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("staff: audit: %w", err)
	}
	deeds := []Deed{}
	// A page looks at so many at most: who sees one unit does not read a year of the city's.
	const most = 5000
	for seq := info.State.LastSeq; seq >= max(info.State.FirstSeq, 1) && len(deeds) < n && info.State.LastSeq-seq < most; seq-- {
		m, err := a.stream.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("staff: audit: %w", err)
		}
		var d Deed
		if err := json.Unmarshal(m.Data, &d); err != nil {
			return nil, fmt.Errorf("staff: audit: entry %d: %w", seq, err)
		}
		if show(d) {
			deeds = append(deeds, d)
		}
	}
	return deeds, nil
}
