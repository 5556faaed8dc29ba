#!/bin/bash
# A slice of every fuzz target: all kept seeds and two seconds of mutations. `make fuzz` is the real thing.
set -uo pipefail
passed=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for src in tests/fuzz/fuzz_*.c; do
	[ -e "$src" ] || continue
	name=$(basename "$src" .c)
	shopt -s nullglob
	seeds=(tests/fuzz/seeds/"${name#fuzz_}"/*)
	seed=$RANDOM$RANDOM
	if FUZZ_LAST=$tmp/last timeout 60 "${BUILD:-build/asan}/tests/fuzz/$name" 2 "$seed" "${seeds[@]}" > "$tmp/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1)); echo "FAIL $name seed=$seed"; tail -n 25 "$tmp/out"; base64 -w0 "$tmp/last" | head -c 4000; echo
	fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
