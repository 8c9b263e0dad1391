package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/link"
	"tiepdan/provisioning/report"
	"tiepdan/provisioning/staff"
)

// What a kiosk tells of its visits is on its page and in the reports within moments, once
// however often it was told, by the centre's clock where its own is far off; of another
// ward's kiosk nobody hears; and all of it is made again when the cache is lost.
func TestEvents(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	h := openHall(t, data, anyTOTP)
	ours, theirs := h.person("badinh", staff.Viewer, "00004"), h.person("other", staff.Viewer, "00008")
	d := h.enrol()
	now := time.Now().UTC()
	tell := func(seq int64, kind string, at time.Time, body link.EventBody) {
		t.Helper()
		if err := d.conn.PublishEvent(t.Context(), kind, link.Event{Origin: "0123456789abcdef", Seq: seq, At: at, EventBody: body}); err != nil {
			t.Fatal(err)
		}
	}
	visits := link.EventBody{Steps: map[string]link.Journey{"visit": {N: 4}, "card-read": {N: 3, Millis: 6000}, "done": {N: 3, Millis: 90_000}, "ticket": {N: 2}, "dossier": {N: 1}, "abandoned": {N: 1}, "no-such-step": {N: 9}}}
	tell(1, link.EventStarted, time.Date(1970, 1, 1, 0, 0, 5, 0, time.UTC), link.EventBody{}) // its battery is dead
	tell(2, link.EventRaised, now.Add(-time.Minute), link.EventBody{Code: "paper-out", Detail: strings.Repeat("ố", 300)})
	tell(3, link.EventJourneys, now, visits)
	tell(3, link.EventJourneys, now, visits)
	tell(4, link.EventCleared, now.Add(90*24*time.Hour), link.EventBody{Code: "paper-out"}) // and the new one says 2027

	filed := d.file()
	receipt := d.receipt(filed, 1)
	tell(5, link.EventDossier, now, link.EventBody{Receipt: filed.Receipt, Code: "printed"})
	tell(6, link.EventDossier, now.Add(time.Second), link.EventBody{Receipt: filed.Receipt, Code: link.DossierPurged})

	type lately struct {
		Hours   []report.Hour
		Days    []report.VisitLine
		Changes []struct {
			At         time.Time
			Kind, Code string
			Text       *struct{ VI string }
		}
	}
	holds := func(h *person) {
		t.Helper()
		var got lately
		if err := until(t, func() (bool, error) {
			got = lately{}
			status := h.do("GET", "kiosks/00004-01/lately", nil, &got)
			return status == 200 && len(got.Changes) == 3, nil
		}); err != nil {
			t.Fatal(err, got)
		}
		if len(got.Hours) != 1 || got.Hours[0].Visits != 4 || got.Hours[0].Done != 3 || len(got.Days) != 2 || got.Days[1].DoneMillis != 90_000 {
			t.Errorf("visits: %+v", got)
		}
		for _, c := range got.Changes {
			if time.Since(c.At).Abs() > 2*time.Minute || (c.Code == "paper-out") != (c.Text != nil && c.Text.VI != "") {
				t.Errorf("change: %+v", c)
			}
		}
		for by, key := range map[string]string{"unit": "00004", "kiosk": "00004-01", "day": report.Day(now)} {
			var lines []struct {
				report.VisitLine
				Name string
			}
			if status := h.do("GET", "visits?by="+by, nil, &lines); status != 200 || len(lines) != 2 || lines[0].Key != key || lines[0].Visits.Visits != 4 || lines[1].Tickets != 2 {
				t.Errorf("by %s: %d %+v", by, status, lines)
			}
		}
	}
	holds(ours)
	var life struct {
		Record struct{ Life []struct{ What string } }
	}
	if err := until(t, func() (bool, error) {
		ours.do("GET", "receipts/"+string(filed.Receipt), nil, &life)
		said := fmt.Sprint(life.Record.Life)
		return strings.Contains(said, "{slip-printed}") && strings.Contains(said, "{purged}") && strings.Contains(said, "{filed}"), errors.New(said)
	}); err != nil {
		t.Error(err)
	}
	for _, number := range []string{string(filed.Receipt), filed.Receipt.Grouped(), receipt.Code} {
		if said, err := h.run("receipt", number); err != nil || !strings.Contains(said, receipt.Code) || !strings.Contains(said, "slip-printed") {
			t.Error(said, err)
		}
	}
	if _, err := h.run("receipt", "K7QD3M9XV2TA"); err == nil {
		t.Error("a receipt that is not there")
	}
	var none []report.VisitLine
	if status := theirs.do("GET", "visits?by=kiosk", nil, &none); status != 200 || len(none) != 1 || none[0].Visits != (report.Visits{}) {
		t.Errorf("the other ward: %d %+v", status, none)
	}
	if status := ours.do("GET", "visits?by=procedure", nil, nil); status != 400 {
		t.Error("visits by procedure:", status)
	}
	if resp, err := ours.Get(h.url + "/api/visits.csv?by=kiosk"); err != nil || resp.StatusCode != 200 || !strings.Contains(resp.Header.Get("Content-Disposition"), "tiepdan-luot-kiosk.csv") {
		t.Error(resp, err)
	}

	h.stop()
	for _, f := range must(filepath.Glob(filepath.Join(data, "centre", "report.db*"))) {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	h = openHall(t, data, anyTOTP)
	again := h.anybody()
	if status := again.do("POST", "session", map[string]string{"name": "badinh", "password": personPassword}, nil); status != 200 {
		t.Fatal(status)
	}
	holds(again)
}
