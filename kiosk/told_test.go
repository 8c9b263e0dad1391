//go:build !release

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tiepdan/kiosk/config"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
)

// fakeBlobs is a centre that wants things.
type fakeBlobs struct {
	wants chan link.Desired
	blobs map[string][]byte
	away  atomic.Bool
}

func (f *fakeBlobs) WatchDesired(ctx context.Context, emit func(link.Desired)) error {
	for {
		select {
		case w := <-f.wants:
			emit(w)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *fakeBlobs) Blob(_ context.Context, hash string) ([]byte, error) {
	if f.away.Load() {
		return nil, errors.New("away")
	}
	return f.blobs[hash], nil
}

func (f *fakeBlobs) want(text string) string {
	hash := link.HashOf([]byte(text))
	f.blobs[hash] = []byte(text)
	f.wants <- link.Desired{Config: hash}
	return hash
}

// A kiosk becomes what its centre wants it to be, keeps what it is made of, refuses what
// it could not live by, and fetches again what did not come.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := t.TempDir()
		mine := strings.Replace(siteConfig, "phone:", "# a comment of the technician's\nphone:", 1) + "\ndevices: {printer: {profile: generic-58, port: /dev/ttyUSB7}}\n"
		if err := os.WriteFile(filepath.Join(data, configFile), []byte(mine), 0o600); err != nil {
			t.Fatal(err)
		}
		centre := &fakeBlobs{wants: make(chan link.Desired), blobs: map[string][]byte{}}
		tracker, restarts := health.NewTracker(), 0
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- follow(centre, data, func() { restarts++ }, tracker, slog.New(slog.DiscardHandler))(ctx)
		}()
		defer func() { stop(); <-ended }()
		refused := func() bool { return tracker.Report(time.Now()).Has(health.ConfigRefused) }

		hash := centre.want(siteConfig + "\nlanguages: [vi]\n")
		synctest.Wait()
		cfg, err := config.Load(filepath.Join(data, configFile))
		if err != nil || restarts != 1 || len(cfg.Languages) != 1 || cfg.Devices.Printer.Port != "/dev/ttyUSB7" || toldHash(data) != hash {
			t.Fatalf("%d restarts, %+v, %v", restarts, cfg, err)
		}
		centre.wants <- link.Desired{Config: hash}
		synctest.Wait()
		if restarts != 1 {
			t.Error("it began anew for what it has")
		}

		before, err := os.ReadFile(filepath.Join(data, configFile))
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []string{"not: yaml: at all", siteConfig + "\nlanguages: [fr]\n", strings.Replace(siteConfig, "1.001193", "9.999999", 1), siteConfig + "\nlogo: AAAA\n"} {
			centre.want(wrong)
			synctest.Wait()
			if after, err := os.ReadFile(filepath.Join(data, configFile)); err != nil || string(after) != string(before) || restarts != 1 || !refused() {
				t.Errorf("%q: %d restarts, refused %v", wrong, restarts, refused())
			}
		}
		centre.wants <- link.Desired{Config: hash}
		synctest.Wait()
		if refused() {
			t.Error("what is wanted is what it has, and it still complains")
		}

		// A kiosk whose own configuration is broken is mended from afar, devices and all.
		broken := strings.Replace(string(before), "site:", "site_:", 1)
		if err := os.WriteFile(filepath.Join(data, configFile), []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		centre.want(siteConfig + "\nlanguages: [vi, en]\n")
		synctest.Wait()
		if cfg, err := config.Load(filepath.Join(data, configFile)); err != nil || cfg.Devices.Printer.Port != "/dev/ttyUSB7" || restarts != 2 {
			t.Errorf("a broken one is not replaced: %+v, %v", cfg.Devices, err)
		}
		restarts = 1

		centre.away.Store(true)
		centre.want(siteConfig)
		synctest.Wait()
		if restarts != 1 {
			t.Error("it began anew for nothing")
		}
		centre.away.Store(false)
		time.Sleep(fetchAgain)
		synctest.Wait()
		if restarts != 2 {
			t.Error("what did not come is not fetched again")
		}
	})
}
