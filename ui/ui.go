// Package ui holds the built pages (ui/dist), so that the daemon and the
// centre carry them in the binary. The sources beside this file are Svelte and
// TypeScript; `make ui` builds them.
//
// A clean clone compiles before any npm: dist then holds only .keep, [Built]
// says so, and the server answers "make ui" instead of a page.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist returns the built files: index.html (the resident's page), counter.html,
// board.html, bench.html, and assets/ with a hash in every name.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // only when "dist" is not a valid path, and it is a constant
	}
	return sub
}

// Built tells whether the pages were built before this binary was.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}
