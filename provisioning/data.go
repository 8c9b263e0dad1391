package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"tiepdan/kiosk/dossier"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/gateway"
)

// A dataDir is the centre's folder:
//
//	DATA/centre/lock             held while a centre serves from it
//	DATA/centre/address          where that one answers, for the operator's commands
//	DATA/centre/authority.pem    whose certificate it shows, if the authority is its own
//	DATA/centre/operator.token   what those commands show, 0600
//	DATA/centre/keys/            every private key, 0600
//	DATA/centre/trust/           CSCA anchors the deployer installs
//	DATA/centre/nats/            JetStream: ciphertext, receipts, registry
//	DATA/onestop/                the One-Stop simulator's own, plain text
type dataDir struct {
	root string
	lock *os.File
}

// keys are all of a centre's.
type keys struct {
	authority enrol.Seeds
	gateway   gateway.Keys
	pepper    []byte // over enrolment codes
}

func (d dataDir) path(elem ...string) string {
	return filepath.Join(append([]string{d.root, "centre"}, elem...)...)
}

// openData makes the folder and takes it for this process. Its errors say what to do.
func openData(root string) (dataDir, error) {
	d := dataDir{root: root}
	for _, dir := range []string{d.path("keys"), d.path("trust")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return d, d.explain(err)
		}
	}
	lock, err := os.OpenFile(d.path("lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return d, d.explain(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return d, fmt.Errorf("another centre is serving from %s; stop it, or give this one its own folder with -data", root)
		}
		return d, fmt.Errorf("lock %s: %w", d.path("lock"), err)
	}
	d.lock = lock
	// A folder may be listed and locked and still not be written to.
	if err := writeFile(d.path("writable"), nil); err != nil {
		lock.Close()
		return d, d.explain(err)
	}
	return d, os.Remove(d.path("writable"))
}

func (d dataDir) close() error { return d.lock.Close() }

func (d dataDir) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("can't write to the data folder %s; make it writable for this user, or choose another with -data (%w)", d.root, err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("the data folder %s runs through a file; choose another with -data (%w)", d.root, err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the disk of the data folder %s is full; make room (%w)", d.root, err)
	}
	return fmt.Errorf("data folder %s: %w", d.root, err)
}

// keys reads the private keys, or makes those of a centre that never served.
// Once it has, a missing key is an error: new keys would shut every kiosk out.
func (d dataDir) keys(mayMake bool) (keys, error) {
	for _, mark := range []string{"nats", "address"} { // with a cluster there is only the address
		if _, err := os.Stat(d.path(mark)); !errors.Is(err, fs.ErrNotExist) {
			mayMake = false
		}
	}
	var k keys
	made, err := enrol.NewSeeds()
	if err != nil {
		return k, err
	}
	var receipt, identity []byte
	for _, f := range []struct {
		name string
		into *[]byte
		make func() ([]byte, error)
	}{
		{"operator.nk", &k.authority.Operator, func() ([]byte, error) { return made.Operator, nil }},
		{"system.nk", &k.authority.System, func() ([]byte, error) { return made.System, nil }},
		{"account.nk", &k.authority.Account, func() ([]byte, error) { return made.Account, nil }},
		{identityFile, &identity, newIdentity},
		{receiptFile, &receipt, newReceiptKey},
		{"codes.pepper", &k.pepper, func() ([]byte, error) { return []byte(rand.Text()), nil }},
	} {
		if *f.into, err = d.secret(filepath.Join("keys", f.name), mayMake, f.make); err != nil {
			return k, err
		}
	}
	k.gateway.Identity = string(bytes.TrimSpace(identity))
	all, err := parseReceiptKeys(receipt)
	if err != nil {
		return k, fmt.Errorf("%s: %w", d.path("keys", receiptFile), err)
	}
	k.gateway.Receipt, k.gateway.Past = all[0], all[1:]
	return k, nil
}

// secret reads a file of mode 0600, or makes it.
func (d dataDir) secret(name string, mayMake bool, make func() ([]byte, error)) ([]byte, error) {
	path := d.path(name)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && mayMake {
		if data, err = make(); err == nil {
			err = writeFile(path, data)
		}
		if err != nil {
			return nil, d.explain(err)
		}
		return data, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing; restore it from the backup (a new one would shut every kiosk out)", path)
	}
	if err != nil {
		return nil, d.explain(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others; chmod 600 it (%w)", path, errors.Join(err, fs.ErrPermission))
	}
	return data, nil
}

func newIdentity() ([]byte, error) {
	identity, _, err := dossier.NewIdentity()
	return []byte(identity + "\n"), err
}

// Files of the gateway's keys, the present ones first.
const (
	identityFile = "gateway.age"
	receiptFile  = "receipt.pem"
)

const receiptKeyType = "PRIVATE KEY" // PKCS #8

func newReceiptKey() ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: receiptKeyType, Bytes: der}), nil
}

// parseReceiptKeys reads one or more, the present one first.
func parseReceiptKeys(data []byte) (all []ed25519.PrivateKey, err error) {
	for len(bytes.TrimSpace(data)) > 0 || len(all) == 0 {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil || block.Type != receiptKeyType {
			return nil, errors.New("no PEM private key")
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		one, ok := key.(ed25519.PrivateKey)
		if !ok {
			return nil, errors.New("not an ed25519 key")
		}
		all = append(all, one)
	}
	return all, nil
}

// rotate puts new keys of the gateway before those there are. In whatever moment it is cut
// off, what there is works: kiosks seal to the first identity that the centre has, and all
// receipt keys are linked by those before them.
func (d dataDir) rotate() error {
	for _, f := range []struct {
		name string
		make func() ([]byte, error)
	}{{identityFile, newIdentity}, {receiptFile, newReceiptKey}} {
		path := d.path("keys", f.name)
		have, err := os.ReadFile(path)
		if err != nil {
			return d.explain(err)
		}
		first, err := f.make()
		if err != nil {
			return err
		}
		if err := writeFile(path, append(first, have...)); err != nil {
			return d.explain(err)
		}
	}
	return nil
}

// operatorToken is the secret of the operator's commands, made at the first start.
func (d dataDir) operatorToken() (string, error) {
	token, err := d.secret("operator.token", true, func() ([]byte, error) { return []byte(rand.Text() + "\n"), nil })
	return string(bytes.TrimSpace(token)), err
}

// announce writes down where this centre answers, and whose certificate it shows.
func (d dataDir) announce(addr string, authority []byte) error {
	return errors.Join(writeFile(d.path(authorityFile), authority), writeFile(d.path("address"), []byte(addr+"\n")))
}

const authorityFile = "authority.pem"

// authority is what the operator's commands believe besides public ones; none: nothing.
func (d dataDir) authority() ([]byte, error) {
	pem, err := os.ReadFile(d.path(authorityFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return pem, err
}

// writeFile writes a file of mode 0600 whole or not at all, and on disk when it returns.
func writeFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
