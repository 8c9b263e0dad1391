//go:build !release

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"

	"tiepdan/drivers/card/cardsim"
	"tiepdan/kiosk/session"
	"tiepdan/kiosk/wire"
)

// TestStories tells every visit of testdata/stories against the real session,
// records, store, queue and outbox, with simulated devices and a centre in
// memory. A story is a txtar file: prose, then "-- script --" and one verb a
// line; the verbs are the table below.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/stories/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := script(raw)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			synctest.Test(t, func(t *testing.T) {
				s := newStory(t)
				for _, line := range lines {
					if err := s.tell(line.text); err != nil {
						view, _ := s.screen.look()
						b, _ := json.MarshalIndent(view, "", "  ")
						t.Fatalf("%s:%d: %s\n%v\nThe screen shows %s", file, line.number, line.text, err, b)
					}
				}
				if found := s.leaks(); found != nil {
					t.Errorf("%s: a person's words stay behind:\n%s", file, strings.Join(found, "\n"))
				}
			})
		})
	}
}

type scriptLine struct {
	number int
	text   string
}

// script finds the lines of a story that say something, with their places in
// the file.
func script(raw []byte) ([]scriptLine, error) {
	a := txtar.Parse(raw)
	if len(a.Files) != 1 || a.Files[0].Name != "script" {
		return nil, fmt.Errorf("a story is prose and one file, script")
	}
	if len(strings.TrimSpace(string(a.Comment))) < 40 {
		return nil, fmt.Errorf("a story says first what it is about, and whose need that is")
	}
	number := strings.Count(string(a.Comment), "\n") + 1
	var lines []scriptLine
	for line := range strings.Lines(string(a.Files[0].Data)) {
		number++
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		if line != "" && line[0] != '#' {
			lines = append(lines, scriptLine{number, strings.TrimSpace(line)})
		}
	}
	return lines, nil
}

// A story is one being told.
type story struct {
	*storyHouse
	answers  map[string]string        // what this person answers, by question
	cards    map[string]*cardsim.Chip // by persona and fault
	personas []cardsim.Persona        // who has been here
	typed    []string                 // what was typed about a person
	receipt  string                   // number last shown
	code     string                   // official code last shown
	kept     string                   // a token somebody held on to
	digits   []string                 // tried on a chip
	heard    string                   // by the scanner, and not yet expected
	present  string                   // the persona who came last
	faces    map[string]string        // portraits shown, and whose
	pictures map[string]string        // all pictures shown, and to whom
}

func newStory(t *testing.T) *story {
	t.Helper()
	return &story{storyHouse: newStoryHouse(t), answers: map[string]string{}, cards: map[string]*cardsim.Chip{},
		faces: map[string]string{}, pictures: map[string]string{}}
}

// patience is how long a thing may take to come: as long as people wait without
// wondering.
const patience = 5 * time.Second

// A verb does what its line says; rest is the line behind the verb.
type verb func(s *story, args []string, rest string) error

func verbs() map[string]verb {
	return map[string]verb{
		// The counter with its devices.
		"tap":     (*story).tap,
		"lay":     (*story).lay,
		"scan":    (*story).scan,
		"scanner": (*story).scannerFault,
		"pull":    func(s *story, _ []string, _ string) error { s.reader.Remove(); return nil },
		"paper":   func(s *story, a []string, _ string) error { return s.printer.SetPaper(arg(a, 0)) },
		"cover":   func(s *story, a []string, _ string) error { return s.printer.SetCover(arg(a, 0)) },
		"line":    (*story).lineTo,
		"centre":  (*story).centreIs,
		"link":    (*story).link,
		"reader":  (*story).setReader,
		// The screen.
		"press":  func(s *story, a []string, rest string) error { return s.press(pressing(a, rest)) },
		"twice":  (*story).twice,
		"late":   (*story).late,
		"type":   func(s *story, _ []string, rest string) error { return s.typing(rest) },
		"touch":  func(s *story, _ []string, _ string) error { return s.press(wire.Command{Action: "touch"}) },
		"answer": (*story).answer,
		"file":   (*story).file,
		"reload": (*story).reload,
		"keep":   func(s *story, _ []string, _ string) error { s.kept = s.screen.token; return nil },
		// Time, and the daemon.
		"wait": (*story).wait,
		"kill": (*story).killed,
		"told": (*story).told,
		// The hall.
		"call":   func(s *story, a []string, _ string) error { return s.officer("call-next", arg(a, 0)) },
		"recall": func(s *story, a []string, _ string) error { return s.officer("recall", arg(a, 0)) },
		"finish": func(s *story, a []string, _ string) error { return s.officer("finish", arg(a, 0)) },

		"expect": (*story).expect,
	}
}

