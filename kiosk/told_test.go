//go:build !release

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/session"
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
		f := &follower{centre: centre, data: data, ours: true, restart: func() { restarts++ }, posting: &posting{}, tracker: tracker, log: slog.New(slog.DiscardHandler)}
		go func() { ended <- f.run(ctx) }()
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

// What the centre says holds at once and after a restart; its new keys are believed if the
// old ones vouch for them; a catalogue is tried with the configuration, and one that the
// kiosk could not live by is refused.
func TestFollowsWordKeysAndCatalogue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(morning))
		data := t.TempDir()
		if err := os.WriteFile(filepath.Join(data, configFile), []byte(siteConfig), 0o600); err != nil {
			t.Fatal(err)
		}
		old, next := newSigner(t), newSigner(t)
		creds := testCredentials(t, old)
		centre := &fakeBlobs{wants: make(chan link.Desired), blobs: map[string][]byte{}}
		tracker, restarts := health.NewTracker(), 0
		var env *session.Env
		posting := &posting{env: &session.Env{}, post: func(_ context.Context, ev session.Event) { env = ev.(session.Told).Env }}
		f := &follower{centre: centre, data: data, ours: true, creds: creds, restart: func() { restarts++ }, posting: posting, tracker: tracker, log: slog.New(slog.DiscardHandler)}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- f.run(ctx) }()
		defer func() { stop(); <-ended }()
		want := func(d link.Desired) { centre.wants <- d; synctest.Wait() }
		holds := func(code string) bool { return tracker.Report(time.Now()).Has(code) }

		notice := &health.Text{VI: "Chiều nay máy nghỉ từ 15 giờ", EN: "This afternoon the kiosk closes at 3"}
		want(link.Desired{Notice: notice, Locked: true})
		if !env.Locked || env.Notice.VI != notice.VI || !holds(health.Locked) || restarts != 0 {
			t.Errorf("locked: %+v, %d restarts", env, restarts)
		}
		if again := toldWord(data); !again.Locked || *again.Notice != *notice {
			t.Errorf("after a restart: %+v", again)
		}
		want(link.Desired{})
		if env.Locked || env.Notice.VI != "" || holds(health.Locked) || toldWord(data).Locked {
			t.Errorf("opened again: %+v", env)
		}

		_, recipient, err := dossier.NewIdentity()
		if err != nil {
			t.Fatal(err)
		}
		change := link.KeyChange{Recipient: recipient, ReceiptKey: next.Public().(ed25519.PublicKey)}
		forged, err := change.Sign(next)
		if err != nil {
			t.Fatal(err)
		}
		good, err := change.Sign(old)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(data, credentialsFile)
		want(link.Desired{Keys: []link.KeyChange{forged}})
		if _, err := os.Stat(file); err == nil || restarts != 0 {
			t.Error("keys are believed that nobody vouches for")
		}
		want(link.Desired{Keys: []link.KeyChange{forged, good}})
		if kept, err := link.LoadCredentials(file); err != nil || kept.Recipient != recipient || kept.Seed != creds.Seed || restarts != 1 {
			t.Errorf("new keys: %v, %d restarts", err, restarts)
		}
		want(link.Desired{Keys: []link.KeyChange{good}})
		if restarts != 1 {
			t.Error("it began anew for keys it has")
		}

		pack := func(from, to string) string {
			files := fstest.MapFS{}
			err := fs.WalkDir(os.DirFS("catalogue/data"), ".", func(name string, entry fs.DirEntry, err error) error {
				if err == nil && !entry.IsDir() {
					text, err := os.ReadFile(filepath.Join("catalogue/data", name))
					if err != nil {
						return err
					}
					files[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(text), from, to))}
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			zip, err := catalogue.WritePack(files)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := catalogue.WritePack(files); err != nil || link.HashOf(again) != link.HashOf(zip) {
				t.Error("a pack of the same files is another")
			}
			centre.blobs[link.HashOf(zip)] = zip
			return link.HashOf(zip)
		}
		name := func() string {
			from, _, err := toldCatalogue(data)
			if err != nil {
				t.Fatal(err)
			}
			cat, err := from.On(morning)
			if err != nil {
				t.Fatal(err)
			}
			p, _ := cat.Procedure("1.001193")
			return p.Name.VI
		}
		before := name()
		want(link.Desired{Catalogue: pack(before, "Khai sinh cho bé")})
		if name() != "Khai sinh cho bé" || restarts != 2 {
			t.Errorf("%q, %d restarts", name(), restarts)
		}
		for _, bad := range []string{pack("1.001193", "1.009999"), pack("effective_from", "effective_since"), link.HashOf(nil)} {
			if want(link.Desired{Catalogue: bad}); name() != "Khai sinh cho bé" || restarts != 2 || !holds(health.ConfigRefused) {
				t.Errorf("%q, %d restarts, refused %v", name(), restarts, holds(health.ConfigRefused))
			}
		}
		want(link.Desired{})
		if name() != before || restarts != 3 || holds(health.ConfigRefused) {
			t.Errorf("back to its own: %q, %d restarts", name(), restarts)
		}
	})
}

func newSigner(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// testCredentials are of a kiosk whose gateway signs with this key.
func testCredentials(t *testing.T, key ed25519.PrivateKey) link.Credentials {
	t.Helper()
	_, recipient, err := dossier.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	code, err := link.NewEnrolCode(rand.Reader, key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	p, err := link.NewPending("http://127.0.0.1:1", code, nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := link.EnrolReply{Kiosk: "k-1", JWT: "x", Recipient: recipient, ReceiptKey: key.Public().(ed25519.PublicKey)}.Sign(p.Request.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	creds, _, err := p.Accept(reply)
	if err != nil {
		t.Fatal(err)
	}
	return creds
}
