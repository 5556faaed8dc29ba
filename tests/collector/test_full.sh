#!/bin/bash
# A disk of 8 MiB that fills up under the kiosk.
exec python3 tests/collector/full.py "${BUILD:-build/asan}"
