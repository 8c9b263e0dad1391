package serial_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/creack/pty"

	"tiepdan/drivers/serial"
)

// openPair opens a port on a pseudo-terminal and returns its far end.
func openPair(t *testing.T) (far *os.File, port *serial.Port) {
	t.Helper()
	far, near, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	port, err = serial.Open(near.Name(), 115200)
	if err != nil {
		t.Fatal(err)
	}
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := port.Close(); err != nil {
			t.Error("close:", err)
		}
		_ = far.Close() // some tests close it
	})
	return far, port
}

func TestRoundTripOfAllBytes(t *testing.T) {
	far, port := openPair(t)
	all := make([]byte, 256*16)
	for i := range all {
		all[i] = byte(i)
	}
	got := make([]byte, len(all))
	done := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(far, got)
		done <- err
	}()
	if n, err := port.Write(all); n != len(all) || err != nil {
		t.Fatal(n, err)
	}
	if err := <-done; err != nil || !bytes.Equal(got, all) {
		t.Fatal("far end read other bytes", err)
	}
	if _, err := far.Write(all[:256]); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, 256)
	if _, err := io.ReadFull(port, back); err != nil || !bytes.Equal(back, all[:256]) {
		t.Fatal("near end read other bytes", err)
	}
}

func TestDeadlines(t *testing.T) {
	_, port := openPair(t)
	for _, past := range []bool{true, false} {
		by := time.Now().Add(30 * time.Millisecond)
		if past {
			by = time.Now().Add(-time.Second)
		}
		if err := port.SetReadDeadline(by); err != nil {
			t.Fatal(err)
		}
		if n, err := port.Read(make([]byte, 8)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read: %d, %v", n, err)
		}
	}
	// Nobody reads at the far end: the system's buffer fills and the write waits.
	if err := port.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	n, err := port.Write(make([]byte, 1<<20))
	if n == 1<<20 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("write: %d, %v", n, err)
	}
}

func TestUnplugged(t *testing.T) {
	far, port := openPair(t)
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := port.Write(make([]byte, 20000)); n == 20000 || !errors.Is(err, serial.ErrGone) {
		t.Errorf("write: %d, %v", n, err)
	}
	if n, err := port.Read(make([]byte, 8)); n != 0 || !errors.Is(err, serial.ErrGone) {
		t.Errorf("read: %d, %v", n, err)
	}
}

func TestUnpluggedInMidWrite(t *testing.T) {
	far, port := openPair(t)
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := port.Write(make([]byte, 1<<20))
		done <- result{n, err}
	}()
	if _, err := io.ReadFull(far, make([]byte, 10000)); err != nil {
		t.Fatal(err)
	}
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.n == 1<<20 || !errors.Is(r.err, serial.ErrGone) {
		t.Fatalf("write: %d, %v", r.n, r.err)
	}
}

func TestOneOwner(t *testing.T) {
	_, port := openPair(t)
	link := filepath.Join(t.TempDir(), "printer")
	if err := os.Symlink(port.Path(), link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{port.Path(), link} {
		if second, err := serial.Open(path, 9600); !errors.Is(err, serial.ErrBusy) {
			t.Fatalf("second owner of %s: %v, %v", path, second, err)
		}
	}
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNoSuchLine(t *testing.T) {
	if _, err := serial.Open(filepath.Join(t.TempDir(), "none"), 9600); !errors.Is(err, serial.ErrGone) {
		t.Fatal(err)
	}
}

func TestCloseEndsARead(t *testing.T) {
	_, port := openPair(t)
	done := make(chan error, 1)
	go func() {
		_, err := port.Read(make([]byte, 1))
		done <- err
	}()
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Fatal(err)
	}
}
