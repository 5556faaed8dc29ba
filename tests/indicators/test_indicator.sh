#!/bin/bash
# candour indicator check, diff, evaluate, health, as people type them. Figures expected were counted by hand; the Wilson
# limits of 1 in 2 are PHEindicatormethods' (0.0945312, 0.9054688).
set -uo pipefail
shopt -s lastpipe	# what reads from a pipe counts too
build=$(cd "${BUILD:-build/asan}" && pwd)
candour=$build/candour
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL: $1"; }
has() { # WHAT TEXT FILE
	if grep -qF -- "$2" "$3"; then ok; else bad "$1: \"$2\" is not in:"; head -20 "$3"; fi
}
runs() { # RC COMMAND...
	local want=$1; shift
	"$@" >"$dir/out" 2>"$dir/err"; local rc=$?
	if [ $rc = "$want" ]; then ok; else bad "$*: exit $rc, wanted $want"; head -5 "$dir/err"; fi
}

runs 0 "$candour" indicator check indicators/library
has "the library" "sat-users@" "$dir/out"
[ -s "$dir/err" ] && bad "the library has findings: $(cat "$dir/err")" || ok
sed 's/^owner = .*//' indicators/library/sat-users.ind >"$dir/no-owner.ind"
runs 1 "$candour" indicator check --forms forms/library "$dir/no-owner.ind"
has "a fault" "no-owner.ind:3: [indicator] says no owner" "$dir/err"
sed "s/'2'/'9'/" indicators/library/sat-users.ind >"$dir/choice.ind"
runs 1 "$candour" indicator check --forms forms/library "$dir/choice.ind"
has "a literal" "'9' is no choice of q1" "$dir/err"
sed 's/^\[form satisfaction\]/[form satisfaction]\nlocked = 00000000000000000000000000000000/' \
	indicators/library/sat-users.ind >"$dir/locked.ind"
