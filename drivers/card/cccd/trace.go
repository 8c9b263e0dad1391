package cccd

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"tiepdan/drivers/card"
)

// A trace is made to be sent to somebody else, who was not there: one JSON
// object a line, the card first, then every APDU, then the files that were read.
// It holds no secret and nothing personal: of APDUs the headers, lengths and
// status words; of files their shape ([maskFile]). It is enough to have a
// virtual chip behave as the card did (cardsim.Replay).

// A TraceLine is one line; exactly one of its parts is there.
type TraceLine struct {
	Card *TraceCard `json:"card,omitempty"`
	APDU *TraceAPDU `json:"apdu,omitempty"`
	File *TraceFile `json:"file,omitempty"`
}

// TraceCard is what was known before the first APDU.
type TraceCard struct {
	ATR         string `json:"atr,omitempty"`
	MaxCommand  int    `json:"maxCommand,omitempty"`
	MaxResponse int    `json:"maxResponse,omitempty"`
}

// TraceAPDU is one exchange. Plain is what stood under secure messaging; without
// it the answer was one part of several.
type TraceAPDU struct {
	N        int         `json:"n"`
	Millis   float64     `json:"ms"`
	Command  string      `json:"command"` // CLA INS P1 P2
	Sent     int         `json:"sent"`
	Extended bool        `json:"extended,omitempty"`
	Received int         `json:"received"`
	SW       string      `json:"sw,omitempty"`
	Error    string      `json:"error,omitempty"`
	Plain    *TracePlain `json:"plain,omitempty"`
}

// TracePlain is a command and its answer without protection.
type TracePlain struct {
	Secured  bool   `json:"secured,omitempty"`
	Lc       int    `json:"lc,omitempty"`
	Le       int    `json:"le,omitempty"`
	Data     int    `json:"data,omitempty"`
	SW       string `json:"sw,omitempty"` // none: what came could not be believed
	Selected string `json:"selected,omitempty"`
}

// TraceFile is one file, or as much of it as came, masked; filler at the end is
// left out, for the file says how long it is. ID is its identifier.
type TraceFile struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

// tracer writes a trace while a card is read.
type tracer struct {
	w   io.Writer
	n   int
	err error // the first one of w
}

// newTracer begins a trace; nil when nobody wants one.
func newTracer(t card.Transport, w io.Writer) *tracer {
	if w == nil {
		return nil
	}
	tr := &tracer{w: w}
	var c TraceCard
	if r, ok := t.(interface{ ATR() []byte }); ok {
		c.ATR = hex.EncodeToString(r.ATR())
	}
	if l, ok := t.(interface{ MaxAPDU() (int, int) }); ok {
		c.MaxCommand, c.MaxResponse = l.MaxAPDU()
	}
	tr.write(TraceLine{Card: &c})
	return tr
}

func (tr *tracer) write(l TraceLine) {
	b, err := json.Marshal(l)
	if err == nil {
		_, err = tr.w.Write(append(b, '\n'))
	}
	if tr.err == nil {
		tr.err = err
	}
}

func (tr *tracer) exchange(e card.Exchange) {
	tr.n++
	a := TraceAPDU{N: tr.n, Millis: float64(e.Took.Round(10*time.Microsecond)) / float64(time.Millisecond),
		Command: fmt.Sprintf("%02X%02X%02X%02X", e.CLA, e.INS, e.P1, e.P2),
		Sent:    e.Sent, Extended: e.Extended, Received: e.Received, SW: statusWord(e.SW), Error: errorKind(e.Err)}
	if e.Plain {
		a.Plain = &TracePlain{Secured: e.Secured, Lc: e.Lc, Le: e.Le, Data: e.Data, SW: statusWord(e.PlainSW), Selected: hex.EncodeToString(e.Selected)}
	}
	tr.write(TraceLine{APDU: &a})
}

func statusWord(sw uint16) string {
	if sw == 0 {
		return ""
	}
	return fmt.Sprintf("%04X", sw)
}

// errorKind names an error without repeating what it carries.
func errorKind(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, card.ErrRemoved):
		return "removed"
	case errors.Is(err, card.ErrMute):
		return "mute"
	}
	return "broke"
}

// files writes down what came of the files, masked.
func (tr *tracer) files(r *reader) {
	const atrInfo = 0x2F01
	r.came[card.EFCardAccess.ID], r.came[atrInfo] = r.conn.CardAccess(), r.conn.ATRInfo()
	for _, id := range slices.Sorted(maps.Keys(r.came)) {
		if content := r.came[id]; len(content) > 0 {
			tr.write(TraceLine{File: &TraceFile{fmt.Sprintf("%04X", id), hex.EncodeToString(shape(id, content))}})
		}
	}
}

func shape(id uint16, content []byte) []byte {
	masked := maskFile(id, bytes.Clone(content))
	if _, _, err := card.ParseTLV(content); err != nil {
		return masked // it is not as long as it says
	}
	return bytes.TrimRight(masked, string(rune(filler)))
}
