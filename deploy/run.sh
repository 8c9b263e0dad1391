#!/usr/bin/env bash
# make run: a working whole on one machine. Builds what is stale, starts the
# centre with a simulated One-Stop, enrols a kiosk the first time, starts it with
# simulated devices, prints the addresses. Ctrl-C stops all. With READER=pcsc the
# simulated cards lie on vpcd, the virtual reader of a real pcscd, and the kiosk
# reads them through that.
set -euo pipefail
cd "$(dirname "$0")/.."
KIOSK_ADDR=${KIOSK_ADDR:-127.0.0.1:8080}
CENTRE_ADDR=${CENTRE_ADDR:-127.0.0.1:8090}
DATA=${DATA:-.run/}
DATA=${DATA%/}

say() { printf '%s\n' "$*" >&2; }
stop_with() { say "make run: $*"; exit 1; }

command -v go >/dev/null || stop_with "Go is missing. Install Go 1.26 or newer (https://go.dev/dl) and run again."
command -v node >/dev/null && command -v npm >/dev/null ||
	stop_with "Node.js is missing: the pages are built with it. Install Node.js 20 or newer (with npm) and run again."
mkdir -p "$DATA" 2>/dev/null && touch "$DATA/.writable" 2>/dev/null && rm -f "$DATA/.writable" ||
	stop_with "the data folder $DATA cannot be written. Give it to this user, or name another: make run DATA=/some/folder/"

[[ $KIOSK_ADDR != "$CENTRE_ADDR" ]] || stop_with "KIOSK_ADDR and CENTRE_ADDR are both $KIOSK_ADDR. Give each its own port, for example: make run CENTRE_ADDR=${CENTRE_ADDR%:*}:8090 KIOSK_ADDR=${KIOSK_ADDR%:*}:8080"

