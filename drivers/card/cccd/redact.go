package cccd

import (
	"fmt"
	"io"
	"log/slog"
)

// Personal types implement [fmt.Formatter], because String covers only the
// verbs of text: %d would still walk a struct.

func (Identity) Format(f fmt.State, _ rune)  { mask(f, redacted) }
func (Portrait) Format(f fmt.State, _ rune)  { mask(f, "[portrait]") }
func (Evidence) Format(f fmt.State, _ rune)  { mask(f, "[evidence]") }
func (QR) Format(f fmt.State, _ rune)        { mask(f, "[qr]") }
func (Field) Format(f fmt.State, _ rune)     { mask(f, "[field]") }
func (DG13) Format(f fmt.State, _ rune)      { mask(f, "[dg13]") }
func (DG13Field) Format(f fmt.State, _ rune) { mask(f, "[dg13 field]") }
func (p PIN) Format(f fmt.State, _ rune)     { mask(f, p.String()) }
func (a Addressee) Format(f fmt.State, _ rune) {
	mask(f, "[addressee]")
}

func mask(f fmt.State, s string) { _, _ = io.WriteString(f, s) } // a fmt.State keeps its own errors

func (QR) LogValue() slog.Value        { return slog.StringValue("[qr]") }
func (Field) LogValue() slog.Value     { return slog.StringValue("[field]") }
func (DG13) LogValue() slog.Value      { return slog.StringValue("[dg13]") }
func (DG13Field) LogValue() slog.Value { return slog.StringValue("[dg13 field]") }
func (p PIN) LogValue() slog.Value     { return slog.StringValue(p.String()) }
func (Addressee) LogValue() slog.Value { return slog.StringValue("[addressee]") }

func (QR) MarshalText() ([]byte, error)        { return []byte("[qr]"), nil }
func (Field) MarshalText() ([]byte, error)     { return []byte("[field]"), nil }
func (DG13) MarshalText() ([]byte, error)      { return []byte("[dg13]"), nil }
func (DG13Field) MarshalText() ([]byte, error) { return []byte("[dg13 field]"), nil }
func (p PIN) MarshalText() ([]byte, error)     { return []byte(p.String()), nil }
func (Addressee) MarshalText() ([]byte, error) { return []byte("[addressee]"), nil }
