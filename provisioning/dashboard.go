package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"time"

	"tiepdan/kiosk/health"
)

//go:embed dashboard.html
var dashboardHTML string

var dashboardPage = template.Must(template.New("dashboard").Parse(dashboardHTML))

// board is what the dashboard shows: kiosks, and where dossiers are. Nothing personal.
type board struct {
	VI      bool
	At      string
	Kiosks  []boardKiosk
	Online  int
	Flow    flow
	Oldest  string
	Gateway bool
}

type boardKiosk struct {
	ID, Unit, Site string
	State          string // waiting | revoked | unheard | silent | ok | degraded | down
	Word           string
	Seen           string
	Conditions     []boardCondition
}

type boardCondition struct {
	Code, Text, Step string
	Severity         health.Severity
}

// words of states, Vietnamese and English.
var words = map[string][2]string{
	"waiting":  {"chờ mã cài đặt", "waits for its code"},
	"revoked":  {"đã khóa", "revoked"},
	"unheard":  {"chưa có tin", "not heard of"},
	"silent":   {"mất liên lạc", "silent"},
	"ok":       {"hoạt động tốt", "works well"},
	"degraded": {"thiếu một phần", "part is missing"},
	"down":     {"ngừng phục vụ", "out of service"},
}

func (c *centre) dashboard(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	b := board{VI: r.FormValue("lang") != "en", At: now.Format("15:04:05 02/01/2006"), Gateway: c.gateway != nil}
	pick := func(vi, en string) string {
		if b.VI {
			return vi
		}
		return en
	}
	kiosks, err := c.registry.All(r.Context())
	if err == nil {
		b.Flow, err = c.flow(r.Context())
	}
	if err != nil {
		c.log.Error("dashboard", "err", err)
		http.Error(w, pick("Trung tâm đang bận, xin tải lại trang.", "The centre is busy, please reload."), http.StatusServiceUnavailable)
		return
	}
	if !b.Flow.Oldest.IsZero() {
		b.Oldest = now.Sub(b.Flow.Oldest).Round(time.Second).String()
	}
	states := c.fleet.States()
	for _, k := range kiosks {
		row := boardKiosk{ID: k.ID, Unit: k.UnitName, Site: k.Site}
		s, heard := states[k.ID]
		switch {
		case !k.Revoked.IsZero():
			row.State = "revoked"
		case k.Enrolled.IsZero():
			row.State = "waiting"
		case !heard:
			row.State = "unheard"
		case s.Silent(now):
			row.State = "silent"
		default:
			b.Online++
			row.State = "down"
			if s.Report.Status == health.OK || s.Report.Status == health.Part {
				row.State = string(s.Report.Status)
			}
			for _, con := range s.Report.Conditions {
				row.Conditions = append(row.Conditions, boardCondition{
					Code: con.Code, Severity: con.Severity,
					Text: pick(con.Text.VI, con.Text.EN), Step: pick(con.Step.VI, con.Step.EN),
				})
			}
		}
		row.Word = pick(words[row.State][0], words[row.State][1])
		if heard {
			row.Seen = s.Seen.Format("15:04:05")
		}
		b.Kiosks = append(b.Kiosks, row)
	}
	var page bytes.Buffer
	if err := dashboardPage.Execute(&page, b); err != nil {
		c.log.Error("dashboard", "err", err)
		http.Error(w, "dashboard", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.Write(page.Bytes()) // the client is gone if this fails
}
