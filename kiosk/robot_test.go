package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"tiepdan/kiosk/wire"
)

// page is a browser page without a browser: it keeps the visit token and the
// newest view, and presses what the view offers.
type page struct {
	addr  string
	token string
	conn  *websocket.Conn
	view  wire.View
	seen  func(wire.View) // called for every view, may be nil
}

// connect opens the websocket and says hello with the token kept so far.
func (p *page) connect(ctx context.Context) error {
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
	conn, _, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+p.addr+"/ws", nil)
	if err != nil {
		return err
	}
	p.conn, p.view = conn, wire.View{}
	if err := p.send(wire.Command{Action: "hello", Visit: p.token}); err != nil {
		return err
	}
	return p.next(ctx)
}

func (p *page) close() {
	if p.conn != nil {
		p.conn.Close()
	}
}

func (p *page) send(c wire.Command) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	p.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	return p.conn.WriteMessage(websocket.TextMessage, b)
}

// next takes one view.
func (p *page) next(ctx context.Context) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(30 * time.Second)
	}
	p.conn.SetReadDeadline(deadline)
	_, b, err := p.conn.ReadMessage()
	if err != nil {
		return err
	}
	var v wire.View
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	p.view, p.token = v, v.Visit
	if p.seen != nil {
		p.seen(v)
	}
	return nil
}

// await takes views until ok.
func (p *page) await(ctx context.Context, ok func(wire.View) bool) error {
	for !ok(p.view) {
		if err := p.next(ctx); err != nil {
			return fmt.Errorf("waiting on screen %q: %w", p.view.Name, err)
		}
	}
	return nil
}

func on(names ...string) func(wire.View) bool {
	return func(v wire.View) bool { return slices.Contains(names, v.Name) }
}

// press presses and waits for another screen or another epoch.
func (p *page) press(ctx context.Context, c wire.Command) error {
	c.Screen = p.view.Screen
	before := p.view
	if err := p.send(c); err != nil {
		return err
	}
	err := p.await(ctx, func(v wire.View) bool { return v.Screen != before.Screen })
	if err != nil {
		return fmt.Errorf("after %q on %q: %w", c.Action, before.Name, err)
	}
	return nil
}

// errStuck says that a robot does not know how to go on: a finding, not a fault of the line.
var errStuck = errors.New("stuck")

// file files procedure as a person with a card laid would, answering every
// question with something valid, until the receipt is recorded.
func (p *page) file(ctx context.Context, service, procedure string) error {
	for range 200 {
		v := p.view
		var err error
		switch v.Name {
		case "attract", "read-card", "reading":
			err = p.next(ctx)
		case "identity":
			err = p.press(ctx, wire.Command{Action: "next"})
		case "menu":
			err = p.press(ctx, wire.Command{Action: "file"})
		case "services":
			err = p.press(ctx, wire.Command{Action: "service", Value: service})
		case "procedures":
			err = p.press(ctx, wire.Command{Action: "procedure", Value: procedure})
		case "procedure":
			err = p.press(ctx, wire.Command{Action: "next"})
		case "case":
			if v.Case.Chosen == "" {
				err = p.press(ctx, wire.Command{Action: "case", Value: v.Case.Items[0].Code})
			} else {
				err = p.press(ctx, wire.Command{Action: "next"})
			}
		case "question":
			if v.Question.Error != nil {
				return fmt.Errorf("%w: question %s refuses its answer: %s", errStuck, v.Question.Name, v.Question.Error.Code)
			}
			err = p.press(ctx, wire.Command{Action: "next", Value: answerTo(v.Question)})
		case "papers":
			err = p.papers(ctx)
		case "consent":
			given := map[string]string{}
			for _, c := range v.Consent.Purposes {
				given[c.Code] = "true"
			}
			err = p.press(ctx, wire.Command{Action: "next", Values: given})
		case "review":
			err = p.press(ctx, wire.Command{Action: "confirm"})
		case "receipt":
			if v.Receipt.State != "recording" {
				return nil
			}
			err = p.next(ctx)
		default:
			return fmt.Errorf("%w on screen %q", errStuck, v.Name)
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: 200 steps and no receipt", errStuck)
}

func (p *page) papers(ctx context.Context) error {
	for _, item := range p.view.Papers.Items {
		if item.How == "" && !item.Optional {
			c := wire.Command{Action: "paper", Values: map[string]string{"code": item.Code, "how": "counter"}}
			c.Screen = p.view.Screen
			if err := p.send(c); err != nil {
				return err
			}
			taken := func(v wire.View) bool {
				return v.Name != "papers" || slices.ContainsFunc(v.Papers.Items, func(i wire.PaperItem) bool { return i.Code == item.Code && i.How != "" })
			}
			if err := p.await(ctx, taken); err != nil {
				return err
			}
		}
	}
	return p.press(ctx, wire.Command{Action: "next"})
}

// answerTo finds something valid to say; what is proposed is accepted.
func answerTo(q *wire.Question) string {
	if q.Value != "" {
		return q.Value
	}
	switch q.Type {
	case "choice", "yesno", "unit":
		if len(q.Options) > 0 {
			return q.Options[0].Value
		}
		return "yes"
	case "date":
		return "15/08/2026"
	case "number":
		return "1"
	case "digits":
		return "001099000001"
	case "phone":
		return "0901234567"
	case "email":
		return "thu@example.vn"
	case "name":
		return "Nguyễn Thị Mẫu"
	}
	if strings.Contains(strings.ToLower(q.Name), "so") {
		return "123456"
	}
	return "Số 1, ngõ Thử Nghiệm"
}

// card lays a persona's card, and its QR is seen.
func (r *rig) card(persona string) error {
	return r.sim("POST", "card", map[string]any{"persona": persona})
}

func (r *rig) pull() error { return r.sim("DELETE", "card", nil) }

// fileOnce is a whole visit: card laid, procedure filed, receipt number seen, card taken.
func (r *rig) fileOnce(ctx context.Context, p *page, persona, service, procedure string) (string, error) {
	if err := p.await(ctx, on("attract")); err != nil {
		return "", err
	}
	if err := r.card(persona); err != nil {
		return "", err
	}
	if err := p.file(ctx, service, procedure); err != nil {
		return "", err
	}
	return p.view.Receipt.Number, nil
}

// leave ends the visit and takes the card.
func (r *rig) leave(ctx context.Context, p *page) error {
	if slices.Contains(p.view.Actions, "end") {
		if err := p.press(ctx, wire.Command{Action: "end"}); err != nil {
			return err
		}
	}
	if err := r.pull(); err != nil {
		return err
	}
	return p.await(ctx, on("attract"))
}
