//go:build pcsc

package pcsc

import (
	"encoding/binary"
	"regexp"
	"slices"
	"strings"

	"github.com/ebfe/scard"
)

// A quirk is what is known of readers and cannot be asked of them, or is
// answered wrong. How long a card's APDUs may be is asked of the card
// (its answer to reset and EF.ATR/INFO): package card does that.
type quirk struct {
	reader            *regexp.Regexp // of its name in PC/SC
	command, response int            // the longest APDUs it carries
	source            string
}

// Lengths with one byte of length: header, Lc, 255 bytes and Le; 256 bytes and
// status.
const (
	shortCommand  = 261
	shortResponse = 258
)

var quirks = []quirk{
	{regexp.MustCompile(`(?i)ACR122`), shortCommand, shortResponse,
		"CCID's list of readers: exchanges at short APDU level, limitation \"no extended APDU\"; what it is given more of, it cuts off"},
	{regexp.MustCompile(`(?i)ACR1283`), 512, 512,
		"ACR1283L Reference Manual 1.00 §5.1: dwMaxCCIDMessageLength 522, ten of which are CCID's own header"},
}

// PC/SC part 10: how a driver tells what it can do.
const (
	ctlGetFeatures       = 3400 // CM_IOCTL_GET_FEATURE_REQUEST, §2.2
	featureTLVProperties = 0x12 // FEATURE_GET_TLV_PROPERTIES
	propertyMaxAPDU      = 0x0A // dwMaxAPDUDataSize, §2.6.14: 0 is short APDUs only
)

// maxAPDU finds the longest APDUs a reader carries: in the table, or from its
// driver. Zeros mean that nobody says.
func maxAPDU(name string, c *scard.Card) (command, response int) {
	for _, q := range quirks {
		if q.reader.MatchString(name) {
			return q.command, q.response
		}
	}
	features, err := c.Control(scard.CtlCode(ctlGetFeatures), nil)
	if err != nil {
		return 0, 0
	}
	code, ok := property(features, featureTLVProperties)
	if !ok || len(code) != 4 {
		return 0, 0
	}
	properties, err := c.Control(binary.BigEndian.Uint32(code), nil) // §2.2: in big endian, as nothing else there
	if err != nil {
		return 0, 0
	}
	return carried(properties)
}

// carried reads the property of the longest data field.
func carried(properties []byte) (command, response int) {
	v, ok := property(properties, propertyMaxAPDU)
	if !ok || len(v) != 4 {
		return 0, 0
	}
	switch n := binary.LittleEndian.Uint32(v); {
	case n == 0:
		return shortCommand, shortResponse
	case n <= 256 || n > 65536: // nonsense
		return 0, 0
	default:
		return int(n) + 4 + 3 + 2, int(n) + 2
	}
}

// property finds the value of a tag in part 10's list: a byte of tag, a byte of
// length, the value.
func property(list []byte, tag byte) ([]byte, bool) {
	for len(list) >= 2 {
		t, n := list[0], int(list[1])
		if n > len(list)-2 {
			return nil, false
		}
		if t == tag {
			return list[2 : 2+n], true
		}
		list = list[2+n:]
	}
	return nil, false
}

// byUse puts readers in the order they are tried in: contactless slots, for that
// is what these cards have; then the others; slots for modules of the reader's
// own last.
func byUse(names []string) []string {
	rank := func(name string) int {
		n := strings.ToLower(name)
		switch {
		case strings.Contains(n, " sam"), strings.Contains(n, "(sam"), strings.Contains(n, "-sam"):
			return 2
		case strings.Contains(n, "picc"), strings.Contains(n, "contactless"), strings.Contains(n, "nfc"), strings.Contains(n, "cl "), strings.Contains(n, "-cl"):
			return 0
		}
		return 1
	}
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return rank(a) - rank(b) })
	return sorted
}
