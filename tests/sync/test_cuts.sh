#!/bin/bash
# A slice of `make cuts`.
exec python3 tests/sync/cuts.py "${BUILD:-build/asan}" 311
