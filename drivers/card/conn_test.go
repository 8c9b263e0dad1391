package card

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func TestExchange(t *testing.T) {
	read := Command{INS: insReadBinary, Le: leShort}
	for _, c := range []struct {
		name  string
		lines []string
		want  string
		err   error
	}{
		{"plain", []string{"00B0000000", "0102 9000"}, "0102", nil},
		{"more waits", []string{"00B0000000", "01 6102", "00C0000002", "02 6101", "00C0000001", "03 9000"}, "010203", nil},
		{"another length", []string{"00B0000000", "6C03", "00B0000003", "010203 9000"}, "010203", nil},
		{"256 is written 00", []string{"00B0000000", "6100", "00C0000000", "01 9000"}, "01", nil},
		{"another length for the rest", []string{"00B0000000", "6105", "00C0000005", "6C01", "00C0000001", "07 9000"}, "07", nil},
		{"status", []string{"00B0000000", "6A82"}, "", ErrNotFound},
		{"no status", []string{"00B0000000", "90"}, "", ErrMalformed},
		{"nothing", []string{"00B0000000", ""}, "", ErrMalformed},
		{"asks again and again", []string{"00B0000000", "6C03", "00B0000003", "6C03"}, "", StatusError(0x6C03)},
	} {
		conn, s := scripted(t, "", c.lines...)
		got, err := conn.Do(t.Context(), read)
		if !errors.Is(err, c.err) || fmt.Sprintf("%X", got) != c.want {
			t.Errorf("%s: %X, %v", c.name, got, err)
		}
		s.done()
	}
}

// A card that always has more to say does not keep us for ever.
func TestExchangeEnds(t *testing.T) {
	c := NewConn(transport(func([]byte) ([]byte, error) { return append(make([]byte, 256), 0x61, 0), nil }))
	if _, err := c.Do(t.Context(), Command{INS: insReadBinary, Le: leShort}); !errors.Is(err, ErrMalformed) {
		t.Errorf("error %v", err)
	}
	if n := c.Stats().APDUs; n > maxExchanges {
		t.Errorf("%d APDUs", n)
	}
}

type transport func(apdu []byte) ([]byte, error)

func (f transport) Transmit(_ context.Context, apdu []byte) ([]byte, error) { return f(apdu) }

// file is a card with one file, readable in the clear, and habits.
type file struct {
	content  []byte
	noSFI    bool
	noMF     bool
	maxLe    int // 6700 above it
	chunk    int // never gives more at a time
	selected bool
}

func (f *file) Transmit(_ context.Context, apdu []byte) ([]byte, error) {
	cmd, err := ParseCommand(apdu)
	if err != nil {
		return nil, err
	}
	offset := int(cmd.P1)<<8 | int(cmd.P2)
	switch {
	case cmd.INS == insSelect && cmd.P1 == 0 && f.noMF:
		return []byte{0x6D, 0}, nil
	case cmd.INS == insSelect:
		f.selected = cmd.P1 == 2
		return []byte{0x90, 0}, nil
	case f.maxLe > 0 && cmd.Le > f.maxLe:
		return []byte{0x67, 0}, nil
	case cmd.INS == insReadBinaryOdd:
		offset = int(cmd.Data[2])<<16 | int(cmd.Data[3])<<8 | int(cmd.Data[4])
		n := min(cmd.Le-4, len(f.content)-offset)
		return append(AppendTLV(nil, 0x53, f.content[offset:offset+n]), 0x90, 0), nil
	case cmd.P1&0x80 != 0 && f.noSFI:
		return []byte{0x6A, 0x86}, nil
	case cmd.P1&0x80 != 0:
		f.selected, offset = true, 0
	case !f.selected:
		return []byte{0x69, 0x86}, nil
	}
	if offset > len(f.content) {
		return []byte{0x6B, 0}, nil
	}
	part := f.content[offset:]
	sw := []byte{0x62, 0x82}
	if n := cmd.Le; len(part) >= n {
		part, sw = part[:n], []byte{0x90, 0}
	}
	if f.chunk > 0 && len(part) > f.chunk {
		part, sw = part[:f.chunk], []byte{0x90, 0}
	}
	return append(bytes.Clone(part), sw...), nil
}

var testEF = EF{Name: "EF.Test", SFI: 5, ID: 0x0105, Tag: 0x65, Max: 128 << 10}

