package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/fleet"
	"tiepdan/provisioning/gateway"
	"tiepdan/provisioning/report"
	"tiepdan/provisioning/staff"
)

// The dashboard's API. Every route but the sign-in asks who it is; every route that
// names a kiosk, a receipt or a unit asks whether it is theirs, and what isn't theirs
// is not there. What changes something is written down before it is done.

const sessionCookie = "tiepdan-centre"

// maxBody bounds a request; a catalogue is the largest.
const maxBody = 1<<20 + 4<<10

// A caller is who asks, and from where.
type caller struct {
	staff.Person
	from, token string
}

// refusal is an error with a code that the dashboard has words for.
type refusal struct {
	status int
	code   string
	err    error
}

func (r *refusal) Error() string { return r.code }
func (r *refusal) Unwrap() error { return r.err }

var (
	errSignIn    = &refusal{http.StatusUnauthorized, "sign-in", nil}
	errSetUp     = &refusal{http.StatusForbidden, "set-up-totp", nil}
	errForbidden = &refusal{http.StatusForbidden, "forbidden", nil}
	errNotThere  = &refusal{http.StatusNotFound, "not-there", nil}
	errBadInput  = &refusal{http.StatusBadRequest, "bad-input", nil}
)

// refusals are errors of the rooms and how the dashboard is told.
var refusals = []struct {
	err    error
	status int
	code   string
}{
	{staff.ErrWrong, http.StatusUnauthorized, "wrong"},
	{staff.ErrLocked, http.StatusTooManyRequests, "locked"},
	{staff.ErrNeedsTOTP, http.StatusUnauthorized, "needs-totp"},
	{staff.ErrWeak, http.StatusBadRequest, "weak-password"},
	{staff.ErrNobody, http.StatusNotFound, "not-there"},
	{staff.ErrThere, http.StatusConflict, "name-taken"},
	{staff.ErrInvalid, http.StatusBadRequest, "bad-input"},
	{staff.ErrLastAdmin, http.StatusConflict, "last-admin"},
	{enrol.ErrNoKiosk, http.StatusNotFound, "not-there"},
	{gateway.ErrNotHeld, http.StatusNotFound, "not-there"},
	{fleet.ErrNoAlert, http.StatusNotFound, "not-there"},
	{fleet.ErrNoRollout, http.StatusConflict, "not-running"},
	{report.ErrBy, http.StatusBadRequest, "bad-input"},
}

