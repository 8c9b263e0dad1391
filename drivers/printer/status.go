package printer

import (
	"errors"
	"fmt"
	"os"
	"time"
)

const (
	// answerWithin is how long a printer may take for a status byte. It answers
	// while it prints, within milliseconds; a busy USB adapter adds some.
	answerWithin = 600 * time.Millisecond
	// settle is how long the line must be silent for it to count as drained, and
	// settleLate how long after a question that was not answered in time.
	settle     = 2 * time.Millisecond
	settleLate = 60 * time.Millisecond
	// babble bounds what is read of a line that never falls silent.
	babble = 4096
)

// Bytes a printer sends are told apart by their fixed bits (Epson, DLE EOT, GS r
// and GS a): 0xx1xx10 answers DLE EOT, 0xx1xx00 begins an automatic status of four
// bytes, xxx0xxxx with bit 7 clear answers GS r. Anything else, XON and XOFF too,
// answers nothing.
func isRealtime(b byte) bool  { return b&0x93 == 0x12 }
func isAutomatic(b byte) bool { return b&0x93 == 0x10 }
func isFinish(b byte) bool    { return b&0x90 == 0x00 }

// automatic counts the bytes that are still to come of an automatic status. Nobody
// asks for one, but some printers leave the factory so, and what follows its first
// byte looks like an answer to GS r.
type automatic int

// strip takes automatic statuses out of what was read.
func (a *automatic) strip(b []byte) []byte {
	kept := b[:0]
	for _, c := range b {
		switch {
		case isAutomatic(c):
			*a = 3
		case *a > 0 && isFinish(c):
			*a--
		case *a > 0 && (c == xon || c == xoff): // may come between any two
		default:
			*a = 0
			kept = append(kept, c)
		}
	}
	return kept
}

// A status is the four answers to DLE EOT 1 to 4.
type status struct{ printer, offline, err, paper byte }

// level says what the answers mean, the most hindering first, and why.
func (s status) level() (Level, error) {
	has := func(b byte, bits byte) bool { return b&bits != 0 }
	switch {
	case has(s.offline, 0x04):
		return CoverOpen, nil
	case has(s.paper, 0x60), has(s.offline, 0x20):
		return PaperOut, nil
	case has(s.err, 0x08):
		return CutterJam, fmt.Errorf("%w: the cutter is blocked", ErrFault)
	case has(s.err, 0x20):
		return Fault, fmt.Errorf("%w: it has to be switched off and on", ErrFault)
	case has(s.err, 0x40):
		return Hot, fmt.Errorf("%w: the head is too hot or the voltage wrong; it recovers by itself", ErrFault)
	case has(s.offline, 0x40), has(s.err, 0x04):
		return Fault, fmt.Errorf("%w: an error it does not name", ErrFault)
	case has(s.offline, 0x08):
		return Fault, fmt.Errorf("%w: somebody holds the feed button", ErrFault)
	case has(s.printer, 0x08):
		return Fault, fmt.Errorf("%w: it is off line and does not say why", ErrFault)
	case has(s.paper, 0x0c):
		return PaperLow, nil
	}
	return Ready, nil
}

// drain throws away what the printer said unasked, or too late.
func drain(line Line, quiet time.Duration) error {
	buf := make([]byte, 256)
	for total := 0; total < babble; {
		if err := line.SetReadDeadline(time.Now().Add(quiet)); err != nil {
			return err
		}
		n, err := line.Read(buf)
		total += max(n, 1)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case err != nil:
			return err
		}
	}
	return fmt.Errorf("it never stops talking (%d bytes)", babble)
}

// ask puts one DLE EOT question and takes the first byte that answers one. Bytes
// that answer nothing are shown to other, if there is one.
func ask(line Line, n byte, other func(byte)) (byte, error) {
	if err := line.SetWriteDeadline(time.Now().Add(answerWithin)); err != nil {
		return 0, err
	}
	if _, err := line.Write([]byte{dle, 0x04, n}); err != nil {
		return 0, err
	}
	b, err := await(line, answerWithin, func(b byte) bool {
		if !isRealtime(b) && other != nil {
			other(b)
		}
		return isRealtime(b)
	})
	if err != nil {
		return 0, fmt.Errorf("DLE EOT %d: %w", n, err)
	}
	return b, nil
}

// await reads until a byte is of the wanted form, for so long at most.
func await(line Line, within time.Duration, wanted func(byte) bool) (byte, error) {
	if err := line.SetReadDeadline(time.Now().Add(within)); err != nil {
		return 0, err
	}
	var buf [1]byte
	for range babble {
		n, err := line.Read(buf[:])
		if err != nil {
			return 0, err
		}
		if n == 1 && wanted(buf[0]) {
			return buf[0], nil
		}
	}
	return 0, fmt.Errorf("no answer in %d bytes", babble)
}

// inquire drains the line and asks all four questions. One unanswered is as good
// as all: a late answer must not be taken for that to the next question.
func inquire(line Line) (status, error) {
	if err := drain(line, settle); err != nil {
		return status{}, err
	}
	return inquireAmid(line, nil)
}

// inquireAmid asks while other bytes may arrive.
func inquireAmid(line Line, other func(byte)) (s status, err error) {
	for i, dst := range []*byte{&s.printer, &s.offline, &s.err, &s.paper} {
		if *dst, err = ask(line, byte(i+1), other); err != nil {
			return status{}, err
		}
	}
	return s, nil
}
