#!/bin/bash
# Manual pages: each is sound roff, and names every option, key and command that its program has.
set -uo pipefail
build=${BUILD:-build/asan}
passed=0 failed=0
check() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1: $2"; fi; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for page in docs/man/*.[18]; do
	name=$(basename "$page") program=$(basename "${page%.*}")
	tools/man.sh "$build" "$name" > "$work/$name" || check "$name is made" no yes
	check "$name: no warning" "$(groff -man -ww -z -Tutf8 "$work/$name" 2>&1 | head -3)" ""
	text=$(groff -man -rLL=200n -Tutf8 -P-c "$work/$name" | sed 's/.\x08//g')
	check "$name: no mark is left" "$(grep -c '@[A-Z]*@' <<< "$text")" 0
	if [ "$program" = candour ]; then
		for c in $("$build/candour" help | awk '/^  [a-z]/ { print $1 }'); do
			check "$name has $c" "$(grep -c "usage: candour $c " <<< "${text//‐/-}")" 1
		done
	else
		for k in $("$build/$program" -h | sed '1,/^Keys of FILE/d' | sed -n 's/^#\{0,1\}\([a-z][a-z0-9_]*\) = .*/\1/p' | sort -u); do
			grep -qE "^ +$k( |$)" <<< "$text" && check "$name has $k" yes yes || check "$name has $k" no yes
		done
	fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
