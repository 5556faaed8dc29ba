#!/bin/bash
# Quality of life, standardised rates, strata, easy read, Friends and Family: from definitions through the command (official.py).
set -uo pipefail
build=${BUILD:-build/asan} vectors=${VECTORS:-../shared/vectors}/statistics
if "$build/candour" indicator check --forms tests/indicators/official/forms tests/indicators/official >/dev/null; then checked=1; else checked=0; fi
if [ ! -d "$vectors" ]; then
	echo "SKIP: no vectors in $vectors"
	echo "$checked passed, $((1 - checked)) failed, 1 skipped"
	[ $checked = 1 ]
	exit
fi
[ $checked = 1 ] || { echo "0 passed, 1 failed"; exit 1; }
exec python3 tests/indicators/official.py "$build/candour" tests/indicators/official "$vectors"
