package onestopsim

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Files of an item are fetched by their URLs, after it was answered, as often as it takes.

const (
	fetchers   = 4
	fetchAgain = 2 * time.Second
	maxFile    = 32 << 20
)

// fetching is one file to fetch.
type fetching struct{ code, id, url string }

// fetched is a file that is in the folder.
type fetched struct {
	MaHoSo string `json:"MaHoSo"`
	ID     string `json:"TepDinhKemId"`
	Bytes  int    `json:"bytes"`
}

func (f *fetched) apply(item *Item) {
	if item.TepDaTai == nil {
		item.TepDaTai = map[string]int{}
	}
	item.TepDaTai[f.ID] = f.Bytes
}

// fetchLater queues what an item names and this system has not. s.mu is held, or nobody else is there yet.
func (s *Sim) fetchLater(item *Item) {
	for _, f := range item.TaiLieuNop {
		if _, has := item.TepDaTai[f.TepDinhKemId]; f.DuongDanTaiTepTin == "" || has {
			continue
		}
		select {
		case s.fetch <- fetching{item.MaHoSo, f.TepDinhKemId, f.DuongDanTaiTepTin}:
		default:
			s.log.Error("too many files at once; they are fetched after the next start", "code", item.MaHoSo)
		}
	}
}

func (s *Sim) fetchFiles() {
	for {
		select {
		case <-s.closed:
			return
		case f := <-s.fetch:
			err := s.fetchFile(f)
			if err == nil || errors.Is(err, errGone) {
				if err != nil {
					s.log.Error("a file is gone", "code", f.code)
				}
				continue
			}
			s.log.Info("a file does not come yet", "code", f.code, "err", err)
			s.ended.Go(func() {
				select {
				case <-s.closed:
				case <-time.After(fetchAgain):
					select {
					case s.fetch <- f:
					case <-s.closed:
					}
				}
			})
		}
	}
}

// errGone says that a URL opens no more.
var errGone = errors.New("the URL opens no more")

func (s *Sim) fetchFile(f fetching) error {
	client := http.Client{Timeout: 30 * time.Second}
	resp, err := client.Get(f.url)
	if err != nil {
		return errors.New("it cannot be reached") // the error would tell the URL, which opens it
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusGone || resp.StatusCode == http.StatusNotFound:
		return errGone
	case resp.StatusCode != http.StatusOK:
		return errors.New(resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxFile+1))
	if err != nil {
		return fmt.Errorf("cut short: %w", err)
	}
	if len(data) > maxFile {
		return errors.New("larger than any page")
	}
	dir := filepath.Join(s.dir, "files")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(f.id)), data, 0o600); err != nil {
		return err
	}
	done := fetched{f.code, f.id, len(data)}
	s.mu.Lock()
	end, err := s.journal.append(record{File: &done})
	if item := s.byCode[f.code]; err == nil && item != nil {
		done.apply(item)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.journal.sync(end)
}