runs 1 "$candour" indicator check --forms forms/library "$dir/locked.ind"
has "a locked form" "the wording of form satisfaction changed" "$dir/err"
sed 's/^\[form satisfaction\]/[form unknown]/' indicators/library/sat-users.ind >"$dir/unknown.ind"
runs 1 "$candour" indicator check --forms forms/library "$dir/unknown.ind"
has "an unknown form" "[form unknown] is not among the forms" "$dir/err"
sed "s/= 'individual'/= 'resident'/" indicators/library/sat-users.ind >"$dir/role.ind"
runs 1 "$candour" indicator check --forms forms/library "$dir/role.ind"
has "an unknown role" "'resident' is no value of \${_role}: it is one of individual, key_person" "$dir/err"
sed '/^only/d' indicators/library/concern-rate.ind >"$dir/concern.ind"
cp indicators/library/*.csv "$dir"
runs 1 "$candour" indicator check --forms forms/library "$dir/concern.ind"
has "concerns" "only = organisation_year" "$dir/err"
sed 's/^numerator = .*/numerator = ${q1} = /' indicators/library/sat-users.ind >"$dir/expression.ind"
runs 1 "$candour" indicator check --forms forms/library "$dir/expression.ind"
has "an expression" "expression.ind:" "$dir/err"
sed "s/^numerator = .*/numerator = \${q99} = '1'/" indicators/library/sat-users.ind >"$dir/question.ind"
runs 1 "$candour" indicator check --forms forms/library "$dir/question.ind"
has "an unknown question" "q99" "$dir/err"
# What people wrote is no category; what does not fit is said; a name that figures are kept by is not taken; nobody sees
# a control character; and what a spreadsheet would run is refused before anything is published.
faulty() { # SAYS SED-SCRIPT
	sed "$2" indicators/library/sat-users.ind >"$dir/faulty.ind"
	runs 1 "$candour" indicator check --forms forms/library "$dir/faulty.ind"
	has "a fault" "$1" "$dir/err"
	[ -s "$dir/out" ] && bad "$1: it is called right all the same" || ok
}
faulty 'faulty.ind:28: [by] q hands on what people wrote in comment' 's/^\[time\]/[by]\nq = ${comment}\n[time]/'
faulty 'faulty.ind:28: [by] 12 breakdowns, whose codes may take' "s/^\[time\]/[by]\n$(printf 'breakdown_%s = ${q1}\\n' {a..l})[time]/"
faulty 'faulty.ind:28: [by] answer: taken' 's/^\[time\]/[by]\nanswer = ${q7a}\n[time]/'
faulty 'faulty.ind:9: [indicator] about holds a control character (code 27)' 's/^about = /about = \x1b[31m/'
faulty 'faulty.ind:7: [indicator] title begins with =' 's/^title = /title = =/'
sed 's/^\[time\]/[by]\nwrote = if(${comment} = '"''"', '"'no', 'yes'"')\n[time]/' indicators/library/sat-users.ind >"$dir/wrote.ind"
runs 0 "$candour" indicator check --forms forms/library "$dir/wrote.ind"
sed 's/^\[form satisfaction\]/&\nversions = 1999/' indicators/library/sat-users.ind >"$dir/old.ind"
runs 0 "$candour" indicator check --forms forms/library "$dir/old.ind"
has "no form of that version" "old.ind:25: warning: [form satisfaction] versions = 1999: none of the forms here" "$dir/err"
mkdir "$dir/nothing"
runs 1 "$candour" indicator check "$dir/nothing"
has "an empty folder" "nothing: no definition (ID.ind) is in that folder" "$dir/err"
printf '_day,q1\n2026-04-01,1\n' >"$dir/one.csv"
runs 1 "$candour" indicator evaluate --forms forms/library "$dir/nothing" "$dir/one.csv"
has "an empty folder" "nothing: no definition (ID.ind) is in that folder" "$dir/err"
runs 1 "$candour" indicator evaluate --forms forms/library "$dir/one.csv" "$dir/one.csv"
has "no definition" "one.csv is no definition: give an ID.ind" "$dir/err"
runs 1 "$candour" indicator evaluate --forms "$dir" indicators/library/sat-users.ind "$dir/one.csv"
has "no form" "$dir/" "$dir/err"
runs 0 "$candour" indicator check --duties indicators/library
has "duties" "CQC:LA-3	sat-users@" "$dir/out"
mkdir "$dir/duties"
cp indicators/library/sat-users.ind "$dir/duties"
printf '# what must be measured\nCQC:LA-3\nCQC:LA-9\n' >"$dir/duties/duties.txt"
runs 1 "$candour" indicator check --forms forms/library --duties "$dir/duties"
has "an uncovered duty" "duties.txt:3: no indicator serves CQC:LA-9" "$dir/err"
runs 0 "$candour" indicator check --forms forms/library "$dir/duties"
runs 1 "$candour" indicator check --forms "$dir/none" "$dir/no-owner.ind"
runs 1 "$candour" indicator check "$dir/nothing.ind"
has "no such file" "nothing.ind" "$dir/err"
runs 2 "$candour" indicator check
runs 2 "$candour" indicator nonsense

sed 's/version = 1/version = 2/; s/0.70/0.75/' indicators/library/sat-users.ind >"$dir/two.ind"
runs 0 "$candour" indicator diff indicators/library/sat-users.ind "$dir/two.ind"
has "diff" "- [estimate] target = 0.70 from 2025-04" "$dir/out"
has "diff" "+ [estimate] target = 0.75 from 2025-04" "$dir/out"
runs 0 "$candour" indicator diff --library indicators/library sat-users@1 sat-users@1
has "diff" "0 lines differ: the same definition" "$dir/out"

