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
	deadline := time.Now().Add(15 * time.Second) // nothing a kiosk does takes longer
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
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

// awaitFor waits at most d. A wait that ends without ok has spoilt the socket: connect again.
func (p *page) awaitFor(ctx context.Context, d time.Duration, ok func(wire.View) bool) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return p.await(ctx, ok)
}

func on(names ...string) func(wire.View) bool {
	return func(v wire.View) bool { return slices.Contains(names, v.Name) }
}

// press presses and waits for what comes of it: another epoch; where a paper was
// chosen, which kills no press, another view; or a refusal.
func (p *page) press(ctx context.Context, c wire.Command) error {
	c.Screen = p.view.Screen
	before := p.view
	if err := p.send(c); err != nil {
		return err
	}
	err := p.await(ctx, func(v wire.View) bool {
		return v.Screen != before.Screen || refusal(v) != "" || c.Action == "paper" && v.Rev != before.Rev
	})
	if err != nil {
		return fmt.Errorf("after %q with %q on %q (%s): %w", c.Action, c.Value, before.Name, asked(before), err)
	}
	return nil
}

// asked names the question of a screen, for errors.
func asked(v wire.View) string {
	if v.Question == nil {
		return ""
	}
	return v.Question.Name + ", " + v.Question.Type
}

// refusal is what the screen says of an answer it does not take.
func refusal(v wire.View) string {
	switch {
	case v.Question != nil && v.Question.Error != nil:
		return v.Question.Name + ": " + v.Question.Error.Code
	case v.Papers != nil && v.Papers.Error != nil:
		return "papers: " + v.Papers.Error.Code
	case v.Consent != nil && v.Consent.Error != nil:
		return "consent: " + v.Consent.Error.Code
	}
	return ""
}

// errStuck says that a robot does not know how to go on: a finding, not a fault of the line.
var errStuck = errors.New("stuck")

// file files procedure as a person with a card laid would, answering every
// question with something valid, until the receipt is recorded.
func (p *page) file(ctx context.Context, service, procedure string) error {
	for range 200 {
		if p.view.Name == "receipt" && p.view.Receipt.State != "recording" {
			return nil
		}
		c, ok, err := move(p.view, service, procedure, nil)
		switch {
		case err != nil:
		case ok:
			err = p.press(ctx, c)
		default:
			err = p.next(ctx)
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: 200 steps and no receipt", errStuck)
}

// move is what a person who files procedure presses on this view, with answers
// by name of question where they matter and something valid elsewhere. It is
// not ok while there is nothing to press: the card is awaited, or being read.
func move(v wire.View, service, procedure string, answers map[string]string) (c wire.Command, ok bool, err error) {
	if why := refusal(v); why != "" {
		return c, false, fmt.Errorf("%w: refused: %s", errStuck, why)
	}
	switch v.Name {
	case "attract", "read-card", "reading", "receipt":
		return c, false, nil
	case "menu":
		c.Action = "file"
	case "services":
		return wire.Command{Action: "service", Value: service}, true, nil
	case "procedures":
		return wire.Command{Action: "procedure", Value: procedure}, true, nil
	case "case":
		if v.Case.Chosen == "" {
			return wire.Command{Action: "case", Value: v.Case.Items[0].Code}, true, nil
		}
		c.Action = "next"
	case "question":
		if v.Question == nil {
			return c, false, fmt.Errorf("%w: a question without words", errStuck)
		}
		c.Action = "next"
		if c.Value, ok = answers[v.Question.Name]; !ok {
			c.Value = answerTo(v.Question)
		}
	case "papers":
		for _, item := range v.Papers.Items {
			if item.How == "" && !item.Optional {
				return wire.Command{Action: "paper", Values: map[string]string{"code": item.Code, "how": "counter"}}, true, nil
			}
		}
		c.Action = "next"
	case "consent":
		c.Action, c.Values = "next", map[string]string{}
		for _, purpose := range v.Consent.Purposes {
			c.Values[purpose.Code] = "true"
		}
	case "review":
		c.Action = "confirm"
	default:
		c.Action = "next"
	}
	if !slices.Contains(v.Actions, c.Action) {
		return c, false, fmt.Errorf("%w: screen %q offers no %q", errStuck, v.Name, c.Action)
	}
	return c, true, nil
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
		return "15/08/1996" // a grown-up's birth, a wedding, and not the future
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

// leave takes the card and ends the visit, whatever it asks.
func (r *rig) leave(ctx context.Context, p *page) error {
	if err := r.pull(); err != nil {
		return err
	}
	return r.toAttract(ctx, p)
}
