package cardsim_test

import "tiepdan/drivers/card/cccd"

// What the reader can say at best today: it checks no chip yet, so a copy of
// all files looks as good as the original, and never better than anchored.
const (
	best   = cccd.GradeAnchored
	copied = cccd.GradeAnchored
)
