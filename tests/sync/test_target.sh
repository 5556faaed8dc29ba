#!/bin/bash
exec python3 tests/sync/target.py "${BUILD:-build/asan}"
