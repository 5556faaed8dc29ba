#!/bin/bash
exec python3 tests/sync/repair.py "${BUILD:-build/asan}"
