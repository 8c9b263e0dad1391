package cccd

import (
	"slices"
	"strings"

	"tiepdan/drivers/card/trust"
)

// unchecked is the verdict before anything was checked.
func unchecked() Verdict {
	return Verdict{Grade: GradeRead, Hashes: Unchecked, Signature: Unchecked, Anchor: Unchecked, Chip: Unchecked}
}

// judge sums up passive authentication and what is known of the chip itself,
// with the doubts there are about it. It never claims more than was checked:
// each grade needs all below it, and a chip has proven to hold a key only if
// the file the key stands in was signed.
func judge(r trust.Result, chip Check, doubts []string) Verdict {
	v := Verdict{
		Hashes:    Check(r.Hashes),
		Signature: Check(r.Signature),
		Anchor:    Check(r.Anchor),
		Chip:      chip,
		Why:       why(slices.Concat(r.Why, doubts)),
	}
	if v.Chip == OK && (v.Hashes != OK || v.Signature != OK) {
		v.Chip = Unchecked
	}
	switch {
	case v.Hashes == Failed || v.Signature == Failed || v.Anchor == Failed || v.Chip == Failed:
		v.Grade = GradeFailed
	case v.Hashes != OK || v.Signature != OK:
		v.Grade = GradeRead
	case v.Anchor != OK:
		v.Grade = GradeSigned
	case v.Chip != OK:
		v.Grade = GradeAnchored
	default:
		v.Grade = GradeGenuine
	}
	return v
}

// maxWhy is what a dossier has room for, and more than anybody reads.
const maxWhy = 480

// why is reasons in one line, cut where it gets too long: parts of it come from
// certificates, and are as long as their makers liked.
func why(reasons []string) string {
	line := []rune(strings.Join(reasons, "; "))
	if len(line) > maxWhy {
		line = append(line[:maxWhy-1], '…')
	}
	return string(line)
}
