#!/usr/bin/env bash
# make bench: the figures of the speed table beside their bars, in one table. The
# rows are deploy/bars.tsv; a row that names no benchmark is not measured yet,
# and says so. A bar that is missed is marked and does not fail the command:
# machines differ. BENCH=REGEXP measures some of them only.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp)
trap 'rm -f "$out"' EXIT
while IFS=$'\t' read -r package names; do
	[[ ${BENCH:-} ]] && { names=$(tr '|' '\n' <<<"$names" | grep -E "$BENCH" | paste -sd'|' || true); }
	[[ $names ]] || continue
	echo "measuring $package: ${names//|/, } …" >&2
	go test -run '^$' -bench "^Benchmark($names)\$" -benchtime 2s -timeout 30m "$package" |
		awk -v p="$package" '/^Benchmark/ { print p "\t" $0 } /^(FAIL|---)/ { print > "/dev/stderr" }' >>"$out"
done < <(awk -F'\t' '!/^#/ && $6 { if (!($5 in n)) order[++k] = $5; if (index("|" n[$5] "|", "|" $6 "|") == 0) n[$5] = n[$5] (n[$5] ? "|" : "") $6 }
	END { for (i = 1; i <= k; i++) print order[i] "\t" n[order[i]] }' deploy/bars.tsv)

awk -F'\t' -v results="$out" '
BEGIN {
	while ((getline line < results) > 0) {
		split(line, part, "\t"); name = part[2]; sub(/^Benchmark/, "", name); sub(/[-\/].*/, "", name)
		n = split(substr(line, length(part[1]) + 2), word, /[ \t]+/)
		for (i = 3; i < n; i += 2) got[part[1], name, word[i + 1]] = word[i]
	}
	printf "%-60s %14s %12s %8s\n", "what", "measured", "bar", "limit"
}
/^#/ { next }
{
	bar = substr($3, 2); sign = substr($3, 1, 1) == "<" ? "≤" : "≥"; measured = "not measured"; mark = ""
	if (($5, $6, $7) in got) {
		v = got[$5, $6, $7] + 0
		measured = (v == int(v) ? v : sprintf("%.3f", v)) ($2 ? " " $2 : "")
		if (sign == "≤" ? v > bar + 0 : v < bar + 0) mark = "  MISSED"
	}
	printf "%-60s %14s %12s %8s%s\n", $1, measured, sign " " bar ($2 ? " " $2 : ""), $4, mark
}' deploy/bars.tsv
