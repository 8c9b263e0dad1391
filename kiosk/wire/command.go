package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"unicode/utf8"

	"tiepdan/kiosk/session"
)

// MaxCommand bounds a frame from a page, in bytes.
const MaxCommand = 64 << 10

// maxValues bounds Command.Values: no form has more on one screen.
const maxValues = 64

// What a frame can be wrong in. The errors never quote the frame: it may hold
// what a person typed.
var (
	ErrTooLarge = errors.New("command is larger than 64 kB")
	ErrCommand  = errors.New("not a command")
)

// DecodeCommand reads one command, strictly: known fields only, valid UTF-8,
// nothing behind it.
func DecodeCommand(frame []byte) (Command, error) {
	var c Command
	if err := decode(frame, &c); err != nil {
		return Command{}, err
	}
	if c.Action == "" || len(c.Action) > 64 {
		return Command{}, fmt.Errorf("%w: no action", ErrCommand)
	}
	if len(c.Values) > maxValues {
		return Command{}, fmt.Errorf("%w: %d values", ErrCommand, len(c.Values))
	}
	return c, nil
}

// DecodeCounterCommand reads one command of an officer's page, as strictly.
func DecodeCounterCommand(frame []byte) (CounterCommand, error) {
	var c CounterCommand
	if err := decode(frame, &c); err != nil {
		return CounterCommand{}, err
	}
	switch c.Action {
	case "sign-out", "call-next", "recall", "finish", "absent":
		return c, nil
	}
	return CounterCommand{}, fmt.Errorf("%w: no such action", ErrCommand)
}

func decode[T Command | CounterCommand](frame []byte, into *T) error {
	switch {
	case len(frame) > MaxCommand:
		return ErrTooLarge
	case !utf8.Valid(frame):
		return fmt.Errorf("%w: not UTF-8", ErrCommand)
	case len(frame) == 0 || frame[0] != '{':
		return fmt.Errorf("%w: not an object", ErrCommand) // encoding/json takes null for any struct
	}
	d := json.NewDecoder(bytes.NewReader(frame))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		// Errors of encoding/json quote names and values of the frame.
		return fmt.Errorf("%w at byte %d", ErrCommand, d.InputOffset())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more than one", ErrCommand)
	}
	return nil
}

// Event is what the command means to the session.
func (c Command) Event() session.Event {
	switch c.Action {
	case "hello":
		return session.Hello{Visit: c.Visit}
	case "touch":
		return session.Touched{}
	case "scan":
		return session.Scanned{Text: c.Value}
	}
	return session.Pressed{Action: c.Action, Screen: c.Screen, Value: c.Value, Values: c.Values}
}

// What was typed, and what a screen shows of a person, stays out of logs.

func (c Command) String() string       { return "[command]" }
func (c Command) GoString() string     { return "[command]" }
func (c Command) LogValue() slog.Value { return slog.StringValue("[command]") }
func (v View) LogValue() slog.Value    { return slog.StringValue("[view " + v.Name + "]") }
