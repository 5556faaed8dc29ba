#!/bin/bash
exec python3 tests/sync/concern.py "${BUILD:-build/asan}"
