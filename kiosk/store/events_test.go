package store

import (
	"path/filepath"
	"testing"
	"time"
)

// Events wait in their order over a restart, are forgotten when the centre has them, and
// their numbers are never used again; those of a kiosk that was away too long are bounded.
func TestEvents(t *testing.T) {
	s, path := newStore(t)
	at := time.Date(2026, 11, 30, 8, 15, 0, 0, time.UTC)
	for _, kind := range []string{"started", "raised", "cleared"} {
		if err := s.AddEvents(t.Context(), Event{Kind: kind, At: at, Body: []byte(`{"code":"paper-out"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	origin, events, err := s.Events(t.Context(), 2)
	if err != nil || origin == "" || len(events) != 2 || events[0].Kind != "started" || !events[1].At.Equal(at) || string(events[1].Body) != `{"code":"paper-out"}` {
		t.Fatal(origin, events, err)
	}
	if err := s.DropEvents(t.Context(), events[1].Seq); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, path)
	again, events, err := s.Events(t.Context(), 10)
	if err != nil || again != origin || len(events) != 1 || events[0].Kind != "cleared" || events[0].Seq != 3 {
		t.Fatal(again, events, err)
	}
	if err := s.DropEvents(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if err := s.AddEvents(t.Context(), Event{Kind: "raised", At: at, Body: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if _, events, _ = s.Events(t.Context(), 10); events[0].Seq != 4 {
		t.Error("a number was used again:", events)
	}
	if _, err := s.write.Exec(`INSERT INTO events (seq, kind, at, body) VALUES (?, 'raised', 0, '{}')`, 3+maxEvents); err != nil {
		t.Fatal(err)
	}
	if err := s.AddEvents(t.Context(), Event{Kind: "raised", At: at, Body: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if _, events, _ = s.Events(t.Context(), 10); len(events) != 2 || events[0].Seq != 3+maxEvents {
		t.Error("the oldest are not forgotten:", events)
	}
	if other := open(t, filepath.Join(t.TempDir(), FileName)); other != nil {
		if name, _, _ := other.Events(t.Context(), 1); name == origin {
			t.Error("two files of one name")
		}
	}
}
