package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"

	"github.com/nats-io/nats.go"

	"tiepdan/kiosk/config"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/staff"
)

// Commands to a kiosk, and the code of its technician's page. All of it is written down.

// errSilent says that a kiosk did not answer a command.
var errSilent = &refusal{http.StatusGatewayTimeout, "kiosk-silent", nil}

// apiCommand has a kiosk do something, and answers with what it answers.
func (c *centre) apiCommand(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	k, err := c.theirs(r, who)
	if err != nil {
		return nil, err
	}
	verb := r.PathValue("verb")
	if !slices.Contains(link.Verbs, verb) {
		return nil, errNotThere
	}
	var done link.Done
	err = c.do(r.Context(), who, staff.Deed{What: "kiosk." + verb, Target: k.ID, Unit: k.Unit}, func() error {
		m, err := c.nc.Request(link.CommandSubject(k.ID, verb), nil, link.ResponseWindow)
		if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrTimeout) {
			return errSilent
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal(m.Data, &done); err != nil || len(m.Data) > maxFound {
			return errSilent
		}
		if done.Error != "" {
			return &refusal{http.StatusConflict, "kiosk-" + done.Error, errors.New(done.Detail)}
		}
		return nil
	})
	return done, err
}

// apiTechnicianCode tells the code that opens a kiosk's technician page.
func (c *centre) apiTechnicianCode(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	k, err := c.theirs(r, who)
	if err != nil {
		return nil, err
	}
	var code string
	err = c.do(r.Context(), who, staff.Deed{What: "kiosk.technician-code", Target: k.ID, Unit: k.Unit}, func() error {
		code = c.registry.TechnicianCode(k.ID)
		return c.giveTechnician(r.Context(), k, code)
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{"code": code[:4] + " " + code[4:]}, nil
}

// giveTechnician lets the code in at a kiosk that was added before there were any: what
// is shown here opens there.
func (c *centre) giveTechnician(ctx context.Context, k enrol.Kiosk, code string) error {
	cfg, err := config.Parse(k.Config)
	if err != nil || cfg.Technician != "" {
		return err
	}
	cfg.Technician = staff.HashCode(code)
	text, err := cfg.Marshal()
	if err != nil {
		return err
	}
	_, err = c.registry.SetConfig(ctx, k.ID, text)
	return err
}

var hashes = regexp.MustCompile(`\$argon2id\$\S+`)

// shown is a configuration without what could be guessed at.
func shown(config []byte) string { return string(hashes.ReplaceAll(config, []byte("(…)"))) }
