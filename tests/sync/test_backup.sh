#!/bin/bash
exec python3 tests/sync/backup.py "${BUILD:-build/asan}"
