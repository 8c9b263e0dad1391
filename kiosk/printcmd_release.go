//go:build release

package main

import (
	"context"
	"fmt"
	"io"
)

func simPrinterCommand(_ context.Context, _ []string, _, stderr io.Writer) int {
	fmt.Fprintf(stderr, "kiosk sim printer: %s\n", noSimulators)
	return exitPrintUsage
}
