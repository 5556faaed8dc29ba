#!/bin/bash
# run-fuzz.sh SECONDS: each libFuzzer target of build/fuzz for so long, two at a time; a finding is kept
# in build/fuzz/findings. Last line: "N passed, N failed".
set -uo pipefail
seconds=$1
passed=0 failed=0
mkdir -p build/fuzz/findings
run() {
	local t=$1 name seeds
	name=$(basename "$t")
	seeds=tests/fuzz/seeds/${name#fuzz_}
	mkdir -p "build/fuzz/corpus/$name"
	"$t" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 $([ -f "tests/fuzz/$name.dict" ] && echo "-dict=tests/fuzz/$name.dict") -artifact_prefix="build/fuzz/findings/$name-" \
		"build/fuzz/corpus/$name" $([ -d "$seeds" ] && echo "$seeds") > "build/fuzz/$name.log" 2>&1
}
names=() pids=()
finish() {
	for i in "${!pids[@]}"; do
		if wait "${pids[$i]}"; then
			passed=$((passed + 1)); echo "ok   ${names[$i]} $(grep -a number_of_executed build/fuzz/${names[$i]}.log | tr -s ' ')"
		else
			failed=$((failed + 1)); echo "FAIL ${names[$i]}"; tail -n 30 "build/fuzz/${names[$i]}.log"
		fi
	done
	names=() pids=()
}
for t in build/fuzz/tests/fuzz/fuzz_*; do
	[[ $t == *.o || $t == *.d || ! -x $t ]] && continue
	[ -n "${ONLY:-}" ] && [[ $t != *$ONLY* ]] && continue
	run "$t" & pids+=($!); names+=("$(basename "$t")")
	[ ${#pids[@]} -ge "$(nproc)" ] && finish
done
finish
echo "$passed passed, $failed failed"
[ $failed = 0 ]
