package serial_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"

	"tiepdan/drivers/serial"
	"tiepdan/drivers/serial/serialsim"
)

// machine is a simulated bus, and where the driver finds it.
type machine struct {
	*serialsim.Bus
	bus serial.Bus
}

func newMachine(t *testing.T, devices ...serialsim.USB) machine {
	t.Helper()
	sim, err := serialsim.NewBus(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := machine{sim, serial.Bus{Sys: sim.Sys, Dev: sim.Dev}}
	for _, d := range devices {
		m.plug(t, d)
	}
	return m
}

func (m machine) plug(t *testing.T, d serialsim.USB) {
	t.Helper()
	if err := m.Plug(d); err != nil {
		t.Fatal(err)
	}
}

// usb is a device with one port of that name.
func usb(socket, identity, node string) serialsim.USB {
	id, err := serial.ParseIdentity(identity)
	if err != nil {
		panic(err)
	}
	return serialsim.USB{Socket: socket, Vendor: id.Vendor, Product: id.Product, Serial: id.Serial,
		Maker: "Maker", Name: "Thing " + socket, Ports: []serialsim.Port{{Node: node}}}
}

func TestFind(t *testing.T) {
	adapter := usb("1-1", "usb:0403:6001:A50285BI", "ttyUSB0")
	twin := usb("1-2", "usb:0403:6001:A50285BJ", "ttyUSB1")
	for name, test := range map[string]struct {
		plugged  []serialsim.USB
		identity string
		path     string // in /dev
		err      error
		says     []string
	}{
		"by product":       {[]serialsim.USB{adapter}, "usb:0403:6001", "ttyUSB0", nil, nil},
		"by serial":        {[]serialsim.USB{adapter, twin}, "usb:0403:6001:A50285BJ", "ttyUSB1", nil, nil},
		"capital digits":   {[]serialsim.USB{usb("1-1", "usb:04b8:0e15", "lp0")}, "usb:04B8:0E15", "usb/lp0", nil, nil},
		"another vendor":   {[]serialsim.USB{usb("1-1", "usb:1403:6001", "ttyUSB0"), usb("1-2", "usb:0403:6001", "ttyUSB1")}, "usb:0403:6001", "ttyUSB1", nil, nil},
		"CDC-ACM":          {[]serialsim.USB{usb("1-1", "usb:1a86:55d4:5", "ttyACM3")}, "usb:1a86:55d4:5", "ttyACM3", nil, nil},
		"behind hubs":      {[]serialsim.USB{usb("1-4.3.2", "usb:0403:6001:X", "ttyUSB0")}, "usb:0403:6001:X", "ttyUSB0", nil, nil},
		"not the hub":      {[]serialsim.USB{usb("1-4.3", "usb:0403:6001:X", "ttyUSB0")}, "usb:05e3:0608", "", serial.ErrGone, nil},
		"serial with :":    {[]serialsim.USB{usb("1-1", "usb:0403:6001:12:AB:34", "ttyUSB0"), twin}, "usb:0403:6001:12:AB:34", "ttyUSB0", nil, nil},
		"serial with ' '":  {[]serialsim.USB{usb("1-1", "usb:0403:6001:SN 00 1", "ttyUSB0"), twin}, "usb:0403:6001:SN 00 1", "ttyUSB0", nil, nil},
		"part of a serial": {[]serialsim.USB{adapter}, "usb:0403:6001:A5", "", serial.ErrGone, []string{"A50285BI"}},
		"ambiguous": {[]serialsim.USB{adapter, twin}, "usb:0403:6001", "", serial.ErrAmbiguous,
			[]string{"ttyUSB0", "A50285BI", "ttyUSB1", "A50285BJ", "add the serial number"}},
		"twins without serials": {[]serialsim.USB{usb("1-1", "usb:1a86:7523", "ttyUSB0"), usb("1-2.1", "usb:1a86:7523", "ttyUSB1")},
			"usb:1a86:7523", "", serial.ErrAmbiguous, []string{"ttyUSB0", "ttyUSB1", "by-path/pci-0000:00:14.0-usb-0:1:1.0", "by-path/pci-0000:00:14.0-usb-0:2.1:1.0"}},
		"clones with one serial": {[]serialsim.USB{usb("1-1", "usb:10c4:ea60:0001", "ttyUSB0"), usb("1-2", "usb:10c4:ea60:0001", "ttyUSB1")},
			"usb:10c4:ea60:0001", "", serial.ErrAmbiguous, []string{"by-path"}},
		"two ports of one device": {[]serialsim.USB{{Socket: "1-1", Vendor: "0403", Product: "6010", Serial: "D", Ports: []serialsim.Port{{Node: "ttyUSB0"}, {Node: "ttyUSB1"}}}},
			"usb:0403:6010:D", "", serial.ErrAmbiguous, []string{"usb-0:1:1.0", "usb-0:1:1.2"}},
		"something else": {[]serialsim.USB{adapter}, "usb:067b:2303", "", serial.ErrGone, []string{"usb:067b:2303", "usb:0403:6001:A50285BI", "Maker Thing 1-1", "ttyUSB0"}},
		"nothing":        {nil, "usb:067b:2303", "", serial.ErrGone, []string{"no USB port is here at all"}},
		"no identity":    {[]serialsim.USB{adapter}, "usb:0403", "", serial.ErrIdentity, []string{`"usb:0403"`}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, test.plugged...)
			d, err := m.bus.Find(test.identity)
			want := ""
			if test.path != "" {
				want = filepath.Join(m.Dev, test.path)
			}
			if d.Path != want || !errors.Is(err, test.err) {
				t.Fatalf("%v, %v; want %q, %v", d, err, want, test.err)
			}
			for _, word := range test.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q is not in: %v", word, err)
				}
			}
		})
	}
}

