package onestopsim

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// A journal is a file of JSON lines, only ever appended to. One fsync serves
// every line written before it began, so that many posts at once cost few.
type journal struct {
	file *os.File
	size int64 // guarded by the Sim's lock

	syncing sync.Mutex
	synced  int64
	broken  error // an fsync failed: what is on disk is unknown from here on
}

func openJournal(dir string, replay func(record) error) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("onestopsim: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "dossiers.jsonl"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("onestopsim: %w", err)
	}
	j := &journal{file: file}
	if err := j.load(replay); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := syncDir(dir); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return j, nil
}

// load replays whole lines. A last line without its end was never answered for
// (a crash while writing): it is cut off.
func (j *journal) load(replay func(record) error) error {
	in := bufio.NewReaderSize(j.file, 1<<16)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("onestopsim: %s: %w", j.file.Name(), err)
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("onestopsim: %s line %d: %w", j.file.Name(), n, err)
		}
		if err := replay(r); err != nil {
			return fmt.Errorf("onestopsim: %s line %d: %w", j.file.Name(), n, err)
		}
		j.size += int64(len(line))
	}
	if err := j.file.Truncate(j.size); err != nil {
		return fmt.Errorf("onestopsim: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("onestopsim: %w", err)
	}
	j.synced = j.size
	return nil
}

// append writes a record; call sync with the end it returns before telling anyone.
func (j *journal) append(r record) (end int64, err error) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return 0, err
	}
	if _, err := j.file.WriteAt(line.Bytes(), j.size); err != nil {
		// Half a line may stand there (disk full): take it back, and what was
		// synced with it. The next one goes to the same place.
		j.syncing.Lock()
		defer j.syncing.Unlock()
		j.synced = min(j.synced, j.size)
		return 0, errors.Join(err, j.file.Truncate(j.size))
	}
	j.size += int64(line.Len())
	return j.size, nil
}

func (j *journal) end() int64 { return j.size }

// sync returns when everything before end is on disk.
func (j *journal) sync(end int64) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.broken != nil {
		return j.broken
	}
	if j.synced >= end {
		return nil
	}
	info, err := j.file.Stat()
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.broken = fmt.Errorf("onestopsim: the journal is no longer sure; restart: %w", err)
		return j.broken
	}
	j.synced = info.Size()
	return nil
}

func (j *journal) close() error { return j.file.Close() }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// loadAccount reads the account, or makes one with a random password.
func loadAccount(dir string) (Account, error) {
	path := filepath.Join(dir, "account.json")
	var a Account
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		a = Account{Username: "kiosk-gateway", Password: rand.Text()}
		if data, err = json.Marshal(a); err == nil {
			err = os.WriteFile(path, data, 0o600)
		}
		return a, err
	}
	if err == nil {
		err = json.Unmarshal(data, &a)
	}
	if err == nil && a.Password == "" {
		err = errors.New("no password in it")
	}
	if err != nil {
		return Account{}, fmt.Errorf("onestopsim: %s: %w", path, err)
	}
	return a, nil
}
