#!/bin/bash
exec python3 tests/sync/route.py "${BUILD:-build/asan}"