func TestReadFile(t *testing.T) {
	for _, size := range []int{0, 1, 100, 300, 5000, 40000, 70000} {
		content := AppendTLV(nil, 0x65, bytes.Repeat([]byte{7}, size))
		for _, f := range []*file{
			{}, {noSFI: true}, {noSFI: true, noMF: true}, {maxLe: 256}, {maxLe: 200, noSFI: true}, {maxLe: 4096}, {chunk: 100}, {chunk: 100, maxLe: 256},
			{content: []byte{0, 0, 0, 1}}, // bytes after the file's own end
		} {
			f.content = append(bytes.Clone(content), f.content...)
			for _, le := range []int{leShort, maxRead} {
				c := NewConn(f)
				c.le = le
				last := -1
				got, err := c.ReadFile(t.Context(), testEF, func(done, total int) {
					if done < last || done > total || total != len(content) {
						t.Errorf("progress %d of %d after %d", done, total, last)
					}
					last = done
				})
				if err != nil || !bytes.Equal(got, content) || last != len(content) {
					t.Errorf("%d bytes, %+v, Le %d: %d bytes, %v", size, file{nil, f.noSFI, f.noMF, f.maxLe, f.chunk, false}, le, len(got), err)
				}
			}
		}
	}
}

func TestReadFileRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		file file
		want error
		most int // APDUs until it is refused
	}{
		{"empty", file{}, ErrMalformed, 2},
		{"another tag", file{content: unhex(t, "6603020101")}, ErrMalformed, 1},
		{"says it is too long", file{content: unhex(t, "6583030000 00")}, ErrMalformed, 1},
		{"ends early", file{content: unhex(t, "6510 0102")}, ErrMalformed, 2},
		{"a byte at a time", file{content: AppendTLV(nil, 0x65, make([]byte, 3000)), chunk: 4}, ErrMalformed, 120},
		{"no lengths at all", file{content: unhex(t, "6500"), maxLe: 3}, StatusError(swWrongLength), 8},
	} {
		conn := NewConn(&c.file)
		if got, err := conn.ReadFile(t.Context(), testEF, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: %X, %v", c.name, got, err)
		}
		if n := conn.Stats().APDUs; n > c.most {
			t.Errorf("%s: took %d APDUs", c.name, n)
		}
	}
}

// One in 256 shared secrets begins with a zero byte, and its keys are derived
// from all of it. The case is forced: keys are tried until it happens.
func TestSharedSecretKeepsLeadingZeros(t *testing.T) {
	curve, _ := CurveByID(12)
	for k := int64(2); ; k++ {
		p, err := curve.mul(curve.base(), big.NewInt(k))
		if err != nil {
			t.Fatal(err)
		}
		if p.x.BitLen() > 248 {
			continue
		}
		secret := curve.secret(p)
		if len(secret) != 32 || secret[0] != 0 {
			t.Fatalf("secret %X", secret)
		}
		if b := curve.encode(p); len(b) != 65 || b[1] != 0 {
			t.Fatalf("point %X", b)
		}
		if bytes.Equal(aes128.derive(secret, forMAC), aes128.derive(p.x.Bytes(), forMAC)) {
			t.Error("the zero makes no difference")
		}
		return
	}
}

func TestKeysAreSecret(t *testing.T) {
	k := Key{MRZ: &exampleMRZ}
	s := fmt.Sprintf("%v %+v %#v %d %s %x %v %#v %q", k, k, k, k, k, k, *k.MRZ, k.MRZ, Key{CAN: "482913"})
	if strings.Contains(s, "L898") || strings.Contains(s, "4829") || strings.Contains(s, "690806") {
		t.Errorf("printed as %s", s)
	}
}

// Under secure messaging a file of any length comes whole from a chip that gives
// no more than was asked for, whatever is left of it at the end.
func TestReadFileOfAnyLengthProtected(t *testing.T) {
	ef := EF{Name: "EF", SFI: 1, ID: 0x0101, Tag: 0x61, Max: 1 << 20}
	for _, s := range []suite{tripleDES, aes128, aes256} {
		for _, limit := range []int{0, 300, 600} { // of a response
			for n := range 900 {
				content := AppendTLV(nil, ef.Tag, bytes.Repeat([]byte{0x5A}, n))
				conn, p := inSession(t, s, func(_ *peer, cmd Command) ([]byte, uint16) {
					offset := int(cmd.P1)<<8 | int(cmd.P2)
					if cmd.P1&0x80 != 0 {
						offset = int(cmd.P2)
					}
					return content[offset:min(offset+cmd.Le, len(content))], swOK
				})
				p.strict = true
				conn.response = limit
				got, err := conn.ReadFile(t.Context(), ef, nil)
				if err != nil || !bytes.Equal(got, content) {
					t.Fatalf("%s, responses of %d, file of %d bytes: %d bytes, %v", s.name, limit, len(content), len(got), err)
				}
			}
		}
	}
}