func TestRenamed(t *testing.T) {
	m := newMachine(t, usb("1-1", "usb:0403:6001:A", "ttyUSB0"))
	find := func(want string) {
		t.Helper()
		d, err := m.bus.Find("usb:0403:6001:A")
		if err != nil || d.Path != filepath.Join(m.Dev, want) {
			t.Fatalf("%v, %v, want %s", d, err, want)
		}
	}
	find("ttyUSB0")
	if err := m.Unplug("1-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.bus.Find("usb:0403:6001:A"); !errors.Is(err, serial.ErrGone) {
		t.Fatal(err)
	}
	m.plug(t, usb("1-3", "usb:0403:6001:B", "ttyUSB0")) // another takes its name
	m.plug(t, usb("1-2.2", "usb:0403:6001:A", "ttyUSB1"))
	find("ttyUSB1")
}

func TestList(t *testing.T) {
	scanner := usb("1-2.1", "usb:0c2e:0901:S 1", "ttyACM0")
	m := newMachine(t, scanner, usb("1-1", "usb:04b8:0e15", "lp0"))
	// hiddev0 is of the class of USB printers and none.
	if err := m.Plug(serialsim.USB{Socket: "1-3", Vendor: "1111", Product: "2222", Ports: []serialsim.Port{{Node: "lp9"}}}); err != nil {
		t.Fatal(err)
	}
	class := filepath.Join(m.Sys, "class/usbmisc")
	if err := os.Rename(filepath.Join(class, "lp9"), filepath.Join(class, "hiddev0")); err != nil {
		t.Fatal(err)
	}
	got, err := m.bus.List()
	if err != nil {
		t.Fatal(err)
	}
	dev := func(name string) string { return filepath.Join(m.Dev, name) }
	want := []serial.Device{
		{Path: dev("ttyACM0"), USB: serial.Identity{Vendor: "0c2e", Product: "0901", Serial: "S 1"}, Maker: "Maker", Name: "Thing 1-2.1",
			ByID: dev("serial/by-id/usb-Maker_Thing_1-2.1_S_1-if00"), ByPath: dev("serial/by-path/pci-0000:00:14.0-usb-0:2.1:1.0")},
		{Path: dev("ttyS0")},
		{Path: dev("usb/lp0"), Printer: true, USB: serial.Identity{Vendor: "04b8", Product: "0e15"}, Maker: "Maker", Name: "Thing 1-1"},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
}

// A printer without a serial number is found again in another socket, unless its
// twin is plugged in too: then each is named by its socket.
func TestAddress(t *testing.T) {
	alone := []serialsim.USB{usb("1-1", "usb:1a86:7523", "ttyUSB0"), usb("1-2", "usb:0403:6001:A", "ttyUSB1"), usb("1-3", "usb:0403:6001:B", "ttyUSB2"), usb("1-4", "usb:04b8:0e15", "lp0")}
	m := newMachine(t, alone...)
	addresses := func() map[string]string {
		all, err := m.bus.List()
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]string{}
		for _, d := range all {
			by[strings.TrimPrefix(d.Path, m.Dev+"/")] = strings.TrimPrefix(d.Address(all), m.Dev+"/")
		}
		return by
	}
	want := map[string]string{"ttyS0": "ttyS0", "ttyUSB0": "usb:1a86:7523", "ttyUSB1": "usb:0403:6001:A", "ttyUSB2": "usb:0403:6001:B", "usb/lp0": "usb:04b8:0e15"}
	if got := addresses(); !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	m.plug(t, usb("1-5", "usb:1a86:7523", "ttyUSB3"))
	m.plug(t, usb("1-6", "usb:0403:6001:A", "ttyUSB4")) // makers are known to burn one number into all
	got := addresses()
	for _, node := range []string{"ttyUSB0", "ttyUSB1", "ttyUSB3", "ttyUSB4"} {
		if !strings.HasPrefix(got[node], "serial/by-path/") {
			t.Errorf("%s has a twin and is called %s", node, got[node])
		}
	}
	if got["ttyUSB2"] != want["ttyUSB2"] {
		t.Errorf("ttyUSB2 is called %s", got["ttyUSB2"])
	}
}

