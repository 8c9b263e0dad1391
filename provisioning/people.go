package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"

	"tiepdan/provisioning/staff"
)

// userCommand is how the first admin comes to be, and how one who lost a password or a
// second factor comes in again. Passwords are read, never given on the command line.
func userCommand(ctx context.Context, args []string, e env) error {
	verb := ""
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	set := flag.NewFlagSet("user "+verb, flag.ContinueOnError)
	var o operator
	var ask personRequest
	set.StringVar(&o.data, "data", defaultData, "`DIR` of the centre")
	set.StringVar(&o.addr, "addr", "", "`URL` of the centre, if it isn't the one that serves from DIR")
	password := "-"
	if verb == "add" || verb == "reset" {
		set.StringVar(&ask.Name, "name", "", "the `NAME` to sign in with: a-z, 0-9, dot, dash")
		set.StringVar(&password, "password", password, "12 characters or more, from @FILE or - (standard input)")
	}
	units := staff.AllUnits
	if verb == "add" {
		set.StringVar(&units, "units", units, "`CODES` of units, with commas, or * for all")
		set.Func("role", "viewer, operator or admin", func(s string) error { ask.Role = staff.Role(s); return nil })
	}
	if err := flags(set, args, e); err != nil {
		return err
	}
	switch verb {
	case "list":
		return listPeople(ctx, &o, e)
	case "add", "reset":
	default:
		fmt.Fprintln(e.err, "provisioning user: add, reset or list")
		return errUsage
	}
	if ask.Name == "" {
		fmt.Fprintf(e.err, "provisioning user %s: -name is needed\n", verb)
		return errUsage
	}
	if password != "-" && !strings.HasPrefix(password, "@") {
		fmt.Fprintln(e.err, "-password: @FILE or -; the list of processes shows what stands on a command line")
		return errUsage
	}
	var err error
	if ask.Password, err = secretText(password, e); err != nil {
		return err
	}
	path := "people"
	if verb == "add" {
		ask.Units = strings.Split(units, ",")
	} else {
		path += "/" + ask.Name + "/reset"
	}
	var got staff.Person
	if err := o.do(ctx, "POST", path, ask, &got); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%s may sign in; a second factor is set up there\n", ask.Name)
	return nil
}

func listPeople(ctx context.Context, o *operator, e env) error {
	var people []staff.Person
	if err := o.do(ctx, "GET", "people", nil, &people); err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, p := range people {
		state := ""
		if p.Disabled {
			state = "disabled"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.Name, p.Role, strings.Join(p.Units, ","), state)
	}
	return w.Flush()
}

// operatorName is who the command line is, in the list of deeds.
const operatorName = "operator"

func (c *centre) adminPeople(w http.ResponseWriter, r *http.Request) {
	people, err := c.roll.All(r.Context())
	if err != nil {
		c.refusePerson(w, err)
		return
	}
	answer(w, http.StatusOK, people)
}

func (c *centre) adminAddPerson(w http.ResponseWriter, r *http.Request) {
	var ask personRequest
	if err := decode(r, &ask); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	if err := c.knownUnits(r.Context(), ask.Units); err != nil {
		c.refusePerson(w, err)
		return
	}
	var p staff.Person
	err := c.asOperator(r, staff.Deed{What: "person.add", Target: ask.Name, Detail: string(ask.Role)}, func() (err error) {
		p, err = c.roll.Add(r.Context(), ask.Name, ask.Role, ask.Units, ask.Password)
		return err
	})
	if err != nil {
		c.refusePerson(w, err)
		return
	}
	answer(w, http.StatusOK, p)
}

func (c *centre) adminResetPerson(w http.ResponseWriter, r *http.Request) {
	var ask personRequest
	if err := decode(r, &ask); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	name := r.PathValue("name")
	err := c.asOperator(r, staff.Deed{What: "person.reset", Target: name}, func() error {
		return c.roll.Reset(r.Context(), name, ask.Password)
	})
	if err != nil {
		c.refusePerson(w, err)
		return
	}
	answer(w, http.StatusOK, staff.Person{Name: name})
}

// refusePerson answers the operator with what was wrong.
func (c *centre) refusePerson(w http.ResponseWriter, err error) {
	if known, ok := errors.AsType[*refusal](err); ok && known.err != nil {
		refuse(w, known.status, known.err)
		return
	}
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			refuse(w, r.status, r.err)
			return
		}
	}
	c.refuseFor(w, err)
}
