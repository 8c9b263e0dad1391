package main

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/nats-io/jsm.go"
	"github.com/nats-io/jsm.go/api"

	"tiepdan/provisioning/enrol"
)

// restoreCommand makes a centre's folder of a backup. Nothing may serve from it, and
// nothing may be there yet: what is restored replaces nothing.
func restoreCommand(ctx context.Context, args []string, e env) error {
	set := flag.NewFlagSet("restore", flag.ContinueOnError)
	var o options
	var s seals
	set.StringVar(&o.data, "data", defaultData, "`DIR` to restore to; there is no centre in it yet")
	set.StringVar(&o.nats, "nats", "", "`URL` of an empty NATS cluster for the streams; without it, DIR gets them")
	set.IntVar(&o.replicas, "replicas", 1, "copies of every stream, with -nats")
	in := set.String("in", "", "the backup's `FILE`")
	s.flags(set, true)
	if err := flags(set, args, e); err != nil {
		return err
	}
	if *in == "" {
		fmt.Fprintln(e.err, "provisioning restore: -in is needed")
		return errUsage
	}
	opens, err := s.opens(e)
	if err != nil {
		return err
	}
	began := time.Now()
	made, err := restore(ctx, o, opens, *in, e)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%s: %d streams of %s, in %.1f s; start the centre with provisioning serve -data %s\n",
		o.data, len(made.Streams), made.At.Local().Format("2006-01-02 15:04"), time.Since(began).Seconds(), o.data)
	return nil
}

func restore(ctx context.Context, o options, opens age.Identity, in string, e env) (made backup, err error) {
	if _, err := os.Stat(dataDir{root: o.data}.path("keys")); err == nil {
		return made, fmt.Errorf("there is a centre in %s; restore to another folder with -data", o.data)
	}
	data, err := openData(o.data)
	if err != nil {
		return made, err
	}
	defer func() { err = errors.Join(err, data.close()) }()
	file, err := os.Open(in)
	if err != nil {
		return made, err
	}
	defer file.Close()
	opened, err := age.Decrypt(file, opens)
	if err != nil {
		return made, fmt.Errorf("%s does not open: is it the right passphrase or identity? (%w)", in, err)
	}
	if made, err = unpack(tar.NewReader(opened), data); err != nil {
		return made, fmt.Errorf("%s: %w", in, err)
	}
	keys, err := data.keys(false)
	if err != nil {
		return made, err
	}
	authority, err := enrol.NewAuthority(keys.authority)
	if err != nil {
		return made, err
	}
	log := logger(e, false)
	bus, err := openBus(o.nats, data, authority, log)
	if err != nil {
		return made, err
	}
	defer bus.stop()
	nc, _, err := jetStream(ctx, bus, authority, "restore", log)
	if err != nil {
		return made, err
	}
	defer nc.Close()
	manager, err := jsm.New(nc)
	if err != nil {
		return made, err
	}
	for _, name := range made.Streams {
		if err := restoreStream(ctx, manager, data.path("streams", name), name, o.replicas); err != nil {
			return made, fmt.Errorf("stream %s: %w", name, err)
		}
	}
	return made, os.RemoveAll(data.path("streams"))
}

func restoreStream(ctx context.Context, manager *jsm.Manager, dir, name string, replicas int) error {
	meta, err := os.ReadFile(filepath.Join(dir, jsm.SnapshotMetaFile))
	if err != nil {
		return err
	}
	var kept struct {
		Config api.StreamConfig `json:"config"`
	}
	if err := json.Unmarshal(meta, &kept); err != nil {
		return err
	}
	kept.Config.Replicas = max(1, replicas)
	_, _, err = manager.RestoreSnapshotFromDirectory(ctx, name, dir, jsm.RestoreConfiguration(kept.Config))
	return err
}

// unpack writes what belongs into a centre's folder, and nothing beside it.
func unpack(archive *tar.Reader, data dataDir) (made backup, err error) {
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return made, err
		}
		if head.Name == backupHead {
			if err := json.NewDecoder(archive).Decode(&made); err != nil {
				return made, err
			}
			if made.Version > backupVersion {
				return made, fmt.Errorf("it was made by a newer program (version %d)", made.Version)
			}
			continue
		}
		room, _, _ := strings.Cut(head.Name, "/")
		if !filepath.IsLocal(head.Name) || !slices.Contains([]string{"keys", "trust", "operator.token", "streams"}, room) {
			return made, fmt.Errorf("%q has no place in a centre's folder", head.Name)
		}
		path := data.path(filepath.FromSlash(head.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return made, err
		}
		if err := extract(archive, path); err != nil {
			return made, err
		}
	}
	if made.Version == 0 {
		return made, errors.New("it is no backup of a centre")
	}
	return made, nil
}

func extract(archive io.Reader, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fs.FileMode(0o600))
	if err != nil {
		return err
	}
	_, err = io.Copy(file, archive)
	return errors.Join(err, file.Sync(), file.Close())
}
