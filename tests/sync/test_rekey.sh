#!/bin/bash
exec python3 tests/sync/rekey.py "${BUILD:-build/asan}"
