#!/bin/bash
# The suite of test_intake.c on a PostgreSQL of its own.
set -u
top=$(mktemp -d)
url=$(bash tests/aggregator/postgres.sh start "$top" $$ 2> "$top/why") || { echo "SKIP: $(tail -n 1 "$top/why")"; echo "0 passed, 0 failed, 1 skipped"; rm -rf "$top"; exit 0; }
CANDOUR_TEST_STORE=$url CANDOUR_STRIDE=${CANDOUR_STRIDE:-127} "${BUILD:-build/asan}/tests/aggregator/test_intake" > "$top/out" 2>&1
grep -aE ':[EF]:|ERROR' "$top/out"
line=$(grep -aE '^[0-9]+%: Checks:' "$top/out" | tail -n 1)
bash tests/aggregator/postgres.sh stop "$top" > /dev/null 2>&1
rm -rf "$top"
read -r all bad <<< "$(sed -E 's/.*Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/' <<< "$line" | awk '{print $1, $2 + $3}')"
echo "$((all - bad)) passed, ${bad:-1} failed"
[ "${bad:-1}" = 0 ]
