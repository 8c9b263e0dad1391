package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/staff"
)

// A command reaches the kiosk it is for, its answer comes back, and all of it is in the
// audit, also what was not done.
func TestCommands(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	p := h.person("lan", staff.Operator, "00004")
	var did []string
	d := h.enrolThat(func(c *link.Conn) {
		c.Obey(func(_ context.Context, verb string) (link.Done, error) {
			did = append(did, verb)
			switch verb {
			case link.VerbReadiness:
				return link.Done{Diagnosis: &health.Diagnosis{Ready: true, Kiosk: "00004-01"}}, nil
			case link.VerbLogs:
				return link.Done{Log: "{}\n"}, nil
			case link.VerbTestPrint:
				return link.Done{}, errors.Join(link.ErrPaper, errors.New("paper out"))
			}
			return link.Done{}, nil
		})
	})
	id := d.creds.Kiosk
	type answer struct {
		Error, Detail string
		Diagnosis     *health.Diagnosis
		Log           string
	}
	for _, tt := range []struct {
		verb   string
		status int
		code   string
	}{
		{link.VerbIdentify, http.StatusOK, ""},
		{link.VerbReadiness, http.StatusOK, ""},
		{link.VerbLogs, http.StatusOK, ""},
		{link.VerbTestPrint, http.StatusConflict, "kiosk-paper"},
		{"format-disk", http.StatusNotFound, "not-there"},
	} {
		var got answer
		if status := p.do("POST", "kiosks/"+id+"/command/"+tt.verb, nil, &got); status != tt.status || got.Error != tt.code || (got.Diagnosis != nil) != (tt.verb == link.VerbReadiness) || (got.Log != "") != (tt.verb == link.VerbLogs) {
			t.Errorf("%s: %d %+v", tt.verb, status, got)
		}
	}
	if strings.Join(did, " ") != "identify readiness logs test-print" {
		t.Error("the kiosk did:", did)
	}
	d.conn.SetCut(true)
	d.waitFor(link.Down)
	if err := until(t, func() (bool, error) { // the bus has noticed
		var got answer
		return p.do("POST", "kiosks/"+id+"/command/identify", nil, &got) == http.StatusGatewayTimeout && got.Error == "kiosk-silent", nil
	}); err != nil {
		t.Error(err)
	}
	var code struct{ Code string }
	if status := p.do("POST", "kiosks/"+id+"/technician-code", nil, &code); status != 200 || len(code.Code) != 9 {
		t.Errorf("technician's code: %d %+v", status, code)
	}
	var page struct{ Config string }
	if p.do("GET", "kiosks/"+id, nil, &page); page.Config == "" || strings.Contains(page.Config, "argon2id") {
		t.Error("the page shows hashes:", page.Config)
	}
	var deeds []staff.Deed
	p.do("GET", "audit?kiosk="+id, nil, &deeds)
	found := map[string]bool{}
	for _, deed := range deeds {
		found[deed.What+" "+deed.Result] = true
	}
	for _, want := range []string{"kiosk.identify ok", "kiosk.test-print kiosk-paper", "kiosk.identify kiosk-silent", "kiosk.technician-code ok"} {
		if !found[want] {
			t.Errorf("%q is not in the audit: %+v", want, deeds)
		}
	}
}

// A technician's report is kept, and his undo shuts the machine out at once and frees the code.
func TestTechnicianAsks(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	p := h.person("lan", staff.Operator, "00004")
	code := h.code()
	creds, _, err := link.Enrol(t.Context(), h.url, code, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := h.connect(creds)
	var reply link.Answer
	if err := d.conn.Ask(t.Context(), link.WhatReadiness, health.Diagnosis{Ready: true, At: time.Now()}, &reply); err != nil || reply.Error != "" {
		t.Fatal(reply, err)
	}
	var page struct{ Readiness *health.Diagnosis }
	if p.do("GET", "kiosks/"+creds.Kiosk, nil, &page); page.Readiness == nil || !page.Readiness.Ready {
		t.Errorf("%+v", page)
	}
	if err := d.conn.Ask(t.Context(), link.WhatReadiness, strings.Repeat("x", maxFound), &reply); err != nil || reply.Error != "malformed" {
		t.Error(reply, err)
	}
	if err := d.conn.Ask(t.Context(), link.WhatUndo, struct{}{}, &reply); err != nil {
		t.Fatal(err)
	}
	d.waitFor(link.Forbidden)
	if _, _, err := link.Enrol(t.Context(), h.url, code, nil); err != nil {
		t.Error("the code does not work again:", err)
	}
}
