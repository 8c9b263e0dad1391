//go:build !release

package main

import (
	"flag"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"

	"tiepdan/drivers/card/cardsim"
	"tiepdan/provisioning/gateway/onestopsim"
)

// simPath is where the simulated One-Stop answers on the centre's own port.
const simPath = "/onestop"

func simFlags(set *flag.FlagSet, o *options) {
	set.BoolVar(&o.sim, "onestop-sim", false, "simulate the One-Stop system at "+simPath+", with its data in DATA/onestop")
}

// A simulated is the One-Stop simulator, or nil when there is none.
type simulated struct{ *onestopsim.Sim }

// openSim opens the simulator if it is asked for, and points the gateway at it:
// at the centre's own address, over HTTP as everybody else.
func openSim(o *options, addr net.Addr, log *slog.Logger) (simulated, error) {
	if !o.sim {
		return simulated{}, nil
	}
	sim, err := onestopsim.Open(filepath.Join(o.data, "onestop"), log.With("part", "onestop-sim"))
	if err != nil {
		return simulated{}, err
	}
	o.onestop = "http://" + reachable(addr) + simPath
	o.account = sim.Account().Username + ":" + sim.Account().Password
	return simulated{sim}, nil
}

// simAnchors are what virtual chips chain to: where One-Stop is simulated, kiosks
// read those.
func simAnchors(o options) [][]byte {
	if !o.sim {
		return nil
	}
	return [][]byte{cardsim.CSCA()}
}

func (s simulated) handler() http.Handler {
	if s.Sim == nil {
		return nil
	}
	return s.Handler(simPath)
}

func (s simulated) close() error {
	if s.Sim == nil {
		return nil
	}
	return s.Close()
}
