package serial_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tiepdan/drivers/serial"
)

// machine is a made-up /sys, as Linux 6 lays it out.
type machine struct {
	t   *testing.T
	bus serial.Bus
}

func newMachine(t *testing.T) machine {
	dir := t.TempDir()
	return machine{t, serial.Bus{Sys: filepath.Join(dir, "sys"), Dev: "/dev"}}
}

func (m machine) write(path, text string) {
	m.t.Helper()
	path = filepath.Join(m.bus.Sys, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text+"\n"), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m machine) link(path, to string) {
	m.t.Helper()
	path, to = filepath.Join(m.bus.Sys, path), filepath.Join(m.bus.Sys, to)
	for _, dir := range []string{filepath.Dir(path), to} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			m.t.Fatal(err)
		}
	}
	if err := os.Symlink(to, path); err != nil {
		m.t.Fatal(err)
	}
}

// usb plugs a device into a port of the bus; node is what its interface became.
func (m machine) usb(port, class, node, vendor, product, number string) {
	dev := "devices/pci0000:00/usb1/" + port
	m.write(dev+"/idVendor", vendor)
	m.write(dev+"/idProduct", product)
	m.write(dev+"/product", "A Thing")
	if number != "" {
		m.write(dev+"/serial", number)
	}
	iface := dev + "/" + filepath.Base(port) + ":1.0"
	if strings.HasPrefix(node, "ttyUSB") { // the port of a converter hangs one lower
		iface += "/" + node
	}
	m.link("class/"+class+"/"+node+"/device", iface)
}

func (m machine) pull(class, node string) {
	if err := os.RemoveAll(filepath.Join(m.bus.Sys, "class", class, node)); err != nil {
		m.t.Fatal(err)
	}
}

func (m machine) expect(identity, path string, why error) {
	m.t.Helper()
	n, err := m.bus.Find(identity)
	if n.Path != path || !errors.Is(err, why) {
		m.t.Errorf("%s: %s, %v; want %s, %v", identity, n.Path, err, path, why)
	}
}

func TestFind(t *testing.T) {
	m := newMachine(t)
	m.expect("usb:1a86:7523", "", serial.ErrGone) // nothing at all
	m.usb("1-1", "tty", "ttyUSB0", "1a86", "7523", "")
	m.usb("1-2/1-2.3", "tty", "ttyACM0", "0c2e", "0b61", "S N:1") // behind a hub
	m.usb("1-3", "usbmisc", "lp0", "04b8", "0e28", "X5")
	m.write("class/tty/ttyS0/type", "0") // what every PC claims to have
	m.link("class/tty/ttyS0/device", "devices/pnp0/00:01")
	m.write("class/tty/ttyS1/type", "4")
	m.link("class/tty/ttyS1/device", "devices/pnp0/00:02")
	m.write("class/tty/console/active", "tty0")
	m.write("class/usbmisc/hiddev0/dev", "180:96")

	m.expect("usb:1a86:7523", "/dev/ttyUSB0", nil)
	m.expect("usb:1A86:7523", "/dev/ttyUSB0", nil)
	m.expect("usb:0c2e:0b61", "/dev/ttyACM0", nil)
	m.expect("usb:0c2e:0b61:S N:1", "/dev/ttyACM0", nil)
	m.expect("usb:0c2e:0b61:other", "", serial.ErrGone)
	m.expect("usb:04b8:0e28", "/dev/usb/lp0", nil)
	for _, wrong := range []string{"usb:1a86", "usb:1a86:75", "1a86:7523", "usb:1a86:7523:", "usb:zzzz:7523"} {
		if _, err := m.bus.Find(wrong); err == nil || errors.Is(err, serial.ErrGone) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	nodes, err := m.bus.List()
	var got []string
	for _, n := range nodes {
		got = append(got, n.Path+" "+n.Identity())
	}
	if want := "/dev/ttyACM0 usb:0c2e:0b61:S N:1, /dev/ttyS1 , /dev/ttyUSB0 usb:1a86:7523, /dev/usb/lp0 usb:04b8:0e28:X5"; strings.Join(got, ", ") != want || err != nil {
		t.Errorf("list %s, %v, want %s", strings.Join(got, ", "), err, want)
	}
}

// Pulled out and plugged in, a converter gets another name, and is found.
func TestFindAfterRename(t *testing.T) {
	m := newMachine(t)
	m.usb("1-1", "tty", "ttyUSB0", "1a86", "7523", "A")
	m.expect("usb:1a86:7523:A", "/dev/ttyUSB0", nil)
	m.pull("tty", "ttyUSB0")
	m.expect("usb:1a86:7523:A", "", serial.ErrGone)
	m.usb("1-1", "tty", "ttyUSB1", "1a86", "7523", "A")
	m.expect("usb:1a86:7523:A", "/dev/ttyUSB1", nil)
}

// Two of a kind are not guessed between: the error says how to tell them apart.
func TestFindTwoOfAKind(t *testing.T) {
	m := newMachine(t)
	m.usb("1-1", "tty", "ttyUSB0", "1a86", "7523", "A")
	m.usb("1-2", "tty", "ttyUSB1", "1a86", "7523", "B")
	m.expect("usb:1a86:7523", "", serial.ErrAmbiguous)
	m.expect("usb:1a86:7523:B", "/dev/ttyUSB1", nil)
	_, err := m.bus.Find("usb:1a86:7523")
	for _, word := range []string{"/dev/ttyUSB0 (usb:1a86:7523:A)", "/dev/ttyUSB1 (usb:1a86:7523:B)", "serial number"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not say %s", err, word)
		}
	}
}
