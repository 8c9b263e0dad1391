package scanner

import (
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxText bounds a scan. The largest QR code holds 2,953 bytes; what is longer
	// is a line gone mad, or somebody's joke.
	maxText = 64 << 10
	// together is how long the bytes of one scan may be apart. What was begun
	// longer ago was torn, and is not put before the next scan.
	together = time.Second
	// again is how soon the same text is the same scan: a code held under the
	// window is read over and over.
	again = 2 * time.Second
)

// A framer cuts a stream of bytes into scans. Scanners end a scan with CR, LF,
// both, or Tab, as they were set up; none of these occurs within a code we read.
type framer struct {
	buf      []byte
	overlong bool // dropping until the end of this one
	heard    time.Time

	last     string
	lastSeen time.Time
}

// feed takes bytes as they come, in pieces of any size, and emits whole scans.
func (f *framer) feed(b []byte, now time.Time, emit func(string)) {
	if now.Sub(f.heard) > together {
		f.buf, f.overlong = f.buf[:0], false
	}
	f.heard = now
	for _, c := range b {
		switch {
		case c == '\r' || c == '\n' || c == '\t':
			f.end(now, emit)
		case f.overlong:
		case len(f.buf) == maxText:
			f.buf, f.overlong = f.buf[:0], true
		default:
			f.buf = append(f.buf, c)
		}
	}
}

// end emits what was collected, unless there is nothing or it was just scanned.
func (f *framer) end(now time.Time, emit func(string)) {
	text := tidy(f.buf)
	overlong := f.overlong
	f.buf, f.overlong = f.buf[:0], false
	if overlong || text == "" {
		return
	}
	if text == f.last && now.Sub(f.lastSeen) < again {
		f.lastSeen = now // still held there
		return
	}
	f.last, f.lastSeen = text, now
	emit(text)
}

// forget drops the last scan: it may hold somebody's name.
func (f *framer) forget() {
	clear(f.buf[:cap(f.buf)])
	*f = framer{}
}

// tidy makes bytes a text: valid UTF-8, damaged letters marked, without controls.
func tidy(b []byte) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(b), string(utf8.RuneError))))
}
