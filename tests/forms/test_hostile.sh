#!/bin/bash
# Hostile files against `candour form convert`: each is refused with its sentence, within 64 MB. Memory is that of the
# release build (the sanitizers' own would hide it), which `make test` makes too.
set -uo pipefail
candour=build/release/candour
[ -x $candour ] || { echo "SKIP: no $candour to measure"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
/usr/bin/python3 tests/forms/hostile.py make "$tmp" || { echo "0 passed, 1 failed"; exit 1; }
/usr/bin/python3 tests/forms/hostile.py run $candour "$tmp"
