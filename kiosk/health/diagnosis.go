package health

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// States of a finding. Only Fail keeps a kiosk from being opened.
const (
	Fine = "ok"
	Warn = "warn"
	Fail = "fail"
)

// A Finding is what was found of one part of the kiosk.
type Finding struct {
	Check      string      `json:"check"` // config, centre, anchors, reader, printer, scanner, camera, disk, clock, browser
	Name       Text        `json:"name"`
	State      string      `json:"state"` // ok, warn, fail
	Found      string      `json:"found,omitempty"`
	Condition  string      `json:"condition,omitempty"` // its code, if it has one
	What       Text        `json:"what,omitzero"`
	Do         Text        `json:"do,omitzero"`
	Candidates []Candidate `json:"candidates,omitempty"`
}

// A Candidate is a device the configuration could name.
type Candidate struct {
	Device string `json:"device"`         // /dev/ttyUSB0
	Name   string `json:"name,omitempty"` // what it calls itself
	Config string `json:"config"`         // the lines that name it
}

// A Diagnosis is all of it, at one moment: what a technician leaves behind.
type Diagnosis struct {
	Ready    bool      `json:"ready"`
	At       time.Time `json:"at"`
	Kiosk    string    `json:"kiosk,omitempty"`
	Findings []Finding `json:"findings"`
}

// Bad makes a finding say what a condition says.
func (f Finding) Bad(code, found string) Finding {
	f.Condition, f.Found, f.State = code, found, Fail
	if d, ok := Declared(code); ok {
		f.What, f.Do = d.Text, d.Step
		if d.Severity == Info || d.Severity == Warning {
			f.State = Warn
		}
	}
	return f
}

// Good makes it say that nothing is the matter.
func (f Finding) Good(found string) Finding {
	f.State, f.Found = Fine, found
	return f
}

// Judge says whether a kiosk with these findings may be opened.
func (d *Diagnosis) Judge() {
	d.Ready = !slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.State == Fail })
}

// In is the text in a language: vi, or en.
func (t Text) In(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.VI
}

// StateWord is how a state is said.
func StateWord(state string) Text {
	return map[string]Text{Fine: {"tốt", "ok"}, Warn: {"lưu ý", "note"}, Fail: {"HỎNG", "FAULT"}}[state]
}

// Write writes it as a table in one language, or as JSON.
func (d Diagnosis) Write(w io.Writer, lang string, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(d)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range d.Findings {
		says := slices.DeleteFunc([]string{f.What.In(lang), f.Found}, func(s string) bool { return s == "" })
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.Name.In(lang), StateWord(f.State).In(lang), strings.Join(says, " "))
		if do := f.Do.In(lang); do != "" {
			fmt.Fprintf(t, "\t\t→ %s\n", do)
		}
		for _, c := range f.Candidates {
			fmt.Fprintf(t, "\t\t  %s  %s\n\t\t    %s\n", c.Device, c.Name, c.Config)
		}
	}
	end := Text{"CHƯA MỞ ĐƯỢC: còn chỗ HỎNG ở trên", "NOT READY: see each FAULT above"}
	if d.Ready {
		end = Text{"SẴN SÀNG", "READY"}
	}
	fmt.Fprintf(t, "\n%s\n", end.In(lang))
	return t.Flush()
}
