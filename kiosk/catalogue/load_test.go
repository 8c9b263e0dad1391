package catalogue

import (
	"testing"
	"time"
)

var today = time.Date(2026, 11, 23, 9, 0, 0, 0, vietnam)

func embeddedCatalogue(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Embedded(today)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEmbeddedLoads(t *testing.T) {
	c := embeddedCatalogue(t)
	if len(c.Version) != 64 || len(c.Units) != 126 {
		t.Errorf("version %q, %d units", c.Version, len(c.Units))
	}
}
