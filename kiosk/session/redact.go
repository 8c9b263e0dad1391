package session

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// What people typed, a card said or a scanner saw is personal, and who knows a
// visit's token may look at it. Such values print and log as their kind, by
// whatever verb: String covers only those of text.

func (x State) String() string       { return "[session " + string(x.Visit.At) + "]" }
func (x Visit) String() string       { return "[visit " + strconv.FormatUint(x.N, 10) + "]" }
func (Filing) String() string        { return "[filing]" }
func (Who) String() string           { return "[who]" }
func (x PaperChoice) String() string { return "[paper " + x.How + "]" }
func (Pressed) String() string       { return "[press]" }
func (Hello) String() string         { return "[hello]" }
func (Scanned) String() string       { return "[scan]" }
func (CardRead) String() string      { return "[card read]" }
func (PrintJob) String() string      { return "[print job]" }

func (x State) Format(f fmt.State, _ rune)       { mask(f, x.String()) }
func (x Visit) Format(f fmt.State, _ rune)       { mask(f, x.String()) }
func (x Filing) Format(f fmt.State, _ rune)      { mask(f, x.String()) }
func (x Who) Format(f fmt.State, _ rune)         { mask(f, x.String()) }
func (x PaperChoice) Format(f fmt.State, _ rune) { mask(f, x.String()) }
func (x Pressed) Format(f fmt.State, _ rune)     { mask(f, x.String()) }
func (x Hello) Format(f fmt.State, _ rune)       { mask(f, x.String()) }
func (x Scanned) Format(f fmt.State, _ rune)     { mask(f, x.String()) }
func (x CardRead) Format(f fmt.State, _ rune)    { mask(f, x.String()) }
func (x PrintJob) Format(f fmt.State, _ rune)    { mask(f, x.String()) }

func (x State) LogValue() slog.Value       { return slog.StringValue(x.String()) }
func (x Visit) LogValue() slog.Value       { return slog.StringValue(x.String()) }
func (x Filing) LogValue() slog.Value      { return slog.StringValue(x.String()) }
func (x Who) LogValue() slog.Value         { return slog.StringValue(x.String()) }
func (x PaperChoice) LogValue() slog.Value { return slog.StringValue(x.String()) }
func (x Pressed) LogValue() slog.Value     { return slog.StringValue(x.String()) }
func (x Hello) LogValue() slog.Value       { return slog.StringValue(x.String()) }
func (x Scanned) LogValue() slog.Value     { return slog.StringValue(x.String()) }
func (x CardRead) LogValue() slog.Value    { return slog.StringValue(x.String()) }
func (x PrintJob) LogValue() slog.Value    { return slog.StringValue(x.String()) }

func mask(f fmt.State, s string) { _, _ = io.WriteString(f, s) } // a fmt.State keeps its own errors
