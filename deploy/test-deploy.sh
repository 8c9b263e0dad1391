#!/usr/bin/env bash
# make test-deploy: the packages in a clean Debian 12 that really boots (systemd in a
# container): installed, enrolled, upgraded with a backlog, refused where something would be lost,
# removed, purged. Needs root, debootstrap and systemd-container; it installs those.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "a Debian tree is made and booted: this needs root"
command -v systemd-nspawn >/dev/null && command -v debootstrap >/dev/null && command -v lintian >/dev/null && command -v envsubst >/dev/null ||
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q systemd-container debootstrap lintian gettext-base >/dev/null

tmp=$(mktemp -d)
tree=$tmp/tree
leader=
finish() {
	trap '' INT TERM
	[ -z "$leader" ] || kill -KILL "$leader" 2>/dev/null || true
	sleep 1
	rm -rf --one-file-system "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

say "1/8 packages: of this commit, of one before it, and one with simulators"
VERSION=0.0.1 TAGS=pcsc deploy/deb.sh "$tmp/old" >/dev/null
deploy/deb.sh "$tmp/new" >/dev/null
deploy/deb.sh "$tmp/again" >/dev/null
for f in "$tmp"/new/*.deb; do
	cmp "$f" "$tmp/again/${f##*/}" || fail "two builds of ${f##*/} differ"
done
TAGS=pcsc deploy/deb.sh "$tmp/sim" >/dev/null
CGO_ENABLED=0 go test -c -o "$tmp/fill" ./provisioning
lintian --fail-on error "$tmp"/new/*.deb || fail "lintian"

say "2/8 a clean Debian 12"
# Cached: it is the same every time, and some 300 MB.
cache=.cache/bookworm.tar
if [ ! -e "$cache" ]; then
	mkdir -p .cache
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,udev,pcscd,libpcsclite1,vsmartcard-vpcd bookworm "$tmp/base" http://deb.debian.org/debian >"$tmp/debootstrap.log" 2>&1 ||
		chroot "$tmp/base" dpkg --configure -a >>"$tmp/debootstrap.log" 2>&1 || { tail -5 "$tmp/debootstrap.log"; fail debootstrap; }
	chroot "$tmp/base" apt-get install -y -q --no-install-recommends polkitd >>"$tmp/debootstrap.log" 2>&1 || fail "polkitd"
	chroot "$tmp/base" apt-get clean
	tar -C "$tmp/base" -cf "$cache" .
	rm -rf --one-file-system "$tmp/base"
fi
mkdir -p "$tree"
tar -C "$tree" -xf "$cache"
mkdir -p "$tree/root/debs"
cp -r "$tmp/old" "$tmp/new" "$tmp/sim" "$tree/root/debs/"
install -D -m 755 "$tmp/fill" "$tree/opt/fill"
files() { (cd "$tree" && find etc usr var lib* -xdev \( -path var/lib/dpkg -o -path var/log -o -path var/cache -o -path var/lib/systemd -o -path 'etc/*-' -o -path var/tmp -o -path 'etc/.pwd.lock' \) -prune -o -print 2>/dev/null | sort); }
files >"$tmp/before"
systemd-nspawn --quiet -D "$tree" --boot --register=no --keep-unit --private-network --machine=tiepdan-test >"$tmp/console.log" 2>&1 </dev/null &
nspawn=$!
for _ in $(seq 100); do
	leader=$(pgrep -P "$nspawn" | head -1) && [ -n "$leader" ] && break
	sleep 0.1
done
in_tree() { nsenter -t "$leader" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }
until_ok() { # SECONDS WHAT COMMAND…
	local n=$1 what=$2
	shift 2
	for _ in $(seq $((n * 5))); do
		if "$@" >/dev/null 2>&1; then return; fi
		sleep 0.2
	done
	in_tree journalctl -b --no-pager -n 60 >&2 || true
	fail "$what: not within $n s"
}
until_ok 60 "the tree boots" in_tree systemctl is-active multi-user.target
answers() { in_tree bash -c "exec 3<>/dev/tcp/127.0.0.1/$1 && printf 'GET /healthz HTTP/1.0\r\nHost: 127.0.0.1:$1\r\n\r\n' >&3 && grep -q '\"status\"' <&3"; }
owed() { [ "$(in_tree tiepdan-kiosk outbox -owed -data /var/lib/tiepdan/kiosk)" = "$1" ]; }

say "3/8 install and enrol"
in_tree bash -c 'dpkg -i /root/debs/old/*.deb' >"$tmp/dpkg.log" 2>&1 || { cat "$tmp/dpkg.log"; fail install; }
in_tree sed -i 's/^CENTRE_ARGS=$/CENTRE_ARGS=-onestop-sim/' /etc/tiepdan/centre.env
# The simulated One-Stop keeps plain text of its own, beside the centre's state.
in_tree bash -c "mkdir -p /run/systemd/system/tiepdan-centre.service.d && printf '[Service]\nStateDirectory=tiepdan/onestop\n' >/run/systemd/system/tiepdan-centre.service.d/trial.conf && systemctl daemon-reload"
in_tree systemctl restart tiepdan-centre
until_ok 60 "the centre answers" answers 8090
until_ok 30 "the kiosk answers" answers 8080
as_kiosk() { in_tree setpriv --reuid tiepdan-kiosk --regid tiepdan-kiosk --clear-groups "$@"; }
in_tree systemctl stop tiepdan-kiosk
code=$(in_tree tiepdan-centre kiosk add -unit 00004 -site "Điểm thử" -data /var/lib/tiepdan)
as_kiosk tiepdan-kiosk enrol -centre http://127.0.0.1:8090 -code - -data /var/lib/tiepdan/kiosk <<<"$code" || fail enrol

say "4/8 upgrade with a backlog: nothing is lost"
in_tree systemctl stop tiepdan-centre
as_kiosk env TIEPDAN_FILL=/var/lib/tiepdan/kiosk /opt/fill -test.run 'TestFill$' >/dev/null || fail "the backlog"
owed 20 || fail "the backlog is not 20"
if in_tree dpkg -r tiepdan-kiosk >/dev/null 2>&1; then fail "a kiosk that owes dossiers is removed"; fi
in_tree bash -c 'dpkg -i /root/debs/new/tiepdan-kiosk*.deb /root/debs/sim/tiepdan-centre*.deb' >"$tmp/dpkg.log" 2>&1 || { cat "$tmp/dpkg.log"; fail upgrade; }
in_tree grep -q onestop-sim /etc/tiepdan/centre.env || fail "the upgrade overwrote a configuration"
until_ok 60 "the kiosk answers after the upgrade" answers 8080
until_ok 120 "the backlog arrives" owed 0
if in_tree bash -c 'dpkg -i /root/debs/old/tiepdan-kiosk*.deb' >/dev/null 2>&1; then fail "a downgrade is not refused"; fi
until_ok 30 "the kiosk still answers" answers 8080

say "5/8 the sandbox"
for unit in tiepdan-kiosk tiepdan-centre; do
	in_tree systemd-analyze security --no-pager --threshold=20 "$unit.service" >"$tmp/$unit.security" || { tail -1 "$tmp/$unit.security"; fail "$unit: more exposed than 2.0"; }
	tail -1 "$tmp/$unit.security"
done
# sandboxed NAME COMMAND: runs something as the unit's own, once.
sandboxed() {
	in_tree bash -c "sed -e 's/^Type=.*/Type=oneshot/; s/^WatchdogSec=.*//; s/^Restart=.*//; s#^ExecStart=.*#ExecStart=$2#' /usr/lib/systemd/system/tiepdan-kiosk.service >/run/systemd/system/$1.service && systemctl daemon-reload && systemctl start $1.service" ||
		{ in_tree journalctl -u "$1" --no-pager -n 20 >&2; fail "under the sandbox: $1"; }
}
in_tree bash -c 'mkdir -p /opt && cd /opt && dpkg-deb -x /root/debs/sim/tiepdan-kiosk*.deb sim'
in_tree bash -c '/opt/sim/usr/bin/tiepdan-kiosk sim card -vpcd 127.0.0.1:35963 -persona an >/run/card.log 2>&1 & echo $! >/run/card.pid'
until_ok 20 "a card is laid" in_tree bash -c 'tiepdan-kiosk card list | grep -qi virtual'
# Exit code 2: read, and not anchored, because nobody installed the simulator's CSCA.
sandboxed card-under-sandbox "/usr/bin/tiepdan-kiosk card read -can 012345\nSuccessExitStatus=2"
in_tree bash -c '/opt/sim/usr/bin/tiepdan-kiosk sim printer >/run/printer.log 2>&1 & echo $! >/run/printer.pid'
until_ok 20 "a printer is there" in_tree grep -q printersim /run/printer.log
pts=$(in_tree bash -c 'readlink -f "$(head -1 /run/printer.log)"')
in_tree chown tiepdan-kiosk "$pts"
sandboxed print-under-sandbox "/usr/bin/tiepdan-kiosk print sample -kind ticket -port $pts"
in_tree bash -c 'kill $(cat /run/card.pid /run/printer.pid)' || true

