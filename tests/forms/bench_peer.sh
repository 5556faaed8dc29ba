#!/bin/bash
# Our engine and that of ODK Web Forms (npm: @getodk/xforms-engine, in node with jsdom) on the same form, in the same
# run: load and answer. For comparison only: it fails if ours fails, not if the peer is not to be had.
set -uo pipefail
bench=${BUILD:-build/release}/tests/forms/bench_engine
here=tests/forms/peer
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$bench" --xml > "$tmp/form.xml" || exit 1
command -v node > /dev/null || { echo "SKIP: no node, so Web Forms is not measured"; exit 0; }
if [ ! -d $here/node_modules/@getodk ]; then
	(cd $here && timeout 300 npm ci --no-audit --no-fund --ignore-scripts) > "$tmp/npm" 2>&1 \
	    || { echo "SKIP: npm ci did not bring Web Forms: $(tail -n 1 "$tmp/npm")"; exit 0; }
fi
"$bench" | grep -E 'load, 200|answer, 200 questions|session, 200 questions' | sed 's/^/ours: /' || exit 1
timeout 300 node $here/web_forms.mjs "$tmp/form.xml" || { echo "SKIP: Web Forms did not run here (node $(node --version))"; exit 0; }
