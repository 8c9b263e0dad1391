//go:build release

package main

import (
	"context"
	"flag"
	"log/slog"
	"net"
	"net/http"
)

// simPath is empty: a release has no simulator.
const simPath = ""

type simulated struct{}

func simFlags(*flag.FlagSet, *options) {}

func openSim(*options, net.Addr, *slog.Logger) (simulated, error) { return simulated{}, nil }

func simAnchors(options) [][]byte { return nil }

func (simulated) handler() http.Handler { return nil }
func (simulated) close() error          { return nil }

const simulateUsage = ""

var simulate func(context.Context, []string, env) error
