#!/bin/bash
# A slice of `make chain`: 24 responses, each daemon killed 3 times; then garbage on every port.
set -uo pipefail
build=${BUILD:-build/asan}
passed=0 failed=0
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
if python3 tests/chain/chain.py "$build" 24 3 > "$tmp" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL chain"; fi
tail -n 25 "$tmp"
python3 tests/chain/hostile.py "$build" > "$tmp" 2>&1
cat "$tmp"
read -r p f < <(tail -n 1 "$tmp" | sed -E 's/([0-9]+) passed, ([0-9]+) failed.*/\1 \2/')
passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
echo "$passed passed, $failed failed"
[ $failed = 0 ]
