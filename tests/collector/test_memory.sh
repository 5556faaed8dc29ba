#!/bin/bash
# A short form of `make memory`, of the programs without sanitizers (`make test` builds them first).
[ -x build/release/candour-kiosk ] || { echo "SKIP: build/release is not there: make all"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
exec python3 tests/collector/memory.py build/release 2