cat >"$dir/r.csv" <<'CSV'
_site,_day,_role,_answered_by,q1,q7a,days,comment
elm,2026-04-01,individual,self,1,1,3,"hello, ""all"""
elm,2026-04-02,individual,self,3,1,,
oak,2026-05-02,individual,self_helped,2,1,,
oak,2026-05-02,staff,self,2,1,,
oak,2026-05-02,individual,self,dk,1,,
CSV
runs 0 "$candour" indicator evaluate --by site --forms forms/library indicators/library/sat-users.ind "$dir/r.csv"
has "elm" "sat-users@1	2026-04	elm					2	0	1	0.5	0.0945312057" "$dir/out"
has "oak" "sat-users@1	2026-05	oak					1	1	1	1	0.2065493143" "$dir/out"
[ "$(wc -l <"$dir/out")" = 3 ] && ok || bad "two points and a header: $(cat "$dir/out")"
runs 0 "$candour" indicator evaluate --published --forms forms/library indicators/library/sat-users.ind "$dir/r.csv"
has "published" "sat-users@1|2026-04|site=elm									[c]" "$dir/out"
has "how many are hidden and why" "6 hidden: 6 small themselves" "$dir/err"
grep -q '0\.5' "$dir/out" && bad "a hidden figure is printed" || ok
runs 0 "$candour" indicator health --forms forms/library indicators/library/sat-users.ind "$dir/r.csv"
has "health" "counted 3, excluded 1 (25.0 % of those asked)" "$dir/out"

refused() { # SAYS, rows on stdin
	cat >"$dir/bad.csv"
	runs 1 "$candour" indicator evaluate --forms forms/library indicators/library/sat-users.ind "$dir/bad.csv"
	has "refused" "$1" "$dir/err"
	[ -s "$dir/out" ] && bad "$1: something is printed all the same" || ok
}
refused 'bad.csv:1: column _rol is neither a question' <<'CSV'
_day,_rol,q1
2026-04-01,individual,1
CSV
refused 'did you mean _role?' <<'CSV'
_day,_rol,q1
2026-04-01,individual,1
CSV
refused 'bad.csv:1: column _DAY is neither' <<'CSV'
_DAY,q1
2026-04-01,1
CSV
refused 'did you mean _day?' <<'CSV'
_DAY,q1
2026-04-01,1
CSV
refused 'bad.csv:1: column " q1" has blanks around its name' <<'CSV'
_day, q1
2026-04-01,1
CSV
refused 'bad.csv:1: a column has no name' <<'CSV'
_day,q1,,
2026-04-01,1,,
CSV
{ printf _day; printf ',q%d' {1..5000}; echo; } | refused 'bad.csv:1: more than 1024 columns'
refused 'bad.csv:1: no column _day' <<'CSV'
_role,q1
individual,1
CSV
refused 'bad.csv:3: column q1 holds no choice' <<'CSV'
_day,q1
2026-04-01,1
2026-04-01,8
CSV
refused 'bad.csv:2: column _day must hold a date' <<'CSV'
_day,q1
2026-04-31,1
CSV
refused 'bad.csv:2: column days must hold a whole number' <<'CSV'
_day,q1,days
2026-04-01,1,two
CSV
refused 'bad.csv:2: column _role must hold one of individual' <<'CSV'
_day,q1,_role
2026-04-01,1,boss
CSV
refused 'bad.csv:3: 3 fields where the header has 2' <<'CSV'
_day,q1
2026-04-01,1
2026-04-01,1,1
CSV
refused 'no closing quote' <<'CSV'
_day,q1
2026-04-01,"1
CSV
refused 'no header line' </dev/null
refused 'bad.csv:1: columns are separated by semicolons' <<'CSV'
_day;q1
2026-04-01;1
CSV
printf '_day\tq1\n2026-04-01\t1\n' | refused 'bad.csv:1: columns are separated by tabs'
printf 'sep=;\n_day;q1\n' | refused 'bad.csv:1: remove this line (sep=)'
printf '\xff\xfe_\0d\0' | refused 'bad.csv:1: this is UTF-16'
printf '_day,q1\n2026-04-01,1\n2026-04-01,\xff\n' | refused 'bad.csv:3: not UTF-8 text'
printf '_day,q1\n2026-04-01,1\0\n' | refused 'bad.csv:2: not UTF-8 text'
printf '_day,q1\r2026-04-01,1\r' | refused 'bad.csv:1: lines end with CR alone'
refused 'bad.csv:4: the _id of line 2 again' <<'CSV'
_id,_day,q1
a,2026-04-01,1
b,2026-04-01,1
a,2026-04-02,2
CSV
refused 'bad.csv:2: column _site must hold a name' <<'CSV'
_site,_day,q1
a|b,2026-04-01,1
CSV
refused 'bad.csv:3: a quote inside a field' <<'CSV'
_day,q1
2026-04-01,1
2026-04-01,1"
CSV
for day in 01/04/2026 2026-4-1 2026-04-01T10:00 20260401 2026-02-29 ''; do
	printf '_day,q1\n%s,1\n' "$day" | refused 'bad.csv:2: column _day must hold a date as 2026-04-01'
