package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/fleet"
	"tiepdan/provisioning/gateway"
	"tiepdan/provisioning/staff"
)

// A kioskLine is a kiosk in a list.
type kioskLine struct {
	ID       string             `json:"id"`
	Unit     string             `json:"unit"`
	UnitName string             `json:"unit_name"`
	Site     string             `json:"site"`
	Colour   fleet.Colour       `json:"colour"`
	Open     bool               `json:"open"`
	Seen     *time.Time         `json:"seen"`
	Troubles []health.Condition `json:"troubles"`
}

func line(st fleet.Standing) kioskLine {
	troubles := st.Conditions
	if troubles == nil {
		troubles = []health.Condition{}
	}
	return kioskLine{st.ID, st.Unit, st.UnitName, st.Site, st.Colour, st.Open, jsonTime(st.Seen), troubles}
}

// A causeLine is a condition and where it holds.
type causeLine struct {
	Code     string          `json:"code"`
	Severity health.Severity `json:"severity"`
	Who      health.Actor    `json:"who"`
	Text     health.Text     `json:"text"`
	Step     health.Text     `json:"step"`
	Since    time.Time       `json:"since"`
	Kiosks   int             `json:"kiosks"`
	Sites    int             `json:"sites"`
	Some     []string        `json:"some"` // the first few kiosks
}

// A unitLine is a unit in the tree.
type unitLine struct {
	Code    string               `json:"code"`
	Name    string               `json:"name"`
	Sites   int                  `json:"sites"`
	Colours map[fleet.Colour]int `json:"colours"`
}

// An overview is the first page: causes first, then the worst kiosks. Whole, newest wins.
type overview struct {
	At      time.Time            `json:"at"`
	Colours map[fleet.Colour]int `json:"colours"`
	Causes  []causeLine          `json:"causes"`
	Worst   []kioskLine          `json:"worst"`
	Units   []unitLine           `json:"units"`
	Flow    *flowLine            `json:"flow"` // of the whole city, to who has it all
	Alerts  int                  `json:"alerts"`
}

// A flowLine is where dossiers are. Nothing personal.
type flowLine struct {
	Gateway     bool       `json:"gateway"`
	Waiting     uint64     `json:"waiting"`
	Oldest      *time.Time `json:"oldest"`
	Accepted    uint64     `json:"accepted"`
	Refused     uint64     `json:"refused"`
	Quarantined uint64     `json:"quarantined"`
}

const (
	worstShown = 20
	causeSome  = 5
)

func (c *centre) apiOverview(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	return c.overview(r.Context(), who)
}

func (c *centre) overview(ctx context.Context, who caller) (overview, error) {
	all, err := c.city.stand(ctx)
	if err != nil {
		return overview{}, err
	}
	mine := seen(all, who.Sees)
	o := overview{At: time.Now().UTC(), Colours: map[fleet.Colour]int{}, Causes: []causeLine{}, Worst: []kioskLine{}, Units: []unitLine{}}
	units := map[string]*unitLine{}
	sites := map[string]map[string]bool{}
	for _, st := range mine {
		o.Colours[st.Colour]++
		if (st.Colour == fleet.Red || st.Colour == fleet.Yellow) && len(o.Worst) < worstShown {
			o.Worst = append(o.Worst, line(st))
		}
		u := units[st.Unit]
		if u == nil {
			u = &unitLine{Code: st.Unit, Name: st.UnitName, Colours: map[fleet.Colour]int{}}
			units[st.Unit], sites[st.Unit] = u, map[string]bool{}
		}
		u.Colours[st.Colour]++
		sites[st.Unit][st.Site] = true
	}
	for code, u := range units {
		u.Sites = len(sites[code])
		o.Units = append(o.Units, *u)
	}
	slices.SortFunc(o.Units, func(a, b unitLine) int { return strings.Compare(a.Code, b.Code) })
	for _, cause := range fleet.Causes(mine) {
		o.Causes = append(o.Causes, causeLine{cause.Code, cause.Severity, cause.Who, cause.Text, cause.Step, cause.Since.UTC(),
			len(cause.Kiosks), cause.Sites, cause.Kiosks[:min(causeSome, len(cause.Kiosks))]})
	}
	alerts, err := c.alertsFor(ctx, who)
	if err != nil {
		return o, err
	}
	for _, a := range alerts {
		if a.Resolved.IsZero() && a.Acked == nil {
			o.Alerts++
		}
	}
	if who.Everywhere() {
		f, err := c.flow(ctx)
		if err != nil {
			return o, err
		}
		o.Flow = &flowLine{c.gateway != nil, f.Waiting, jsonTime(f.Oldest), f.Accepted, f.Refused, f.Quarantined}
	}
	return o, nil
}

