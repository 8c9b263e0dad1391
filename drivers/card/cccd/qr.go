package cccd

import (
	"errors"
	"fmt"
	"strings"

	"tiepdan/drivers/card"
)

// What a scanned text can be wrong in. The resident is told to scan again for
// ErrBrokenQR, and which code to show for ErrNotCardQR.
var (
	ErrNotCardQR = errors.New("text is not of a chip ID card's QR code")
	ErrBrokenQR  = errors.New("text of a chip ID card's QR code is damaged")
)

// maxQR bounds a scanned text: the largest QR code holds 2,953 bytes, which
// Latin-1 read as UTF-8 doubles.
const maxQR = 6 << 10

// A QR is what the code printed on a card says: on the front of the 2021 card
// with seven fields, on the back of the 2024 card with eleven. It is unsigned:
// a hint that opens the chip, never proof. It holds personal data and prints
// as its kind.
type QR struct {
	PIN       PIN
	OldID     string // the former CMND, may be empty
	Name      string
	DOB       string // dd/mm/yyyy, or as printed if that is no date
	Sex       string // "Nam", "Nữ"
	Residence string
	Issued    string   // dd/mm/yyyy; empty in six-field codes
	Tail      []string // fields past the seventh, as they came: their order is not known for sure
	Warnings  []string // "qr-field-3-encoding", "qr-field-4-date": never personal
}

// ParseQR reads the text of a card's QR code as a scanner sent it: with any
// line ending or none, the symbology's AIM prefix, UTF-8 that was taken for
// Latin-1, decomposed letters. Six fields and more are accepted. Damage in a
// field that is not the personal number is a warning, since the code still
// opens the chip.
func ParseQR(text string) (QR, error) {
	if len(text) > maxQR {
		return QR{}, fmt.Errorf("%w: %d bytes", ErrNotCardQR, len(text))
	}
	fields := strings.Split(firstLine(text), "|")
	if n := len(fields); n < 6 || n > 32 {
		if _, err := ParsePIN(fields[0]); err == nil && n > 1 && n < 6 {
			return QR{}, fmt.Errorf("%w: %d fields", ErrBrokenQR, n)
		}
		return QR{}, fmt.Errorf("%w: %d fields", ErrNotCardQR, n)
	}
	var q QR
	for i, f := range fields {
		var whole bool
		if fields[i], whole = clean(f); !whole {
			q.warn(i, "encoding")
			fields[i] = "" // half a name is worse than none
		}
	}
	pin, err := ParsePIN(fields[0])
	if err != nil {
		return QR{}, fmt.Errorf("%w: field 1: %w", ErrBrokenQR, err)
	}
	q.PIN, q.OldID, q.Name, q.Sex, q.Residence = pin, fields[1], fields[2], fields[4], fields[5]
	q.DOB = q.date(3, fields[3])
	if len(fields) > 6 {
		q.Issued = q.date(6, fields[6])
		q.Tail = fields[7:]
	}
	q.Warnings = append(q.Warnings, pin.Check(q.Sex, q.DOB)...)
	return q, nil
}

// firstLine is the first line that is not blank, repaired, without a byte order
// mark or the AIM symbology identifier (ISO/IEC 15424) of a QR code.
func firstLine(text string) string {
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\r' || r == '\n' || r == 0 }) {
		line = strings.TrimPrefix(strings.TrimSpace(repair(line)), "\ufeff")
		if len(line) > 3 && line[0] == ']' && line[1] == 'Q' {
			line = line[3:]
		}
		if line != "" {
			return line
		}
	}
	return ""
}

// date turns ddmmyyyy into dd/mm/yyyy.
func (q *QR) date(i int, s string) string {
	if isDigits(s, 8) {
		if d, ok := parseDate(s[:2] + "/" + s[2:4] + "/" + s[4:]); ok {
			return d.String()
		}
	}
	if _, ok := parseDate(s); !ok && s != "" {
		q.warn(i, "date")
	}
	return s
}

func (q *QR) warn(i int, what string) {
	q.Warnings = append(q.Warnings, fmt.Sprintf("qr-field-%d-%s", i+1, what))
}

// Key opens the card the code is printed on: its CAN is the last six digits of
// the personal number.
func (q QR) Key() card.Key { return card.Key{CAN: q.PIN.CAN()} }

// Model is "2024" for the eleven fields of the newer card, else "2021".
func (q QR) Model() string {
	if len(q.Tail) >= 4 {
		return "2024"
	}
	return "2021"
}

// Identity is what the code claims about the holder, marked as from a QR code.
func (q QR) Identity() Identity {
	id := Identity{PIN: string(q.PIN), OldID: q.OldID, Name: q.Name, DOB: q.DOB, Sex: q.Sex, Residence: q.Residence, Issued: q.Issued}
	id.mark(FromQR)
	return id
}