func arg(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

// tell does one line, and lets all that follows from it at once happen.
func (s *story) tell(line string) error {
	name, rest, _ := strings.Cut(line, " ")
	do, ok := verbs()[name]
	if !ok {
		return fmt.Errorf("there is no verb %q", name)
	}
	rest = strings.NewReplacer("$receipt", s.receipt, "$code", s.code).Replace(strings.TrimSpace(rest))
	if err := do(s, strings.Fields(rest), rest); err != nil {
		return err
	}
	s.settle()
	return nil
}

// settle waits until nothing moves any more but time, and notes what a person
// would have in hand.
func (s *story) settle() {
	synctest.Wait()
	v, doc := s.screen.look()
	if v.Receipt != nil {
		s.receipt, s.code = v.Receipt.Number, v.Receipt.Code
	}
	if v.Identity != nil && v.Identity.Portrait != "" {
		s.faces[strings.TrimPrefix(v.Identity.Portrait, wire.MediaPath)] = s.present
	}
	words(reflect.ValueOf(doc), "", func(_, word string) {
		if id, ok := strings.CutPrefix(word, wire.MediaPath); ok {
			s.pictures[id] = s.present
		}
	})
}

func pressing(args []string, rest string) wire.Command {
	_, value, _ := strings.Cut(rest, " ")
	return wire.Command{Action: arg(args, 0), Value: strings.TrimSpace(value)}
}

func (s *story) press(c wire.Command) error {
	v, _ := s.screen.look()
	if err := offered(v, c); err != nil {
		return err
	}
	c.Screen = v.Screen
	switch {
	case c.Action != "next" || c.Value == "":
	case v.ReadCard != nil:
		s.digits = append(s.digits, strings.Join(strings.Fields(c.Value), ""))
	default:
		s.typed = append(s.typed, personal(v, c.Value)...)
	}
	return s.screen.send(s.Context(), c)
}

// personal is what was typed, where it tells of a person.
func personal(v wire.View, value string) []string {
	if v.Question == nil || value == v.Question.Value || len([]rune(value)) < 6 {
		return nil // proposed to the person, or too short to be looked for
	}
	switch v.Question.Type {
	case "text", "name", "date", "digits", "phone", "email":
		return []string{value}
	}
	return nil
}

func (s *story) typing(value string) error {
	if value == `""` {
		value = ""
	}
	return s.press(wire.Command{Action: "next", Value: value})
}

// twice is a button that bounces: two presses on the same screen.
func (s *story) twice(args []string, rest string) error {
	v, _ := s.screen.look()
	c := pressing(args, rest)
	if err := s.press(c); err != nil {
		return err
	}
	c.Screen = v.Screen
	return s.screen.send(s.Context(), c)
}

// late is a press on the screen before, by somebody who has not seen it change.
func (s *story) late(args []string, rest string) error {
	c := pressing(args, rest)
	c.Screen = s.screen.before
	return s.screen.send(s.Context(), c)
}

func (s *story) answer(args []string, rest string) error {
	_, value, _ := strings.Cut(rest, " ")
	s.answers[arg(args, 0)] = strings.TrimSpace(value)
	return nil
}

// file goes the way of a procedure as far as the review, or a screen, or a
// question: file CODE [SCREEN|question:NAME].
func (s *story) file(args []string, _ string) error {
	code, until := arg(args, 0), cmp.Or(arg(args, 1), "review")
	svc, ok := s.cat.ServiceOf(code)
	if !ok {
		return fmt.Errorf("the catalogue has no procedure %q", code)
	}
	for range 200 {
		v, _ := s.screen.look()
		if place(v) == until || v.Name == until {
			return nil
		}
		c, ok, err := move(v, svc.Code, code, s.answers)
		switch {
		case err != nil:
			return err
		case ok:
			err = s.press(c)
		default:
			time.Sleep(50 * time.Millisecond)
		}
		if err != nil {
			return err
		}
		s.settle()
	}
	return fmt.Errorf("200 steps and not at %s", until)
}

// reload is the page coming back, or (reload kept) one with a token of before.
func (s *story) reload(args []string, _ string) error {
	if arg(args, 0) == "kept" {
		s.screen.keep(s.kept)
	}
	return s.screen.open(s.Context(), s.daemon.line)
}

// place is a screen's name, and on a question which.
func place(v wire.View) string {
	if v.Question != nil {
		return v.Name + ":" + v.Question.Name
	}
	return v.Name
}

func (s *story) wait(args []string, _ string) error {
	d, err := time.ParseDuration(arg(args, 0))
	time.Sleep(d)
	return err
}

// killed: the daemon dies and comes back, and the page finds it a second later.
func (s *story) killed([]string, string) error {
	if found := s.leaks(); found != nil {
		return fmt.Errorf("a person's words stay behind:\n%s", strings.Join(found, "\n"))
	}
	s.kill()
	time.Sleep(time.Second)
	return s.screen.open(s.Context(), s.daemon.line)
}

// told is the centre sending another configuration: told FIELD VALUE.
func (s *story) told(args []string, _ string) error {
	switch arg(args, 0) {
	case "filing_requires":
		s.cfg.FilingRequires = arg(args, 1)
	case "channel":
		s.cfg.Channels[arg(args, 1)] = arg(args, 2)
	case "anchors": // files beside the configuration, read at the start
		s.anchored = arg(args, 1) == "installed"
		return s.killed(nil, "")
	default:
		return fmt.Errorf("told filing_requires LEVEL, channel PROCEDURE KIND, anchors installed|none")
	}
	s.daemon.visits.Post(s.Context(), session.Told{Env: s.env()})
	return nil
}
