#!/bin/bash
exec python3 tests/sync/down.py "${BUILD:-build/asan}"