in_use() { (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }
for pair in "KIOSK_ADDR $KIOSK_ADDR" "CENTRE_ADDR $CENTRE_ADDR"; do
	set -- $pair
	[[ $2 =~ ^[^:]+:[0-9]+$ ]] || stop_with "$1=$2 is not HOST:PORT, for example $1=127.0.0.1:8080"
	if in_use "$2"; then
		stop_with "$2 is already in use. Stop what runs there, or choose another address: make run $1=${2%:*}:$((${2##*:} + 100))"
	fi
done

# READER=pcsc needs a C compiler, the PC/SC library and a pcscd with vpcd; what is
# missing is said, and a pcscd that does not run is started where this user may.
case ${READER:-sim} in
sim) ;;
pcsc)
	export PATH=$PATH:/usr/sbin
	missing=()
	command -v gcc >/dev/null || missing+=(gcc libc6-dev)
	[[ -e /usr/include/PCSC/winscard.h ]] || missing+=(libpcsclite-dev pkg-config)
	command -v pcscd >/dev/null || missing+=(pcscd)
	compgen -G '/usr/lib/pcsc/drivers/serial/libifdvpcd*' >/dev/null || missing+=(vsmartcard-vpcd)
	[[ ${#missing[@]} = 0 ]] || stop_with "READER=pcsc needs: sudo apt-get install ${missing[*]}"
	;;
*) stop_with "READER=$READER: sim (built in, the default) or pcsc (a real pcscd with virtual cards)" ;;
esac

say "Building (the first time takes a minute or two) …"
make -s --no-print-directory ui >&2
# Two runs may build side by side: each binary is written beside its place and moved there.
tmp=$(mktemp -d "$DATA/build.XXXXXX")
CGO_ENABLED=0 go build -o "$tmp/" ./kiosk ./provisioning
flags=()
if [[ ${READER:-sim} = pcsc ]]; then
	CGO_ENABLED=1 go build -tags pcsc -o "$tmp/" ./kiosk
	flags=(-vpcd 127.0.0.1:35963)
fi
mkdir -p bin
for b in kiosk provisioning; do cp "$tmp/$b" "bin/.$b.$$" && mv -f "bin/.$b.$$" "bin/$b"; done

centre='' kiosk='' pcscd=''
ended() { [[ -n $1 ]] && ! kill -0 "$1" 2>/dev/null; }
finish() {
	trap '' INT TERM
	for p in $kiosk $centre; do kill -TERM "$p" 2>/dev/null || true; done
	for p in $kiosk $centre; do wait "$p" 2>/dev/null || true; done
	[[ -z $pcscd ]] || "${root[@]}" kill "$pcscd" 2>/dev/null || true
	rm -rf "$tmp"
}
trap finish EXIT
trap 'say; say "Stopping …"; exit 0' INT TERM

# answers HOST:PORT: its /healthz says 200. No curl: only Go and Node are promised.
answers() {
	local status=''
	{ exec 3<>"/dev/tcp/${1%:*}/${1##*:}"; } 2>/dev/null || return 1
	printf 'GET /healthz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$1" >&3
	read -r -t 5 status <&3 || true
	exec 3>&-
	[[ $status == *' 200 '* ]]
}

# wait_for HOST:PORT PID: until it answers, or its process has ended.
wait_for() {
	for _ in $(seq 600); do
		answers "$1" && return 0
		ended "$2" && return 1
		sleep 0.1
	done
	return 1
}

if [[ ${READER:-sim} = pcsc ]]; then
	# Whether vpcd listens is asked of the kernel: it takes a connection for a card.
	vpcd() { grep -q ':8C7B 00000000:0000 0A' /proc/net/tcp; }
	root=()
	[[ $(id -u) = 0 ]] || root=(sudo -n)
	if ! vpcd && ! pgrep -x pcscd >/dev/null; then
		"${root[@]}" pcscd --foreground >>"$DATA/pcscd.log" 2>&1 &
		for _ in $(seq 50); do vpcd && break; sleep 0.1; done
		pcscd=$(pgrep -n -x pcscd || true)
	fi
	vpcd || stop_with "no pcscd with a virtual reader at 127.0.0.1:35963: install vsmartcard-vpcd and start pcscd anew (sudo systemctl restart pcscd, or sudo pcscd)"
fi

"$tmp/provisioning" serve -addr "$CENTRE_ADDR" -data "$DATA" -onestop-sim -totp optional >>"$DATA/centre.log" 2>&1 &
centre=$!
wait_for "$CENTRE_ADDR" "$centre" || { tail -n 3 "$DATA/centre.log" >&2; stop_with "the centre did not start; its last words are above, all of them in $DATA/centre.log"; }

# Whoever has this folder is the first admin; the password is theirs alone and stays here.
if [[ ! -e $DATA/admin.password ]]; then
	(umask 077; head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$DATA/admin.password.new")
	"$tmp/provisioning" user add -addr "http://$CENTRE_ADDR" -data "$DATA" -name admin -role admin -password "@$DATA/admin.password.new" >/dev/null ||
		stop_with "the first admin could not be made"
	mv "$DATA/admin.password.new" "$DATA/admin.password"
fi

if [[ ! -e $DATA/kiosk/credentials.json ]]; then
	"$tmp/provisioning" kiosk add -addr "http://$CENTRE_ADDR" -data "$DATA" -unit 00004 -site "Điểm hỗ trợ dịch vụ công số 2" |
		"$tmp/kiosk" enrol -centre "http://$CENTRE_ADDR" -code - -data "$DATA/kiosk" >&2 || stop_with "the kiosk could not be enrolled"
fi

"$tmp/kiosk" run -sim -addr "$KIOSK_ADDR" -data "$DATA/kiosk" ${flags[@]+"${flags[@]}"} >>"$DATA/kiosk.log" 2>&1 &
kiosk=$!
wait_for "$KIOSK_ADDR" "$kiosk" || { tail -n 3 "$DATA/kiosk.log" >&2; stop_with "the kiosk did not start; its last words are above, all of them in $DATA/kiosk.log"; }

cat <<END

  Tiếp Dân is running.
    Kiosk        http://$KIOSK_ADDR/          what a resident sees
    Bench        http://$KIOSK_ADDR/bench     lay cards, scan, see the paper, break things
    Counter      http://$KIOSK_ADDR/counter   officer "quay1", PIN 246810 (simulated devices only)
    Board        http://$KIOSK_ADDR/board
    Centre       http://$CENTRE_ADDR/          "admin", password $(<"$DATA/admin.password")
    One-Stop     http://$CENTRE_ADDR/onestop/dossiers
  Data and logs are in $DATA/ . Ctrl-C stops everything.

END
status=0
while ! ended "$centre" && ! ended "$kiosk"; do
	wait -n "$centre" "$kiosk" && status=0 || status=$?
done
# Whoever started this in the background may have made it deaf to Ctrl-C; the
# programs hear it all the same, and end well.
[[ $status = 0 ]] && { say "Stopping …"; exit 0; }
ended "$centre" && stop_with "the centre ended; see $DATA/centre.log"
stop_with "the kiosk ended; see $DATA/kiosk.log"
