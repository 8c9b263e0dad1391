#!/usr/bin/env bash
# make test: everything, on a new machine too. Installs what the tests need.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

say "1/6 what the tests need"
deploy/install-test-tools.sh

say "2/6 the pages"
make -s --no-print-directory ui ui/dist-release/index.html

say "3/6 vet, format, generated files, staticcheck, and a build without cgo"
deploy/check.sh static

say "4/6 Go: units, stories, ptys, embedded NATS, kills (race detector on)"
go test -race -timeout 12m ./...

say "5/6 Go: the real PC/SC service with a virtual reader"
deploy/test-pcsc.sh

say "6/6 the pages: types, every screen measured, axe, and whole visits in Chromium"
npm --prefix ui run --silent test
deploy/test-browser.sh
say "All passed."
