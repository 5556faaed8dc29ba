#!/bin/bash
# candour action: from what people said to notices that a kiosk reads; candour verify audit: the command proves the chain.
set -uo pipefail
candour=${BUILD:-build/asan}/candour
passed=0 failed=0
check() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1: got \"$2\", wanted \"$3\""; fi; }
has() { case $2 in *"$3"*) passed=$((passed + 1)) ;; *) failed=$((failed + 1)); echo "FAIL $1: \"$3\" is not in \"$2\"" ;; esac; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
db=$work/pages.db
check "add" "$("$candour" action add --db "$db" --said 'The garden door is too heavy.' --did 'We fitted a door that opens by itself.' \
	--indicator sat-users --owner 'House manager' --due 2026-03-01 --from 2026-03-01 --until 2026-06-30)" "action 1"
check "a planned one" "$("$candour" action add --db "$db" --said 'Tea comes late.' --did 'Tea will come at three.')" "action 2"
has "thirty words" "$("$candour" action add --db "$db" --said "$(printf 'word %.0s' {1..31})" --did x 2>&1)" "said has 31 words"
"$candour" action list --db "$db" --due > "$work/due"
check "something is due: exit status" "$?" 1
has "and it is listed" "$(cat "$work/due")" "planned, due 2026-03-01, House manager, after sat-users"
check "done" "$("$candour" action change 1 --db "$db" --state done)" "action 1"
"$candour" action list --db "$db" --due > /dev/null
check "nothing is due any more" "$?" 0
has "what was not given stays" "$("$candour" action list --db "$db")" "We fitted a door that opens by itself."
has "no such action" "$("$candour" action change 9 --db "$db" --state done 2>&1)" "there is no action 9"
check "notices" "$("$candour" action notices --db "$db" --out "$work/notices")" "1 notices in $work/notices"
check "as the format says" "$(cat "$work/notices/action-1.notice")" "from = 2026-03-01
until = 2026-06-30
said.en = The garden door is too heavy.
did.en = We fitted a door that opens by itself."
audit=$("$candour" verify audit --list "$db")
has "the audit says who" "$audit" "uid $(id -u)"
has "and what" "$audit" "change_action      action 1  version=2 state=done indicator=sat-users"
has "and is proved" "$audit" "proved: 3 audit entries, head "
python3 - "$db" <<'PY'
import sqlite3, sys
d = sqlite3.connect(sys.argv[1])
d.execute("DROP TRIGGER audit_update")
d.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2")
d.commit()
PY
has "a changed entry is found" "$("$candour" verify audit "$db" 2>&1)" "audit entry 2 (nobody, add_action) is not what it was"
"$candour" verify audit "$db" > /dev/null 2>&1
check "with exit status" "$?" 1
has "a file without an audit" "$("$candour" verify audit /dev/null 2>&1)" "holds no audit"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
