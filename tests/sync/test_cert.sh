#!/bin/bash
exec python3 tests/sync/cert.py "${BUILD:-build/asan}"
