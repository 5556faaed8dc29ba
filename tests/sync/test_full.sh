#!/bin/bash
exec python3 tests/sync/full.py "${BUILD:-build/asan}"