say "6/8 killed, and stuck: back by itself"
pid() { in_tree systemctl show -p MainPID --value tiepdan-kiosk; }
was=$(pid)
in_tree bash -c "kill -KILL $was"
another() { [ "$(pid)" != "$was" ] && [ "$(pid)" != 0 ] && answers 8080; }
until_ok 15 "a killed daemon is back" another
was=$(pid)
in_tree bash -c "kill -STOP $was"
until_ok 60 "a stuck daemon is started anew" another

say "7/8 remove"
in_tree dpkg -r tiepdan-kiosk tiepdan-centre >"$tmp/dpkg.log" 2>&1 || { cat "$tmp/dpkg.log"; fail remove; }
in_tree test -e /var/lib/tiepdan/kiosk/kiosk.db || fail "remove took the data"

say "8/8 purge: nothing is left"
in_tree dpkg -P tiepdan-kiosk tiepdan-centre >"$tmp/dpkg.log" 2>&1 || { cat "$tmp/dpkg.log"; fail purge; }
rm -rf "$tree/var/lib/tiepdan/onestop" && rmdir "$tree/var/lib/tiepdan" 2>/dev/null || true # the simulator's own
files >"$tmp/after"
left=$(comm -13 "$tmp/before" "$tmp/after" | grep -v '^var/lib/\(pcscd\|polkit\|dbus\)\|^etc/\(machine-id\|resolv.conf\|hostname\)' || true)
[ -z "$left" ] || { echo "$left" | head -20; fail "something is left"; }
say "The packages hold."
