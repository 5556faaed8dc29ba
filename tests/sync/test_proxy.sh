#!/bin/bash
exec python3 tests/sync/proxy.py "${BUILD:-build/asan}"
