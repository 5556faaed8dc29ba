#!/bin/bash
# run-bench.sh VARIANT: every tests/*/bench_*.c and bench_*.sh, one after the other; each prints its figures
# as ratios to the limit line it measured in the same run.
set -uo pipefail
export BUILD=build/$1
bad=0
for src in tests/*/bench_*.c tests/*/bench_*.sh; do
	[ -e "$src" ] || continue
	[ -n "${ONLY:-}" ] && [[ $src != *$ONLY* ]] && continue
	echo "== ${src#tests/}"
	case $src in
	*.c) "$BUILD/${src%.c}" || bad=1 ;;
	*.sh) bash "$src" || bad=1 ;;
	esac
done
exit $bad
