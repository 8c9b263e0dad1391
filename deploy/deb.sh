#!/usr/bin/env bash
# make deb: the Debian packages of kiosk and centre, into dist/. Two builds of one commit
# are the same byte by byte.
#
#   deploy/deb.sh [DIR]        VERSION=… overrides what the commit says of the date, TAGS=pcsc
#                              builds them with simulators, for trials
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mkdir -p "${1:-dist}" && cd "${1:-dist}" && pwd)
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.0

# Versions follow the commits' dates: a shallow clone has them too.
stamp=$(git log -1 --format=%ct 2>/dev/null || echo 0)
VERSION=${VERSION:-0.1.$(date -u -d "@$stamp" +%Y%m%d.%H%M%S)}
MTIME=$(date -u -d "@$stamp" +%Y-%m-%dT%H:%M:%SZ)
export VERSION MTIME SOURCE_DATE_EPOCH=$stamp

make -s --no-print-directory ui/dist-release/index.html
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -tags "${TAGS:-pcsc,release}" -buildmode=pie -trimpath -buildvcs=false -ldflags=-s -o "$work/" ./kiosk ./provisioning

# pack PACKAGE ROOM BINARY: one package. Its files are those of deploy/debian.
pack() {
	local package=$1 room=$2 binary=$3 dir
	dir=$work/$package
	mkdir -p "$dir"
	for f in preinst postinst postrm "$room/tmpfiles.conf" "$room/prerm"; do
		sed "s/@PACKAGE@/$package/g; s/@ROOM@/$room/g; s/@VERSION@/$VERSION/g" "deploy/debian/$f" >"$dir/${f##*/}"
	done
	printf '%s (%s) stable; urgency=medium\n\n  * As of %s.\n\n -- Tiếp Dân <tiepdan@example.vn>  %s\n' \
		"$package" "$VERSION" "$MTIME" "$(date -u -R -d "@$stamp")" | gzip -9n >"$dir/changelog.gz"
	printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Tiếp Dân\n\nFiles: *\nCopyright: 2026 Tiếp Dân\nLicense: Apache-2.0\n On Debian systems, the full text of the Apache License 2.0 is in\n /usr/share/common-licenses/Apache-2.0.\n' >"$dir/copyright"
	{
		PACKAGE=$package WORK=$dir envsubst <deploy/debian/nfpm.yaml
		entry() { # SOURCE DESTINATION MODE [TYPE]
			printf '  - { src: "%s", dst: "%s", %s file_info: { mode: 0%s, owner: root, group: root, mtime: "%s" } }\n' "$1" "$2" "${4:+type: $4,}" "$3" "$MTIME"
		}
		entry "$work/$binary" "/usr/bin/$package" 755
		entry "deploy/debian/$room/$package.service" "/usr/lib/systemd/system/$package.service" 644
		entry "deploy/debian/$room/sysusers.conf" "/usr/lib/sysusers.d/$package.conf" 644
		entry "$dir/tmpfiles.conf" "/usr/lib/tmpfiles.d/$package.conf" 644
		entry deploy/debian/journald.conf "/usr/lib/systemd/journald.conf.d/$package.conf" 644
		entry "deploy/debian/$room/$room.env" "/etc/tiepdan/$room.env" 644 "config|noreplace"
		entry README.md "/usr/share/doc/$package/README.md" 644
		entry "$dir/changelog.gz" "/usr/share/doc/$package/changelog.gz" 644
		entry "$dir/copyright" "/usr/share/doc/$package/copyright" 644
		if [ "$room" = kiosk ]; then
			entry deploy/debian/kiosk/udev.rules /usr/lib/udev/rules.d/70-tiepdan-kiosk.rules 644
			entry deploy/debian/kiosk/pcscd.rules /usr/share/polkit-1/rules.d/50-tiepdan-kiosk.rules 644
		fi
	} >"$dir/nfpm.yaml"
	go run "$nfpm" package --config "$dir/nfpm.yaml" --packager deb --target "$out/${package}_${VERSION}_amd64.deb" >/dev/null
	echo "$out/${package}_${VERSION}_amd64.deb"
}

SUMMARY="reception kiosk: reads chip ID cards, takes dossiers, prints tickets" \
	DEPENDS="libc6, libpcsclite1, pcscd, polkitd | policykit-1, systemd (>= 252)" RECOMMENDS="cage, chromium" \
	pack tiepdan-kiosk kiosk kiosk
SUMMARY="centre of reception kiosks: enrolment, link, gateway, dashboard" \
	DEPENDS="libc6, systemd (>= 252)" RECOMMENDS="ca-certificates" \
	pack tiepdan-centre centre provisioning
