package serialsim

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Bus is the USB of a machine that is not there: a sysfs tree and device nodes as
// Linux keeps them, in a folder. Things are plugged into it and pulled out.
type Bus struct {
	Sys, Dev string // the folders in place of /sys and /dev
}

// A USB device, as it is plugged in.
type USB struct {
	// Socket is where: "1-2" is the second socket of the machine, "1-2.4" the fourth
	// of the hub in it.
	Socket              string
	Vendor, Product     string
	Serial, Maker, Name string // empty: it says nothing of the kind
	Ports               []Port
}

// A Port of a device: a name that the system chose, ttyUSB0, ttyACM0 or lp0.
type Port struct {
	Node string
	// Leads is the file that the node is a symbolic link to, such as a
	// pseudo-terminal; empty: nothing can be opened.
	Leads string
}

const controller = "devices/pci0000:00/0000:00:14.0"

// NewBus makes a machine with an empty bus in dir. It has the ports that machines
// have without any: a console, a serial port, and one in stock that is not there.
func NewBus(dir string) (*Bus, error) {
	b := &Bus{Sys: filepath.Join(dir, "sys"), Dev: filepath.Join(dir, "dev")}
	for _, own := range []struct{ name, kind string }{{"tty0", ""}, {"ttyS0", "4"}, {"ttyS1", "0"}} {
		at := filepath.Join(b.Sys, "devices/platform/serial8250/tty", own.name)
		files := map[string]string{"dev": "4:0"}
		if own.kind != "" {
			files["type"] = own.kind
		}
		err := errors.Join(write(at, files), b.enter("tty", own.name, at))
		if own.kind != "" {
			err = errors.Join(err, os.Symlink("../../../serial8250", filepath.Join(at, "device")))
		}
		if err != nil {
			return nil, err
		}
	}
	root := filepath.Join(b.Sys, controller, "usb1")
	return b, errors.Join(os.MkdirAll(b.Dev, 0o755),
		write(root, map[string]string{"idVendor": "1d6b", "idProduct": "0002", "product": "xHCI Host Controller", "serial": "0000:00:14.0"}))
}

// Plug plugs a device in, with a hub before it where its socket is a hub's.
func (b *Bus) Plug(d USB) error {
	at := filepath.Join(b.Sys, controller, "usb1")
	levels := strings.Split(d.Socket, ".")
	for i := range levels {
		at = filepath.Join(at, strings.Join(levels[:i+1], "."))
		hub := map[string]string{"idVendor": "05e3", "idProduct": "0608", "product": "USB2.0 Hub", "serial": "HUB"}
		if err := write(at, hub); i+1 < len(levels) && err != nil {
			return err
		}
	}
	if err := os.RemoveAll(at); err != nil {
		return err
	}
	says := map[string]string{"idVendor": d.Vendor, "idProduct": d.Product}
	for file, text := range map[string]string{"serial": d.Serial, "manufacturer": d.Maker, "product": d.Name} {
		if text != "" {
			says[file] = text
		}
	}
	if err := write(at, says); err != nil {
		return err
	}
	for i, p := range d.Ports {
		if err := b.port(d, p, i, at); err != nil {
			return fmt.Errorf("plug %s: %w", p.Node, err)
		}
	}
	return nil
}

// port makes the port of an interface of the device at that folder.
func (b *Bus) port(d USB, p Port, i int, at string) error {
	number := fmt.Sprintf("1.%d", 2*i) // a CDC-ACM port is a pair of interfaces
	face := d.Socket + ":" + number
	parent, class, node := filepath.Join(at, face), "tty", p.Node
	device := "../../../" + face
	switch {
	case strings.HasPrefix(p.Node, "ttyUSB"):
		parent = filepath.Join(parent, p.Node) // the adapter's driver's own
		device = "../../../" + p.Node
	case strings.HasPrefix(p.Node, "lp"):
		class, node = "usbmisc", "usb/"+p.Node
	}
	own := filepath.Join(parent, class, p.Node)
	err := errors.Join(
		write(filepath.Join(at, face), map[string]string{"bInterfaceNumber": fmt.Sprintf("%02d", 2*i)}),
		write(own, map[string]string{"dev": "188:0"}),
		os.Symlink(device, filepath.Join(own, "device")), b.enter(class, p.Node, own))
	if p.Leads != "" {
		err = errors.Join(err, link(p.Leads, filepath.Join(b.Dev, node)))
	}
	if class == "usbmisc" {
		return err // udev makes no links for those
	}
	byID := strings.ReplaceAll(fmt.Sprintf("usb-%s_%s", cmp.Or(d.Maker, d.Vendor), cmp.Or(d.Name, d.Product)), " ", "_")
	if d.Serial != "" {
		byID += "_" + strings.ReplaceAll(d.Serial, " ", "_")
	}
	_, socket, _ := strings.Cut(d.Socket, "-")
	return errors.Join(err,
		link("../../"+node, filepath.Join(b.Dev, "serial/by-id", fmt.Sprintf("%s-if%02d", byID, 2*i))),
		link("../../"+node, filepath.Join(b.Dev, "serial/by-path", "pci-0000:00:14.0-usb-0:"+socket+":"+number)))
}

// Unplug pulls out what is in a socket, whatever hangs on it.
func (b *Bus) Unplug(socket string) error {
	at := filepath.Join(b.Sys, controller, "usb1")
	levels := strings.Split(socket, ".")
	for i := range levels {
		at = filepath.Join(at, strings.Join(levels[:i+1], "."))
	}
	if err := os.RemoveAll(at); err != nil {
		return err
	}
	return errors.Join(b.sweep("tty", b.Dev), b.sweep("usbmisc", filepath.Join(b.Dev, "usb")))
}

// sweep takes the ports away that hang on nothing any more, with nodes and links.
func (b *Bus) sweep(class, nodes string) error {
	dir := filepath.Join(b.Sys, "class", class)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ignoreMissing(err)
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(dir, e.Name())); err == nil {
			continue
		}
		gone := filepath.Join(nodes, e.Name())
		if err := errors.Join(os.Remove(filepath.Join(dir, e.Name())), ignoreMissing(os.Remove(gone))); err != nil {
			return err
		}
		links, err := filepath.Glob(filepath.Join(b.Dev, "serial/*/*"))
		if err != nil {
			return err
		}
		for _, l := range links {
			if to, err := os.Readlink(l); err == nil && filepath.Base(to) == e.Name() {
				if err := os.Remove(l); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// enter puts a port into its class.
func (b *Bus) enter(class, name, at string) error {
	dir := filepath.Join(b.Sys, "class", class)
	to, err := filepath.Rel(dir, at)
	if err != nil {
		return err
	}
	return link(to, filepath.Join(dir, name))
}

// link makes a symbolic link, anew if need be.
func link(to, at string) error {
	return errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), ignoreMissing(os.Remove(at)), os.Symlink(to, at))
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// write writes files of one line each, as sysfs has them.
func write(dir string, files map[string]string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}