done

# What a spreadsheet writes: a mark of UTF-8, CR LF, everything in quotes, empty lines at the end.
printf '\xef\xbb\xbf"_day","_role","_answered_by","q1"\r\n"2026-04-01","individual","self","1"\r\n\r\n' >"$dir/sheet.csv"
runs 0 "$candour" indicator evaluate --by organisation --forms forms/library indicators/library/sat-users.ind "$dir/sheet.csv"
has "a spreadsheet's CSV" "sat-users@1	2026-04	(all)					1	0	1	1" "$dir/out"
[ -s "$dir/err" ] && bad "a spreadsheet's CSV: $(cat "$dir/err")" || ok

# What is not there is said: figures would look as if nobody had answered.
printf '_day,q7a\n2026-04-01,1\n' >"$dir/lacks.csv"
runs 0 "$candour" indicator evaluate --forms forms/library indicators/library/sat-users.ind "$dir/lacks.csv"
has "a column that lacks" "lacks.csv:1: warning: no column _role: for sat-users nobody answered it" "$dir/err"
has "a column that lacks" "lacks.csv:1: warning: no column q1: for sat-users nobody answered it" "$dir/err"
printf '_day,_role,_answered_by,q1\n' >"$dir/none.csv"
runs 0 "$candour" indicator evaluate --forms forms/library indicators/library/sat-users.ind "$dir/none.csv"
has "no rows" "none.csv:1: warning: no responses" "$dir/err"
runs 1 "$candour" indicator evaluate --by nonsense --forms forms/library indicators/library/sat-users.ind "$dir/r.csv"
has "--by" "--by nonsense: no definition is broken down by that: it is one of organisation, site, role" "$dir/err"

