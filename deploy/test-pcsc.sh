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
if [[ $(id -u) = 0 ]]; then pcscd=(pcscd); else pcscd=(sudo -n pcscd); fi
ours=''
if ! pgrep -x pcscd >/dev/null; then
	"${pcscd[@]}" --foreground >"$work/pcscd.log" 2>&1 &
	ours=$!
	started+=("$ours")
fi
# Asked of the kernel: vpcd would take a connection for a card.
reader() { grep -q ':8C7B 00000000:0000 0A' /proc/net/tcp; }
for _ in $(seq 100); do reader && break; sleep 0.1; done
reader || { echo "pcscd offers no virtual reader at 127.0.0.1:35963 (vsmartcard-vpcd):"; cat "$work/pcscd.log" 2>/dev/null; exit 1; }

go vet -tags pcsc ./drivers/... ./kiosk/...
# -v and grep: where the reader is missing the test skips, and here it must not.
go test -race -tags pcsc -count=1 -v ./drivers/card/pcsc/... | tee "$work/out"
grep -q -- '--- PASS: TestOverPCSCD' "$work/out" || { echo "the test over pcscd did not run"; exit 1; }

go build -tags pcsc -o "$work/kiosk" ./kiosk
mkdir "$work/trust"
"$work/kiosk" sim card -vpcd '' -csca-out "$work/trust/csca.pem" >/dev/null

# read KEY VALUE WANT GREP CARD…: a virtual card is laid behind the real pcscd and
# read as a technician reads it; exit status and JSON must be as wanted.
cards=0
read_card() {
	local flag=$1 key=$2 want=$3 pattern=$4 card status=0
	shift 4
	"$@" >"$work/card.log" 2>&1 &
	card=$!
	started+=("$card")
	"$work/kiosk" card read -reader "Virtual PCD" "$flag" "$key" -trust "$work/trust" -json >"$work/read.json" 2>"$work/read.err" || status=$?
	kill "$card" 2>/dev/null || true
	wait "$card" 2>/dev/null || true
	sleep 0.6 # pcscd looks every 400 ms whether the card is still there
	[[ $status = "$want" ]] && tr -d '\n ' <"$work/read.json" | grep -qE "$pattern" || {
		echo "kiosk card read of \"$*\" ended with $status, want $want and $pattern:"
		cat "$work/read.err" "$work/read.json" "$work/card.log"
		exit 1
	}
	cards=$((cards + 1))
}
sim() { # KEY-FLAG KEY WANT GREP ARGUMENTS…
	local flag=$1 key=$2 want=$3 pattern=$4
	shift 4
	read_card "$flag" "$key" "$want" "$pattern" "$work/kiosk" sim card "$@"
}
genuine='"grade":"genuine"'
an=012345 an_mrz='IDVNM0990123459001099012345<<0/9905201M3905209VNM<<<<<<<<<<<4/NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<'
sim -can $an 0 "\"PACE-CAN\".*$genuine|$genuine.*\"ca\":\"ok\",\"aa\":\"ok\"" -persona an
sim -mrz "$an_mrz" 0 "$genuine" -persona an -access bac
sim -mrz "$an_mrz" 0 "$genuine" -persona an -pace 3des/P-256 -ca 3des/P-256 -aa rsa1024/bc -sod rsa2048/sha256
sim -can $an 0 "$genuine" -persona an -pace aes256/brainpoolP512r1 -nonce 32 -ca aes256/P-521 -aa ecdsa/P-384/sha384/der
sim -can $an 0 "$genuine" -persona an -pace aes192/P-384/explicit -ca aes128/brainpoolP384r1/explicit -aa rsa4096/34cc -sod pss3072/sha512
sim -can $an 0 "$genuine" -persona an -pace aes128/P-521,aes128/brainpoolP256r1 -ca 3des/P-256,aes128/P-256 -aa none
sim -can $an 0 "$genuine" -persona an -ca none -aa rsa2048/38cc -max-apdu 600
sim -can $an 0 "$genuine" -persona an -fault large-dg2+select-mf-refused
sim -can $an 0 "$genuine" -persona an -fault short-only+get-response+correct-le
sim -can $an 0 "$genuine" -persona an -fault no-cardaccess+bare-errors
sim -can $an 2 '"grade":"anchored"' -persona an -ca none -aa none
sim -can $an 2 '"grade":"failed".*"chip":"failed"' -persona an -fault clone
sim -can $an 2 '"grade":"failed".*"hashes":"failed"' -persona an -fault tampered-dg13
sim -can $an 2 '"grade":"failed".*"anchor":"failed"' -persona an -fault unknown-csca
sim -can 999999 3 '"code":"wrong-key"' -persona an
sim -can $an 3 '"code":"removed"' -persona an -fault torn:9
sim -can $an 3 '"code":"security"' -persona an -fault bad-mac:3
echo "kiosk card read over pcscd: $cards cards of all kinds, each with its verdict and exit status"

# pcscd killed and started again, its reader gone and back, under a whole kiosk.
if [[ -n $ours ]]; then
	kill "$ours" && wait "$ours" 2>/dev/null || true
	PCSCD="${pcscd[*]}" go test -tags pcsc -count=1 -timeout 9m -v -run TestPCSCDComesAndGoes ./kiosk | tee "$work/out"
	grep -q -- '--- PASS: TestPCSCDComesAndGoes' "$work/out" || { echo "the test of a pcscd that comes and goes did not run"; exit 1; }
else
	echo "A pcscd runs here that is not ours to kill: the test of one that comes and goes is left out."
fi
