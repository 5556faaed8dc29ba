#!/bin/bash
# A slice of `make chain-pg`: ten kills.
set -uo pipefail
build=${BUILD:-build/asan}
if [ ! -d /usr/lib/postgresql ]; then
	echo "SKIP: three boxes and two aggregators on PostgreSQL: no server here (package postgresql)"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
if python3 tests/chain/chain_pg.py "$build" 10; then
	echo "1 passed, 0 failed"
else
	echo "0 passed, 1 failed"
	exit 1
fi
