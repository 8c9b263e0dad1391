package scanner

import "time"

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

// Bytes that frame a scan.
const (
	stx = 0x02 // begins one, whatever came before
	etx = 0x03 // ends it
)

// A framer cuts a stream of bytes into scans. Scanners end a scan with CR, LF,
// both, Tab or ETX, as they were set up; none of these occurs within a code we read.
// Those that end it with nothing at all are heard to the end by [framer.silence].
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
		case c == stx:
			f.buf, f.overlong = f.buf[:0], false
		case c == '\r' || c == '\n' || c == '\t' || c == etx:
			f.end(now, emit)
		case f.overlong:
		case len(f.buf) == maxText:
			f.buf, f.overlong = f.buf[:0], true
		default:
			f.buf = append(f.buf, c)
		}
	}
}

// silence ends a scan because nothing more came.
func (f *framer) silence(now time.Time, emit func(string)) { f.end(now, emit) }

// end emits what was collected, unless there is nothing or it was just scanned.
func (f *framer) end(now time.Time, emit func(string)) {
	text := text(f.buf)
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
