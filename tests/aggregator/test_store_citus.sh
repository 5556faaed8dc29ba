#!/bin/bash
# CANDOUR_TEST_CITUS that names what is no Citus, or what is not the suite's to drop: it ends at once, without running, and
# says what to mend. (What it does on a Citus only a Citus can show: make store.)
set -u
top=$(mktemp -d)
url=$(bash tests/aggregator/postgres.sh start "$top" $$ 2> "$top/why") || { echo "SKIP: $(tail -n 1 "$top/why")"; echo "0 passed, 0 failed, 1 skipped"; rm -rf "$top"; exit 0; }
good=0 bad=0
sql() {
	PGOPTIONS='-c client_min_messages=warning' psql -X -q -v ON_ERROR_STOP=1 "$url" -tA "$@"
}
# ok WHAT COMMAND..
ok() {
	local what=$1
	shift
	if "$@"; then good=$((good + 1)); else bad=$((bad + 1)); echo "not ok: $what"; fi
}
# refused URL WORDS: with that URL it says WORDS, and runs nothing.
refused() {
	CANDOUR_TEST_CITUS=$1 timeout 60 "${BUILD:-build/asan}/tests/aggregator/test_store" > "$top/out" 2>&1
	[ $? = 1 ] && grep -q "^FAIL: CANDOUR_TEST_CITUS: .*$2" "$top/out" && ! grep -q 'Running suite' "$top/out" && return
	cat "$top/out"
	return 1
}
# until_locks N granted|waiting: as many advisory locks are so, within 30 s.
until_locks() {
	local of=granted
	[ "$2" = granted ] || of='NOT granted'
	for _ in $(seq 300); do
		[ "$(sql -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND $of")" = "$1" ] && return
		sleep 0.1
	done
	return 1
}
ok 'nothing listens' refused 'postgresql://127.0.0.1:1/candour' 'no connection: .*address of the coordinator'
ok 'no Citus' refused "$url" "no extension citus, .*shared_preload_libraries = 'citus': CREATE EXTENSION citus"
# What a killed run left is its own; a centre's data is not, and stays.
sql -c 'CREATE USER weak' -c 'CREATE SCHEMA candour' -c 'SET search_path = candour' -f aggregator/sql/pg-1.sql \
	-c "INSERT INTO site VALUES ('meadow', 'Meadow House', 'north')"
ok 'left by a killed run' refused "$url" 'no extension citus'
sql -c "INSERT INTO candour.site VALUES ('Oak Lodge', 'Oak Lodge', '')"
ok 'a site' refused "$url" 'holds data that is no test'
ok "another's" refused "${url/user=candour/user=weak}" 'holds data that is no test.*permission denied'
ok 'the sites are there' [ "$(sql -c 'SELECT count(*) FROM candour.site')" = 2 ]
sql -c 'DROP SCHEMA candour CASCADE'
# Another run has it: this one waits, and goes on when that one has ended.
(echo 'SELECT pg_advisory_lock(720143, 2);'; until_locks 1 waiting && touch "$top/waited") | sql > /dev/null &
ok 'the other run' until_locks 1 granted
ok 'after it' refused "$url" 'no extension citus'
wait $!
ok 'it waited' [ -e "$top/waited" ]
bash tests/aggregator/postgres.sh stop "$top" > /dev/null 2>&1
rm -rf "$top"
echo "$good passed, $bad failed"
[ "$bad" = 0 ]