// apiLive sends the overview whenever it is another, as long as its reader is signed in.
func (c *centre) apiLive(w http.ResponseWriter, r *http.Request) {
	if _, err := c.caller(r, staff.Viewer); err != nil {
		c.refuseAPI(w, err)
		return
	}
	// gorilla's own check of Origin holds: a page of somebody else's hears nothing.
	ws, err := (&websocket.Upgrader{HandshakeTimeout: 10 * time.Second}).Upgrade(w, r, nil)
	if err != nil {
		return // it has answered
	}
	defer ws.Close()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(ctx, func() { ws.Close() })()
	go func() {
		defer cancel()
		ws.SetReadLimit(1024)
		for {
			if _, _, err := ws.NextReader(); err != nil {
				return
			}
		}
	}()
	for rev := 1; ; rev++ {
		who, err := c.caller(r, staff.Viewer) // who signed out hears no more
		var o overview
		if err == nil {
			o, err = c.overview(ctx, who)
		}
		if err != nil {
			if known, ok := errors.AsType[*refusal](err); ok {
				ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4001, known.code), time.Now().Add(time.Second))
			}
			return
		}
		ws.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if ws.WriteJSON(struct {
			Rev int `json:"rev"`
			overview
		}{rev, o}) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(2 * time.Second):
		}
	}
}

// most is how many kiosks one answer lists; the page asks for more.
const most = 100

// apiKiosks lists by text (id, site, unit), unit, colour and cause, worst first.
func (c *centre) apiKiosks(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	all, err := c.city.stand(r.Context())
	if err != nil {
		return nil, err
	}
	words := strings.Fields(catalogue.Fold(r.FormValue("q")))
	unit, colour, cause := r.FormValue("unit"), fleet.Colour(r.FormValue("colour")), r.FormValue("cause")
	from, err := strconv.Atoi(r.FormValue("from"))
	if err != nil || from < 0 {
		from = 0
	}
	reply := struct {
		Total  int         `json:"total"`
		Kiosks []kioskLine `json:"kiosks"`
	}{0, []kioskLine{}}
	for _, st := range all {
		if !who.Sees(st.Unit) || unit != "" && st.Unit != unit || colour != "" && st.Colour != colour ||
			cause != "" && !slices.ContainsFunc(st.Conditions, func(c health.Condition) bool { return c.Code == cause }) || !matches(st, words) {
			continue
		}
		if reply.Total >= from && len(reply.Kiosks) < most {
			reply.Kiosks = append(reply.Kiosks, line(st))
		}
		reply.Total++
	}
	return reply, nil
}

// matches tells whether every word stands in an id, site or unit, however it is accented.
func matches(st fleet.Standing, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(st.Find, w) })
}

func (c *centre) apiKiosk(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	k, err := c.theirs(r, who)
	if err != nil {
		return nil, err
	}
	all, err := c.city.stand(r.Context())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(st fleet.Standing) bool { return st.ID == k.ID })
	if i < 0 {
		return nil, errNotThere // added within this second
	}
	found, err := c.readinessOf(r.Context(), k.ID)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"kiosk": line(all[i]), "added": jsonTime(k.Added), "enrolled": jsonTime(k.Enrolled), "revoked": jsonTime(k.Revoked),
		"machines": len(k.Shut), "hardware": k.Hardware, "config": shown(k.Config), "readiness": found, "word": wordOf(k),
	}, nil
}

