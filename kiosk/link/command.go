package link

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/nats-io/nats.go"

	"tiepdan/kiosk/health"
)

// Verbs of cmd.<id>.<verb>: what the centre may have a kiosk do. None carries or answers
// with anything of a person.
const (
	VerbIdentify  = "identify"   // shows and sounds which kiosk this is
	VerbRestart   = "restart"    // begins anew, once nobody stands there
	VerbTestPrint = "test-print" // prints the test page
	VerbReadiness = "readiness"  // examines the kiosk; answers with a [health.Diagnosis]
	VerbLogs      = "logs"       // answers with the last lines of its log
)

// Verbs are all of them.
var Verbs = []string{VerbIdentify, VerbRestart, VerbTestPrint, VerbReadiness, VerbLogs}

// CommandSubject is where a kiosk hears a command.
func CommandSubject(kiosk, verb string) string { return "cmd." + kiosk + "." + verb }

// Why a kiosk does not do what it is told.
var (
	ErrVisit   = errors.New("somebody stands at the kiosk")
	ErrPaper   = errors.New("the paper did not come out")
	ErrUnknown = errors.New("this kiosk knows no such command")
)

// Done answers a command. Error is one of the codes below, "" if it was done.
type Done struct {
	Error     string            `json:"error,omitempty"` // visit | paper | unknown | failed
	Detail    string            `json:"detail,omitempty"`
	Diagnosis *health.Diagnosis `json:"diagnosis,omitempty"`
	Log       string            `json:"log,omitempty"` // lines of JSON, the newest last
}

// Obey sets what answers commands, before Run. It is called by one goroutine a command.
func (c *Conn) Obey(do func(ctx context.Context, verb string) (Done, error)) {
	c.obey = do
}

// command answers one, within the time in which an answer is let through.
func (c *Conn) command(ctx context.Context, m *nats.Msg) {
	ctx, cancel := context.WithTimeout(ctx, ResponseWindow)
	defer cancel()
	verb := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
	done, err := c.obey(ctx, verb)
	if err != nil {
		done.Error, done.Detail = "failed", err.Error()
		for code, known := range map[string]error{"visit": ErrVisit, "paper": ErrPaper, "unknown": ErrUnknown} {
			if errors.Is(err, known) {
				done.Error = code
			}
		}
	}
	c.log.Info("command", "verb", verb, "result", done.Error)
	b, err := json.Marshal(done)
	if err == nil {
		err = m.Respond(b)
	}
	if err != nil {
		c.log.Warn("a command's answer did not leave", "verb", verb, "err", err)
	}
}
