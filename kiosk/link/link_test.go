package link

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"tiepdan/kiosk/dossier"
)

func TestPieces(t *testing.T) {
	m := dossier.Manifest{{N: 1, Size: PieceSize}, {N: 4, Size: 2*PieceSize + 1}, {N: 5, Size: 1}}
	want := []Piece{
		{0, 1, 0, PieceSize},
		{1, 4, 0, PieceSize}, {2, 4, PieceSize, 2 * PieceSize}, {3, 4, 2 * PieceSize, 2*PieceSize + 1},
		{4, 5, 0, 1},
	}
	if got := slices.Collect(Pieces(m)); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for range Pieces(m) {
		break
	}
}

func TestEnrolCode(t *testing.T) {
	pub, _, _ := ed25519.GenerateKey(nil)
	other, _, _ := ed25519.GenerateKey(nil)
	c, err := NewEnrolCode(rand.Reader, pub)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Grouped()) != 29 || strings.Count(c.Grouped(), "-") != 4 {
		t.Errorf("grouped %q", c.Grouped())
	}
	for _, s := range []string{string(c), c.Grouped(), strings.ToLower(c.Grouped()), " " + strings.ReplaceAll(c.Grouped(), "-", " ") + "\n"} {
		if got, err := ParseEnrolCode(s); err != nil || got != c {
			t.Errorf("parse %q: %v", s, err)
		}
	}
	for _, s := range []string{"", string(c[:24]), string(c) + "A", "U" + string(c[1:])} {
		if _, err := ParseEnrolCode(s); !errors.Is(err, ErrWrongCode) {
			t.Errorf("parse %q: %v", s, err)
		}
	}
	if !c.Trusts(pub) || c.Trusts(other) || EnrolCode("").Trusts(pub) {
		t.Error("trusts the wrong key")
	}
	d, err := NewEnrolCode(rand.Reader, pub)
	if err != nil || d == c || d[secretLength:] != c[secretLength:] {
		t.Error("two codes of one centre", err)
	}
	if s := fmt.Sprintf("%v %s %#v %q", c, c, c, c); strings.Contains(s, string(c)) {
		t.Error("a code prints itself:", s)
	}
	// The fingerprint is the first 75 bits of SHA-256, five at a time.
	if got := keyPrint(nil); got != "WERC8GMRZGE196Q" {
		t.Error(got)
	}
}

func FuzzParseEnrolCode(f *testing.F) {
	f.Add("01234-56789-ABCDE-FGHJK-MNPQR")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseEnrolCode(s)
		if err != nil {
			return
		}
		if again, err := ParseEnrolCode(c.Grouped()); err != nil || again != c {
			t.Errorf("%q parses to one code, its groups to another: %v", s, err)
		}
	})
}

func TestEnrol(t *testing.T) {
	pub, key, _ := ed25519.GenerateKey(nil)
	_, evil, _ := ed25519.GenerateKey(nil)
	_, recipient, _ := dossier.NewIdentity()
	code, err := NewEnrolCode(rand.Reader, pub)
	if err != nil {
		t.Fatal(err)
	}
	var answer func(w http.ResponseWriter, req EnrolRequest)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req EnrolRequest
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil || r.URL.Path != "/enrol" || r.Method != http.MethodPost {
			t.Error(r.URL.Path, err)
		}
		answer(w, req)
	}))
	defer srv.Close()
	good := func(req EnrolRequest) EnrolReply {
		return EnrolReply{Kiosk: "k-0001", JWT: "jwt", Recipient: recipient, ReceiptKey: pub, Config: []byte("site: x\n")}
	}
	send := func(w http.ResponseWriter, r EnrolReply, forKey string, by ed25519.PrivateKey) {
		signed, err := r.Sign(forKey, by)
		if err != nil {
			t.Error(err)
		}
		json.NewEncoder(w).Encode(signed)
	}
	for _, tt := range []struct {
		name   string
		answer func(w http.ResponseWriter, req EnrolRequest)
		want   error
	}{
		{"good", func(w http.ResponseWriter, req EnrolRequest) {
			if req.Code != string(code) || !nkeys.IsValidPublicUserKey(req.PublicKey) || req.Hardware["model"] != "m" {
				t.Errorf("request %+v", req)
			}
			send(w, good(req), req.PublicKey, key)
		}, nil},
		{"another's key", func(w http.ResponseWriter, req EnrolRequest) {
			r := good(req)
			r.ReceiptKey = evil.Public().(ed25519.PublicKey)
			send(w, r, req.PublicKey, evil)
		}, ErrImpostor},
		{"another's signature", func(w http.ResponseWriter, req EnrolRequest) { send(w, good(req), req.PublicKey, evil) }, ErrImpostor},
		{"reply to another kiosk", func(w http.ResponseWriter, req EnrolRequest) { send(w, good(req), "UOTHER", key) }, ErrImpostor},
		{"changed on the way", func(w http.ResponseWriter, req EnrolRequest) {
			r, _ := good(req).Sign(req.PublicKey, key)
			r.Recipient = "age1other"
			json.NewEncoder(w).Encode(r)
		}, ErrImpostor},
		{"a web page", func(w http.ResponseWriter, req EnrolRequest) { fmt.Fprint(w, "<html>") }, ErrImpostor},
		{"wrong", refuseWith(ErrWrongCode), ErrWrongCode},
		{"used", refuseWith(ErrCodeUsed), ErrCodeUsed},
		{"expired", refuseWith(fmt.Errorf("code: %w", ErrCodeExpired)), ErrCodeExpired},
		{"slow", refuseWith(ErrSlowDown), ErrSlowDown},
		{"other", refuseWith(errors.New("other")), ErrRefused},
		{"broken", func(w http.ResponseWriter, req EnrolRequest) { http.Error(w, "oops", http.StatusBadGateway) }, ErrUnreachable},
		{"not a centre", func(w http.ResponseWriter, req EnrolRequest) { http.NotFound(w, nil) }, ErrRefused},
		{"bad id", func(w http.ResponseWriter, req EnrolRequest) {
			r := good(req)
			r.Kiosk = "K.1"
			send(w, r, req.PublicKey, key)
		}, ErrRefused},
	} {
		answer = tt.answer
		c, config, err := Enrol(t.Context(), srv.URL, code, map[string]string{"model": "m"})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if tt.want == nil && (c.Kiosk != "k-0001" || c.Centre != srv.URL || string(config) != "site: x\n" || c.Validate() != nil) {
			t.Errorf("%s: %v %q", tt.name, c, config)
		}
		if tt.want != nil && !reflect.DeepEqual(c, Credentials{}) {
			t.Errorf("%s: credentials with an error", tt.name)
		}
	}
	srv.Close()
	if _, _, err := Enrol(t.Context(), srv.URL, code, nil); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
	if _, _, err := Enrol(t.Context(), "centre.example", code, nil); err == nil {
		t.Error("an address that is none")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Enrol(ctx, srv.URL, code, nil); err == nil {
		t.Error("after the end")
	}
}

