#!/bin/bash
# Seconds of processor time (at most 1) and memory (at most 64 MB) of refusing each hostile file.
set -uo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
/usr/bin/python3 tests/forms/hostile.py make "$tmp" && /usr/bin/python3 tests/forms/hostile.py seconds "${BUILD:-build/release}/candour" "$tmp"
