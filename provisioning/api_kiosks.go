package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/skip2/go-qrcode"

	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/staff"
)

// defaultLife is a code's, where nobody says another.
const defaultLife = 24 * time.Hour

// A ticket lets one machine in: what is printed and given to a technician.
type ticket struct {
	Line    int       `json:"line,omitempty"` // of a list
	Kiosk   string    `json:"kiosk,omitempty"`
	Unit    string    `json:"unit,omitempty"`
	Site    string    `json:"site,omitempty"`
	Code    string    `json:"code,omitempty"`
	QR      string    `json:"qr,omitempty"` // path of an SVG, a unit a module
	Expires time.Time `json:"expires,omitzero"`
	Error   string    `json:"error,omitempty"` // a code
	Detail  string    `json:"detail,omitempty"`
}

// addKiosksRequest is one kiosk, or a list of them as CSV with the columns unit, site,
// profile, hours, agency, phone; the first two are needed.
type addKiosksRequest struct {
	enrol.Site
	CSV  string `json:"csv"`
	Life string `json:"life"`
}

// maxList bounds a list: that many codes are a day's work of a whole troop.
const maxList = 1000

// apiAddKiosks adds what it can and says line by line what it could not: a list with one
// wrong line is not typed again.
func (c *centre) apiAddKiosks(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	var in addKiosksRequest
	if err := input(r, &in); err != nil {
		return nil, err
	}
	life := defaultLife
	if in.Life != "" {
		var err error
		if life, err = lifeOf(in.Life); err != nil {
			return nil, bad("%w", err)
		}
	}
	if in.CSV == "" {
		t, err := c.admit(r, who, in.Site, life)
		return []ticket{t}, err
	}
	sites, err := readSites(in.CSV)
	if err != nil {
		return nil, bad("%w", err)
	}
	tickets := make([]ticket, 0, len(sites))
	for i, s := range sites {
		t, err := c.admit(r, who, s, life)
		if known, ok := errors.AsType[*refusal](err); ok {
			t = ticket{Site: s.Site, Unit: s.Unit, Error: known.code}
			if known.err != nil {
				t.Detail = known.err.Error()
			}
		} else if err != nil {
			return nil, err
		}
		t.Line = i + 2 // the first line names the columns
		tickets = append(tickets, t)
	}
	return tickets, nil
}

// admit makes a kiosk and its first code.
func (c *centre) admit(r *http.Request, who caller, site enrol.Site, life time.Duration) (t ticket, err error) {
	if !who.Sees(site.Unit) {
		return ticket{}, errForbidden
	}
	err = c.do(r.Context(), who, staff.Deed{What: "kiosk.add", Unit: site.Unit, Detail: site.Site}, func() error {
		k, err := c.newKiosk(r.Context(), site)
		if err == nil {
			t, err = c.ticket(r.Context(), r, k.ID, life)
		}
		return err
	})
	return t, err
}

// ticket makes a code for a kiosk and draws it, with this centre's address.
func (c *centre) ticket(ctx context.Context, r *http.Request, id string, life time.Duration) (ticket, error) {
	k, code, expires, err := c.registry.NewCode(ctx, id, life, c.desk.Public())
	if err != nil {
		return ticket{}, err
	}
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	picture, err := qrPath(scheme + "://" + r.Host + "/enrol#" + string(code))
	return ticket{Kiosk: k.ID, Unit: k.UnitName, Site: k.Site, Code: code.Grouped(), QR: picture, Expires: expires}, err
}

