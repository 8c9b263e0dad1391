// Package ui holds the built pages, so that the daemon carries them in the
// binary: ui/dist, or in a release ui/dist-release, which has no bench. The
// sources beside this file are Svelte and TypeScript; `make ui` builds them.
//
// A clean clone compiles before any npm: the folder then holds only .keep, and
// the server answers "make ui" instead of a page.
package ui

import "io/fs"

// Dist returns the built files: index.html (the resident's page), counter.html,
// board.html, except in a release bench.html, and assets/ with a hash in every name.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, folder)
	if err != nil {
		panic(err) // only when folder is not a valid path, and it is a constant
	}
	return sub
}
