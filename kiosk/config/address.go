package config

import (
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A form is one way to say where a device is. The drivers read the same forms; the
// test of the kiosk's devices holds the two against each other.
type form struct {
	like string // an example, for the error
	is   func(string) bool
}

var (
	path      = form{"/dev/serial/by-id/…", filepath.IsAbs}
	usbDevice = form{"usb:VVVV:PPPP[:SERIAL]", isUSBDevice}
	network   = form{"tcp:HOST[:PORT]", isNetwork}

	usbIdentity = regexp.MustCompile(`^usb:[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}(:\S|:\S.*\S)?$`)
	hostName    = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?$`)
)

// address checks where a device is, if it is said at all.
func (p *problems) address(field, value string, forms ...form) {
	likes := make([]string, len(forms))
	for i, f := range forms {
		if f.is(value) {
			return
		}
		likes[i] = f.like
	}
	if value != "" {
		p.add(field, value, "not of the form "+strings.Join(likes, ", "))
	}
}

func isUSBDevice(value string) bool {
	return usbIdentity.MatchString(value) && !strings.ContainsRune(value, utf8.RuneError)
}

func isNetwork(value string) bool {
	address, ok := strings.CutPrefix(value, "tcp:")
	if !ok || address == "" {
		return false
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil { // no port
		host, port, err = net.SplitHostPort(address + ":9100")
	}
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 {
		return false
	}
	if address[0] != '[' {
		return hostName.MatchString(host)
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Is6()
}
