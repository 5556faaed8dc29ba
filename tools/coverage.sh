#!/bin/bash
# coverage.sh: run the Check programs built with V=coverage and print line coverage by folder.
set -uo pipefail
find build/coverage -name '*.gcda' -delete
for src in tests/*/test_*.c; do
	"build/coverage/${src%.c}" > /dev/null 2>&1 < /dev/null || echo "failed: ${src%.c}"
done
for folder in base forms collector sync kiosk aggregator indicators admin; do
	find "build/coverage/$folder" -name '*.gcda' 2>/dev/null | xargs -r gcov -n 2>/dev/null |
	awk -v f="$folder" '/^File/ { own = index($0, "\x27" f "/") } own && /^Lines executed/ { split($0, a, /[:% ]+/); n += $NF; hit += $NF * a[3] / 100; own = 0 } END { if (n) printf "%-12s %5.1f %% of %d lines\n", f, 100 * hit / n, n }'
done
