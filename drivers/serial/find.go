package serial

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A Node is one device that bytes go to, and who it says it is on the USB bus.
type Node struct {
	Path    string // /dev/ttyUSB0, /dev/usb/lp0
	Printer bool   // a printer of the USB class, and no serial line
	// Of the USB device; empty where the line is not on that bus.
	Vendor, Product, Serial, Name string
}

// Identity names the device whatever port it is plugged into: usb:VVVV:PPPP:SERIAL,
// without the last where it has none.
func (n Node) Identity() string {
	if n.Vendor == "" {
		return ""
	}
	id := identityPrefix + n.Vendor + ":" + n.Product
	if n.Serial != "" {
		id += ":" + n.Serial
	}
	return id
}

const identityPrefix = "usb:"

// IsIdentity reports whether a name is one by USB identity, and not a path.
func IsIdentity(name string) bool { return strings.HasPrefix(name, identityPrefix) }

var identityForm = regexp.MustCompile(`^usb:([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+))?$`)

// ErrAmbiguous says that more than one device answers to a name.
var ErrAmbiguous = errors.New("more than one such device")

// A Bus is where devices are looked for: Linux's view of them.
type Bus struct{ Sys, Dev string }

// System is this machine's.
func System() Bus { return Bus{"/sys", "/dev"} }

// List finds all serial lines with a device behind them and all USB printers.
func (b Bus) List() ([]Node, error) {
	var nodes []Node
	for _, c := range []struct {
		class, dev string
		printer    bool
	}{{"tty", "", false}, {"usbmisc", "usb", true}} {
		dir := filepath.Join(b.Sys, "class", c.class)
		entries, err := os.ReadDir(dir)
		if errors.Is(err, os.ErrNotExist) {
			continue // no device of the class
		}
		if err != nil {
			return nil, fmt.Errorf("devices: %w", err)
		}
		for _, e := range entries {
			if c.printer && !strings.HasPrefix(e.Name(), "lp") {
				continue
			}
			device, err := filepath.EvalSymlinks(filepath.Join(dir, e.Name(), "device"))
			if err != nil {
				continue // a terminal without a device, or one that was just pulled out
			}
			n := Node{Path: filepath.Join(b.Dev, c.dev, e.Name()), Printer: c.printer}
			b.identify(&n, device)
			// The legacy ports every PC claims to have have no USB and say "none".
			if n.Vendor == "" && isAbsent(filepath.Join(dir, e.Name())) {
				continue
			}
			nodes = append(nodes, n)
		}
	}
	return nodes, nil
}

// identify climbs from an interface to the USB device that it is of.
func (b Bus) identify(n *Node, device string) {
	for dir := device; len(dir) > len(b.Sys); dir = filepath.Dir(dir) {
		if n.Vendor = attribute(dir, "idVendor"); n.Vendor != "" {
			n.Product = attribute(dir, "idProduct")
			n.Serial = attribute(dir, "serial")
			n.Name = strings.TrimSpace(attribute(dir, "manufacturer") + " " + attribute(dir, "product"))
			return
		}
	}
}

// isAbsent says that a serial port has no chip behind it: type 0 is PORT_UNKNOWN.
func isAbsent(dir string) bool { return attribute(dir, "type") == "0" }

func attribute(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return "" // most have not all
	}
	return strings.TrimSpace(string(b))
}

// Find returns the one device of an identity, whatever its node is called today.
// The error wraps [ErrGone] or [ErrAmbiguous] and says what there is instead.
func (b Bus) Find(identity string) (Node, error) {
	m := identityForm.FindStringSubmatch(identity)
	if m == nil {
		return Node{}, fmt.Errorf("%q is not usb:VENDOR:PRODUCT or usb:VENDOR:PRODUCT:SERIAL", identity)
	}
	all, err := b.List()
	if err != nil {
		return Node{}, err
	}
	var found []Node
	for _, n := range all {
		if strings.EqualFold(n.Vendor, m[1]) && strings.EqualFold(n.Product, m[2]) && (m[3] == "" || n.Serial == m[3]) {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Node{}, fmt.Errorf("%w: nothing is plugged in that is %s; there is %s", ErrGone, identity, names(all))
	}
	return Node{}, fmt.Errorf("%w as %s: %s; add the serial number, or name the port", ErrAmbiguous, identity, names(found))
}

// names lists devices for an error.
func names(nodes []Node) string {
	var out []string
	for _, n := range nodes {
		s := n.Path
		if id := n.Identity(); id != "" {
			s += " (" + id + ")"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, ", ")
}
