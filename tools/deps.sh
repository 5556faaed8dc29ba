#!/bin/bash
# deps.sh FILE: install the Debian packages named in FILE (one a line, # comments; "command:NAME package"
# only where that command is missing), as root or through sudo. Asks nothing; does nothing if all are there.
set -euo pipefail
want=()
while read -r first second _; do
	case "$first" in
	''|\#*) continue ;;
	command:*) command -v "${first#command:}" >/dev/null 2>&1 || want+=("$second") ;;
	*) [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$first" 2>/dev/null)" = "ii " ] || want+=("$first") ;;
	esac
done < "$1"
[ ${#want[@]} -eq 0 ] && exit 0
as_root=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { echo "deps: ${want[*]} must be installed, and this needs root or sudo" >&2; exit 1; }
	as_root=(sudo -n)
fi
echo "deps: installing ${want[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${want[@]}"; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "deps: could not install ${want[*]}" >&2
	exit 1
fi
