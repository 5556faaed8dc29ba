#!/bin/bash
# run-tests.sh VARIANT: run every test program of build/VARIANT/tests, then every tests/*/test_*.sh and
# test_*.mjs, and print one sum. Check's programs end with "NN%: Checks: N, Failures: N, Errors: N";
# scripts end with "N passed, N failed" and perhaps ", N skipped"; a skip prints "SKIP: reason" before.
set -uo pipefail
variant=$1
passed=0 failed=0 skipped=0
reasons=()
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-120} BUILD=build/$variant
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1

one() { # NAME COMMAND...
	local name=$1 out=$tmp/out p=0 f=0 s=0 rc line start=$SECONDS
	shift
	"$@" > "$out" 2>&1 < /dev/null
	rc=$?
	line=$(grep -aE '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+' "$out" | tail -n 1)
	if [ -n "$line" ]; then
		read -r p f < <(sed -E 's/.*Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/' <<< "$line" | awk '{print $1-$2-$3, $2+$3}')
	else
		line=$(grep -aE '^([A-Za-z]+: )?[0-9]+ passed, [0-9]+ failed' "$out" | tail -n 1)
		[ -n "$line" ] && read -r p f s < <(sed -E 's/^[^0-9]*([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?.*/\1 \2 \4/' <<< "$line")
	fi
	while read -r line; do reasons+=("$name: ${line#SKIP: }"); done < <(grep -a '^SKIP: ' "$out")
	s=${s:-0}
	if [ "$rc" != 0 ] && [ "$f" = 0 ]; then f=1; fi
	if [ "$rc" = 0 ] && [ $((p + f + s)) = 0 ]; then f=1; echo "$name: said nothing of what it ran"; fi
	if [ "$f" != 0 ]; then
		echo "FAIL $name ($f)"
		grep -aE ':[EF]:|ERROR|FAIL|SUMMARY|runtime error|assert' "$out" | head -n 40
		[ -n "${VERBOSE:-}" ] && cat "$out"
		tail -n 15 "$out"
	else
		printf 'ok   %-48s %5d passed  %3d s\n' "$name" "$p" $((SECONDS - start))
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

for src in tests/*/test_*.c; do
	name=${src%.c}
	[ -n "${ONLY:-}" ] && [[ $name != *$ONLY* ]] && continue
	one "$name" "build/$variant/$name"
done
for script in tests/*/test_*.sh tests/*/test_*.mjs; do
	[ -e "$script" ] || continue
	[ -n "${ONLY:-}" ] && [[ $script != *$ONLY* ]] && continue
	case $script in
	*.sh) one "$script" bash "$script" ;;
	*.mjs) one "$script" node "$script" ;;
	esac
done
for r in "${reasons[@]:-}"; do [ -n "$r" ] && echo "skipped: $r"; done
if [ $skipped -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
[ $failed = 0 ]
