#!/usr/bin/env bash
# The card driver over a real pcscd with virtual readers (vsmartcard-vpcd), and
# the technician's command on a virtual card laid there.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin
work=$(mktemp -d)
started=() # what this script started, and nothing else, ends with it
finish() {
	for p in "${started[@]}"; do kill "$p" 2>/dev/null || true; done
	for p in "${started[@]}"; do wait "$p" 2>/dev/null || true; done
	rm -rf "$work"
}
trap finish EXIT
reader() { (exec 3<>/dev/tcp/127.0.0.1/35963) 2>/dev/null; }
if ! pgrep -x pcscd >/dev/null; then
	if [[ $(id -u) = 0 ]]; then sudo=(); else sudo=(sudo -n); fi
	"${sudo[@]}" pcscd --foreground >"$work/pcscd.log" 2>&1 &
	started+=($!)
fi
for _ in $(seq 100); do reader && break; sleep 0.1; done
reader || { echo "pcscd offers no virtual reader at 127.0.0.1:35963 (vsmartcard-vpcd):"; cat "$work/pcscd.log" 2>/dev/null; exit 1; }

go vet -tags pcsc ./drivers/... ./kiosk/...
# -v and grep: where the reader is missing the test skips, and here it must not.
go test -race -tags pcsc -count=1 -v ./drivers/card/pcsc/... | tee "$work/out"
grep -q -- '--- PASS: TestOverPCSCD' "$work/out" || { echo "the test over pcscd did not run"; exit 1; }

go build -tags pcsc -o "$work/kiosk" ./kiosk
mkdir "$work/trust"
"$work/kiosk" sim card -vpcd 127.0.0.1:35963 -persona an -csca-out "$work/trust/csca.pem" >"$work/card.log" 2>&1 &
card=$!
started+=("$card")
for _ in $(seq 100); do [[ -s $work/trust/csca.pem ]] && break; sleep 0.1; done
status=0
"$work/kiosk" card read -reader "Virtual PCD" -can 012345 -trust "$work/trust" -json >"$work/read.json" 2>"$work/read.err" || status=$?
kill "$card"
[[ $status = 0 ]] && grep -q '"access": *"PACE-CAN"' "$work/read.json" && grep -q '"grade": *"genuine"' "$work/read.json" ||
	{ echo "kiosk card read ended with $status, want 0"; cat "$work/read.err" "$work/read.json" "$work/card.log"; exit 1; }
echo "kiosk card read over pcscd: PACE-CAN, genuine and anchored (exit 0)"
