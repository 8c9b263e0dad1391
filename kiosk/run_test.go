package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/config"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/web"
)

// The daemon always starts: what it was not told, or told wrongly, is a
// condition and a screen that says so.
func TestDaemonAlwaysStarts(t *testing.T) {
	for _, c := range []struct{ name, config, condition string }{
		{"nothing at all", "", health.NotEnrolled},
		{"no YAML", "{", health.ConfigInvalid},
		{"unknown field", "surprise: 1\n", health.ConfigInvalid},
		{"a printer nobody knows", validConfig + "devices: {printer: {profile: no-such-80}}\n", health.ConfigInvalid},
		{"a procedure nobody knows", validConfig + "procedures: [\"9.999999\"]\n", health.ConfigInvalid},
		{"all well but enrolled", validConfig, health.NotEnrolled},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, addr := t.TempDir(), freeAddr(t)
			if c.config != "" {
				if err := os.WriteFile(filepath.Join(dir, configFile), []byte(c.config), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				ended <- run(ctx, runOptions{config: filepath.Join(dir, configFile), addr: addr, data: dir}, web.NewDoor(), slog.New(slog.DiscardHandler))
			}()
			var report health.Report
			for tick := time.NewTicker(10 * time.Millisecond); report.At.IsZero(); {
				select {
				case err := <-ended:
					t.Fatalf("it ended: %v", err)
				case <-tick.C:
				}
				resp, err := http.Get("http://" + addr + "/healthz")
				if err != nil {
					continue // not there yet
				}
				err = json.NewDecoder(resp.Body).Decode(&report)
				if err := resp.Body.Close(); err != nil {
					t.Error(err)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if !report.Has(c.condition) {
				t.Errorf("%s is not reported: %+v", c.condition, report.Conditions)
			}
			stop()
			if err := <-ended; err != nil {
				t.Errorf("told to stop, it says %v", err)
			}
		})
	}
}

const validConfig = `unit: {code: "00004", name: UBND phường Ba Đình}
site: Điểm số 2
agency: 000.00.06.H26
`

// A printer nobody knows is described in the configuration, and checked like ours.
func TestOwnPrinterProfile(t *testing.T) {
	const own = validConfig + `devices:
  printer:
    baud: 19200
    own: {name: mine, about: ours, dots: 512, dpi: 180, columns: 42, feed_units: 2, baud: 9600, glyphs: raster,
      qr: raster, cutter: full, tail: 120, status: none, finish: none, justify: true, double: true}
`
	cfg, err := config.Parse([]byte(own))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := printerProfile(cfg); err != nil || p.Name != "mine" || p.Dots != 512 || p.Baud != 19200 {
		t.Errorf("%+v, %v", p, err)
	}
	cfg.Devices.Printer.Own["dots"] = 5
	if _, err := printerProfile(cfg); err == nil || !strings.Contains(err.Error(), "dots") {
		t.Error(err)
	}
}
