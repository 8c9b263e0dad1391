package dossier

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// ErrSealed says that a ciphertext doesn't open, or holds not what it should.
var ErrSealed = errors.New("sealed dossier does not open")

// NewIdentity makes the gateway's age X25519 key pair: the identity stays with
// the gateway (AGE-SECRET-KEY-1…), the recipient goes to every kiosk (age1…).
func NewIdentity() (identity, recipient string, err error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", fmt.Errorf("make a sealing key: %w", err)
	}
	return id.String(), id.Recipient().String(), nil
}

// RecipientOf returns the recipient that an identity opens for; of several, in lines as
// age's own files have them, it is the first that counts.
func RecipientOf(identity string) (string, error) {
	ids, err := identities(identity)
	if err != nil {
		return "", err
	}
	id, ok := ids[0].(*age.X25519Identity)
	if !ok {
		return "", errIdentity
	}
	return id.Recipient().String(), nil
}

var errIdentity = errors.New("not an age X25519 identity")

// identities reads one or more, a line each. age's own words may quote the secret.
func identities(text string) ([]age.Identity, error) {
	ids, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil {
		return nil, errIdentity
	}
	return ids, nil
}

// Seal encrypts a valid dossier and its parts to the gateway's recipient. The
// kiosk can't open them again. The manifest travels in clear beside the form
// and again inside it, so that nobody on the way can exchange pages.
//
// The form's plaintext is the canonical dossier, a newline, and the manifest as
// JSON. A part's is a JSON header that binds it to the dossier and to its
// number, a newline, and the file.
func Seal(d Dossier, parts []Part, recipient string) (Sealed, error) {
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return Sealed{}, fmt.Errorf("the gateway's recipient: %w", err)
	}
	form, err := d.Encode()
	if err != nil {
		return Sealed{}, err
	}
	if err := d.validateParts(parts); err != nil {
		return Sealed{}, err
	}
	s := Sealed{Receipt: d.Receipt, Manifest: Manifest{}, Parts: map[int][]byte{}}
	for _, p := range parts {
		head, err := canonicalJSON(partHead{Receipt: d.Receipt, N: p.N, MIME: p.MIME})
		if err != nil {
			return Sealed{}, err
		}
		c, err := encrypt(to, head, p.Data)
		if err != nil {
			return Sealed{}, err
		}
		s.Parts[p.N] = c
		s.Manifest = append(s.Manifest, ManifestPart{N: p.N, Size: len(c), SHA256: hexSHA256(c)})
	}
	manifest, err := canonicalJSON(s.Manifest)
	if err != nil {
		return Sealed{}, err
	}
	if s.Ciphertext, err = encrypt(to, form, manifest); err != nil {
		return Sealed{}, err
	}
	return s, nil
}

// SHA256 is the hash of the form's ciphertext in hex, which a [Receipt] binds.
func (s Sealed) SHA256() string { return hexSHA256(s.Ciphertext) }

// Check holds a sealed part against the manifest.
func (m Manifest) Check(n int, ciphertext []byte) error {
	for _, p := range m {
		if p.N == n {
			if p.Size != len(ciphertext) || p.SHA256 != hexSHA256(ciphertext) {
				return fmt.Errorf("%w: part %d is not what was sealed", ErrSealed, n)
			}
			return nil
		}
	}
	return fmt.Errorf("%w: part %d is not in the manifest", ErrSealed, n)
}

// Open decrypts and decodes a form by whichever of the identities (a line each) it was
// sealed for. The manifest it returns is the sealed one:
// parts are to be checked against it, not against the one that travels beside.
// Errors wrap [ErrSealed] or [ErrInvalid].
func Open(ciphertext []byte, identity string) (Dossier, Manifest, error) {
	form, manifest, err := decrypt(ciphertext, identity, MaxEncoded+64<<10)
	if err != nil {
		return Dossier{}, nil, err
	}
	d, err := Decode(form)
	if err != nil {
		return Dossier{}, nil, err
	}
	var m Manifest
	if err := json.Unmarshal(manifest, &m); err != nil || len(m) > MaxPages {
		return Dossier{}, nil, fmt.Errorf("%w: the manifest inside", ErrSealed)
	}
	return d, m, nil
}

// OpenPart decrypts part n of the dossier r.
func OpenPart(ciphertext []byte, identity string, r ReceiptNumber, n int) (Part, error) {
	head, data, err := decrypt(ciphertext, identity, MaxPageBytes+4<<10)
	if err != nil {
		return Part{}, err
	}
	var h partHead
	if err := json.Unmarshal(head, &h); err != nil || h.Receipt != r || h.N != n {
		return Part{}, fmt.Errorf("%w: part %d is of another dossier or place", ErrSealed, n)
	}
	return Part{N: n, MIME: h.MIME, Data: data}, nil
}

type partHead struct {
	Receipt ReceiptNumber `json:"receipt"`
	N       int           `json:"n"`
	MIME    string        `json:"mime"`
}

// encrypt seals head, a newline and body. The head holds no newline.
func encrypt(to age.Recipient, head, body []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	for _, b := range [][]byte{head, []byte("\n"), body} {
		if _, err := w.Write(b); err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return out.Bytes(), nil
}

func decrypt(ciphertext []byte, identity string, most int64) (head, body []byte, err error) {
	ids, err := identities(identity)
	if err != nil {
		return nil, nil, err
	}
	r, err := age.Decrypt(bytes.NewReader(ciphertext), ids...)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	if int64(len(plain)) > most {
		return nil, nil, fmt.Errorf("%w: too large", ErrSealed)
	}
	head, body, ok := bytes.Cut(plain, []byte("\n"))
	if !ok {
		return nil, nil, fmt.Errorf("%w: cut short", ErrSealed)
	}
	return head, body, nil
}

func hexSHA256(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
