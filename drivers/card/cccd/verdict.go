package cccd

import "tiepdan/drivers/card/trust"

// unchecked is the verdict before anything was checked.
func unchecked() Verdict {
	return Verdict{Grade: GradeRead, Hashes: Unchecked, Signature: Unchecked, Anchor: Unchecked, Chip: Unchecked}
}

// judge sums up passive authentication and what is known of the chip itself.
// It never claims more than was checked: each grade needs all below it.
func judge(r trust.Result, chip Check) Verdict {
	v := Verdict{
		Hashes:    Check(r.Hashes),
		Signature: Check(r.Signature),
		Anchor:    Check(r.Anchor),
		Chip:      chip,
		Why:       r.Reason(),
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
