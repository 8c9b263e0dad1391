package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"tiepdan/provisioning/fleet"
	"tiepdan/provisioning/gateway"
	"tiepdan/provisioning/report"
	"tiepdan/provisioning/staff"
)

// What -totp says.
const (
	totpRequired = "required"
	totpOptional = "optional"
)

// openRooms opens what people at the centre work with.
func (c *centre) openRooms(ctx context.Context, o options, data dataDir) (err error) {
	ways, err := o.alerts.ways()
	if err != nil {
		return err
	}
	key, err := data.secret("keys/staff.key", true, func() ([]byte, error) { return []byte(rand.Text() + rand.Text()), nil })
	if err != nil {
		return err
	}
	c.totpOptional = o.totp == totpOptional
	if c.roll, err = staff.OpenRoll(ctx, c.js, o.replicas, key, c.totpOptional); err != nil {
		return err
	}
	kept, err := retentionIn(ctx, c.rules)
	if err != nil {
		return err
	}
	if c.audit, err = staff.OpenAudit(ctx, c.js, o.replicas, days(kept.Audit)); err != nil {
		return err
	}
	if c.book, err = gateway.OpenDesk(ctx, c.js, o.replicas); err != nil {
		return err
	}
	if c.readiness, err = openReadiness(ctx, c.js, o.replicas); err != nil {
		return err
	}
	c.city = newCity(c.registry, c.fleet)
	if c.alerts, err = fleet.OpenKeeper(ctx, c.js, o.replicas, rand.Text()); err != nil {
		return err
	}
	c.alerts.Ways, c.alerts.Standings, c.alerts.Log = ways, c.city.stand, c.log.With("part", "alerts")
	if c.rollouts, err = fleet.OpenRollouts(ctx, c.js, o.replicas); err != nil {
		return err
	}
	c.rollouts.Standings, c.rollouts.Apply = c.city.stand, c.apply
	c.alerts.Chores = append(c.alerts.Chores, c.rollouts.Step)
	c.reports, err = report.Open(ctx, data.path("report.db"))
	return err
}

// alertOptions are the flags that say how alerts leave.
type alertOptions struct {
	webhook, smtp, account, from, to string
}

func (o *alertOptions) flags(set *flag.FlagSet) {
	set.StringVar(&o.webhook, "alert-webhook", "", "`URL` that alerts are POSTed to, as JSON")
	set.StringVar(&o.smtp, "smtp", "", "`HOST:PORT` of the server that alerts are mailed by")
	set.StringVar(&o.account, "smtp-account", "", "`USER:PASSWORD` there, or @FILE, or -; none: no sign-in")
	set.StringVar(&o.from, "alert-from", "", "`ADDRESS` that alerts are mailed from")
	set.StringVar(&o.to, "alert-to", "", "`ADDRESSES`, with commas, that they are mailed to")
}

func (o alertOptions) ways() ([]fleet.Way, error) {
	var ways []fleet.Way
	if o.webhook != "" {
		if !strings.HasPrefix(o.webhook, "https://") && !strings.HasPrefix(o.webhook, "http://") {
			return nil, errors.New("-alert-webhook: a URL like https://host/path is needed")
		}
		ways = append(ways, fleet.Webhook{URL: o.webhook, Client: &http.Client{Timeout: 30 * time.Second}})
	}
	if o.smtp == "" {
		return ways, nil
	}
	letters := fleet.Mail{Server: o.smtp, From: o.from}
	if _, err := mail.ParseAddress(o.from); err != nil {
		return nil, errors.New("-alert-from: an address is needed with -smtp")
	}
	to, err := mail.ParseAddressList(o.to)
	if err != nil {
		return nil, errors.New("-alert-to: one or more addresses are needed with -smtp")
	}
	for _, a := range to {
		letters.To = append(letters.To, a.Address)
	}
	if o.account != "" {
		var ok bool
		if letters.User, letters.Password, ok = strings.Cut(o.account, ":"); !ok {
			return nil, errors.New("-smtp-account: USER:PASSWORD is needed, or @FILE with it")
		}
	}
	return append(ways, letters), nil
}