// readSites reads a list. Its columns may come in any order, as spreadsheets write them:
// with commas or semicolons, with a mark of UTF-8 or without.
func readSites(list string) ([]enrol.Site, error) {
	list = strings.TrimPrefix(list, "\ufeff")
	first, _, _ := strings.Cut(list, "\n")
	in := csv.NewReader(strings.NewReader(list))
	in.TrimLeadingSpace = true
	if strings.Count(first, ";") > strings.Count(first, ",") {
		in.Comma = ';'
	}
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("the list is empty")
	}
	fields := map[string]func(*enrol.Site, string){
		"unit":    func(s *enrol.Site, v string) { s.Unit = v },
		"site":    func(s *enrol.Site, v string) { s.Site = v },
		"profile": func(s *enrol.Site, v string) { s.Profile = enrol.Profile(v) },
		"hours":   func(s *enrol.Site, v string) { s.Hours = v },
		"agency":  func(s *enrol.Site, v string) { s.Agency = v },
		"phone":   func(s *enrol.Site, v string) { s.Phone = v },
	}
	for i, name := range head {
		head[i] = strings.ToLower(strings.TrimSpace(name))
		if fields[head[i]] == nil {
			return nil, fmt.Errorf("line 1: there is no column %q; they are unit, site, profile, hours, agency, phone", name)
		}
	}
	if !slices.Contains(head, "unit") || !slices.Contains(head, "site") {
		return nil, errors.New("line 1: the columns unit and site are needed")
	}
	var sites []enrol.Site
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return sites, nil
		}
		if err != nil {
			return nil, err // it names the line
		}
		if len(sites) == maxList {
			return nil, fmt.Errorf("more than %d lines; split the list", maxList)
		}
		var s enrol.Site
		for i, value := range row {
			fields[head[i]](&s, strings.TrimSpace(value))
		}
		sites = append(sites, s)
	}
}

// qrPath draws a text as the path of an SVG, a unit a module, the quiet zone included.
func qrPath(text string) (string, error) {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return "", fmt.Errorf("QR: %w", err)
	}
	var path strings.Builder
	for y, line := range q.Bitmap() {
		for x := 0; x < len(line); x++ {
			if !line[x] {
				continue
			}
			n := 1
			for x+n < len(line) && line[x+n] {
				n++
			}
			fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x, y, n, n)
			x += n
		}
	}
	return path.String(), nil
}

// theirs finds a kiosk of the caller's.
func (c *centre) theirs(r *http.Request, who caller) (enrol.Kiosk, error) {
	k, ok := c.city.kiosk(r.PathValue("id"))
	if !ok || !who.Sees(k.Unit) {
		return enrol.Kiosk{}, errNotThere
	}
	return k, nil
}

func (c *centre) apiCode(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	k, err := c.theirs(r, who)
	if err != nil {
		return nil, err
	}
	var t ticket
	err = c.do(r.Context(), who, staff.Deed{What: "kiosk.code", Target: k.ID, Unit: k.Unit}, func() (err error) {
		t, err = c.ticket(r.Context(), r, k.ID, defaultLife)
		return err
	})
	return t, err
}

func (c *centre) apiRevoke(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	k, err := c.theirs(r, who)
	if err != nil {
		return nil, err
	}
	err = c.do(r.Context(), who, staff.Deed{What: "kiosk.revoke", Target: k.ID, Unit: k.Unit}, func() error {
		_, err := c.registry.Revoke(r.Context(), k.ID)
		if err == nil {
			err = c.shutOut(r.Context())
		}
		return err
	})
	return map[string]string{}, err
}

// A unitName is a unit for lists to choose from.
type unitName struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

func (c *centre) apiUnits(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	_, cat, err := c.usual(r.Context())
	if err != nil {
		return nil, err
	}
	units := []unitName{}
	for _, u := range cat.Units {
		if who.Sees(u.Code) {
			units = append(units, unitName{u.Code, u.Name})
		}
	}
	return units, nil
}

// knownUnits refuses units that the catalogue has not.
func (c *centre) knownUnits(ctx context.Context, units []string) error {
	_, cat, err := c.usual(ctx)
	if err != nil {
		return err
	}
	for _, u := range units {
		if _, ok := cat.Unit(u); !ok && u != staff.AllUnits {
			return bad("unit %q: there is none with this code in the catalogue", u)
		}
	}
	return nil
}
