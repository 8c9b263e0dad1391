package card

import (
	"context"
	"errors"
	"fmt"
)

// An EF is an elementary file of the chip: how it is found, the tag it starts
// with and the most we let it be.
type EF struct {
	Name string
	SFI  byte
	ID   uint16
	Tag  uint32
	Max  int
}

// The files of Doc 9303-10 §3.6 and table 34 that are not data groups.
var (
	EFCardAccess = EF{"EF.CardAccess", 0x1C, 0x011C, TagSet, 4 << 10}
	EFCOM        = EF{"EF.COM", 0x1E, 0x011E, 0x60, 1 << 10}
	EFSOD        = EF{"EF.SOD", 0x1D, 0x011D, 0x77, 64 << 10}
)

// What READ BINARY asks for at most, largest first. A chip that answers 6700
// moves us one down; the last two are short APDUs.
var readSizes = [...]int{maxRead, 4096, 1024, leShort, 128}

const (
	maxRead    = 0xFF00 // with the overhead of secure messaging still one APDU
	headerRead = 4      // tag and length of most files
	headerMax  = 8      // tag and length of any
	oddOffset  = 0x8000 // from here on READ BINARY needs INS B1
	minPerRead = 32     // a chip that gives less at a time is stalling
)

// ReadFile reads a file: by short identifier if the chip knows how, else by
// SELECT. The first answer tells the length. progress (may be nil) is called
// after every answer with the bytes that are here and the bytes there are. On
// error, what was read so far is returned with it.
func (c *Conn) ReadFile(ctx context.Context, f EF, progress func(done, total int)) ([]byte, error) {
	b, err := c.readFile(ctx, f, progress)
	if err != nil {
		return b, fmt.Errorf("%s: %w", f.Name, err)
	}
	return b, nil
}

func (c *Conn) readFile(ctx context.Context, f EF, progress func(done, total int)) ([]byte, error) {
	got, err := c.readFirst(ctx, f)
	if err != nil {
		return nil, err
	}
	head, _, err := parseTLVHead(got)
	if err != nil && len(got) < headerMax {
		part, readErr := c.readAt(ctx, len(got), headerRead)
		if readErr != nil {
			return got, readErr
		}
		got = append(got, part...)
		head, _, err = parseTLVHead(got)
	}
	if err != nil {
		return got, err
	}
	total := head.size + head.length
	if head.tag != f.Tag {
		return got, fmt.Errorf("%w: starts with tag %X, want %X", ErrMalformed, head.tag, f.Tag)
	}
	if total > f.Max {
		return got, fmt.Errorf("%w: says it is %d bytes long, at most %d are let in", ErrMalformed, total, f.Max)
	}
	for reads := 0; ; reads++ {
		if progress != nil {
			progress(min(len(got), total), total)
		}
		if len(got) >= total {
			return got[:total:total], nil
		}
		if reads > total/minPerRead+2 {
			return got, fmt.Errorf("%w: gives a few bytes at a time", ErrMalformed)
		}
		part, err := c.readAt(ctx, len(got), total-len(got))
		if err != nil {
			return got, err
		}
		got = append(got, part...)
	}
}

// readFirst reads the beginning of a file and leaves it selected.
func (c *Conn) readFirst(ctx context.Context, f EF) ([]byte, error) {
	b, err := c.readBinary(ctx, Command{INS: insReadBinary, P1: 0x80 | f.SFI}, maxRead)
	if err == nil {
		c.sfi = true
		return b, nil
	}
	if _, refused := asStatus(err); !refused || c.dead() || c.sfi && errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if f.ID == EFCardAccess.ID || f.ID == efATRInfo.ID {
		if err := c.selectMF(ctx); err != nil {
			return nil, err
		}
	}
	if _, err := c.Do(ctx, Command{INS: insSelect, P1: 2, P2: 0x0C, Data: []byte{byte(f.ID >> 8), byte(f.ID)}}); err != nil {
		return nil, err
	}
	return c.readBinary(ctx, Command{INS: insReadBinary}, maxRead)
}

// selectMF selects the master file. That is the standard's way to the files
// under it; cards in the field refuse it (6D00), and find the files without.
func (c *Conn) selectMF(ctx context.Context) error {
	_, err := c.Do(ctx, Command{INS: insSelect, P2: 0x0C, Data: []byte{0x3F, 0}})
	if _, refused := asStatus(err); refused {
		return nil
	}
	return err
}

// dead tells that there was a session and it is lost.
func (c *Conn) dead() bool { return c.opened && c.sm == nil }

// readAt reads up to want bytes of the selected file.
func (c *Conn) readAt(ctx context.Context, offset, want int) ([]byte, error) {
	if offset < oddOffset {
		want = min(want, oddOffset) // no chip may be asked across its own limits
		return c.readBinary(ctx, Command{INS: insReadBinary, P1: byte(offset >> 8), P2: byte(offset)}, want)
	}
	const overhead = 4 // of the object 53 around the answer
	at := AppendTLV(nil, 0x54, []byte{byte(offset >> 16), byte(offset >> 8), byte(offset)})
	b, err := c.readBinary(ctx, Command{INS: insReadBinaryOdd, Data: at}, want+overhead)
	if err != nil {
		return nil, err
	}
	t, err := ParseOneTLV(b, 0x53)
	if err == nil && len(t.Value) == 0 {
		err = fmt.Errorf("%w: empty answer", ErrMalformed)
	}
	return t.Value, err
}

// readBinary sends one READ BINARY, asking for no more than the chip was seen
// to stand, and for less when it says so. It returns at least one byte.
func (c *Conn) readBinary(ctx context.Context, cmd Command, want int) ([]byte, error) {
	exact := 0 // what the chip asked to be asked for
	for {
		cmd.Le = min(want, c.readLe())
		if exact > 0 {
			cmd.Le = exact
		}
		// The last bytes of a file may be few enough for a short command and,
		// protected, too many for a short answer.
		cmd.Extended = c.le > leShort && c.sm != nil && cmd.Le > fit(leShort+2, c.sm)
		data, err := c.Do(ctx, cmd)
		sw, refused := asStatus(err)
		switch {
		case err != nil && !refused:
			return nil, err
		case refused && c.dead():
			return nil, err
		case !refused || sw == swEndOfFile:
			if len(data) == 0 {
				return nil, fmt.Errorf("%w: empty answer", ErrMalformed)
			}
			return data[:min(len(data), want)], nil
		case sw>>8 == 0x6C && exact == 0:
			exact = min(shortLe(byte(sw)), want)
		case sw == swWrongLength && c.stepDown():
			exact = 0
		case sw == swWrongLength && cmd.Le > headerRead:
			exact = headerRead
		default:
			return nil, err
		}
	}
}

// readLe is how much may be asked for: as much as was not refused, and what
// fits a response together with the objects of secure messaging around it.
func (c *Conn) readLe() int {
	response := c.response
	if c.le <= leShort {
		response = tighter(response, leShort+2)
	}
	if response == 0 {
		return c.le
	}
	return max(1, min(c.le, fit(response, c.sm)))
}

// stepDown goes to the next smaller size, and says whether there was one. In
// the clear only the first file is read, to learn whether the chip takes
// extended APDUs at all: one refusal answers that.
func (c *Conn) stepDown() bool {
	if c.sm == nil && c.le > leShort {
		c.le = leShort
		return true
	}
	for _, n := range readSizes {
		if n < c.le {
			c.le = n
			return true
		}
	}
	return false
}
