#!/usr/bin/env bash
# The pages as people use them: starts what `make run` starts, on free ports and
# with data of its own, and lets Chromium live whole visits in it (ui/e2e).
#
#   deploy/test-browser.sh [file of ui/e2e …]
#
# E2E_OUT=DIR keeps pictures and the logs of both programs there.
set -euo pipefail
cd "$(dirname "$0")/.."

tmp=$(mktemp -d)
out=${E2E_OUT:-$tmp/out}
mkdir -p "$out"
out=$(cd "$out" && pwd)
rm -f "$out/presses"

# Two ports nobody listens on, both held until both are known.
read -r KIOSK_ADDR CENTRE_ADDR < <(node -e '
	const net = require("node:net")
	const held = [0, 0].map(() => net.createServer().listen(0, "127.0.0.1"))
	Promise.all(held.map((s) => new Promise((up) => s.on("listening", up)))).then(() => {
		console.log(held.map((s) => "127.0.0.1:" + s.address().port).join(" "))
		held.forEach((s) => s.close())
	})')
export KIOSK_ADDR CENTRE_ADDR

DATA=$tmp/data/ deploy/run.sh >"$out/run.log" 2>&1 &
whole=$!
finish() {
	trap '' INT TERM
	kill -TERM "$whole" 2>/dev/null || true
	wait "$whole" 2>/dev/null || true
	cp "$tmp"/data/*.log "$out" 2>/dev/null || true
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

for _ in $(seq 1800); do
	grep -q 'Tiếp Dân is running' "$out/run.log" && break
	kill -0 "$whole" 2>/dev/null || { cat "$out/run.log" >&2; exit 1; }
	sleep 0.1
done
grep -q 'Tiếp Dân is running' "$out/run.log" || { cat "$out/run.log" >&2; echo "the whole did not come up in three minutes" >&2; exit 1; }

cd ui
tests=("$@")
((${#tests[@]})) || tests=(e2e/*.test.mjs)
tests=("${tests[@]#ui/}")
status=0
E2E_OUT=$out ADMIN_PASSWORD=$tmp/data/admin.password node --test --test-concurrency=1 --test-timeout=240000 "${tests[@]}" || status=$?
if [[ -s $out/presses ]]; then
	sort -n "$out/presses" | awk '{ t[NR] = $1 } END { printf "press to next screen painted: p50 %s ms, p95 %s ms, worst %s ms, of %d\n", t[int((NR + 1) / 2)], t[int(NR * 0.95 + 0.5)], t[NR], NR }'
fi
if ((status)); then
	for log in "$tmp"/data/*.log; do echo "last words of ${log##*/}:"; tail -n 5 "$log"; done >&2
fi
exit "$status"
