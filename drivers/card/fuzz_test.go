package card

import (
	"context"
	"encoding/binary"
	"errors"
	"runtime/metrics"
	"testing"
)

// bounded fails when do allocates more than 64 MB in all: no answer of a card
// may cost the kiosk more than that.
func bounded(t *testing.T, do func()) {
	t.Helper()
	allocated := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	before := allocated()
	do()
	if n := allocated() - before; n > 64<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}

// answers are what a card says, one after the other, each with its length in
// front; then it is gone. Every one is given for several commands.
func answers(b []byte) func() ([]byte, bool) {
	return func() ([]byte, bool) {
		if len(b) < 2 {
			return nil, false
		}
		n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
		a := b[2 : 2+n]
		b = b[2+n:]
		return a, true
	}
}

func say(answers ...string) (b []byte) {
	for _, a := range answers {
		b = binary.BigEndian.AppendUint16(b, uint16(len(a)))
		b = append(b, a...)
	}
	return b
}

// A card that says anything at all, before there is a session.
func FuzzAnswers(f *testing.F) {
	f.Add(say(string(unhex(f, paceCardAccess))+"\x90\x00", "\x90\x00", "\x7C\x12\x80\x10aaaaaaaaaaaaaaaa\x90\x00"))
	f.Add(say("\x67\x00", "\x6C\x10", "\x61\x05", "12345\x90\x00", "\x6A\x82", "\x6D\x00", "\x90\x00", "12345678\x90\x00"))
	f.Add(say("\x31\x84\x7F\xFF\xFF\xFF\x90\x00", "\x61\x00", "\x61\x00", "\x61\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, key := range []Key{{CAN: "123456"}, {MRZ: &paceMRZ}} {
			next := answers(b)
			conn := NewConn(transport(func([]byte) ([]byte, error) {
				a, ok := next()
				if !ok {
					return nil, ErrRemoved
				}
				return a, nil
			}))
			bounded(t, func() {
				if access, err := conn.Open(context.Background(), key); err == nil {
					t.Errorf("%s without the key", access)
				}
			})
		}
	})
}

// A card that holds the session, and says under it whatever it likes: what is
// read is a file as it says itself, or an error of a kind callers know.
func FuzzProtectedAnswers(f *testing.F) {
	f.Add(say("\x90\x00\x60\x02ab", "\x90\x00\x61\x03abc"))
	f.Add(say("\x67\x00", "\x6C\x04", "\x90\x00\x75\x82\x7F\xFF", "\x62\x82a", "\x90\x00"))
	f.Add(say("\x90\x00\x75\x83\x01\x00\x00a", "\x90\x00bbbbbbbbbbbbbbbb"))
	ef := EF{Name: "EF", SFI: 2, ID: 0x0102, Tag: 0x75, Max: 1 << 20}
	f.Fuzz(func(t *testing.T, b []byte) {
		next := answers(b)
		conn, _ := inSession(t, aes128, func(_ *peer, _ Command) ([]byte, uint16) {
			a, ok := next()
			if !ok || len(a) < 2 {
				return nil, 0x6F00
			}
			return a[2:], binary.BigEndian.Uint16(a)
		})
		bounded(t, func() {
			file, err := conn.ReadFile(context.Background(), ef, nil)
			if err == nil {
				if whole, rest, bad := ParseTLV(file); bad != nil || len(rest) > 0 || whole.Tag != ef.Tag {
					t.Errorf("%X is no whole file", file)
				}
			}
			if _, status := asStatus(err); err != nil && !status && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSecurity) {
				t.Errorf("an error nobody knows: %v", err)
			}
			_, _ = conn.ActiveAuthenticate(context.Background(), [8]byte{}, 256)
			chip := caChip{curve: curves[1], keys: nil, cipher: 2}
			_, _ = conn.ChipAuthenticate(context.Background(), chip.infos(true))
		})
	})
}

// Anything as the answer to a protected command: it has no MAC, and is refused.
func FuzzUnwrap(f *testing.F) {
	f.Add([]byte("\x99\x02\x90\x00\x8E\x08aaaaaaaa"), byte(insReadBinary))
	f.Add([]byte("\x87\x11\x01aaaaaaaaaaaaaaaa\x99\x02\x90\x00\x8E\x08aaaaaaaa"), byte(insReadBinaryOdd))
	f.Fuzz(func(t *testing.T, b []byte, ins byte) {
		for _, s := range []suite{tripleDES, aes256} {
			sess := newSession(s, []byte("nobody knows it"), s.zeroIV())
			bounded(t, func() {
				if _, _, err := sess.unwrap(b, ins); !errors.Is(err, ErrSecurity) {
					t.Errorf("%v", err)
				}
			})
		}
	})
}
