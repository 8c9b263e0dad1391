package link

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/nats-io/nkeys"

	"tiepdan/kiosk/dossier"
)

// Credentials are what enrolment gives a kiosk, kept in one file of mode 0600.
// The seed is made on the device and never leaves it. They redact themselves
// in logs; as JSON they are whole, for their file.
type Credentials struct {
	Kiosk      string `json:"kiosk"`  // id
	Centre     string `json:"centre"` // base URL, https://… or http:// on loopback
	Seed       string `json:"seed"`   // nkey seed, U…
	JWT        string `json:"jwt"`    // user JWT
	Recipient  string `json:"recipient"`
	ReceiptKey []byte `json:"receipt_key"`  // ed25519
	CA         []byte `json:"ca,omitempty"` // PEM, of a centre that no public authority vouches for
}

func (c Credentials) String() string       { return "[credentials of " + c.Kiosk + "]" }
func (c Credentials) GoString() string     { return c.String() }
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// ErrNotEnrolled says that there is no credentials file yet.
var ErrNotEnrolled = errors.New("this kiosk is not enrolled: run kiosk enrol with a code from the centre")

// LoadCredentials reads the file. A file that others can read is refused: the
// seed in it is the kiosk.
func LoadCredentials(path string) (Credentials, error) {
	var c Credentials
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, ErrNotEnrolled
	} else if err != nil {
		return c, fmt.Errorf("credentials: %w", err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return c, fmt.Errorf("credentials %s can be read by others (mode %04o): run chmod 600 on it, and enrol again if strangers use this machine", path, st.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("credentials: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Credentials{}, fmt.Errorf("credentials %s are damaged: enrol this kiosk again", path)
	}
	if err := c.Validate(); err != nil {
		return Credentials{}, fmt.Errorf("credentials %s: %w", path, err)
	}
	return c, nil
}

// Save writes the file so that after a power cut there is the old one or the
// new one, whole.
func (c Credentials) Save(path string) error {
	if err := c.Validate(); err != nil {
		return err
	}
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".credentials-*") // mode 0600
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("credentials: %w", err), os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	return nil
}

// Validate names the first field that can't be right, never a secret.
func (c Credentials) Validate() error {
	if !dossier.ValidKiosk(c.Kiosk) {
		return fmt.Errorf("kiosk: %q is not an id", c.Kiosk)
	}
	if _, err := parseCentre(c.Centre); err != nil {
		return err
	}
	if k, err := nkeys.FromSeed([]byte(c.Seed)); err != nil {
		return errors.New("seed: not an nkey seed")
	} else if pub, err := k.PublicKey(); err != nil || !nkeys.IsValidPublicUserKey(pub) {
		return errors.New("seed: not a user's nkey")
	}
	if c.JWT == "" {
		return errors.New("jwt: empty")
	}
	if c.Recipient == "" {
		return errors.New("recipient: empty")
	}
	if len(c.ReceiptKey) != ed25519.PublicKeySize {
		return fmt.Errorf("receipt_key: %d bytes, not %d", len(c.ReceiptKey), ed25519.PublicKeySize)
	}
	if _, err := TLS(c.CA); err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	return nil
}

// parseCentre takes https from anywhere, and http on this machine only: codes
// and credentials are not to be read on the way.
func parseCentre(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: not one like https://centre.example.vn", ErrAddress)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && !ip.IsLoopback() {
		return nil, fmt.Errorf("%w: %s is on another machine: it needs https://", ErrAddress, u.Host)
	}
	return u, nil
}
