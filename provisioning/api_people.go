package main

import (
	"net/http"
	"slices"
	"strconv"

	"tiepdan/provisioning/staff"
)

// mine tells whether somebody's units are all among the caller's: an admin of one ward
// makes no admin of another.
func (who caller) mine(units []string) bool {
	return !slices.ContainsFunc(units, func(u string) bool {
		if u == staff.AllUnits {
			return !who.Everywhere()
		}
		return !who.Sees(u)
	})
}

// audit shows deeds in the caller's units; those of the whole city to who has it all.
func (c *centre) apiAudit(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	n, err := strconv.Atoi(r.FormValue("n"))
	if err != nil || n < 1 || n > 1000 {
		n = 200
	}
	kiosk := r.FormValue("kiosk")
	return c.audit.Last(r.Context(), n, func(d staff.Deed) bool {
		return (who.Sees(d.Unit) || d.Who == who.Name) && (kiosk == "" || d.Target == kiosk)
	})
}

func (c *centre) apiPeople(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	all, err := c.roll.All(r.Context())
	all = slices.DeleteFunc(all, func(p staff.Person) bool { return !who.mine(p.Units) })
	if all == nil {
		all = []staff.Person{}
	}
	return all, err
}

// A personRequest is a person as the dashboard's form has them.
type personRequest struct {
	Name     string     `json:"name"`
	Role     staff.Role `json:"role"`
	Units    []string   `json:"units"`
	Password string     `json:"password"`
	Disabled bool       `json:"disabled"`
}

// unitOf is the one unit that people's own affairs are in; of several, none.
func unitOf(units []string) string {
	if len(units) == 1 && units[0] != staff.AllUnits {
		return units[0]
	}
	return ""
}

func (c *centre) apiAddPerson(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	var in personRequest
	if err := input(r, &in); err != nil {
		return nil, err
	}
	if !who.mine(in.Units) {
		return nil, errForbidden
	}
	if err := c.knownUnits(r.Context(), in.Units); err != nil {
		return nil, err
	}
	var p staff.Person
	err := c.do(r.Context(), who, staff.Deed{What: "person.add", Target: in.Name, Unit: unitOf(in.Units), Detail: string(in.Role)}, func() (err error) {
		p, err = c.roll.Add(r.Context(), in.Name, in.Role, in.Units, in.Password)
		return err
	})
	return p, err
}

// person finds one of the caller's.
func (c *centre) person(r *http.Request, who caller) (staff.Person, error) {
	all, err := c.roll.All(r.Context())
	if err != nil {
		return staff.Person{}, err
	}
	i := slices.IndexFunc(all, func(p staff.Person) bool { return p.Name == r.PathValue("name") && who.mine(p.Units) })
	if i < 0 {
		return staff.Person{}, errNotThere
	}
	return all[i], nil
}

func (c *centre) apiSetPerson(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	var in personRequest
	if err := input(r, &in); err != nil {
		return nil, err
	}
	p, err := c.person(r, who)
	if err != nil {
		return nil, err
	}
	if !who.mine(in.Units) {
		return nil, errForbidden
	}
	if err := c.knownUnits(r.Context(), in.Units); err != nil {
		return nil, err
	}
	err = c.do(r.Context(), who, staff.Deed{What: "person.set", Target: p.Name, Unit: unitOf(p.Units), Detail: string(in.Role)}, func() (err error) {
		p, err = c.roll.Set(r.Context(), p.Name, in.Role, in.Units, in.Disabled)
		return err
	})
	return p, err
}

func (c *centre) apiResetPerson(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	var in personRequest
	if err := input(r, &in); err != nil {
		return nil, err
	}
	p, err := c.person(r, who)
	if err != nil {
		return nil, err
	}
	err = c.do(r.Context(), who, staff.Deed{What: "person.reset", Target: p.Name, Unit: unitOf(p.Units)}, func() error {
		return c.roll.Reset(r.Context(), p.Name, in.Password)
	})
	return map[string]string{}, err
}
