package main

import (
	"context"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/scanner"
	"tiepdan/drivers/serial"
	"tiepdan/kiosk/config"
)

var someAddresses = []string{
	"/dev/ttyUSB0", "/dev/serial/by-id/usb-Prolific_if00-port0", "/dev/usb/lp0", "dev/ttyUSB0", "ttyUSB0", "COM1",
	"usb:0403:6001", "usb:04B8:0e15", "usb:0403:6001:A50285BI", "usb:0403:6001:J 1:2", "usb:0403:6001::", "usb:0403:6001:", "usb:0403:6001: A",
	"usb:0403:6001:A ", "usb:0403", "usb:403:6001", "usb:0403:60011", "usb:0403:600g", "usb:", "USB:0403:6001",
	"tcp:printer", "tcp:10.0.0.7", "tcp:10.0.0.7:9101", "tcp:printer.lan:9100", "tcp:printer.lan:65535", "tcp:[::1]", "tcp:[fe80::1%eth0]:9100",
	"tcp:", "tcp::9100", "tcp:::1", "tcp:::1:9100", "tcp:printer:", "tcp:printer:0", "tcp:printer:65536", "tcp:printer:http", "tcp:a b",
	"tcp:-a", "tcp:a-", "tcp:[x]", "tcp:[10.0.0.7]", "tcp:[::1]x", "tcp:[::1", "tcp:::1]", "tcp:[]", "tcp:[", "udp:printer", "tcp:printer/9100",
}

// The configuration takes the addresses that the drivers can open, and no others:
// it may not import them, so this holds them together.
func FuzzAddressesOfDevices(f *testing.F) {
	for _, port := range someAddresses {
		f.Add(port)
	}
	refused := func(d config.Devices, field string) bool {
		c := config.Default()
		c.Devices = d
		err := c.Validate() // it has much else to say of an empty configuration
		return err != nil && strings.Contains(err.Error(), "config: "+field+": ")
	}
	if refused(config.Devices{}, "devices.printer.port") || refused(config.Devices{}, "devices.scanner.port") {
		f.Error("a kiosk without devices is refused")
	}
	f.Fuzz(func(t *testing.T, port string) {
		var oneLine config.Devices
		oneLine.Reader = port
		if port == "" || refused(oneLine, "devices.reader") {
			return // what no field of a configuration may be is none of the drivers' business
		}
		var d config.Devices
		d.Printer.Port = port
		if opens, says := printer.CheckTarget(port) == nil, !refused(d, "devices.printer.port"); opens != says {
			t.Errorf("printer at %q: the driver %v, the configuration %v", port, opens, says)
		}
		d = config.Devices{}
		d.Scanner.Port = port
		opens := strings.HasPrefix(port, "/")
		if serial.IsIdentity(port) {
			_, err := serial.ParseIdentity(port)
			opens = err == nil
		}
		if says := !refused(d, "devices.scanner.port"); opens != says {
			t.Errorf("scanner at %q: the driver %v, the configuration %v", port, opens, says)
		}
	})
}

// The printer of the configuration is opened where it says, at the speed it says
// or, if it says none, at the profile's.
func TestConfiguredPrinter(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cfg := config.Default()
	cfg.Devices.Printer.Profile = "silent-80"
	cfg.Devices.Printer.Port = "tcp:" + listener.Addr().String()
	of, err := printer.ProfileNamed("silent-80")
	if err != nil {
		t.Fatal(err)
	}
	for told, want := range map[int]int{0: of.Baud, 38400: 38400} {
		cfg.Devices.Printer.Baud = told
		d, err := openDevices(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.printer.Profile().Baud; got != want {
			t.Errorf("%d baud, want %d", got, want)
		}
		if level, err := d.printer.Status(t.Context()); level != printer.Ready {
			t.Error(level, err)
		}
		if err := d.printer.Close(); err != nil {
			t.Error(err)
		}
	}
}

// make run names its data folder by a relative path, and the devices in it are found all the same.
func TestSimulatedDevicesInARelativeFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	d, err := openSimulated(config.Default(), "data", "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	for _, w := range d.run {
		serving.Go(func() { w.run(ctx) })
	}
	defer serving.Wait()
	defer cancel()
	if level, err := d.printer.Status(ctx); level != printer.Ready {
		t.Errorf("printer %s: %v", level, err)
	}
	seen := make(chan struct{})
	go d.scanner.Watch(ctx, func(string) {})
	go func() {
		defer close(seen)
		for d.scanner.Level() != scanner.Ready && ctx.Err() == nil {
			runtime.Gosched()
		}
	}()
	select {
	case <-seen:
	case <-time.After(10 * time.Second):
		t.Errorf("scanner %s", d.scanner.Level())
	}
	if err := d.printer.Close(); err != nil {
		t.Error(err)
	}
}
