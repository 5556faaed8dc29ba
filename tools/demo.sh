#!/bin/bash
# demo.sh DIR PORT_BASE: the whole product on this machine: a made-up organisation with six sites (tools/stack.sh),
# the four daemons, 24 months of made-up responses through the real path, one publication. Runs until Ctrl-C,
# which stops everything it started. Run again, it goes on with what is in DIR.
#	BUILD [build/release]  DEMO_SITES [6]  DEMO_MONTHS [24]  DEMO_RATE [40 responses a site and month]
set -euo pipefail
[ $# = 2 ] || { sed -n '2,5p' "$0" >&2; exit 2; }
dir=$1 base=$2
cd "$(dirname "$0")/.."
build=$(cd "${BUILD:-build/release}" && pwd)
candour=$build/candour
sites=${DEMO_SITES:-6} months=${DEMO_MONTHS:-24} rate=${DEMO_RATE:-40}
case $base in ''|*[!0-9]*) echo "PORT_BASE must be a number" >&2; exit 2 ;; esac
[ "$base" -ge 1024 ] && [ "$base" -le 65500 ] || { echo "PORT_BASE must be from 1024 to 65500" >&2; exit 2; }

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
exec 9> "$dir/lock"
flock -n 9 || { echo "A demo is running in $dir already. Stop it, or choose another place: make run DEMO_DIR=... PORT_BASE=..." >&2; exit 1; }
busy=
for ((p = base; p < base + 3 + sites; p++)); do
	if (exec 3<> "/dev/tcp/127.0.0.1/$p") 2> /dev/null; then busy="$busy $p"; fi
done
[ -z "$busy" ] || { echo "Somebody listens on port$busy of this machine. Choose others: make run PORT_BASE=..." >&2; exit 1; }

names=() pids=()
stop() {
	trap '' INT TERM
	[ ${#pids[@]} -gt 0 ] && kill "${pids[@]}" 2> /dev/null || true
	for p in "${pids[@]}"; do wait "$p" 2> /dev/null || true; done
}
trap stop EXIT
trap 'echo; echo "Stopping."; exit 0' INT TERM

if [ ! -e "$dir/stack.json" ]; then
	echo "Making keys, a CA, the centre and $sites sites in $dir"
	find "$dir" -mindepth 1 -maxdepth 1 ! -name lock -exec rm -rf {} +
	tools/stack.sh setup "$dir" "$base" "$build" "$sites" 9>&- || { echo "Setting up failed; $dir/setup.log may say why" >&2; exit 1; }
	echo "$base" > "$dir/port_base"
elif [ "$(cat "$dir/port_base")" != "$base" ]; then
	echo "The demo in $dir was made for PORT_BASE=$(cat "$dir/port_base"). Use that, or another DEMO_DIR." >&2
	exit 1
fi

start() { # NAME COMMAND...
	local name=$1
	shift
	"$@" 2>> "$dir/$name.log" 9>&- < /dev/null &
	names+=("$name")
	pids+=($!)
}
healthy() {
	for _ in $(seq 300); do
		curl -fs -m 2 "http://127.0.0.1:$1/healthz" > /dev/null && return
		alive
		sleep 0.1
	done
	echo "Port $1 does not answer. The logs are $dir/*.log" >&2
	exit 1
}
alive() {
	for i in "${!pids[@]}"; do
		kill -0 "${pids[$i]}" 2> /dev/null || { echo "${names[$i]} has stopped:" >&2; tail -n 5 "$dir/${names[$i]}.log" >&2; exit 1; }
	done
}
places=("$dir"/sites/*/)
first=$dir/sites/elm-house
start aggregator "$build/candour-aggregator" -c "$dir/centre/aggregator.conf"
healthy $((base + 1))
start indicators "$build/candour-indicators" -c "$dir/indicators/indicators.conf"
for place in "${places[@]}"; do
	start "sync-$(basename "$place")" "$build/candour-sync" -c "${place}sync.conf"
done
start kiosk "$build/candour-kiosk" -c "$first/kiosk.conf"
healthy "$base"
healthy $((base + 3))

if [ ! -e "$dir/filled" ]; then
	total=$((months * rate * sites))
	if [ -e "$dir/filling" ]; then
		echo "Filling was interrupted; going on with the responses that were kept"
		total=0
	else
		echo "$months months of made-up responses from $sites sites, through form engine, sealing, outbox, sync and intake:"
		touch "$dir/filling"
		"$candour" demo fill --months "$months" --rate "$rate" --form "$dir/forms/satisfaction.xml" "${places[@]%/}" > /dev/null 9>&-
	fi
	echo "Waiting for delivery, opening and counting"
	opened() { curl -fs -m 5 "http://127.0.0.1:$((base + 3))/metrics" | awk '/^candour_records_opened_total/ { print int($2) }'; }
	for _ in $(seq 1200); do
		n=$(opened || echo 0)
		[ "${n:-0}" -ge "$total" ] && break
		alive
		sleep 0.25
	done
	[ "${n:-0}" -ge "$total" ] || { echo "Only ${n:-0} of $total arrived within five minutes. The logs are $dir/*.log" >&2; exit 1; }
	echo "Preparing and signing the first publication"
	"$candour" indicator publish -c "$dir/indicators/indicators.conf" --key "$dir/lead/publish.key" --to "http://127.0.0.1:$((base + 1))" --drafts
	touch "$dir/filled"
fi

field() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" "$dir/stack.json"; }
cat <<TEXT

Candour is running. Everything and everybody in it is made up.

  Kiosk (answer here)            http://127.0.0.1:$base/
  Commissioners' pages           http://127.0.0.1:$((base + 1))/     commissioner   $(field commissioner)
  Analysts' reading room         http://127.0.0.1:$((base + 3))/     analyst        $(field analyst)

An answer leaves the kiosk within 5 seconds and stands in the reading room's provisional figures soon after.
To publish again:
  $candour indicator publish -c $dir/indicators/indicators.conf --key $dir/lead/publish.key --to http://127.0.0.1:$((base + 1)) --drafts
How things are: $candour status $first    and    $candour status $dir/centre
Logs: $dir/*.log          Ctrl-C stops everything; make run goes on with what is here.
TEXT
while :; do
	alive
	sleep 2 & wait $! || true
done
