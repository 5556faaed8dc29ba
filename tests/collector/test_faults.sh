#!/bin/bash
# A slice of `make faults`.
set -uo pipefail
tool=${BUILD:-build/release}/tests/collector/tool_fault
if "$tool" --stride "${STRIDE:-60}"; then echo "1 passed, 0 failed"; else echo "0 passed, 1 failed"; exit 1; fi
