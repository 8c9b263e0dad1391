package kiosksim

import (
	"testing"

	"tiepdan/kiosk/dossier"
)

// What is filed is a dossier that the gateway takes, whatever the unit and the papers.
func TestFiling(t *testing.T) {
	_, recipient, err := dossier.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for papers := range 4 {
		for _, unit := range []string{"00004", "00008"} {
			d, parts, err := Filing(unit+"-01", unit, papers)
			if err != nil {
				t.Fatalf("%s, %d papers: %v", unit, papers, err)
			}
			if _, err := dossier.Seal(d, parts, recipient); err != nil {
				t.Errorf("%s, %d papers: %v", unit, papers, err)
			}
		}
	}
}
