package main

import (
	"archive/tar"
	"cmp"
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
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/provisioning/enrol"
)

// A backup is one file: a tar, sealed with age, because the keys are in it.
//
//	backup.json        what it is, of when
//	keys/…             every private key
//	operator.token
//	trust/…            the anchors that were installed
//	streams/NAME/…     each stream with its consumers, as the NATS server snapshots it
//
// The book of receipts comes last: a dossier that is in a stream and in the book is
// answered from the book, so that what happens meanwhile is never done twice.
type backup struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	Streams []string  `json:"streams"`
}

const (
	backupVersion = 1
	backupHead    = "backup.json"
	bookStream    = "KV_receipts"
)

// seals are the flags that say whom a backup opens for.
type seals struct{ passphrase, to, identity string }

func (s *seals) flags(set *flag.FlagSet, restoring bool) {
	set.StringVar(&s.passphrase, "passphrase", "", "`SECRET` that opens the backup, or @FILE, or -")
	if restoring {
		set.StringVar(&s.identity, "identity", "", "age identity that opens it, as @`FILE`")
		return
	}
	set.StringVar(&s.to, "to", "", "age `RECIPIENT` it is for, age1…, instead of a passphrase")
}

func (s seals) recipient(e env) (age.Recipient, error) {
	if s.to != "" {
		return age.ParseX25519Recipient(s.to)
	}
	secret, err := secretText(s.passphrase, e)
	if err != nil || secret == "" {
		return nil, errors.Join(err, errors.New("-passphrase or -to is needed: the keys are in the backup"))
	}
	return age.NewScryptRecipient(secret)
}

func (s seals) opens(e env) (age.Identity, error) {
	if s.identity != "" {
		text, err := secretText(s.identity, e)
		if err != nil {
			return nil, err
		}
		id, err := age.ParseX25519Identity(strings.TrimSpace(text))
		if err != nil {
			return nil, errors.New("-identity: not an age X25519 identity") // age's words may quote it
		}
		return id, nil
	}
	secret, err := secretText(s.passphrase, e)
	if err != nil || secret == "" {
		return nil, errors.Join(err, errors.New("-passphrase or -identity is needed"))
	}
	return age.NewScryptIdentity(secret)
}

// backupCommand backs a running centre up, without stopping it.
func backupCommand(ctx context.Context, args []string, e env) error {
	set := flag.NewFlagSet("backup", flag.ContinueOnError)
	var o operator
	var s seals
	set.StringVar(&o.data, "data", defaultData, "`DIR` of the centre")
	set.StringVar(&o.addr, "addr", "", "`URL` of the centre, if it isn't the one that serves from DIR")
	out := set.String("out", "", "`FILE` to write; it must not be there yet")
	bus := set.String("nats", "", "`URLS` of the NATS cluster, if the centre has one")
	s.flags(set, false)
	if err := flags(set, args, e); err != nil {
		return err
	}
	if *out == "" {
		fmt.Fprintln(e.err, "provisioning backup: -out is needed")
		return errUsage
	}
	to, err := s.recipient(e)
	if err != nil {
		return err
	}
	data := dataDir{root: o.data}
	nc, err := dialBus(&o, *bus, data, "backup", e)
	if err != nil {
		return err
	}
	defer nc.Close()
	began := time.Now()
	made, err := writeBackup(ctx, data, nc, to, *out)
	if err != nil {
		return err
	}
	info, err := os.Stat(*out)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%s: %d streams, %.1f MB, in %.1f s\n", *out, len(made.Streams), float64(info.Size())/1e6, time.Since(began).Seconds())
	return nil
}

// dialBus connects with the centre's keys: to the cluster, or through the running centre.
func dialBus(o *operator, at string, data dataDir, name string, e env) (*nats.Conn, error) {
	keys, err := data.keys(false)
	if err != nil {
		return nil, err
	}
	authority, err := enrol.NewAuthority(keys.authority)
	if err != nil {
		return nil, err
	}
	if at == "" {
		base, err := o.base()
		if err != nil {
			return nil, err
		}
		at = strings.Replace(base, "http", "ws", 1) + "/nats"
	}
	return connectFar(at, data, authority, name, logger(e, false))
}

// writeBackup writes the file whole or not at all.
func writeBackup(ctx context.Context, data dataDir, nc *nats.Conn, to age.Recipient, out string) (made backup, err error) {
	if _, err := os.Stat(out); err == nil {
		return made, fmt.Errorf("%s is there already", out)
	}
	file, err := os.OpenFile(out+".part", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return made, err
	}
	defer func() {
		err = errors.Join(err, file.Sync(), file.Close())
		if err == nil {
			err = os.Rename(out+".part", out)
		} else {
			os.Remove(out + ".part")
		}
	}()
	sealed, err := age.Encrypt(file, to)
	if err != nil {
		return made, err
	}
	archive := tar.NewWriter(sealed)
	made = backup{Version: backupVersion, At: time.Now().UTC()}
	if made.Streams, err = streamNames(ctx, nc); err != nil {
		return made, err
	}
	head, err := json.Marshal(made)
	if err != nil {
		return made, err
	}
	if err := addFile(archive, backupHead, head); err != nil {
		return made, err
	}
	for _, name := range []string{"keys", "trust", "operator.token"} {
		if err := addTree(archive, data.path(name), name); err != nil {
			return made, err
		}
	}
	manager, err := jsm.New(nc)
	if err != nil {
		return made, err
	}
	for _, name := range made.Streams {
		if err := addStream(ctx, archive, manager, data, name); err != nil {
			return made, fmt.Errorf("stream %s: %w", name, err)
		}
	}
	return made, errors.Join(archive.Close(), sealed.Close())
}

// streamNames are all of the centre's, the book last.
func streamNames(ctx context.Context, nc *nats.Conn) ([]string, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	list := js.StreamNames(ctx)
	var names []string
	for name := range list.Name() {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		last := func(name string) int {
			if name == bookStream {
				return 1
			}
			return 0
		}
		return cmp.Or(last(a)-last(b), strings.Compare(a, b))
	})
	return names, list.Err()
}

// addStream snapshots one stream into a folder that is gone afterwards, and puts it in.
func addStream(ctx context.Context, archive *tar.Writer, manager *jsm.Manager, data dataDir, name string) (err error) {
	dir, err := os.MkdirTemp(data.path(), "backup-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	stream, err := manager.LoadStream(name)
	if err != nil {
		return err
	}
	if _, err := stream.SnapshotToDirectory(ctx, dir, jsm.SnapshotConsumers()); err != nil {
		return err
	}
	return addTree(archive, dir, "streams/"+name)
}

// addTree adds a file, or all regular files under a folder. What is not there is left out.
func addTree(archive *tar.Writer, path, as string) error {
	return filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && at == path {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		file, err := os.Open(at)
		if err != nil {
			return err
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(path, at)
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Name: filepath.ToSlash(filepath.Join(as, rel)), Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
			return err
		}
		_, err = io.CopyN(archive, file, info.Size())
		return err
	})
}

func addFile(archive *tar.Writer, name string, data []byte) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), ModTime: time.Now()}); err != nil {
		return err
	}
	_, err := archive.Write(data)
	return err
}
