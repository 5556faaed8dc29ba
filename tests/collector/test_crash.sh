#!/bin/bash
# A slice of `make crash`, and that the two broken worlds are seen to be broken.
set -uo pipefail
tool=${BUILD:-build/release}/tests/collector/tool_crash
passed=0 failed=0
run() {
	if "$tool" "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL tool_crash $*"; fi
}
run --cuts "${CUTS:-250}"
run --cuts 60 --no-extra
run --cuts 60 --no-folder-sync
run --cuts 60 --lying
echo "$passed passed, $failed failed"
[ $failed = 0 ]
