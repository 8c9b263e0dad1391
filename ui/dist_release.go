//go:build release

package ui

import "embed"

const folder = "dist-release"

//go:embed all:dist-release
var dist embed.FS
