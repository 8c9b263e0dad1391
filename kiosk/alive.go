package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"tiepdan/kiosk/session"
	"tiepdan/kiosk/store"
)

// Whoever started the daemon (systemd, Type=notify) hears when it serves, and then again
// and again that it is alive: that the session takes events, the store reads, and the pages
// are served. One that only exists is started anew.

// probeWithin is how long each proof of life may take.
const probeWithin = 5 * time.Second

// A proof shows that one part of the daemon works.
type proof struct {
	name string
	try  func(context.Context) error
}

// proofs of a daemon that serves at addr.
func proofs(addr string, visits *session.Machine, db *store.Store) []proof {
	return []proof{
		{"session", func(ctx context.Context) error {
			visits.Post(ctx, session.ClockLevel{State: clockState()}) // returns when it was taken
			return ctx.Err()
		}},
		{"store", func(ctx context.Context) error {
			_, err := db.Backlog(ctx)
			return err
		}},
		{"pages", func(ctx context.Context) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
			if err != nil {
				return err
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			return resp.Body.Close()
		}},
	}
}

// watchdog tells the service manager that the daemon serves, once it does, and that it is
// alive as long as every proof holds. Without a manager it does nothing.
func watchdog(all []proof, log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		every, err := daemon.SdWatchdogEnabled(false)
		if err != nil {
			log.Warn("the watchdog's time is none", "err", err)
		}
		if every == 0 {
			every = time.Minute // READY is told all the same
		}
		looks := time.NewTicker(every / 3)
		defer looks.Stop()
		for ready := false; ; {
			if err := alive(ctx, all); err != nil {
				if ctx.Err() == nil {
					log.Error("not alive", "err", err)
				}
			} else {
				tell(log, daemon.SdNotifyWatchdog)
				if !ready {
					ready = true
					tell(log, daemon.SdNotifyReady)
				}
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-looks.C:
			}
		}
	}
}

func tell(log *slog.Logger, what string) {
	if _, err := daemon.SdNotify(false, what); err != nil {
		log.Warn("the service manager does not hear", "err", err)
	}
}

// alive tries every proof.
func alive(ctx context.Context, all []proof) error {
	var errs error
	for _, p := range all {
		limited, cancel := context.WithTimeout(ctx, probeWithin)
		if err := p.try(limited); err != nil {
			errs = errors.Join(errs, fmt.Errorf("%s: %w", p.name, err))
		}
		cancel()
	}
	return errs
}
