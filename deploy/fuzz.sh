#!/usr/bin/env bash
# make fuzz: every fuzz target for the given time each.
set -euo pipefail
cd "$(dirname "$0")/.."
for pkg in $(go list ./...); do
	for f in $(go test -list '^Fuzz' "$pkg" | grep '^Fuzz' || true); do
		echo "$pkg $f"
		go test -run '^$' -fuzz "^$f\$" -fuzztime "${1:-10s}" -fuzzminimizetime 1x "$pkg"
	done
done
