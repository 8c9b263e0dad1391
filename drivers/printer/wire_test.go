package printer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tiepdan/drivers/serial"
	"tiepdan/drivers/serial/serialsim"
)

// A halfLine takes half of what it is given and calls that success, as serial
// libraries were seen to do after a hang-up.
type halfLine struct{ drainer }

func (halfLine) Write(b []byte) (int, error) { return len(b) / 2, nil }

func TestShortWriteIsAnError(t *testing.T) {
	if n, err := (wire{halfLine{}}).Write(make([]byte, 8)); n != 4 || !errors.Is(err, io.ErrShortWrite) {
		t.Error(n, err)
	}
	if n, err := (wire{halfLine{}}).Write(nil); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestNetworkPort(t *testing.T) {
	for target, want := range map[string]string{
		"tcp:printer": "printer:9100", "tcp:10.0.0.7": "10.0.0.7:9100", "tcp:printer:515": "printer:515",
		"tcp:[fe80::1]": "[fe80::1]:9100", "tcp:[fe80::1]:515": "[fe80::1]:515",
	} {
		if got, err := parseTarget(target); got.address != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", target, got.address, err, want)
		}
	}
}

// A device's port is opened as what it is: a serial line has a speed to be set.
func TestPortIsOpenedAsWhatItIs(t *testing.T) {
	sim, err := serialsim.NewBus(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(sim.Dev, "usb"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, test := range []struct{ target, node, want string }{
		{"usb:0403:6001", "ttyUSB0", "*serial.Port"},
		{"usb:1a86:55d4", "ttyACM0", "*serial.Port"},
		{"usb:04b8:0e15", "lp0", "*printer.lp"},
		{filepath.Join(sim.Dev, "ttyS3"), "", "*serial.Port"},
		{filepath.Join(sim.Dev, "usb/lp3"), "", "*printer.lp"},
	} {
		link := filepath.Join(t.TempDir(), "cable")
		cable, err := serialsim.Plug(link)
		if err != nil {
			t.Skip("no pseudo-terminals here:", err)
		}
		defer cable.Close()
		if test.node == "" {
			err = os.Symlink(link, test.target)
		} else {
			id, bad := serial.ParseIdentity(test.target)
			if bad != nil {
				t.Fatal(bad)
			}
			err = sim.Plug(serialsim.USB{Socket: fmt.Sprintf("1-%d", i+1), Vendor: id.Vendor, Product: id.Product,
				Ports: []serialsim.Port{{Node: test.node, Leads: link}}})
		}
		if err != nil {
			t.Fatal(err)
		}
		line, err := OpenOn(serial.Bus{Sys: sim.Sys, Dev: sim.Dev}, test.target, 9600)(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%T", line.(wire).drainer); got != test.want {
			t.Errorf("%s is opened as %s, want %s", test.target, got, test.want)
		}
		if err := line.Close(); err != nil {
			t.Error(err)
		}
	}
}
