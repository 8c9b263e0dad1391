//go:build release

package main

import (
	"context"
	"fmt"
	"io"
)

const noSimulators = "this is a release build: simulators are not in it. Build without -tags release to have them"

func simReaders() []string { return nil }

func openSimReader(string) (reader, error) { return nil, usageError(noSimulators) }

func simCardCommand(_ context.Context, _ []string, _ io.Reader, _, stderr io.Writer) int {
	fmt.Fprintf(stderr, "kiosk sim card: %s\n", noSimulators)
	return exitUsage
}
