package serial

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A Bus is where ports are looked for. The zero Bus is this machine; tests build
// others.
type Bus struct {
	Sys string // where sysfs is; empty: /sys
	Dev string // where device nodes are; empty: /dev
}

func (b Bus) sys() string { return cmp.Or(b.Sys, "/sys") }
func (b Bus) dev() string { return cmp.Or(b.Dev, "/dev") }

// usbPrinter is the kernel's name of a USB printer's port. Other things of its
// class, such as usbmisc/hiddev0, are none of ours.
var usbPrinter = regexp.MustCompile(`^lp[0-9]+$`)

// IsPrinter tells by its name whether a node is a USB printer's own port, which is
// not a serial line. Symbolic links are followed.
func (b Bus) IsPrinter(path string) bool {
	is := func(path string) bool {
		return filepath.Dir(path) == filepath.Join(b.dev(), "usb") && usbPrinter.MatchString(filepath.Base(path))
	}
	resolved, err := filepath.EvalSymlinks(path)
	return is(filepath.Clean(path)) || err == nil && is(resolved)
}

// List returns every serial port and USB printer, in the order of their paths. A
// device that goes while it is looked at is left out.
func (b Bus) List() ([]Device, error) {
	root, err := filepath.EvalSymlinks(b.sys())
	if err != nil {
		return nil, fmt.Errorf("list ports: %w", err)
	}
	b.Sys = root
	ttys, err := b.class("tty")
	if err != nil {
		return nil, err
	}
	printers, err := b.class("usbmisc")
	if err != nil {
		return nil, err
	}
	byID, byPath := b.links("by-id"), b.links("by-path")
	var devices []Device
	for _, name := range ttys {
		if b.isNoUART(name) {
			continue
		}
		d := Device{Path: filepath.Join(b.dev(), name)}
		d.ByID, d.ByPath = byID[d.Path], byPath[d.Path]
		if b.describe(&d, "tty", name) {
			devices = append(devices, d)
		}
	}
	for _, name := range printers {
		d := Device{Path: filepath.Join(b.dev(), "usb", name), Printer: true}
		if usbPrinter.MatchString(name) && b.describe(&d, "usbmisc", name) {
			devices = append(devices, d)
		}
	}
	slices.SortFunc(devices, func(x, y Device) int { return cmp.Compare(x.Path, y.Path) })
	return devices, nil
}

// class lists the ports of a class. There is no such class while nothing is in it.
func (b Bus) class(class string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(b.Sys, "class", class))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list ports: %w", err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// isNoUART tells the ttyS ports that a kernel keeps in stock for hardware that is
// not there: their type is 0.
func (b Bus) isNoUART(name string) bool {
	kind, ok := readText(filepath.Join(b.Sys, "class", "tty", name, "type"))
	return ok && kind == "0"
}

// describe fills in what hangs on a port. It reports false for what is no port of
// a device at all (consoles, pseudo-terminals) and for one that just went.
func (b Bus) describe(d *Device, class, name string) bool {
	at, err := filepath.EvalSymlinks(filepath.Join(b.Sys, "class", class, name, "device"))
	if err != nil {
		return false
	}
	// A port hangs on an interface, that on the device, that on hubs, which are USB
	// devices too: the first one upwards is it. (A USB serial adapter puts a node of
	// its own between port and interface, CDC-ACM and printers do not.)
	for ; strings.HasPrefix(at, b.Sys+string(filepath.Separator)); at = filepath.Dir(at) {
		vendor, ok := readText(filepath.Join(at, "idVendor"))
		if !ok {
			continue
		}
		product, ok := readText(filepath.Join(at, "idProduct"))
		if !ok {
			return false // it is being taken apart
		}
		d.USB = Identity{Vendor: strings.ToLower(vendor), Product: strings.ToLower(product)}
		d.USB.Serial, _ = readText(filepath.Join(at, "serial"))
		d.Maker, _ = readText(filepath.Join(at, "manufacturer"))
		d.Name, _ = readText(filepath.Join(at, "product"))
		return true
	}
	return true
}

// readText reads what a device says of itself. Not every device says everything,
// and one that went says nothing.
func readText(path string) (string, bool) {
	text, err := os.ReadFile(path)
	return cleanText(string(text)), err == nil
}

// links maps nodes to the names that udev keeps for them in one of its folders. A
// machine without udev, or without serial ports, has none.
func (b Bus) links(folder string) map[string]string {
	dir := filepath.Join(b.dev(), "serial", folder)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	names := map[string]string{}
	for _, e := range entries {
		link := filepath.Join(dir, e.Name())
		node, err := os.Readlink(link)
		if err != nil {
			continue
		}
		if !filepath.IsAbs(node) {
			node = filepath.Join(dir, node)
		}
		names[node] = link
	}
	return names
}
