#!/bin/bash
# candour pull, export pack and verify publication as a person outside uses them: what is fetched is packed, the pack is
# opened elsewhere and proved, and what was changed by one byte is found.
set -uo pipefail
build=$(cd "${BUILD:-build/asan}" && pwd)
candour=$build/candour
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill $server 2>/dev/null; rm -rf "$dir"' EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL: $1"; }
has() { if grep -qF -- "$2" "$3"; then ok; else bad "$1: \"$2\" is not in:"; head -20 "$3"; fi; }
runs() { # RC COMMAND...
	local want=$1; shift
	"$@" >"$dir/out" 2>"$dir/err"; local rc=$?
	if [ $rc = "$want" ]; then ok; else bad "$*: exit $rc, wanted $want"; head -5 "$dir/err"; fi
}

mkdir "$dir/centre"
"$build/tests/aggregator/tool_pages" "$dir/centre" 300 >"$dir/address" &
server=$!
for _ in $(seq 600); do
	grep -q '^reader ' "$dir/address" && break
	read -rt 0.1 <> <(:) || true
done
url=$(sed -n 1p "$dir/address")
sed -n 's/^reader //p' "$dir/address" >"$dir/token"
runs 0 "$candour" pull publication --from "$url" --reader reader --token-file "$dir/token" --ring "$dir/centre/ring" --into "$dir/pulled"
for _ in 1 2; do
	runs 0 "$candour" pull publication --from "$url" --reader reader --token-file "$dir/token" --ring "$dir/centre/ring"
done
runs 0 "$candour" user pulls --db "$dir/centre/pages.db"
has "who took what" "reader                   program  publication 1    publication" "$dir/out"
has "how often" " 3 times" "$dir/out"
[ "$(wc -l <"$dir/out")" = 1 ] && ok || bad "what was not there was not taken: $(cat "$dir/out")"
runs 0 "$candour" user pulls --db "$dir/centre/pages.db" --since 2999-01-01
has "not yet" "nobody took anything" "$dir/out"
runs 1 "$candour" user pulls --db "$dir/centre/pages.db" --since 2026-02-30
has "no day" "--since 2026-02-30 is no day" "$dir/err"
runs 1 "$candour" user pulls --db "$dir/no.db"
[ -e "$dir/no.db" ] && bad "a database was made" || ok
runs 2 "$candour" user list --db "$dir/centre/pages.db" --since 2026-01-01
kill $server && wait $server 2>/dev/null
server=

pub=$dir/pulled/publication-1.pub
runs 0 "$candour" export pack "$pub" --out "$dir/p.zip" --ring "$dir/centre/ring"
has "a pack" "publication 1, 171 figures of 2 indicators, signature good" "$dir/out"
mkdir "$dir/elsewhere"
(cd "$dir/elsewhere" && python3 -m zipfile -e "$dir/p.zip" .)
cd "$dir/elsewhere/publication-1" || exit 1
runs 0 sha256sum --quiet -c SHA256SUMS
runs 0 "$candour" verify publication --ring keyring.txt publication-1.pub
has "proved" "publication 1: 171 rows, sha256 $(sha256sum <"$pub" | cut -c1-64), good" "$dir/out"
has "what it does not prove" "if the key ring is the organisation's" "$dir/out"

# The long CSV in it is in the shape that another organisation's definition takes comparators from.
cd - >/dev/null || exit 1
runs 0 "$candour" indicator import ascof "$dir/elsewhere/publication-1/figures-long.csv" indicators/library/sat-users.ind --area 'Sampleshire Council'
has "imported elsewhere" "from 2024-11..2024-11 Sampleshire Council" "$dir/out"
cd "$dir/elsewhere/publication-1" || exit 1
runs 0 "$candour" export pack "$pub" --out "$dir/bare.zip"
has "without a ring" "signature not checked" "$dir/out"
sed 's/"value":7/"value":8/' "$pub" >"$dir/changed.pub"
cmp -s "$pub" "$dir/changed.pub" && bad "nothing was changed" || ok
runs 1 "$candour" verify publication --ring keyring.txt "$dir/changed.pub"
has "changed" "changed.pub: " "$dir/err"
runs 1 "$candour" export pack "$dir/changed.pub" --out "$dir/changed.zip"
[ -e "$dir/changed.zip" ] && bad "a pack of a changed publication" || ok
grep -v '^signature ' "$pub" >"$dir/unsigned.pub"
runs 1 "$candour" export pack "$dir/unsigned.pub" --out "$dir/unsigned.zip"
has "unsigned" "only prepared: sign it first" "$dir/err"
runs 1 "$candour" verify publication --ring keyring.txt "$dir/unsigned.pub"
runs 1 "$candour" verify publication --ring "$dir/nothing" publication-1.pub
runs 1 "$candour" verify publication --ring README.txt publication-1.pub
runs 1 "$candour" export pack "$dir/nothing.pub" --out "$dir/nothing.zip"
runs 1 "$candour" export pack "$pub" --out "$dir/no/such/folder.zip"
runs 2 "$candour" export pack "$pub"
runs 2 "$candour" export pack "$pub" --out "$dir/x.zip" --root pin
runs 2 "$candour" export
runs 2 "$candour" verify publication publication-1.pub
runs 0 "$candour" export -h
runs 0 "$candour" verify publication -h

echo "$passed passed, $failed failed"
[ $failed = 0 ]
