//go:build !release

package main

import (
	"bytes"
	"context"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func runPrint(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = printCommand(t.Context(), args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestPrintSampleToPicture(t *testing.T) {
	for _, kind := range []string{"ticket", "slip", "checklist"} {
		file := filepath.Join(t.TempDir(), kind+".png")
		if code, out, errs := runPrint(t, "sample", "-kind", kind, "-out", file); code != 0 || !strings.Contains(out, "bytes to the printer") {
			t.Fatal(code, out, errs)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(bytes.NewReader(raw)); err != nil {
			t.Error(kind, err)
		}
	}
	code, out, _ := runPrint(t, "sample", "-out", "-")
	if _, err := png.Decode(strings.NewReader(out)); code != 0 || err != nil {
		t.Error("to standard output:", code, err)
	}
}

func TestPrintMistakes(t *testing.T) {
	for want, args := range map[string][]string{
		"no command":         {"smaple"},
		"say either where":   {"sample"},
		"no sample of kind":  {"sample", "-kind", "ballot", "-out", "x.png"},
		"no printer profile": {"sample", "-profile", "mine", "-out", "x.png"},
		"no language":        {"sample", "-lang", "fr", "-out", "x.png"},
		"no arguments":       {"profiles", "all"},
	} {
		if code, _, errs := runPrint(t, args...); code != exitPrintUsage || !strings.Contains(errs, want) {
			t.Errorf("%q: %d, %q", args, code, errs)
		}
	}
	for _, args := range [][]string{{"-fault", "fire"}, {"-fault", "hot:soon"}, {"-profile", "mine"}, {"-tcp", "nowhere"}} {
		if code := simPrinterCommand(t.Context(), args, io.Discard, io.Discard); code != exitPrintUsage {
			t.Errorf("sim printer %q: %d", args, code)
		}
	}
	if code, _, errs := runPrint(t, "sample", "-port", filepath.Join(t.TempDir(), "none")); code != exitNotPrinted || !strings.Contains(errs, "not printed") {
		t.Error(code, errs)
	}
}

func TestPrintProfiles(t *testing.T) {
	code, out, _ := runPrint(t, "profiles")
	for _, name := range []string{"generic-80", "generic-58", "silent-80", "silent-58"} {
		if !strings.Contains(out, name) {
			t.Errorf("%d: no %s in %q", code, name, out)
		}
	}
}

// The technician's two commands against each other: a sample on the simulated
// printer, at the end of a serial line and of a network.
func TestPrintSampleOnSimulatedPrinter(t *testing.T) {
	for name, args := range map[string][]string{
		"pty": nil,
		"tcp": {"-tcp", "127.0.0.1:0", "-profile", "epson-tm-t20", "-baud", "115200", "-fault", "noise"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			lines := make(lineWriter, 10)
			dir := t.TempDir()
			done := make(chan int, 1)
			go func() { done <- simPrinterCommand(ctx, append(args, "-png", dir), lines, os.Stderr) }()
			port := <-lines
			sample := []string{"sample", "-port", strings.TrimSpace(port)}
			if name == "tcp" {
				sample = append(sample, "-profile", "epson-tm-t20")
			}
			if code, out, errs := runPrint(t, sample...); code != 0 {
				t.Error(code, out, errs)
			}
			if told := <-lines; !strings.HasPrefix(told, "paper 1: printed") {
				t.Error(told)
			}
			cancel()
			if code := <-done; code != 0 {
				t.Error("simulated printer:", code)
			}
			if _, err := os.Stat(filepath.Join(dir, "1.png")); err != nil {
				t.Error(err)
			}
		})
	}
}

// A lineWriter hands over what is written.
type lineWriter chan string

func (w lineWriter) Write(b []byte) (int, error) {
	w <- string(b)
	return len(b), nil
}