// What a device says may be anything; what is shown of it fits on one line, and
// can be written into a configuration to find it.
func TestRudeSerialNumber(t *testing.T) {
	d := usb("1-1", "usb:0403:6001", "ttyUSB0")
	d.Serial = "  7\x1b[2J\xff\t8  "
	m := newMachine(t, d)
	all, err := m.bus.List()
	if err != nil {
		t.Fatal(err)
	}
	id := all[1].USB.String()
	if id != "usb:0403:6001:7?[2J??8" {
		t.Errorf("%q", id)
	}
	if found, err := m.bus.Find(id); err != nil || found != all[1] {
		t.Error(found, err)
	}
}

func TestIsPrinter(t *testing.T) {
	m := newMachine(t, usb("1-1", "usb:04b8:0e15", "lp0"))
	if err := os.MkdirAll(filepath.Join(m.Dev, "usb"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.Dev, "usb/lp0"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("usb/lp0", filepath.Join(m.Dev, "kiosk-printer")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"usb/lp0": true, "usb/../usb/lp0": true, "usb/lp12": true, "kiosk-printer": true,
		"lp0": false, "usb/hiddev0": false, "ttyUSB0": false, "usb/lp": false} {
		if got := m.bus.IsPrinter(m.Dev + "/" + path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// An identity is looked up at every opening, and a scanner's never means a USB
// printer's port.
func TestOpenByIdentity(t *testing.T) {
	far, near, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	defer far.Close()
	defer near.Close()
	both := usb("1-1", "usb:0403:6001:A", "lp0")
	both.Ports = append(both.Ports, serialsim.Port{Node: "ttyUSB4", Leads: near.Name()})
	m := newMachine(t, both, usb("1-2", "usb:04b8:0e15", "lp1"))
	port, err := m.bus.Open("usb:0403:6001:A", 9600)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(m.Dev, "ttyUSB4"); port.Path() != want {
		t.Error(port.Path(), want)
	}
	if second, err := m.bus.Open("usb:0403:6001", 9600); !errors.Is(err, serial.ErrBusy) {
		t.Errorf("second owner: %v, %v", second, err)
	}
	if err := port.Close(); err != nil {
		t.Error(err)
	}
	if _, err := m.bus.Open("usb:04b8:0e15", 9600); !errors.Is(err, serial.ErrGone) {
		t.Error(err)
	}
	if err := m.Unplug("1-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.bus.Open("usb:0403:6001:A", 9600); !errors.Is(err, serial.ErrGone) {
		t.Error(err)
	}
}

func FuzzParseIdentity(f *testing.F) {
	for _, seed := range []string{"usb:0403:6001", "usb:0403:6001:A50285BI", "usb:04B8:0E15:a:b c", "usb:0403:6001:", "usb::", "/dev/ttyUSB0", "usb:04030:601", "usb:0403:6001: x", "usb:0403:6001:\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := serial.ParseIdentity(s)
		if err != nil {
			if !errors.Is(err, serial.ErrIdentity) {
				t.Fatal(err)
			}
			return
		}
		// Vendor and product are written in either case.
		if again, err := serial.ParseIdentity(id.String()); err != nil || again != id || !strings.EqualFold(id.String(), s) {
			t.Fatalf("%q: %v, then %v, %v", s, id, again, err)
		}
	})
}
