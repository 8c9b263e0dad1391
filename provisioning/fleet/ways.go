package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/smtp"
	"strconv"
	"strings"
	"time"

	"tiepdan/kiosk/health"
)

func plural(kiosks int) string { return strconv.Itoa(kiosks) + " kiosk" }

// A Way is how an alert reaches people. Tell is called again until it succeeds, so that
// an alert may be told twice; it is given thirty seconds.
type Way interface {
	// Name is constant: what was told is remembered under it.
	Name() string
	Tell(ctx context.Context, a Alert) error
}

// Webhook POSTs each alert as JSON.
type Webhook struct {
	URL    string
	Client *http.Client
}

func (Webhook) Name() string { return "webhook" }

// Tell sends {state, subject, …alert}. Any answer of 200 to 299 is a success.
func (w Webhook) Tell(ctx context.Context, a Alert) error {
	body, err := json.Marshal(struct {
		State   string `json:"state"`
		Subject string `json:"subject"`
		Alert
	}{a.Says(), a.Subject(), a.public()})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", a.ID+"-"+strconv.FormatInt(a.Raised.Unix(), 10)+"-"+a.Says())
	resp, err := w.Client.Do(req)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("webhook: %s", resp.Status)
	}
	return nil
}

// public leaves out what is the centre's own business.
func (a Alert) public() Alert {
	a.Told = nil
	return a
}

// Mail sends each alert by SMTP, with STARTTLS where the server has it; a password is
// given only over TLS or to this machine itself (net/smtp refuses otherwise).
type Mail struct {
	Server         string // HOST:PORT
	User, Password string // none: no sign-in
	From           string
	To             []string
}

func (Mail) Name() string { return "mail" }

// Tell sends one letter to all.
func (m Mail) Tell(ctx context.Context, a Alert) error {
	host, _, err := net.SplitHostPort(m.Server)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	var auth smtp.Auth
	if m.User != "" {
		auth = smtp.PlainAuth("", m.User, m.Password, host)
	}
	done := make(chan error, 1)
	go func() { done <- smtp.SendMail(m.Server, auth, m.From, m.To, m.letter(a)) }() // it has no context
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("mail: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("mail: %w", ctx.Err())
	}
}

// actors are who acts, in the words of a letter.
var actors = map[health.Actor]string{
	health.Site: "người trực tại điểm", health.Technician: "kỹ thuật viên", health.Centre: "trung tâm",
}

// letter is the alert as a mail (RFC 5322), Vietnamese.
func (m Mail) letter(a Alert) []byte {
	var b strings.Builder
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", m.From)
	header("To", strings.Join(m.To, ", "))
	header("Subject", mime.BEncoding.Encode("utf-8", a.Subject()))
	header("Date", time.Now().Format(time.RFC1123Z))
	header("Message-ID", fmt.Sprintf("<%s.%d.%s@tiepdan>", a.ID, a.Raised.UnixNano(), a.Says()))
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "8bit")
	b.WriteString("\r\n")
	for _, t := range a.Conditions {
		fmt.Fprintf(&b, "%s\r\nViệc đầu tiên (%s): %s\r\n\r\n", t.Text.VI, actors[t.Who], t.Step.VI)
	}
	if a.Site != "" {
		fmt.Fprintf(&b, "Nơi đặt: %s, %s\r\n", a.UnitName, a.Site)
	}
	const most = 50
	list := a.Kiosks
	fmt.Fprintf(&b, "%s: %s", plural(len(list)), strings.Join(list[:min(most, len(list))], ", "))
	if len(list) > most {
		fmt.Fprintf(&b, " … (+%d)", len(list)-most)
	}
	fmt.Fprintf(&b, "\r\nTừ: %s\r\n", a.Raised.Format("15:04 02/01/2006"))
	if !a.Resolved.IsZero() {
		fmt.Fprintf(&b, "Đã hết lúc: %s\r\n", a.Resolved.Format("15:04 02/01/2006"))
	}
	return []byte(b.String())
}
