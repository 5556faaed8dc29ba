#!/bin/bash
# The vectors of other projects and the probes, with the sanitizers on; skipped where they are not.
set -uo pipefail
vectors=${VECTORS:-../shared/vectors} build=${BUILD:-build/asan}
if [ ! -d "$vectors/xpath" ]; then
	echo "SKIP: no vectors at $vectors"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
passed=0 failed=0 skipped=0
one() {
	local out p f s
	out=$("$@" 2>&1)
	grep -E '^FAIL|ERROR|runtime error' <<< "$out" | head -n 30
	read -r p f s < <(tail -n 1 <<< "$out" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p')
	[ -n "${p:-}" ] || { echo "FAIL $1: said nothing of what it ran"; p=0 f=1 s=0; }
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}
one "$build/tests/forms/vectors-xpath" "$vectors"/xpath/*.jsonl
one "$build/tests/forms/vectors-scenarios" "$vectors"/scenarios/*.jsonl
one "$build/tests/forms/vectors-probes" tests/forms/probes.csv "$vectors/probes"
[ $skipped = 0 ] || echo "SKIP: $skipped vectors, each by a rule of tests/forms/deviations.txt or not applicable"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
