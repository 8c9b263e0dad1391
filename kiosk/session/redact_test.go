package session

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
)

// A careless log line tells nobody's name.
func TestPersonalValuesPrintAsTheirKind(t *testing.T) {
	const canary = "Nguyễn Canary"
	filing := Filing{Answers: map[string]string{"x": canary}, Papers: map[string]PaperChoice{"p": {How: HowECert, Number: canary}}}
	visit := Visit{
		Token: canary, Who: Who{Given: canary}, Filing: filing, Key: card.Key{CAN: canary},
		Holder: &Holder{Identity: cccd.Identity{Name: canary}}, Slip: &printer.Slip{Applicant: canary},
	}
	for _, v := range []any{
		visit, State{Visit: visit}, filing, visit.Who, filing.Papers["p"], Pressed{Value: canary, Values: map[string]string{"v": canary}},
		Hello{canary}, Scanned{canary}, CardRead{Identity: cccd.Identity{Name: canary}}, PrintJob{Visit: canary, Paper: printer.Slip{Applicant: canary}},
		PrintPaper{PrintJob{Visit: canary, Paper: printer.Slip{Applicant: canary}}}, ReadCard{Key: card.Key{CAN: canary}},
	} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v)
		if _, effect := v.(Effect); !effect { // effects are logged nowhere; as JSON they would give their fields
			slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v)
		}
		if s := out.String(); strings.Contains(s, canary) || strings.Contains(s, fmt.Sprintf("%x", canary)) {
			t.Errorf("%T: %s", v, s)
		}
	}
}