// api routes all of /api/.
func (c *centre) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/session", c.apiSignIn)
	mux.HandleFunc("GET /api/session", c.ask("", c.apiSession))
	mux.HandleFunc("DELETE /api/session", c.ask("", c.apiSignOut))
	mux.HandleFunc("POST /api/session/totp", c.ask("", c.apiOfferTOTP))
	mux.HandleFunc("PUT /api/session/totp", c.ask("", c.apiConfirmTOTP))
	mux.HandleFunc("PUT /api/session/password", c.ask(staff.Viewer, c.apiPassword))

	mux.HandleFunc("GET /api/overview", c.ask(staff.Viewer, c.apiOverview))
	mux.HandleFunc("GET /api/live", c.apiLive)
	mux.HandleFunc("GET /api/kiosks", c.ask(staff.Viewer, c.apiKiosks))
	mux.HandleFunc("POST /api/kiosks", c.ask(staff.Admin, c.apiAddKiosks))
	mux.HandleFunc("GET /api/kiosks/{id}", c.ask(staff.Viewer, c.apiKiosk))
	mux.HandleFunc("GET /api/kiosks/{id}/lately", c.ask(staff.Viewer, c.apiLately))
	mux.HandleFunc("POST /api/kiosks/{id}/code", c.ask(staff.Operator, c.apiCode))
	mux.HandleFunc("POST /api/kiosks/{id}/revoke", c.ask(staff.Admin, c.apiRevoke))

	mux.HandleFunc("POST /api/kiosks/{id}/command/{verb}", c.ask(staff.Operator, c.apiCommand))
	mux.HandleFunc("POST /api/kiosks/{id}/technician-code", c.ask(staff.Operator, c.apiTechnicianCode))

	mux.HandleFunc("POST /api/config/try", c.ask(staff.Admin, c.apiTryConfig))
	mux.HandleFunc("POST /api/config", c.ask(staff.Admin, c.apiBeginConfig))
	mux.HandleFunc("GET /api/catalogues", c.ask(staff.Viewer, c.apiCatalogues))
	mux.HandleFunc("POST /api/catalogues", c.ask(staff.Admin, c.apiAddCatalogue))
	mux.HandleFunc("POST /api/word", c.ask(staff.Operator, c.apiWord))
	mux.HandleFunc("GET /api/rollouts", c.ask(staff.Viewer, c.apiRollouts))
	mux.HandleFunc("POST /api/rollouts/{id}/stop", c.ask(staff.Admin, c.apiStopRollout))

	mux.HandleFunc("GET /api/alerts", c.ask(staff.Viewer, c.apiAlerts))
	mux.HandleFunc("POST /api/alerts/{id}/ack", c.ask(staff.Operator, c.apiAck))
	mux.HandleFunc("GET /api/receipts/{number}", c.ask(staff.Viewer, c.apiReceipt))
	mux.HandleFunc("GET /api/quarantine", c.ask(staff.Viewer, c.apiQuarantine))
	mux.HandleFunc("POST /api/quarantine/{kiosk}/{receipt}/retry", c.ask(staff.Operator, c.apiRetry))
	mux.HandleFunc("GET /api/report", c.ask(staff.Viewer, c.apiReport))
	mux.HandleFunc("GET /api/report.csv", c.ask(staff.Viewer, c.apiReportCSV))
	mux.HandleFunc("GET /api/visits", c.ask(staff.Viewer, c.apiVisits))
	mux.HandleFunc("GET /api/visits.csv", c.ask(staff.Viewer, c.apiVisitsCSV))
	mux.HandleFunc("GET /api/units", c.ask(staff.Viewer, c.apiUnits))

	mux.HandleFunc("GET /api/audit", c.ask(staff.Viewer, c.apiAudit))
	mux.HandleFunc("GET /api/retention", c.ask(staff.Viewer, c.apiRetention))
	mux.HandleFunc("PUT /api/retention", c.ask(staff.Admin, c.apiSetRetention))
	mux.HandleFunc("GET /api/people", c.ask(staff.Admin, c.apiPeople))
	mux.HandleFunc("POST /api/people", c.ask(staff.Admin, c.apiAddPerson))
	mux.HandleFunc("PUT /api/people/{name}", c.ask(staff.Admin, c.apiSetPerson))
	mux.HandleFunc("POST /api/people/{name}/reset", c.ask(staff.Admin, c.apiResetPerson))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { c.refuseAPI(w, errNotThere) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		mux.ServeHTTP(w, r)
	})
}

// A handler answers with a value for JSON, or with an error; nil, nil: it has answered itself.
type handler func(w http.ResponseWriter, r *http.Request, who caller) (any, error)

// ask finds out who asks, and lets those in whose role is at least this one. With no
// role also those who have to set up their second factor first.
func (c *centre) ask(least staff.Role, next handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, err := c.caller(r, least)
		var reply any
		if err == nil {
			reply, err = next(w, r, who)
		}
		switch {
		case err != nil:
			c.refuseAPI(w, err)
		case reply != nil:
			answer(w, http.StatusOK, reply)
		}
	}
}

func (c *centre) caller(r *http.Request, least staff.Role) (caller, error) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return caller{}, errSignIn
	}
	p, ready, err := c.roll.SignedIn(r.Context(), cookie.Value, time.Now())
	switch {
	case errors.Is(err, staff.ErrWrong), errors.Is(err, staff.ErrNobody):
		return caller{}, errSignIn
	case err != nil:
		return caller{}, err
	case least != "" && !ready:
		return caller{}, errSetUp
	case least != "" && !p.May(least):
		return caller{}, errForbidden
	}
	return caller{p, remote(r), cookie.Value}, nil
}

func (c *centre) refuseAPI(w http.ResponseWriter, err error) {
	known, ok := errors.AsType[*refusal](err)
	if !ok {
		for _, r := range refusals {
			if errors.Is(err, r.err) {
				known = &refusal{r.status, r.code, nil}
				break
			}
		}
	}
	if known == nil {
		c.log.Error("a request of the dashboard failed", "err", err)
		known = &refusal{http.StatusServiceUnavailable, "busy", nil}
	}
	said := map[string]string{"error": known.code}
	if known.err != nil {
		said["detail"] = known.err.Error()
	}
	answer(w, known.status, said)
}

// bad says which input is no good, in words for whoever reads English; the code has the others.
func bad(format string, args ...any) error {
	return &refusal{errBadInput.status, errBadInput.code, fmt.Errorf(format, args...)}
}

