//go:build !release

package ui

import "embed"

const folder = "dist"

//go:embed all:dist
var dist embed.FS
