package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
)

// The disk of the centre is full for a while: kiosks keep what is not taken, and all of
// it arrives once there is room, without anybody's hand.
func TestDiskFull(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a disk")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("a small disk cannot be had here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	h := &hall{t: t, data: disk, log: &lockedBuffer{}}
	c := startChildAt(t, h.data, fmt.Sprint("127.0.0.1:", freePorts(t, 1)[0]))
	h.url = c.url
	creds, _, err := link.Enrol(t.Context(), h.url, h.code(), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, creds: creds, dir: t.TempDir()}
	m.start()
	t.Cleanup(func() { m.stop() })
	var filed []dossier.ReceiptNumber
	file := func(papers int) {
		t.Helper()
		r, err := m.file(papers)
		if err != nil {
			t.Fatal(err)
		}
		filed = append(filed, r)
	}
	open := func() int {
		t.Helper()
		n, err := m.open()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	file(1)
	if err := until(t, func() (bool, error) { return open() == 0, nil }); err != nil {
		t.Fatal("with room:", err)
	}
	filler := filepath.Join(disk, "filler")
	fill(t, filler)
	for range 8 {
		file(2)
	}
	if err := until(t, func() (bool, error) {
		resp, err := http.Get(h.url + "/healthz")
		if err != nil {
			return false, err
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusServiceUnavailable, nil
	}); err != nil {
		t.Error("a full disk is no trouble:", err)
	}
	if open() == 0 {
		t.Fatal("the disk was not full")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(90 * time.Second)
	for open() > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("%d are not taken though there is room", open())
		}
		pause(t, 200*time.Millisecond)
	}
	if items := h.oneStop(); len(items) != len(filed) {
		t.Errorf("One-Stop has %d of %d", len(items), len(filed))
	}
}

// fill writes until nothing more goes.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	rand.Read(block)
	for size := len(block); size > 0; size /= 2 {
		for {
			if _, err := f.Write(block[:size]); err != nil {
				break
			}
		}
	}
}
