package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/queue"
	"tiepdan/kiosk/session"
	"tiepdan/kiosk/web"
)

// sessionEnv is what the configuration means to a visit.
func sessionEnv(cfg config.Config, cat *catalogue.Catalogue, kiosk string, training bool) (*session.Env, error) {
	hours, err := sessionHours(cfg.Hours)
	if err != nil {
		return nil, err
	}
	channels := map[string]string{}
	for _, svc := range cat.Services {
		for _, code := range svc.Procedures {
			channels[code] = cfg.Channel(code)
		}
	}
	return &session.Env{
		Site: session.Site{
			Kiosk: kiosk, Unit: cfg.Unit.Name, UnitCode: cfg.Unit.Code, Name: cfg.Site, Agency: cfg.Agency, Phone: cfg.Phone,
			Attended: cfg.Attended, Training: training, FilingRequires: cfg.FilingRequires, Channels: channels,
			Procedures: cfg.Procedures, Counters: len(cfg.Counters) > 0, Hours: hours,
		},
		Catalogue: cat,
		Timing: session.Timing{Idle: cfg.Counting.Idle(), LongIdle: cfg.Counting.LongIdle(),
			Warn: cfg.Counting.Warn(), CardLeft: cfg.Counting.CardLeft()},
		Languages: cfg.Languages,
	}, nil
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func sessionHours(list []config.Hours) (out []session.Hours, err error) {
	for _, h := range list {
		from, err1 := sinceMidnight(h.From)
		to, err2 := sinceMidnight(h.To)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("opening hours: %w", err)
		}
		s := session.Hours{From: from, To: to}
		for _, d := range h.Days {
			s.Days = append(s.Days, time.Weekday(slices.Index(weekdays, strings.ToLower(d))))
		}
		out = append(out, s)
	}
	return out, nil
}

func sinceMidnight(clock string) (time.Duration, error) {
	if clock == "24:00" {
		return 24 * time.Hour, nil
	}
	t, err := time.Parse("15:04", clock)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err
}

func queueCounters(list []config.Counter) (out []queue.Counter) {
	for _, c := range list {
		out = append(out, queue.Counter{Code: c.Code, Services: c.Services})
	}
	return out
}

func webOfficers(list []config.Officer, counters []config.Counter) *web.Officers {
	var officers []web.Officer
	for _, o := range list {
		officers = append(officers, web.Officer{ID: o.ID, Name: o.Name, PIN: o.PIN})
	}
	var codes []string
	for _, c := range counters {
		codes = append(codes, c.Code)
	}
	return web.NewOfficers(officers, codes)
}