func refuseWith(err error) func(http.ResponseWriter, EnrolRequest) {
	return func(w http.ResponseWriter, _ EnrolRequest) {
		status, code := RefusalOf(err)
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(EnrolRefusal{Error: code})
	}
}

func credentials(t *testing.T) Credentials {
	user := must(nkeys.CreateUser())(t)
	return Credentials{Kiosk: "k-1", Centre: "http://127.0.0.1:8090", Seed: string(must(user.Seed())(t)), JWT: "jwt", Recipient: "age1x", ReceiptKey: make([]byte, 32)}
}

func TestCredentials(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.json")
	if _, err := LoadCredentials(path); !errors.Is(err, ErrNotEnrolled) {
		t.Error(err)
	}
	c := credentials(t)
	for range 2 { // the second replaces the first
		if err := c.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Error(st.Mode(), err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Error("something was left beside it", files, err)
	}
	if got, err := LoadCredentials(path); err != nil || !reflect.DeepEqual(got, c) {
		t.Error(got, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadCredentials(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error("read by all:", err)
	}
	for _, text := range []string{"", "{", `{"kiosk":"k-1"}`, `{"surprise":1}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadCredentials(path); err == nil {
			t.Errorf("loads %q", text)
		}
	}
	if err := c.Save(filepath.Join(t.TempDir(), "no", "such")); err == nil {
		t.Error("saved nowhere")
	}
	for field, spoil := range map[string]func(*Credentials){
		"kiosk": func(c *Credentials) { c.Kiosk = "K 1" }, "centre": func(c *Credentials) { c.Centre = "ftp://x" },
		"seed": func(c *Credentials) { c.Seed = "SUA" }, "jwt": func(c *Credentials) { c.JWT = "" },
		"recipient": func(c *Credentials) { c.Recipient = "" }, "receipt_key": func(c *Credentials) { c.ReceiptKey = nil },
	} {
		bad := c
		spoil(&bad)
		if err := bad.Validate(); err == nil || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
		if err := bad.Save(path); err == nil {
			t.Errorf("%s: saved", field)
		}
	}
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "c", c)
	fmt.Fprintf(&b, "%v %+v %#v", c, c, &c)
	if strings.Contains(b.String(), c.Seed) {
		t.Error("a seed in the log")
	}
}

// Codes and credentials are read by nobody on the way.
func TestCentreAddress(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://centre.example.vn": true, "https://10.0.0.1:8443/x": true, "http://127.0.0.1:8090": true, "http://[::1]:8090": true, "http://localhost:8090": true,
		"http://centre.example.vn": false, "http://10.0.0.1:8090": false, "http://localhost.example.vn": false, "https://u:secret@centre": false,
		"centre:8090": false, "https://": false, "ws://127.0.0.1": false, "": false,
	} {
		_, err := parseCentre(address)
		if (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error tells the password: %v", address, err)
		}
	}
}
