package card

import (
	"fmt"
	"io"
	"log/slog"
)

// Keys are secrets and made of personal data: whatever prints, logs or encodes
// them says which kind of key it is. Format covers the verbs that String does
// not (%d walks a struct).

func (k Key) Format(f fmt.State, _ rune)    { _, _ = io.WriteString(f, k.String()) } // a fmt.State keeps its own errors
func (k MRZKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

func (k Key) LogValue() slog.Value    { return slog.StringValue(k.String()) }
func (k MRZKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

func (k Key) MarshalText() ([]byte, error)    { return []byte(k.String()), nil }
func (k MRZKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