// alertsFor are those that touch a unit of the caller's; of a wide one only the
// kiosks of his.
func (c *centre) alertsFor(ctx context.Context, who caller) ([]fleet.Alert, error) {
	all, err := c.alerts.All(ctx)
	if err != nil {
		return nil, err
	}
	mine := []fleet.Alert{}
	for _, a := range all {
		if !touches(a, who) {
			continue
		}
		a.Told = nil
		a.Kiosks = slices.DeleteFunc(slices.Clone(a.Kiosks), func(id string) bool {
			k, ok := c.city.kiosk(id)
			return !ok || !who.Sees(k.Unit)
		})
		a.Units = slices.DeleteFunc(slices.Clone(a.Units), func(u string) bool { return !who.Sees(u) })
		mine = append(mine, a)
	}
	return mine, nil
}

func touches(a fleet.Alert, who caller) bool { return slices.ContainsFunc(a.Units, who.Sees) }

func (c *centre) apiAlerts(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	return c.alertsFor(r.Context(), who)
}

func (c *centre) apiAck(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	var in struct{ Note string }
	if err := input(r, &in); err != nil {
		return nil, err
	}
	if len(in.Note) > 500 {
		return nil, bad("note: 500 bytes at most")
	}
	id := r.PathValue("id")
	err := c.do(r.Context(), who, staff.Deed{What: "alert.ack", Target: id, Detail: in.Note}, func() error {
		_, err := c.alerts.Acknowledge(r.Context(), id, fleet.Ack{By: who.Name, Note: in.Note, At: time.Now().UTC()},
			func(a fleet.Alert) bool { return touches(a, who) })
		return err
	})
	return map[string]string{}, err
}

// whole is a dossier's whole life, with what its kiosk told of it; false: nobody has it.
func (c *centre) whole(ctx context.Context, number string) (gateway.Record, bool, error) {
	rec, ok, err := c.book.Find(ctx, number)
	if err != nil || !ok {
		return rec, ok, err
	}
	told, err := c.reports.Life(ctx, rec.Receipt.Kiosk, string(rec.Receipt.Receipt))
	for _, one := range told {
		step := gateway.Step{At: one.At, What: "slip-" + one.Code}
		if one.Code == link.DossierPurged {
			step.What = link.DossierPurged
		}
		rec.Life = append(rec.Life, step)
	}
	slices.SortStableFunc(rec.Life, func(a, b gateway.Step) int { return a.At.Truncate(time.Second).Compare(b.At.Truncate(time.Second)) })
	return rec, true, err
}

// apiReceipt is a dossier's whole life, without a word of whose it is.
func (c *centre) apiReceipt(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	rec, ok, err := c.whole(r.Context(), r.PathValue("number"))
	if err != nil {
		return nil, err
	}
	k, known := c.city.kiosk(rec.Receipt.Kiosk)
	if !ok || !known && !who.Everywhere() || known && !who.Sees(k.Unit) {
		return nil, errNotThere
	}
	return map[string]any{"record": rec, "unit_name": k.UnitName, "site": k.Site}, nil
}

func (c *centre) apiQuarantine(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	held, err := c.book.Held(r.Context())
	return slices.DeleteFunc(held, func(h gateway.Held) bool {
		k, known := c.city.kiosk(h.Kiosk)
		return !known && !who.Everywhere() || known && !who.Sees(k.Unit)
	}), err
}

func (c *centre) apiRetry(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	held, err := c.apiQuarantine(nil, r, who)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(held.([]gateway.Held), func(h gateway.Held) bool {
		return h.Kiosk == r.PathValue("kiosk") && string(h.Receipt) == r.PathValue("receipt")
	})
	if i < 0 {
		return nil, errNotThere
	}
	h := held.([]gateway.Held)[i]
	k, _ := c.city.kiosk(h.Kiosk)
	err = c.do(r.Context(), who, staff.Deed{What: "dossier.retry", Target: string(h.Receipt), Unit: k.Unit}, func() error {
		return c.book.Retry(r.Context(), h.Kiosk, h.Receipt, who.Name)
	})
	return map[string]string{}, err
}