// do writes down what somebody is about to do, does it, and writes down if it failed.
func (c *centre) do(ctx context.Context, who caller, d staff.Deed, work func() error) error {
	d.Who, d.From, d.Result = who.Name, who.from, "ok"
	if err := c.audit.Note(ctx, d); err != nil {
		return err
	}
	err := work()
	if err != nil {
		d.Result = "failed"
		if known, ok := errors.AsType[*refusal](err); ok {
			d.Result = known.code
		}
		err = errors.Join(err, c.audit.Note(ctx, d))
	}
	return err
}

// input reads a JSON body strictly.
func input(r *http.Request, into any) error {
	if err := decode(r, into); err != nil {
		if big := (*http.MaxBytesError)(nil); errors.As(err, &big) {
			return &refusal{http.StatusRequestEntityTooLarge, "too-large", nil}
		}
		return bad("%w", err)
	}
	return nil
}

// remote is whom a request comes from.
func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (c *centre) apiSignIn(w http.ResponseWriter, r *http.Request) {
	var in struct{ Name, Password, Code string }
	err := input(r, &in)
	giveBack, ok := c.doors.Take(remote(r))
	if err == nil && !ok {
		err = staff.ErrLocked
	}
	var token string
	var p staff.Person
	if err == nil {
		token, p, err = c.roll.SignIn(r.Context(), in.Name, in.Password, in.Code, time.Now())
	}
	if err != nil {
		if !errors.Is(err, staff.ErrNeedsTOTP) && p.Name != "" { // only names that are somebody's get into the log
			err = errors.Join(err, c.audit.Note(r.Context(), staff.Deed{Who: p.Name, From: remote(r), What: "session.begin", Result: "wrong"}))
		}
		c.refuseAPI(w, err)
		return
	}
	giveBack()
	if err := c.audit.Note(r.Context(), staff.Deed{Who: p.Name, From: remote(r), What: "session.begin", Result: "ok"}); err != nil {
		c.refuseAPI(w, err)
		return
	}
	http.SetCookie(w, c.cookie(r, token, 12*60*60))
	answer(w, http.StatusOK, c.me(p))
}

func (c *centre) cookie(r *http.Request, token string, age int) *http.Cookie {
	return &http.Cookie{Name: sessionCookie, Value: token, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode, MaxAge: age}
}

// me is what the dashboard knows of who uses it.
func (c *centre) me(p staff.Person) map[string]any {
	return map[string]any{"person": p, "set_up_totp": !p.TOTP && !c.totpOptional}
}

func (c *centre) apiSession(_ http.ResponseWriter, _ *http.Request, who caller) (any, error) {
	return c.me(who.Person), nil
}

func (c *centre) apiSignOut(w http.ResponseWriter, r *http.Request, who caller) (any, error) {
	http.SetCookie(w, c.cookie(r, "", -1))
	return map[string]string{}, c.roll.SignOut(r.Context(), who.token)
}

func (c *centre) apiOfferTOTP(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	secret, err := c.roll.OfferTOTP(r.Context(), who.Name)
	if err != nil {
		return nil, err
	}
	uri := staff.TOTPURI(who.Name, secret)
	picture, err := qrPath(uri)
	return map[string]any{"secret": secret, "uri": uri, "qr": picture}, err
}

func (c *centre) apiConfirmTOTP(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	var in struct{ Code string }
	if err := input(r, &in); err != nil {
		return nil, err
	}
	if _, ok := c.doors.Take(who.from); !ok { // a six-digit code is soon guessed
		return nil, staff.ErrLocked
	}
	err := c.do(r.Context(), who, staff.Deed{What: "session.totp", Target: who.Name}, func() error {
		return c.roll.ConfirmTOTP(r.Context(), who.Name, in.Code, time.Now())
	})
	return map[string]string{}, err
}

func (c *centre) apiPassword(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	var in struct{ Old, New string }
	if err := input(r, &in); err != nil {
		return nil, err
	}
	if _, ok := c.doors.Take(who.from); !ok {
		return nil, staff.ErrLocked
	}
	err := c.do(r.Context(), who, staff.Deed{What: "session.password", Target: who.Name}, func() error {
		return c.roll.ChangePassword(r.Context(), who.Name, in.Old, in.New)
	})
	return map[string]string{}, err
}

// jsonTime is a moment for the dashboard; null: none.
func jsonTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
