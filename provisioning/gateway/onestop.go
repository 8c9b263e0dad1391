package gateway

import (
	"context"
	"fmt"
	"time"
)

// OneStop is the city's system. Its own kiosk API is unknown, so that this is
// an interface; [National] speaks the national sync shape.
type OneStop interface {
	// Submit files one item at an agency, once: with a MaHoSoNguon that it
	// knows, it answers with the code it gave before. A [*Refusal] is final; any other
	// error means that it may or may not be there, and to ask again.
	Submit(ctx context.Context, agency string, item Item) (Filed, error)
	// Statuses tells where dossiers stand, at most ten at a time; it leaves
	// out those it doesn't know.
	Statuses(ctx context.Context, agency string, codes []string) ([]Filed, error)
}

// Filed is what One-Stop says of one dossier.
type Filed struct {
	Code    string // 000.00.06.H26-261122-0361
	Status  int    // 1–10, as One-Stop has it
	Existed bool   // "đã tồn tại": an answer before this one was lost
	// When it was accepted, and when the result is due; zero until an officer said.
	Received, Due time.Time
}

// A Refusal is a business reason: the same item again would be refused again.
type Refusal struct {
	Code    string
	Message string // One-Stop's own words; may name people
}

func (r *Refusal) Error() string { return fmt.Sprintf("One-Stop refuses: error_code %q", r.Code) }
