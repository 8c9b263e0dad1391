//go:build pcsc

package pcsc

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ebfe/scard"

	"tiepdan/drivers/card"
)

func TestQuirks(t *testing.T) {
	for name, want := range map[string][2]int{
		"ACS ACR122U PICC Interface 00 00": {261, 258},
		"ACS ACR1283 4S CL Reader 00 00":   {512, 512},
	} {
		if c, r := maxAPDU(name, nil); c != want[0] || r != want[1] {
			t.Errorf("%s: %d, %d", name, c, r)
		}
	}
	for _, q := range quirks {
		if q.source == "" || q.command < shortCommand || q.response < shortResponse {
			t.Errorf("%v has no source, or carries no APDU", q.reader)
		}
	}
}

func TestCarried(t *testing.T) {
	for _, c := range []struct {
		name              string
		list              string
		command, response int
	}{
		{"nothing", "", 0, 0},
		{"short only", "\x0B\x02\x5E\x07\x0A\x04\x00\x00\x00\x00", 261, 258},
		{"extended", "\x0A\x04\x00\x00\x01\x00", 65545, 65538},
		{"as vpcd", "\x0A\x04\xFF\xFF\x00\x00", 65544, 65537},
		{"half a kilobyte", "\x0A\x04\x00\x02\x00\x00", 521, 514},
		{"less than a short APDU", "\x0A\x04\x10\x00\x00\x00", 0, 0},
		{"more than there can be", "\x0A\x04\x00\x00\x00\x7F", 0, 0},
		{"another length", "\x0A\x02\x00\x02", 0, 0},
		{"cut off", "\x0A\x04\x00", 0, 0},
		{"another property", "\x08\x04\x31\x2E\x30\x30", 0, 0},
	} {
		if command, response := carried([]byte(c.list)); command != c.command || response != c.response {
			t.Errorf("%s: %d, %d", c.name, command, response)
		}
	}
}

func TestByUse(t *testing.T) {
	got := byUse([]string{
		"ACS ACR1281 1S Dual Reader 00 00", "ACS ACR1281 1S Dual Reader (SAM) 00 02", "ACS ACR1281 1S Dual Reader (PICC) 00 01",
		"HID Global OMNIKEY 5422CL Smartcard Reader 01 00", "Generic Smart Card Reader 02 00",
	})
	var order []string
	for _, n := range got {
		order = append(order, n[len(n)-5:])
	}
	if strings.Join(order, " ") != "00 01 01 00 00 00 02 00 00 02" {
		t.Errorf("%q", order)
	}
}

// Every code PC/SC may answer with means one of what callers act on, and keeps
// its own words.
func TestMeaning(t *testing.T) {
	removed := []scard.Error{scard.ErrRemovedCard, scard.ErrNoSmartcard, scard.ErrResetCard, scard.ErrReaderUnavailable, scard.ErrUnknownReader,
		scard.ErrNoReadersAvailable, scard.ErrNoService, scard.ErrServiceStopped, scard.ErrShutdown, scard.ErrInvalidHandle, scard.ErrCommError}
	mute := []scard.Error{scard.ErrNotTransacted, scard.ErrUnresponsiveCard, scard.ErrUnpoweredCard, scard.ErrProtoMismatch, scard.ErrSharingViolation,
		scard.ErrTimeout, scard.ErrInternalError, scard.ErrCardUnsupported, scard.ErrUnsupportedCard, scard.ErrNotReady, scard.ErrInsufficientBuffer,
		scard.ErrInvalidParameter, scard.ErrUnknownCard, scard.ErrPciTooSmall, scard.ErrUnexpected, scard.ErrNoMemory, scard.ErrSystemCancelled}
	check := func(codes []scard.Error, want error) {
		for _, code := range codes {
			err := meaning(code)
			if !errors.Is(err, want) || !errors.Is(err, code) {
				t.Errorf("%v means %v, want %v", code, err, want)
			}
		}
	}
	check(removed, card.ErrRemoved)
	check(mute, card.ErrMute)
	for _, code := range removed {
		if slices.Contains(mute, code) {
			t.Errorf("%v is both", code)
		}
	}
	if meaning(nil) != nil {
		t.Error("nothing means something")
	}
}
