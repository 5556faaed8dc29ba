#!/bin/bash
# The suites of test_intake.c and test_logcheck.c on a PostgreSQL of their own.
set -u
top=$(mktemp -d)
url=$(bash tests/aggregator/postgres.sh start "$top" $$ 2> "$top/why") || { echo "SKIP: $(tail -n 1 "$top/why")"; echo "0 passed, 0 failed, 1 skipped"; rm -rf "$top"; exit 0; }
all=0 bad=0
for program in aggregator/test_intake sync/test_logcheck; do
	CANDOUR_TEST_STORE=$url CANDOUR_STRIDE=${CANDOUR_STRIDE:-127} "${BUILD:-build/asan}/tests/$program" > "$top/out" 2>&1
	grep -aE ':[EF]:|ERROR' "$top/out"
	line=$(grep -aE '^[0-9]+%: Checks:' "$top/out" | tail -n 1)
	read -r n wrong <<< "$(sed -E 's/.*Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/' <<< "$line" | awk '{print $1, $2 + $3}')"
	all=$((all + ${n:-1})) bad=$((bad + ${wrong:-1}))
done
bash tests/aggregator/postgres.sh stop "$top" > /dev/null 2>&1
rm -rf "$top"
echo "$((all - bad)) passed, $bad failed"
[ "$bad" = 0 ]
