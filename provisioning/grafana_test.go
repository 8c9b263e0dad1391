package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

var metricName = regexp.MustCompile(`\b(tiepdan|process|go)_[a-z_]+`)

// Every metric that the Grafana dashboard asks for is one that the centre has.
func TestGrafana(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../deploy/grafana/tiepdan-centre.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil || len(board.Panels) < 8 {
		t.Fatalf("%d panels: %v", len(board.Panels), err)
	}
	h := openHall(t, t.TempDir())
	h.fault("500", 1) // something waits, too
	d := h.enrol()
	d.receipt(d.file(), 1)
	page := "\n" + get(t, h.url+"/metrics")
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			names := metricName.FindAllString(target.Expr, -1)
			if len(names) == 0 {
				t.Errorf("%s asks for nothing: %s", panel.Title, target.Expr)
			}
			for _, name := range names {
				if !strings.Contains(page, "\n"+name+"{") && !strings.Contains(page, "\n"+name+" ") {
					t.Errorf("%s: there is no %s", panel.Title, name)
				}
			}
		}
	}
}
