#!/bin/bash
# vectors_xlsform.sh VECTORS CANDOUR: the judge beside the vectors over both sets, as .xlsx and as .csv, at each
# level and tier; then the share of each against its gate (forms.md section 4). Exit 1 below a gate.
set -uo pipefail
vectors=$1
candour=$2
judge=$vectors/../tools/check_xlsform.py
[ -d "$vectors/xlsform" ] && [ -f "$judge" ] || { echo "SKIP: no vectors at $vectors"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
bad=0 passed=0 failed=0

# SET EXT LEVEL TIER GATE (percent)
run() {
	local out line p f
	out=$(/usr/bin/python3 "$judge" "$vectors/$1" "$candour form convert --root {root} {form}" \
	    --check "$candour form check {form}" --ext "$2" --level "$3" ${4:+--tier $4})
	grep '^not ok' <<< "$out"
	line=$(tail -n 1 <<< "$out")
	read -r p f < <(sed -E 's/^([0-9]+) passed, ([0-9]+) failed.*/\1 \2/' <<< "$line")
	[ $((p + f)) -gt 0 ] || return 0
	printf '%-13s .%-5s %-8s %-10s %4d of %4d  %5.1f %% (gate %s)\n' "$1" "$2" "$3" "${4:-all}" "$p" $((p + f)) \
	    "$(awk "BEGIN{print 100*$p/($p+$f)}")" "$5"
	if [ $((p * 100)) -ge $(($5 * (p + f))) ]; then passed=$((passed + 1)); else failed=$((failed + 1)) bad=1; fi
}

for ext in xlsx csv; do
	for set in xlsform xlsform-docs; do
		for level in outcome error; do
			run $set $ext $level must 100
			run $set $ext $level expected 90
			run $set $ext $level refusable 100
		done
		run $set $ext xml must 95
		run $set $ext xml expected 90
		run $set $ext outcome "" 95
	done
done
echo "$passed passed, $failed failed"
exit $bad
