#!/bin/bash
# make install: everything is there, the units are right and restrict what they start, the users and folders too, and the
# installed programs run.
set -uo pipefail
build=${BUILD:-build/release} tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0
check() { # NAME COMMAND..
	local name=$1
	shift
	if "$@" > "$tmp/out" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $name"; head -n 5 "$tmp/out"; fi
}
skip() { echo "SKIP: $1"; skipped=$((skipped + 1)); }
# Nothing is said of our own units (of others of this machine it may).
quiet() { "$@" > "$tmp/said" 2>&1; ! grep candour "$tmp/said"; }

# A packager's way: staged, below DESTDIR, for /usr.
check "make install" make -s V="${build##*/}" install DESTDIR="$tmp/stage" PREFIX=/usr
for p in candour candour-kiosk candour-sync candour-aggregator candour-indicators; do
	check "$p is installed and runs" "$tmp/stage/usr/bin/$p" -h
done
for f in lib/sysusers.d/candour.conf lib/tmpfiles.d/candour.conf lib/systemd/system/candour-kiosk.socket \
	share/candour/chromium/candour-kiosk.json share/candour/chromium/kiosk-printer.json \
	share/candour/lan/candour-kiosk.service.d-lan.conf share/candour/screen/weston.ini share/candour/forms/satisfaction.csv; do
	check "$f" test -s "$tmp/stage/usr/$f"
done
check "nothing is outside /usr" test "$(ls "$tmp/stage")" = usr
check "units and screen start what was installed" bash -c "! grep -h '^[^#]*/usr/local' $tmp/stage/usr/lib/systemd/system/* $tmp/stage/usr/share/candour/screen/*"
check "the screen starts the browser" test -x "$tmp/stage$(sed -n 's/^path=//p' "$tmp/stage/usr/share/candour/screen/weston.ini")"
for j in "$tmp"/stage/usr/share/candour/chromium/*.json; do check "${j##*/} is JSON" python3 -m json.tool "$j"; done

# By hand: a prefix of its own, so that systemd finds the programs the units name.
check "make install PREFIX" make -s V="${build##*/}" install PREFIX="$tmp/own"
units=$tmp/own/lib/systemd/system
if command -v systemd-analyze > /dev/null; then
	for u in "$units"/candour-*; do
		if [[ $u == *browser* ]] && [ ! -x /usr/bin/weston ]; then skip "weston is not here: candour-browser.service is not verified"; continue; fi
		check "${u##*/}: systemd finds nothing to say" quiet env SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no --recursive-errors=no "$u"
	done
	for u in "$units"/*.service; do check "${u##*/}: tried again for as long as it takes" bash -c "grep -qx StartLimitIntervalSec=0 $u && grep -qx Restart=always $u"; done
	for u in kiosk sync aggregator indicators; do
		check "candour-$u.service: exposure at most 2.5" systemd-analyze security --offline=yes --threshold=25 --no-pager "$units/candour-$u.service"
	done
else
	skip "no systemd-analyze"
fi
if command -v systemd-sysusers > /dev/null && [ "$(id -u)" = 0 ]; then
	mkdir -p "$tmp/root/etc" "$tmp/root/usr/lib"
	cp -r "$tmp/own/lib/sysusers.d" "$tmp/own/lib/tmpfiles.d" "$tmp/root/usr/lib"
	printf 'g video 44\ng input -\ng render -\n' > "$tmp/root/usr/lib/sysusers.d/basic.conf"
	check "users are made" systemd-sysusers --root="$tmp/root"
	check "the kiosk is in the site's group" grep -q '^candour-site:.*candour-kiosk' "$tmp/root/etc/group"
	check "aggregator and indicators share the store" test "$(grep -c '^candour-centre:.*candour-aggregator.*candour-indicators' "$tmp/root/etc/group")" = 1
	check "the screen may draw" grep -q '^video:.*candour-browser' "$tmp/root/etc/group"
	check "folders are made" systemd-tmpfiles --root="$tmp/root" --create candour.conf
	check "the centre's folder is the group's, each file its maker's" test "$(stat -c %a "$tmp/root/var/lib/candour/centre" 2> /dev/null)" = 3770
	check "the site's folder is the group's" test "$(stat -c %a "$tmp/root/var/lib/candour/site" 2> /dev/null)" = 2770
else
	skip "no systemd-sysusers, or not root"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