# A home of 8 is never published by itself; more answers than people supported are not as many people: no interval.
mkdir "$dir/people"
sed 's/^\[time\]/[tables]\npeople_supported = people.csv\n[time]/' indicators/library/sat-users.ind >"$dir/people/sat-users.ind"
printf 'site,n,from,until\nelm,8,,\nyew,9,,\noak,30,,\nash,12,,\n' >"$dir/people/people.csv"
{
	echo _site,_day,_role,_answered_by,q1
	for site in elm:12 yew:11 oak:20 ash:16; do
		for i in $(seq ${site#*:}); do
			echo "${site%:*},2026-04-01,individual,self,$((i % 2 == 0 ? 1 : 4))"
		done
	done
} >"$dir/many.csv"
runs 0 "$candour" indicator evaluate --published --forms forms/library "$dir/people/sat-users.ind" "$dir/many.csv"
grep 'site=elm' "$dir/out" >"$dir/elm"
has "a small home" "[c]" "$dir/elm"
grep 'site=ash' "$dir/out" >"$dir/ash"
has "more answers than people" "[u]" "$dir/ash"
has "the organisation" "sat-users@1|2026-04|all	30	60	" "$dir/out"

# What others reached, from a file in the shape of the framework's, as lines that the definition takes.
cat >"$dir/ascof.csv" <<'CSV'
Geographical Code,Geographical Description,Geographical Level,ONS Code,ASCOF Measure Code,Disaggregation Level,Measure Type,Measure Value
E92000001,England,Country,E92000001,1D,Total,Numerator,1000
E92000001,England,Country,E92000001,1D,Total,Outcome,65.4
E92000001,England,Country,E92000001,1D,18-64,Outcome,69.9
E92000001,England,Country,E92000001,3A,Total,Outcome,64.4
108,Sunderland,Council,E08000024,1D,Total,Outcome,[c]
506,Kingston upon Hull,Council,E06000010,1D,Total,Outcome,71.2
999,Twice,Council,E1,1D,Total,Outcome,1
999,Twice,Region,E2,1D,Total,Outcome,2
998,Much,Council,E3,1D,Total,Outcome,165
CSV
import() { "$candour" indicator import ascof "$dir/ascof.csv" indicators/library/sat-users.ind "$@"; }
year=2024-04..2025-03
runs 0 import --period $year --area england --area 'Kingston upon Hull' --area Sunderland
has "England" "comparator = 0.654 from 2024-04..2025-03 England" "$dir/out"
has "Hull" "comparator = 0.712 from 2024-04..2025-03 Kingston upon Hull" "$dir/out"
has "hidden there" '# Sunderland, 2024-04..2025-03: no figure is given ("[c]"), line 6' "$dir/out"
has "where from" "SHA-256 $(sha256sum <"$dir/ascof.csv" | cut -c1-64)" "$dir/out"
[ "$(grep -c ^comparator "$dir/out")" = 2 ] && ok || bad "two comparators: $(cat "$dir/out")"
sed "/^target = /r $dir/out" indicators/library/sat-users.ind >"$dir/compared.ind"
runs 0 "$candour" indicator check --forms forms/library "$dir/compared.ind"
runs 0 "$candour" indicator diff indicators/library/sat-users.ind "$dir/compared.ind"
has "in the definition" "+ [estimate] comparator = 0.654 from 2024-04..2025-03 England" "$dir/out"
runs 0 import --period $year --area England --group 18-64
has "a group" "comparator = 0.699 from 2024-04..2025-03 England" "$dir/out"
runs 1 import --period 2021-04..2022-03 --area England
has "another code then" "has no outcome of England" "$dir/err"
runs 1 import --period $year --area England --area Englend
has "a slip" "has no area Englend; did you mean England?" "$dir/err"
[ -s "$dir/out" ] && bad "half of it is printed" || ok
runs 1 import --period $year --area Twice
has "twice" "ascof.csv:9: Twice stands on line 8 too, for the same months: say which with --level" "$dir/err"
runs 0 import --period $year --area Twice --level region
has "by level" "comparator = 0.02 from 2024-04..2025-03 Twice" "$dir/out"
runs 1 import --period $year --area Much
has "no percentage" "ascof.csv:10: 165 is no percentage" "$dir/err"
runs 1 import --area England
has "no months" "say which months it is of, as --period 2023-04..2024-03" "$dir/err"
runs 2 import --period 2024 --area England
runs 2 import --period $year
runs 1 "$candour" indicator import ascof "$dir/r.csv" indicators/library/sat-users.ind --area England --period $year
has "another file" 'r.csv:1: no column "Geographical description"' "$dir/err"
runs 1 "$candour" indicator import ascof "$dir/ascof.csv" indicators/library/what-matters.ind --area England --period $year
has "no code" "what-matters.ind has no alias.ascof" "$dir/err"
printf '\xef\xbb\xbf' | cat - "$dir/ascof.csv" | sed 's/$/\r/' >"$dir/sheet-ascof.csv"
runs 0 "$candour" indicator import ascof "$dir/sheet-ascof.csv" indicators/library/sat-users.ind --area England --period $year
has "as a spreadsheet saves it" "comparator = 0.654 from 2024-04..2025-03 England" "$dir/out"

# Two coders. By hand: food both 4, first 1, second 1, neither 4: po .8, pe .5, kappa .6; staff both 5, neither 5: 1; rude
# both 0, first 1, second 1, neither 8: po .8, pe .82, kappa -1/9.
sheet() { printf 'record,themes,note\n'; cat; }
printf '%s\n' 'r0,food staff,' 'r1,food staff,' 'r2,food staff,' 'r3,food staff,' 'r4,food staff rude,' r5,, r6,, r7,, r8,, r9,, | sheet >"$dir/one.csv"
printf '%s\n' 'r9,food,' 'r0,staff food,' 'r1,food staff,' 'r2,food staff,' 'r3,food staff,' 'r4,staff,' r5,, r6,, r7,rude, r8,, rx,food, | sheet >"$dir/two.csv"
runs 1 "$candour" indicator kappa "$dir/one.csv" "$dir/two.csv"
has "kappa" $'food\t4\t1\t1\t4\t0.6' "$dir/out"
has "as agreed as can be" $'staff\t5\t0\t0\t5\t1\t0\tagreed' "$dir/out"
has "worse than by chance" $'rude\t0\t1\t1\t8\t-0.1111111111' "$dir/out"
has "what is not published yet" "code again" "$dir/out"
has "of one only" "10 comments coded by both, 1 by one only: these are left out" "$dir/err"
sed -i 's/ rude//' "$dir/one.csv"
sed -i 's/rude//' "$dir/two.csv"
runs 0 "$candour" indicator kappa "$dir/one.csv" "$dir/two.csv"
runs 0 "$candour" indicator kappa --of 10 "$dir/one.csv" "$dir/two.csv"
runs 1 "$candour" indicator kappa --of 300 "$dir/one.csv" "$dir/two.csv"
has "too few" "of 300 comments two people code 60" "$dir/err"
runs 1 "$candour" indicator kappa --of 60 "$dir/one.csv" "$dir/two.csv"
has "too few" "of 60 comments two people code 50" "$dir/err"
sheet_fault() { # SAYS, lines on stdin
	cat >"$dir/bad-sheet.csv"
	runs 1 "$candour" indicator kappa "$dir/one.csv" "$dir/bad-sheet.csv"
	has "a sheet" "$1" "$dir/err"
	[ -s "$dir/out" ] && bad "$1: something is printed all the same" || ok
}
printf 'r0,food\n' | sheet_fault 'bad-sheet.csv:1: no column record'
printf 'record\nr0\n' | sheet_fault 'bad-sheet.csv:1: no column themes'
printf 'record,themes\nr0,food\nr0,staff\n' | sheet_fault 'bad-sheet.csv:3: the record of line 2 again'
printf 'record,themes\nr0,"food, staff"\n' | sheet_fault 'bad-sheet.csv:2: "food," is no code'
printf 'record,themes\n,food\n' | sheet_fault 'bad-sheet.csv:2: record is empty'
printf 'record,themes\nzz,food\n' | sheet_fault 'no comment is in both'
printf '' | sheet_fault 'no header line'
runs 2 "$candour" indicator kappa "$dir/one.csv"
runs 2 "$candour" indicator kappa --of many "$dir/one.csv" "$dir/two.csv"

# -n checks the configuration alone: no database is made or opened, no key is asked for.
mkdir "$dir/conf" "$dir/xml"
"$candour" form convert forms/library/satisfaction.csv >"$dir/xml/satisfaction.xml" 2>/dev/null
cat >"$dir/conf/indicators.conf" <<CONF
store = $dir/conf/centre.db
facts = $dir/conf/facts.db
forms = $dir/xml
definitions = indicators/library
users = $dir/conf/pages.db
CONF
runs 0 "$build/candour-indicators" -n -c "$dir/conf/indicators.conf"
[ "$(ls "$dir/conf")" = indicators.conf ] && ok || bad "-n made $(ls "$dir/conf")"
# Facts go 24 months after their period; what would go too soon is refused.
printf '[retention]\nfacts_months = 5\n' >>"$dir/conf/indicators.conf"
runs 1 "$build/candour-indicators" -n -c "$dir/conf/indicators.conf"
has "facts_months" "at least 6" "$dir/err"
sed -i 's#^facts_months = .*#facts_months = 0#' "$dir/conf/indicators.conf"
runs 0 "$build/candour-indicators" -n -c "$dir/conf/indicators.conf"
runs 2 "$candour" indicator retain --now
runs 1 "$candour" indicator retain -c "$dir/conf/indicators.conf"
has "no centre" "centre.db" "$dir/err"
sed -i 's#^definitions = .*#definitions = /nowhere#' "$dir/conf/indicators.conf"
runs 1 "$build/candour-indicators" -n -c "$dir/conf/indicators.conf"
has "-n" "/nowhere" "$dir/err"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
