package main

import (
	"context"
	"net/http"
	"time"

	"tiepdan/provisioning/report"
)

// Reports for the steering committee: of dossiers and of visits, as tables and as files.

// asked is what a report is asked for.
type asked struct {
	by       report.By
	from, to string
	units    []string // nil: all
}

func question(r *http.Request, who caller) (asked, error) {
	q := asked{by: report.By(r.FormValue("by")), from: r.FormValue("from"), to: r.FormValue("to")}
	for _, day := range []string{q.from, q.to} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return q, bad("a day is like 2026-11-30")
		}
	}
	if !who.Everywhere() {
		q.units = who.Units
	}
	return q, nil
}

// reportOf reads what a report is asked for and makes it.
func (c *centre) reportOf(r *http.Request, who caller) (report.By, []report.Line, error) {
	q, err := question(r, who)
	if err != nil {
		return q.by, nil, err
	}
	lines, err := c.reports.Lines(r.Context(), q.by, q.from, q.to, q.units)
	return q.by, lines, err
}

// csvHead is for a file that a browser keeps.
func csvHead(w http.ResponseWriter, of string, by report.By) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="tiepdan-`+of+"-"+string(by)+`.csv"`)
	w.Header().Set("Cache-Control", "no-store")
}

func (c *centre) apiReport(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	by, lines, err := c.reportOf(r, who)
	if err != nil {
		return nil, err
	}
	name, err := c.names(r.Context(), by)
	if err != nil {
		return nil, err
	}
	type named struct {
		report.Line
		Name string `json:"name"`
	}
	reply := []named{}
	for _, l := range lines {
		reply = append(reply, named{l, name(l.Key)})
	}
	return reply, nil
}

func (c *centre) apiReportCSV(w http.ResponseWriter, r *http.Request, who caller) (any, error) {
	by, lines, err := c.reportOf(r, who)
	if err != nil {
		return nil, err
	}
	name, err := c.names(r.Context(), by)
	if err != nil {
		return nil, err
	}
	csvHead(w, "ho-so", by)
	return nil, report.WriteCSV(w, by, lines, name)
}

// names gives the keys of a report the catalogue's names.
func (c *centre) names(ctx context.Context, by report.By) (func(string) string, error) {
	_, cat, err := c.usual(ctx)
	return func(key string) string {
		switch by {
		case report.ByUnit:
			u, _ := cat.Unit(key)
			return u.Name
		case report.ByKiosk:
			k, _ := c.city.kiosk(key)
			return k.Site
		case report.ByProcedure:
			if p, ok := cat.Procedure(key); ok {
				return p.Name.VI
			}
		}
		return ""
	}, err
}

// visitsOf reads what a report of visits is asked for and makes it.
func (c *centre) visitsOf(r *http.Request, who caller) (report.By, []report.VisitLine, func(string) string, error) {
	q, err := question(r, who)
	if err != nil {
		return q.by, nil, nil, err
	}
	lines, err := c.reports.VisitLines(r.Context(), q.by, q.from, q.to, q.units, "")
	if err != nil {
		return q.by, nil, nil, err
	}
	name, err := c.names(r.Context(), q.by)
	return q.by, lines, name, err
}

func (c *centre) apiVisits(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	_, lines, name, err := c.visitsOf(r, who)
	if err != nil {
		return nil, err
	}
	type named struct {
		report.VisitLine
		Name string `json:"name"`
	}
	reply := []named{}
	for _, l := range lines {
		reply = append(reply, named{l, name(l.Key)})
	}
	return reply, nil
}

func (c *centre) apiVisitsCSV(w http.ResponseWriter, r *http.Request, who caller) (any, error) {
	by, lines, name, err := c.visitsOf(r, who)
	if err != nil {
		return nil, err
	}
	csvHead(w, "luot", by)
	return nil, report.WriteVisitsCSV(w, by, lines, name)
}
