#!/bin/bash
exec python3 tests/sync/seal.py "${BUILD:-build/asan}"
