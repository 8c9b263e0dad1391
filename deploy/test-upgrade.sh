#!/usr/bin/env bash
# Upgrades with running kiosks of earlier versions: builds those, and runs the test that
# puts this version's centre under them, and then this version's kiosk in their place.
#
#   deploy/test-upgrade.sh [COMMIT …]     without any: the last two tags v*
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# = 0 ]; then
	# shellcheck disable=SC2046 # tags have no spaces
	set -- $(git tag --list 'v*' --sort=-v:refname | head -2)
fi
if [ $# = 0 ]; then
	echo "There is no tag v*: name the commits of the versions to upgrade from." >&2
	exit 2
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
old=()
for rev in "$@"; do
	mkdir -p "$tmp/src/$rev" "$tmp/bin/$rev"
	git archive "$rev" | tar -x -C "$tmp/src/$rev"
	(cd "$tmp/src/$rev" && CGO_ENABLED=0 go build -o "$tmp/bin/$rev/" ./kiosk ./provisioning)
	old+=("$tmp/bin/$rev")
done
TIEPDAN_OLD="${old[*]}" go test -count=1 -v -run 'TestUpgrade' ./kiosk
