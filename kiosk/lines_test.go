package main

import (
	"fmt"
	"strings"
	"testing"
)

// The last lines are kept, whole, and no more of them than an answer may hold.
func TestLines(t *testing.T) {
	var l lines
	for n := range 5000 {
		if _, err := fmt.Fprintf(&l, "{\"n\":%d}\n", n); err != nil {
			t.Fatal(err)
		}
		kept := l.String()
		if len(kept) > keepLines || !strings.HasPrefix(kept, "{") || !strings.HasSuffix(kept, fmt.Sprintf("{\"n\":%d}\n", n)) {
			t.Fatalf("after %d: %d bytes, from %.20q", n, len(kept), kept)
		}
	}
	if n := strings.Count(l.String(), "\n"); n < 2000 {
		t.Error("kept only", n)
	}
	var none *lines
	if none.String() != "" {
		t.Error("lines of nobody")
	}
}
