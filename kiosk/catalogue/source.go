package catalogue

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"

	"io/fs"
	"path"
	"slices"
	"time"
)

// A Source is a catalogue with all its versions, to be loaded as in force on a day.
type Source struct {
	files fs.FS
	since time.Time // the first day on which all of it was in force
	dir   string    // "": all of files
}

// BuiltIn is the catalogue that this program was built with.
func BuiltIn() Source { return Source{embedded, embeddedSince, "data"} }

// On loads it as in force on a day. A clock that is behind the data itself is wrong (a
// dead battery says 1970): then it is the first day on which all of it was in force.
func (s Source) On(t time.Time) (*Catalogue, error) {
	if t.Before(s.since) {
		t = s.since
	}
	if s.dir == "" {
		return Load(s.files, t)
	}
	dir, err := fs.Sub(s.files, s.dir)
	if err != nil {
		return nil, err
	}
	return Load(dir, t)
}

// Limits of a pack, packed and not.
const (
	MaxPack     = 1_000_000
	maxUnpacked = 32 << 20
)

// WritePack packs a directory that [Load] reads into one file, a ZIP: the same directory
// always into the same bytes, because packs are called by their hashes.
func WritePack(fsys fs.FS) ([]byte, error) {
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && path.Ext(name) == ".yaml" {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	slices.Sort(names)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range names {
		data, err := readLimited(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("catalogue: %s: %w", name, err)
		}
		f, err := w.Create(name) // without a time
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			return nil, fmt.Errorf("catalogue: %s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	if out.Len() > MaxPack {
		return nil, fmt.Errorf("catalogue: a pack of %d bytes, at most %d", out.Len(), MaxPack)
	}
	return out.Bytes(), nil
}

// OpenPack opens a pack. All of it is checked for the day it is loaded for, by [Source.On];
// here only that it is one, and no larger than a kiosk can bear.
func OpenPack(pack []byte) (Source, error) {
	if len(pack) > MaxPack {
		return Source{}, fmt.Errorf("catalogue: a pack of %d bytes, at most %d", len(pack), MaxPack)
	}
	r, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		return Source{}, errors.New("catalogue: not a ZIP file")
	}
	var size uint64
	for _, f := range r.File {
		if size += f.UncompressedSize64; size > maxUnpacked || len(r.File) > maxFiles {
			return Source{}, errors.New("catalogue: the pack holds more than a kiosk can bear")
		}
	}
	return Source{r, embeddedSince, ""}, nil // no pack is older than this program's own
}
