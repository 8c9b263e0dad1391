//go:build release

package main

import (
	"errors"
	"log/slog"

	"tiepdan/kiosk/config"
)

func openSimulated(config.Config, string, string, *slog.Logger) (*devices, error) {
	return nil, errors.New("this is a release build: it has no simulated devices. Build without -tags release to use -sim")
}
