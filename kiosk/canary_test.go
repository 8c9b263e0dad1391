package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
	"unicode/utf16"

	"tiepdan/drivers/card/cardsim"
	"tiepdan/kiosk/wire"
)

// After ten visits nothing about anybody is in the data folders (but One-Stop's
// own, which stands for the city's system), in logs, metrics or health: not as
// it is, not in UTF-16 or base64, not as a plain hash of the number.
func TestNothingPersonalIsLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("runs both programs")
	}
	r := newRig(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	p := &page{addr: r.Kiosk}
	defer p.close()
	if err := p.connect(ctx); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"an", "binh", "chi", "an", "binh", "chi", "an"} {
		procedure := birth
		if who == "chi" {
			procedure = residence
		}
		if _, err := r.fileOnce(ctx, p, who, serviceOf[procedure], procedure); err != nil {
			t.Fatal(err)
		}
		if err := p.await(ctx, func(v wire.View) bool { return v.Receipt == nil || v.Receipt.State == "sent" }); err != nil {
			t.Fatal(err)
		}
		if err := r.leave(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	for _, who := range []string{"tampered", "stranger", "dung"} {
		if err := r.card(who); err != nil {
			t.Fatal(err)
		}
		if err := p.await(ctx, on("identity")); err != nil {
			t.Fatal(err)
		}
		if err := r.leave(ctx, p); err != nil {
			t.Fatal(err)
		}
	}

	needles := needlesOf(cardsim.Personas(), answersOfRobots)
	look := func(where string, b []byte) {
		t.Helper()
		for _, n := range needles {
			if i := bytes.Index(b, n.bytes); i >= 0 {
				t.Errorf("%s holds %s at byte %d", where, n.what, i)
			}
		}
	}
	for _, url := range []string{r.Kiosk + "/metrics", r.Kiosk + "/healthz", r.Centre + "/metrics", r.Centre + "/healthz", r.Centre + "/"} {
		resp, err := http.Get("http://" + url)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		look(url, b)
	}
	// The needle is sharp: One-Stop's own folder does hold names.
	if n := grepTree(t, filepath.Join(r.data, "onestop"), needles); n == 0 {
		t.Error("not even One-Stop's folder holds a name: the needles are blunt")
	}
	files := 0
	err := filepath.WalkDir(r.data, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			if e != nil && e.Name() == "onestop" {
				return fs.SkipDir
			}
			return nil // files of a running program come and go
		}
		if e.Type()&fs.ModeSymlink != 0 {
			return nil // the ptys
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		files++
		rel, _ := filepath.Rel(r.data, path)
		look(digits.ReplaceAllString(rel, "N"), b)
		return nil
	})
	if err != nil || files < 5 {
		t.Errorf("looked at %d files: %v", files, err)
	}
}

var digits = regexp.MustCompile(`\d{3,}`)

func grepTree(t *testing.T, dir string, needles []needle) (hits int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, n := range needles {
			if bytes.Contains(b, n.bytes) {
				hits++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

type needle struct {
	what  string // never the secret itself: test output is a log too
	bytes []byte
}

// answersOfRobots is what robots type: as personal as what is on a card.
var answersOfRobots = []string{"Nguyễn Thị Mẫu", "0901234567", "thu@example.vn", "Số 1, ngõ Thử Nghiệm"}

func needlesOf(people []cardsim.Persona, more []string) (out []needle) {
	add := func(who, secret string) {
		if len(secret) < 6 {
			return // "Nam" is everywhere
		}
		out = append(out, needle{who + " in UTF-8", []byte(secret)})
		units := utf16.Encode([]rune(secret))
		for name, order := range map[string]binary.AppendByteOrder{"LE": binary.LittleEndian, "BE": binary.BigEndian} {
			var b []byte
			for _, u := range units {
				b = order.AppendUint16(b, u)
			}
			out = append(out, needle{who + " in UTF-16" + name, b})
		}
		// base64 of a text that stands anywhere in what was encoded: three alignments.
		for shift := range 3 {
			enc := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), secret...))
			enc = enc[(shift*8+5)/6 : len(enc)-2]
			if len(enc) >= 8 {
				out = append(out, needle{who + " in base64", []byte(enc)})
			}
		}
	}
	for _, p := range people {
		for _, s := range p.Secrets() {
			add("persona "+p.Name, s)
		}
		sum := sha256.Sum256([]byte(p.Holder.PIN))
		out = append(out, needle{"persona " + p.Name + "'s number hashed", sum[:]},
			needle{"persona " + p.Name + "'s number hashed, in hex", []byte(hex.EncodeToString(sum[:]))},
			needle{"persona " + p.Name + "'s number hashed, in base64", []byte(base64.RawStdEncoding.EncodeToString(sum[:])[:42])})
	}
	for _, s := range more {
		add("an answer", s)
	}
	return out
}
