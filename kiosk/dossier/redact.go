package dossier

import (
	"fmt"
	"log/slog"
)

// The values of this file know people. Whatever prints them (fmt, slog,
// encoding/json, a careless log line) gets a placeholder; only [Dossier.Encode]
// gives a dossier away, through types of its own that don't redact.

func (d Dossier) String() string               { return "[dossier " + string(d.Receipt) + "]" }
func (d Dossier) GoString() string             { return d.String() }
func (d Dossier) LogValue() slog.Value         { return slog.StringValue(d.String()) }
func (d Dossier) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

const redactedApplicant = "[applicant]"

func (Applicant) String() string               { return redactedApplicant }
func (Applicant) GoString() string             { return redactedApplicant }
func (Applicant) LogValue() slog.Value         { return slog.StringValue(redactedApplicant) }
func (Applicant) MarshalText() ([]byte, error) { return []byte(redactedApplicant), nil }

const redactedAnswers = "[answers]"

func (Answers) String() string               { return redactedAnswers }
func (Answers) GoString() string             { return redactedAnswers }
func (Answers) LogValue() slog.Value         { return slog.StringValue(redactedAnswers) }
func (Answers) MarshalText() ([]byte, error) { return []byte(redactedAnswers), nil }

// A paper's number (of a birth certificate, say) leads to a person.
func (p Paper) String() string               { return "[paper " + p.Code + " " + p.How + "]" }
func (p Paper) GoString() string             { return p.String() }
func (p Paper) LogValue() slog.Value         { return slog.StringValue(p.String()) }
func (p Paper) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

func (p Part) String() string               { return fmt.Sprintf("[part %d, %d bytes]", p.N, len(p.Data)) }
func (p Part) GoString() string             { return p.String() }
func (p Part) LogValue() slog.Value         { return slog.StringValue(p.String()) }
func (p Part) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Sealed is ciphertext, so nothing personal; it is only too long to print.
func (s Sealed) String() string {
	return fmt.Sprintf("[sealed %s, %d bytes, %d parts]", s.Receipt, len(s.Ciphertext), len(s.Manifest))
}
func (s Sealed) GoString() string     { return s.String() }
func (s Sealed) LogValue() slog.Value { return slog.StringValue(s.String()) }
