package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tiepdan/drivers/printer"
	"tiepdan/drivers/scanner"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/session"
)

// Files of what the centre has told this kiosk.
const (
	// toldFile holds the hash of the configuration: what the kiosk lives by is that with
	// the facts of the machine in it, and has another.
	toldFile = "config.told"
	// catalogueFile is the pack it goes by, if it is not the one in the program.
	catalogueFile = "catalogue.zip"
	// wordFile holds the notice and the lock.
	wordFile = "word.json"
)

// toldHash is that hash; "" of a kiosk that was told by hand.
func toldHash(data string) string {
	b, err := os.ReadFile(filepath.Join(data, toldFile))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// writeTold writes a configuration and then its hash. Between the two the kiosk has the
// new one under the old name, and fetches it once more.
func writeTold(data string, told []byte) error {
	whole, err := withDevices(told, data)
	if err != nil {
		return err
	}
	return errors.Join(writeFile(filepath.Join(data, configFile), whole), writeFile(filepath.Join(data, toldFile), []byte(link.HashOf(told))))
}

// usable says why a kiosk could not live by a configuration; its errors name the field.
func usable(cfg config.Config) (*printer.Layouts, error) {
	if _, err := printerProfile(cfg); err != nil {
		return nil, &config.FieldError{Field: "devices.printer", Value: cfg.Devices.Printer.Profile, Why: err.Error()}
	}
	if _, err := scanner.ProfileNamed(cfg.Devices.Scanner.Profile); err != nil {
		return nil, &config.FieldError{Field: "devices.scanner.profile", Value: cfg.Devices.Scanner.Profile, Why: err.Error()}
	}
	return layoutsOfConfig(cfg)
}

// toldCatalogue is the catalogue this kiosk goes by, and the hash of its pack; "": the
// program's own.
func toldCatalogue(data string) (from catalogue.Source, hash string, err error) {
	pack, err := os.ReadFile(filepath.Join(data, catalogueFile))
	if errors.Is(err, fs.ErrNotExist) {
		return catalogue.BuiltIn(), "", nil
	}
	if err == nil {
		from, err = catalogue.OpenPack(pack)
	}
	return from, link.HashOf(pack), err
}

// A word is what the centre says without anything being fetched.
type word struct {
	Notice *health.Text `json:"notice,omitempty"`
	Locked bool         `json:"locked,omitempty"`
}

// toldWord is the last one: a kiosk that is switched off and on stays closed.
func toldWord(data string) (w word) {
	if b, err := os.ReadFile(filepath.Join(data, wordFile)); err == nil {
		_ = json.Unmarshal(b, &w) // a broken file says nothing, and the centre says it again
	}
	return w
}

// put puts it into what visits go by.
func (w word) put(env *session.Env) {
	env.Locked, env.Notice = w.Locked, catalogue.Text{}
	if w.Notice != nil {
		env.Notice = catalogue.Text{VI: w.Notice.VI, EN: w.Notice.EN}
	}
}

// A posting is what visits go by, changed by one hand at a time; a visit under way ends
// by what it began with.
type posting struct {
	post func(context.Context, session.Event)
	mu   sync.Mutex
	env  *session.Env // nil: nothing usable
}

func (p *posting) change(ctx context.Context, with func(*session.Env)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.env == nil {
		return
	}
	next := *p.env
	with(&next)
	p.env = &next
	p.post(ctx, session.Told{Env: &next})
}

// wishes are what a centre wants of a kiosk, and what it names by a hash; [link.Conn] is one.
type wishes interface {
	WatchDesired(ctx context.Context, emit func(link.Desired)) error
	Blob(ctx context.Context, hash string) ([]byte, error)
}

const fetchAgain = time.Minute

// A follower makes this kiosk what the centre wants it to be. Notice and lock hold at
// once; keys, catalogue and configuration are fetched, tried, written, and taken by beginning
// anew when nobody stands there. What it could not live by is refused, and said.
type follower struct {
	centre  wishes
	data    string
	ours    bool // the configuration is ours to change, not a file of somebody's own
	creds   link.Credentials
	ca      string // hash of the authority that was fetched last
	restart func()
	posting *posting
	tracker *health.Tracker
	log     *slog.Logger
}

func (f *follower) run(ctx context.Context) error {
	newest := newMailbox[link.Desired]()
	go f.centre.WatchDesired(ctx, newest.put)
	return newest.each(ctx, func(want link.Desired) {
		for ctx.Err() == nil {
			err := f.take(ctx, want)
			if err == nil {
				return
			}
			f.log.Warn("what is wanted does not come", "err", err)
			select {
			case <-ctx.Done():
			case <-newest.ready: // another is wanted by now, or the same again
				newest.wake()
				return
			case <-time.After(fetchAgain):
			}
		}
	})
}

// take takes all of it. An error says that something has to be fetched again.
func (f *follower) take(ctx context.Context, want link.Desired) error {
	if err := f.say(ctx, word{want.Notice, want.Locked}); err != nil {
		return err
	}
	next, again := f.creds.After(want.Keys)
	next, renewed, err := f.renewCA(ctx, next, want.CA)
	if err != nil {
		return err
	}
	if again = again || renewed; again {
		if err := next.Save(filepath.Join(f.data, credentialsFile)); err != nil {
			return err
		}
		f.creds = next
		f.log.Info("the centre has new keys or another authority")
	}
	taken, err := f.takeBlobs(ctx, want)
	if again || taken {
		f.restart()
	}
	return err
}

// renewCA takes another authority of the centre's, which the one before still vouches for.
func (f *follower) renewCA(ctx context.Context, creds link.Credentials, hash string) (link.Credentials, bool, error) {
	if hash == "" || hash == f.ca {
		return creds, false, nil
	}
	blob, err := f.centre.Blob(ctx, hash)
	if err != nil {
		return creds, false, err
	}
	next, renewed, err := creds.WithCA(blob)
	if err != nil {
		f.log.Error("the centre's authority is not believed", "err", err)
	}
	f.ca = hash // it is not fetched again for nothing
	return next, renewed, nil
}

// say has the centre's word stand from now on.
func (f *follower) say(ctx context.Context, w word) error {
	b, err := json.Marshal(w)
	if err != nil {
		return err
	}
	f.posting.change(ctx, w.put)
	f.tracker.Set(health.Locked, w.Locked, "")
	file := filepath.Join(f.data, wordFile)
	if had, err := os.ReadFile(file); err == nil && bytes.Equal(had, b) {
		return nil
	}
	return writeFile(file, b)
}

// takeBlobs takes a catalogue and a configuration that go together.
func (f *follower) takeBlobs(ctx context.Context, want link.Desired) (taken bool, err error) {
	from, have, broken := toldCatalogue(f.data)
	newCatalogue := want.Catalogue != have
	newConfig := f.ours && want.Config != "" && want.Config != toldHash(f.data)
	if !newCatalogue && !newConfig {
		f.tracker.Set(health.ConfigRefused, false, "")
		return false, nil
	}
	var pack, told []byte
	if newCatalogue && want.Catalogue == "" {
		from, broken = catalogue.BuiltIn(), nil
	} else if newCatalogue {
		if pack, err = f.centre.Blob(ctx, want.Catalogue); err != nil {
			return false, err
		}
		from, broken = catalogue.OpenPack(pack)
	}
	if newConfig {
		if told, err = f.centre.Blob(ctx, want.Config); err != nil {
			return false, err
		}
	}
	if err = broken; err == nil {
		if err = try(told, f.data, from); err == nil {
			err = f.write(newCatalogue, pack, told)
		}
	}
	f.tracker.Set(health.ConfigRefused, err != nil, detail(err))
	if err != nil {
		f.log.Error("what the centre wants is refused", "config", want.Config, "catalogue", want.Catalogue, "err", err)
		return false, nil
	}
	f.log.Info("what the centre wants is taken", "config", want.Config, "catalogue", want.Catalogue)
	return true, nil
}

func detail(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// write keeps them; each is whole, and the next start goes by both.
func (f *follower) write(newCatalogue bool, pack, told []byte) (err error) {
	file := filepath.Join(f.data, catalogueFile)
	switch {
	case newCatalogue && pack == nil:
		if err = os.Remove(file); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	case newCatalogue:
		err = writeFile(file, pack)
	}
	if told != nil {
		err = errors.Join(err, writeTold(f.data, told))
	}
	return err
}

// try reads a configuration (nil: the present one) and a catalogue as the next run of this
// program will.
func try(told []byte, data string, from catalogue.Source) error {
	var cfg config.Config
	var err error
	if told == nil {
		cfg, err = config.Load(filepath.Join(data, configFile))
	} else if told, err = withDevices(told, data); err == nil {
		cfg, err = config.Parse(told)
	}
	if err != nil {
		return err
	}
	if _, err := usable(cfg); err != nil {
		return err
	}
	cat, err := from.On(time.Now())
	if err != nil {
		return err
	}
	return cfg.Check(cat)
}
