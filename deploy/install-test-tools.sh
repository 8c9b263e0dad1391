#!/usr/bin/env bash
# Installs the Debian packages the tests need, where this user may.
set -euo pipefail
need=()
has() { command -v "$1" >/dev/null; }
has chromium || need+=(chromium)
has pcscd || [[ -x /usr/sbin/pcscd ]] || need+=(pcscd)
has gcc || need+=(gcc libc6-dev)
has strace || need+=(strace)
[[ -e /usr/include/PCSC/winscard.h ]] || need+=(libpcsclite-dev pkg-config)
compgen -G '/usr/lib/pcsc/drivers/serial/libifdvpcd*' >/dev/null || need+=(vsmartcard-vpcd)
if ((${#need[@]})); then
	if [[ $(id -u) = 0 ]]; then sudo=(); elif has sudo && sudo -n true 2>/dev/null; then sudo=(sudo -n); else
		echo "The tests need these Debian packages; install them as root: apt-get install ${need[*]}" >&2
		exit 1
	fi
	"${sudo[@]}" apt-get update -qq
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi
has node && has npm || { echo "The tests need Node.js 20 or newer, with npm." >&2; exit 1; }
echo "chromium, pcscd, vpcd, gcc, strace: here"
