package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/scanner"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
)

// toldFile holds the hash of the configuration this kiosk was told: what it lives by is
// that with the facts of the machine in it, and has another.
const toldFile = "config.told"

// toldHash is that hash; "" of a kiosk that was told by hand.
func toldHash(data string) string {
	b, err := os.ReadFile(filepath.Join(data, toldFile))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// writeTold writes a configuration and then its hash. Between the two the kiosk has the
// new one under the old name, and fetches it once more.
func writeTold(data string, told []byte) error {
	whole, err := withDevices(told, data)
	if err != nil {
		return err
	}
	return errors.Join(writeFile(filepath.Join(data, configFile), whole), writeFile(filepath.Join(data, toldFile), []byte(link.HashOf(told))))
}

// usable says why a kiosk could not live by a configuration; its errors name the field.
func usable(cfg config.Config) (*printer.Layouts, error) {
	if _, err := printerProfile(cfg); err != nil {
		return nil, &config.FieldError{Field: "devices.printer", Value: cfg.Devices.Printer.Profile, Why: err.Error()}
	}
	if _, err := scanner.ProfileNamed(cfg.Devices.Scanner.Profile); err != nil {
		return nil, &config.FieldError{Field: "devices.scanner.profile", Value: cfg.Devices.Scanner.Profile, Why: err.Error()}
	}
	return layoutsOfConfig(cfg)
}

// blobs are fetched by their hash; [link.Conn] is one.
type blobs interface {
	WatchDesired(ctx context.Context, emit func(link.Desired)) error
	Blob(ctx context.Context, hash string) ([]byte, error)
}

const fetchAgain = time.Minute

// follow makes this kiosk what the centre wants it to be: a new configuration is fetched,
// tried, written, and taken by beginning anew when nobody stands there. One that it could
// not live by is refused, and said.
func follow(centre blobs, data string, restart func(), tracker *health.Tracker, log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		newest := newMailbox[link.Desired]()
		go centre.WatchDesired(ctx, newest.put)
		return newest.each(ctx, func(want link.Desired) {
			for ctx.Err() == nil {
				if want.Config == "" || want.Config == toldHash(data) {
					tracker.Set(health.ConfigRefused, false, "")
					return
				}
				told, err := centre.Blob(ctx, want.Config)
				if err == nil {
					if err = try(told, data); err == nil {
						err = writeTold(data, told)
					}
					if err != nil {
						tracker.Set(health.ConfigRefused, true, err.Error())
						log.Error("the new configuration is refused", "hash", want.Config, "err", err)
						return
					}
					tracker.Set(health.ConfigRefused, false, "")
					log.Info("a new configuration", "hash", want.Config)
					restart()
					return
				}
				log.Warn("the new configuration does not come", "err", err)
				select {
				case <-ctx.Done():
				case <-newest.ready: // another is wanted by now, or the same again
					newest.wake()
					return
				case <-time.After(fetchAgain):
				}
			}
		})
	}
}

// try reads a configuration as the next run of this program will.
func try(told []byte, data string) error {
	whole, err := withDevices(told, data)
	if err != nil {
		return err
	}
	cfg, err := config.Parse(whole)
	if err != nil {
		return err
	}
	if _, err := usable(cfg); err != nil {
		return err
	}
	cat, err := catalogue.Embedded(time.Now())
	if err != nil {
		return err
	}
	return cfg.Check(cat)
}
