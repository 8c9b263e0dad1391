package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tiepdan/kiosk/health"
)

// Care is what a technician does on this kiosk.
type Care interface {
	// Place tells which kiosk this is; no id: not enrolled.
	Place() (kiosk, unit, site string)
	// Scanned is what the scanner read last on a kiosk that is not enrolled.
	Scanned() string
	// Enrol and Undo begin the daemon anew soon after they have returned.
	Enrol(ctx context.Context, centre, code string) error
	Undo(ctx context.Context) error
	Examine(ctx context.Context) health.Diagnosis
	// Test prints the test page.
	Test(ctx context.Context) error
	// Report prints what was examined and sends it to the centre.
	Report(ctx context.Context) (health.Diagnosis, error)
}

// A Door lets technicians in. It outlives a daemon that begins anew: who has just
// enrolled a kiosk goes on with it.
type Door struct{ officers *Officers }

const (
	technicianCookie = "tiepdan-technician"
	technicianID     = "technician"
)

// NewDoor is one that nobody gets through yet.
func NewDoor() *Door { return &Door{NewOfficers(nil, nil)} }

// Key sets the hash of this kiosk's own code; "": nobody gets in by one.
func (d *Door) Key(phc string) {
	var list []Officer
	if phc != "" {
		list = []Officer{{ID: technicianID, Name: technicianID, PIN: phc}}
	}
	d.officers.replace(list)
}

// technician routes /technician. A kiosk that is nobody's yet shows what it found and
// takes an enrolment code; all else asks for the kiosk's own code.
func (s *Server) technician() {
	s.Page("/technician", "technician.html")
	s.mux.HandleFunc("GET /technician/state", s.technicianState)
	s.mux.HandleFunc("POST /technician/sign-in", s.technicianSignIn)
	s.mux.HandleFunc("POST /technician/sign-out", s.technicianSignOut)
	s.mux.HandleFunc("POST /technician/enrol", s.technicianEnrol)
	for path, do := range map[string]func(context.Context) (any, error){
		"examine": func(ctx context.Context) (any, error) { return s.Care.Examine(ctx), nil },
		"test":    func(ctx context.Context) (any, error) { return nil, s.Care.Test(ctx) },
		"report":  func(ctx context.Context) (any, error) { return s.Care.Report(ctx) },
		"undo":    func(ctx context.Context) (any, error) { return nil, s.Care.Undo(ctx) },
	} {
		s.mux.HandleFunc("POST /technician/"+path, s.forTechnicians(do))
	}
}

// technicianIn tells whether a technician asks; on a kiosk that is nobody's everybody is one.
func (s *Server) technicianIn(r *http.Request) bool {
	if id, _, _ := s.Care.Place(); id == "" {
		return true
	}
	c, err := r.Cookie(technicianCookie)
	if err != nil {
		return false
	}
	_, in := s.Door.officers.signedIn(c.Value, time.Now())
	return in
}

func (s *Server) technicianState(w http.ResponseWriter, r *http.Request) {
	kiosk, unit, site := s.Care.Place()
	answer(w, http.StatusOK, map[string]any{"kiosk": kiosk, "unit": unit, "site": site, "in": s.technicianIn(r), "scanned": s.Care.Scanned()})
}

func (s *Server) technicianSignIn(w http.ResponseWriter, r *http.Request) {
	var in struct{ Code string }
	if !readJSON(w, r, &in) {
		return
	}
	token, err := s.Door.officers.signIn(technicianID, strings.Join(strings.Fields(in.Code), ""), "", address(r), time.Now())
	if err != nil {
		s.refuseTechnician(w, err)
		return
	}
	http.SetCookie(w, technicianSignedIn(r, token))
	answer(w, http.StatusOK, map[string]string{})
}

func technicianSignedIn(r *http.Request, token string) *http.Cookie {
	return &http.Cookie{Name: technicianCookie, Value: token, Path: "/technician", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode}
}

func (s *Server) technicianSignOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(technicianCookie); err == nil {
		s.Door.officers.signOut(c.Value)
	}
	answer(w, http.StatusOK, map[string]string{})
}

// technicianEnrol takes a code as it is typed, or the whole address that a sheet's QR
// holds: http://centre/enrol#CODE.
func (s *Server) technicianEnrol(w http.ResponseWriter, r *http.Request) {
	var in struct{ Centre, Code string }
	if !readJSON(w, r, &in) {
		return
	}
	if id, _, _ := s.Care.Place(); id != "" {
		answer(w, http.StatusConflict, map[string]string{"error": "enrolled-already"})
		return
	}
	in.Code = strings.TrimSpace(in.Code)
	if u, err := url.Parse(in.Code); err == nil && u.Host != "" && u.Fragment != "" {
		in.Centre, in.Code = u.Scheme+"://"+u.Host+strings.TrimSuffix(u.Path, "/enrol"), u.Fragment
	}
	if in.Centre == "" {
		answer(w, http.StatusBadRequest, map[string]string{"error": "no-centre"})
		return
	}
	if err := s.Care.Enrol(r.Context(), in.Centre, in.Code); err != nil {
		s.refuseTechnician(w, err)
		return
	}
	o := s.Door.officers
	o.mu.Lock()
	token, err := o.admit(Officer{ID: technicianID, Name: technicianID}, "", time.Now())
	o.mu.Unlock()
	if err == nil { // else they sign in by the kiosk's code
		http.SetCookie(w, technicianSignedIn(r, token))
	}
	answer(w, http.StatusOK, map[string]string{})
}

func (s *Server) forTechnicians(do func(context.Context) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.technicianIn(r) {
			answer(w, http.StatusUnauthorized, map[string]string{"error": "sign-in"})
			return
		}
		reply, err := do(r.Context())
		if err != nil {
			s.refuseTechnician(w, err)
			return
		}
		if reply == nil {
			reply = map[string]string{}
		}
		answer(w, http.StatusOK, reply)
	}
}

// A Refusal is an error whose code the technician's page has words for.
type Refusal struct {
	Code string
	Err  error
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Err.Error() }
func (r *Refusal) Unwrap() error { return r.Err }

func (s *Server) refuseTechnician(w http.ResponseWriter, err error) {
	code := "failed"
	if r, ok := errors.AsType[*Refusal](err); ok {
		code = r.Code
	}
	switch {
	case errors.Is(err, ErrWrongPIN):
		code = "wrong-pin"
	case errors.Is(err, ErrTooMany):
		code = "too-many-tries"
	}
	status := http.StatusConflict
	switch code {
	case "failed":
		status = http.StatusInternalServerError
	case "too-many-tries":
		status = http.StatusTooManyRequests
	case "wrong-pin":
		status = http.StatusUnauthorized
	}
	s.Log.Warn("a technician was refused", "why", code, "err", err)
	answer(w, status, map[string]string{"error": code, "detail": err.Error()})
}

// readJSON reads a small body strictly, or answers that it is none.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "malformed"})
		return false
	}
	return true
}
