package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"tiepdan/kiosk/link"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/staff"
)

// addRequest is what kiosk add asks for.
type addRequest struct {
	enrol.Site
	Life string `json:"life"` // of the code, "24h"
}

// codeRequest is what kiosk code asks for.
type codeRequest struct {
	Life string `json:"life"`
}

// codeReply is the answer to both.
type codeReply struct {
	Kiosk   string    `json:"kiosk"`
	Unit    string    `json:"unit"`
	Site    string    `json:"site"`
	Code    string    `json:"code"` // grouped
	Expires time.Time `json:"expires"`
}

// kioskRow is one line of kiosk list.
type kioskRow struct {
	ID       string    `json:"id"`
	Unit     string    `json:"unit"`
	Site     string    `json:"site"`
	Enrolled time.Time `json:"enrolled,omitzero"`
	Revoked  time.Time `json:"revoked,omitzero"`
}

// maxLife bounds a code's: it lies around on paper.
const maxLife = 90 * 24 * time.Hour

// maxAdmin bounds an operator's request.
const maxAdmin = 256 << 10

// admin is what the operator's commands talk to. Everybody who can read
// DATA/centre/operator.token is the operator.
func (c *centre) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /admin/kiosks", c.listKiosks)
	mux.HandleFunc("POST /admin/kiosks", c.addKiosk)
	mux.HandleFunc("POST /admin/kiosks/{id}/code", c.newCode)
	mux.HandleFunc("POST /admin/kiosks/{id}/revoke", c.revoke)
	mux.HandleFunc("GET /admin/receipts/{number}", c.adminReceipt)
	mux.HandleFunc("GET /admin/people", c.adminPeople)
	mux.HandleFunc("POST /admin/people", c.adminAddPerson)
	mux.HandleFunc("POST /admin/people/{name}/reset", c.adminResetPerson)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || !same(token, c.token) {
			refuse(w, http.StatusUnauthorized, errors.New("the operator's token is needed (DATA/centre/operator.token)"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxAdmin)
		mux.ServeHTTP(w, r)
	})
}

// asOperator writes down what the command line does, and does it.
func (c *centre) asOperator(r *http.Request, d staff.Deed, work func() error) error {
	return c.do(r.Context(), caller{Person: staff.Person{Name: operatorName}, from: remote(r)}, d, work)
}

func refuse(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]string{"error": err.Error()})
}

// refuseFor answers an error of the registry.
func (c *centre) refuseFor(w http.ResponseWriter, err error) {
	if errors.Is(err, enrol.ErrNoKiosk) {
		refuse(w, http.StatusNotFound, err)
		return
	}
	c.log.Error("an operator's request failed", "err", err)
	refuse(w, http.StatusServiceUnavailable, err)
}

func decode(r *http.Request, into any) error {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

func (c *centre) addKiosk(w http.ResponseWriter, r *http.Request) {
	var ask addRequest
	if err := decode(r, &ask); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	life, err := lifeOf(ask.Life)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	var k enrol.Kiosk
	err = c.asOperator(r, staff.Deed{What: "kiosk.add", Unit: ask.Unit, Detail: ask.Site.Site}, func() (err error) {
		k, err = c.newKiosk(r.Context(), ask.Site)
		return err
	})
	if err != nil {
		if known, ok := errors.AsType[*refusal](err); ok {
			refuse(w, http.StatusBadRequest, known.err)
			return
		}
		c.refuseFor(w, err)
		return
	}
	c.log.Info("kiosk added", "kiosk", k.ID, "unit", k.Unit)
	c.giveCode(w, r, k.ID, life)
}

// newKiosk makes a kiosk for a site; a *refusal is the operator's mistake.
func (c *centre) newKiosk(ctx context.Context, site enrol.Site) (enrol.Kiosk, error) {
	hash, cat, err := c.usual(ctx)
	if err != nil {
		return enrol.Kiosk{}, err
	}
	first, err := enrol.FirstConfig(cat, site)
	if err != nil {
		return enrol.Kiosk{}, badSite(err)
	}
	return c.registry.Add(ctx, first, hash, staff.HashCode)
}

// badSite says which part of a site is wrong, by a code that the dashboard has words for.
func badSite(err error) error {
	known := &refusal{errBadInput.status, errBadInput.code, err}
	switch {
	case errors.Is(err, enrol.ErrUnit):
		known.code = "unit-unknown"
	case errors.Is(err, enrol.ErrProfile):
		known.code = "profile-unknown"
	case errors.Is(err, enrol.ErrHours):
		known.code = "hours-wrong"
	}
	return known
}

func (c *centre) newCode(w http.ResponseWriter, r *http.Request) {
	var ask codeRequest
	if err := decode(r, &ask); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	life, err := lifeOf(ask.Life)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	c.giveCode(w, r, r.PathValue("id"), life)
}

func (c *centre) giveCode(w http.ResponseWriter, r *http.Request, id string, life time.Duration) {
	var k enrol.Kiosk
	var code link.EnrolCode
	var expires time.Time
	err := c.asOperator(r, staff.Deed{What: "kiosk.code", Target: id}, func() (err error) {
		k, code, expires, err = c.registry.NewCode(r.Context(), id, life, c.desk.Public())
		return err
	})
	if err != nil {
		c.refuseFor(w, err)
		return
	}
	c.log.Info("enrolment code made", "kiosk", id, "expires", expires)
	answer(w, http.StatusOK, codeReply{Kiosk: k.ID, Unit: k.UnitName, Site: k.Site, Code: code.Grouped(), Expires: expires})
}

func lifeOf(text string) (time.Duration, error) {
	life, err := time.ParseDuration(text)
	if err != nil || life < time.Minute || life > maxLife {
		return 0, errors.New("life: a duration from 1m to 2160h is needed")
	}
	return life, nil
}

func (c *centre) revoke(w http.ResponseWriter, r *http.Request) {
	var k enrol.Kiosk
	err := c.asOperator(r, staff.Deed{What: "kiosk.revoke", Target: r.PathValue("id")}, func() (err error) {
		if k, err = c.registry.Revoke(r.Context(), r.PathValue("id")); err == nil {
			err = c.shutOut(r.Context())
		}
		return err
	})
	if err != nil {
		c.refuseFor(w, err)
		return
	}
	c.log.Warn("kiosk revoked", "kiosk", k.ID)
	answer(w, http.StatusOK, row(k))
}

func (c *centre) listKiosks(w http.ResponseWriter, r *http.Request) {
	kiosks, err := c.registry.All(r.Context())
	if err != nil {
		c.refuseFor(w, err)
		return
	}
	rows := []kioskRow{}
	for _, k := range kiosks {
		rows = append(rows, row(k))
	}
	answer(w, http.StatusOK, rows)
}

func row(k enrol.Kiosk) kioskRow {
	return kioskRow{ID: k.ID, Unit: k.UnitName, Site: k.Site, Enrolled: k.Enrolled, Revoked: k.Revoked}
}
