package serial

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// identityPrefix begins a USB identity where a port's path may stand too.
const identityPrefix = "usb:"

// An Identity says which USB device is meant, by what is burnt into it: the
// system may call its port ttyUSB0 today and ttyUSB1 after it was replugged.
type Identity struct {
	Vendor, Product string // four lower-case hexadecimal digits each
	Serial          string // empty: whatever its serial number is
}

// IsIdentity tells an identity from a path.
func IsIdentity(target string) bool { return strings.HasPrefix(target, identityPrefix) }

// ParseIdentity reads "usb:VVVV:PPPP" or "usb:VVVV:PPPP:SERIAL". All that follows
// the third colon is the serial number, spaces and colons too.
func ParseIdentity(s string) (Identity, error) {
	wrong := func(why string) (Identity, error) {
		return Identity{}, fmt.Errorf("%w: %q: %s", ErrIdentity, s, why)
	}
	rest, ok := strings.CutPrefix(s, identityPrefix)
	if !ok {
		return wrong("it does not begin with usb:")
	}
	vendor, rest, ok := strings.Cut(rest, ":")
	product, serial, withSerial := strings.Cut(rest, ":")
	if !ok || !isHex4(vendor) || !isHex4(product) {
		return wrong("vendor and product are four hexadecimal digits each, as lsusb shows them: usb:0403:6001")
	}
	if withSerial && (serial == "" || serial != cleanText(serial)) {
		return wrong("the serial number is missing, or not printable text")
	}
	return Identity{strings.ToLower(vendor), strings.ToLower(product), serial}, nil
}

func isHex4(s string) bool {
	return len(s) == 4 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// String is the form that ParseIdentity reads.
func (id Identity) String() string {
	s := identityPrefix + id.Vendor + ":" + id.Product
	if id.Serial != "" {
		s += ":" + id.Serial
	}
	return s
}

// names reports whether id means the device, which has a whole identity.
func (id Identity) names(device Identity) bool {
	return id.Vendor == device.Vendor && id.Product == device.Product && (id.Serial == "" || id.Serial == device.Serial)
}

// cleanText is what a device says of itself, as one printable line: it can be
// typed into a configuration and shown on a terminal whatever the device says.
func cleanText(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.TrimSpace(s))
}

// A Device is a port of this machine and what hangs on it.
type Device struct {
	Path string // its node, /dev/ttyUSB0, for as long as it stays plugged in
	// Printer: the port is a USB printer's own, /dev/usb/lp0, and not a serial line.
	Printer bool
	USB     Identity // zero: the port is not a USB one
	Maker   string   // what the device calls its manufacturer and itself
	Name    string
	ByID    string // udev's link by identity, if there is one
	ByPath  string // udev's link by the socket it is plugged into, if there is one
}

func (d Device) String() string {
	var s strings.Builder
	if d.USB != (Identity{}) {
		s.WriteString(d.USB.String() + " ")
	}
	if name := strings.TrimSpace(d.Maker + " " + d.Name); name != "" {
		fmt.Fprintf(&s, "(%s) ", name)
	}
	return s.String() + "at " + d.Path
}

// Address is how a configuration names the device so that it is found again: by who
// it is, whichever socket it is plugged into; by its socket where another of all the
// devices would answer to the same name; and by its path where the system knows no
// more of it.
func (d Device) Address(all []Device) string {
	twin := func(other Device) bool { return other.Path != d.Path && d.USB.names(other.USB) }
	if d.USB != (Identity{}) && !slices.ContainsFunc(all, twin) {
		return d.USB.String()
	}
	return cmp.Or(d.ByPath, d.Path)
}

// List returns every serial port and USB printer of this machine.
func List() ([]Device, error) { return Bus{}.List() }

// Find returns the one port of this machine that the identity means.
func Find(identity string) (Device, error) { return Bus{}.Find(identity) }

// Find returns the one port that the identity means, of whichever kind. The error
// wraps [ErrGone] if there is none, and [ErrAmbiguous] if there are more.
func (b Bus) Find(identity string) (Device, error) {
	return b.find(identity, func(Device) bool { return true })
}

// find looks among the devices that are wanted.
func (b Bus) find(identity string, wanted func(Device) bool) (Device, error) {
	id, err := ParseIdentity(identity)
	if err != nil {
		return Device{}, err
	}
	all, err := b.List()
	if err != nil {
		return Device{}, err
	}
	var found, others []Device
	for _, d := range all {
		switch {
		case id.names(d.USB) && wanted(d):
			found = append(found, d)
		case d.USB != (Identity{}):
			others = append(others, d)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Device{}, fmt.Errorf("%w: no %s here; %s", ErrGone, id, thereIs(others))
	}
	return Device{}, fmt.Errorf("%w: %s is %s; %s", ErrAmbiguous, id, joined(found, " and "), tellApart(found))
}

// thereIs says what is plugged in instead, for whoever mistyped or misplugged.
func thereIs(devices []Device) string {
	if len(devices) == 0 {
		return "no USB port is here at all"
	}
	return "here is " + joined(devices, ", ")
}

// tellApart says what to write instead of an identity that means several ports.
func tellApart(found []Device) string {
	serials := map[string]bool{}
	for _, d := range found {
		serials[d.USB.Serial] = d.USB.Serial != ""
	}
	if len(serials) == len(found) {
		return "add the serial number: usb:VVVV:PPPP:SERIAL"
	}
	var links []string
	for _, d := range found {
		switch {
		case d.ByPath != "":
			links = append(links, d.ByPath)
		case d.ByID != "":
			links = append(links, d.ByID)
		default:
			links = append(links, d.Path)
		}
	}
	return "they have no serial numbers of their own: name the port by where it is plugged in, " + strings.Join(links, " or ")
}

func joined(devices []Device, by string) string {
	words := make([]string, len(devices))
	for i, d := range devices {
		words[i] = d.String()
	}
	return strings.Join(words, by)
}

var (
	// ErrIdentity says that a text is not the identity of a USB device.
	ErrIdentity = errors.New("not a USB identity")
	// ErrAmbiguous says that an identity means more than one port.
	ErrAmbiguous = errors.New("more than one such USB device")
)
