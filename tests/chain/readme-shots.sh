#!/bin/bash
# Run a demo of its own until it says it is running, take the README's pictures into docs/shots, stop it.
set -euo pipefail
dir=$(mktemp -d)
base=$((20000 + RANDOM % 10000))
tools/demo.sh "$dir/demo" "$base" > "$dir/out" 2>&1 &
demo=$!
trap 'kill $demo 2>/dev/null; wait $demo 2>/dev/null; rm -rf "$dir"' EXIT
for _ in $(seq 600); do
	grep -q '^Candour is running' "$dir/out" && break
	kill -0 $demo 2>/dev/null || { cat "$dir/out"; exit 1; }
	sleep 0.5
done
BUILD=build/release node tests/browser/readme_shots.mjs "$dir/demo" docs/shots
