#!/bin/bash
exec python3 tests/sync/hostile.py "${BUILD:-build/asan}"
