#!/usr/bin/env bash
# make check: the quick part. With "static", no tests are run.
set -euo pipefail
cd "$(dirname "$0")/.."
bad=$(gofmt -l $(git ls-files '*.go'))
[[ -z $bad ]] || { echo "gofmt would change:"; echo "$bad"; exit 1; }
go vet ./...
CGO_ENABLED=0 go build ./...
CGO_ENABLED=0 go vet -tags release ./kiosk ./provisioning
go tool staticcheck ./...
go test ./kiosk/wire -run TestGenerated
[[ ${1:-} = static ]] && exit 0
go test -race -short ./...
# The vulnerability database is not reachable everywhere; where it is, it must be clean.
if go tool govulncheck -version >/dev/null 2>&1; then
	out=$(go tool govulncheck ./... 2>&1) || { grep -q 'fetching vulnerabilities\|no such host\|connection refused\|dial tcp' <<<"$out" &&
		echo "govulncheck: its database is not reachable here" || { echo "$out"; exit 1; }; }
fi
