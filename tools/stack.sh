#!/bin/bash
# stack.sh setup DIR PORT_BASE BUILD [SITES]: make a made-up organisation in DIR, with the programs of BUILD:
# keys, a CA, the centre, forms, SITES sites (1 to 6), each enrolled through the real enrolment endpoint,
# people who may sign in. Starts and stops the aggregator on the way; leaves nothing running. DIR/stack.json
# says what to run, where it listens and how to sign in; it is written last.
#
# Ports: PORT_BASE kiosk, +1 commissioners' pages, +2 devices, +3 reading room, +4 .. the other sites' kiosks.
set -euo pipefail
[ "${1:-}" = setup ] && [ $# -ge 4 ] || { sed -n '2,8p' "$0"; exit 2; }
dir=$2 base=$3 bin=$(cd "$4" && pwd) sites=${5:-1}
here=$(cd "$(dirname "$0")/.." && pwd)
names=(elm-house oak-lodge ash-court rowan-place willow-view birch-way)
labels=("Elm House" "Oak Lodge" "Ash Court" "Rowan Place" "Willow View" "Birch Way")
candour=$bin/candour
umask 077
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
pids=()
stop() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null || true; done; }
trap stop EXIT

# Keys. In earnest the root and publish keys live on machines of their own and the escrow key in three shares;
# here everything is made up and lies in one folder.
mkdir -p "$dir/lead" "$dir/forms" "$dir/indicators" "$dir/sites"
for use in root response escrow concern publish; do
	"$candour" key new --use "$use" --credential "$dir/lead/$use.key" > /dev/null
done
"$candour" centre init "$dir/centre" --root "$dir/lead/root.key" --host localhost --organisation "Made-up County" \
	--devices "127.0.0.1:$((base + 2))" --pages "127.0.0.1:$((base + 1))" --batches-a-minute 0 > /dev/null
"$candour" key ring --root "$dir/lead/root.key" --out "$dir/lead/ring" "$dir/lead/response.key" "$dir/lead/escrow.key" \
	"$dir/lead/concern.key" "$dir/lead/publish.key" "$dir/centre/keys/receipt.key" "$dir/centre/keys/ca.pem" > /dev/null
"$candour" centre ring "$dir/centre" "$dir/lead/ring" > /dev/null

# Forms, as authored, through the converter.
for form in visit satisfaction concern focus-group; do
	"$candour" form convert "$here/forms/library/$form.xlsx" > "$dir/forms/$form.xml"
done

cat > "$dir/indicators/indicators.conf" <<CONF
# candour-indicators -h lists every key.
store = $dir/centre/aggregator.db
facts = $dir/indicators/facts.db
forms = $dir/forms
definitions = $here/indicators/library
key = $dir/lead/response.key
listen = 127.0.0.1:$((base + 3))
users = $dir/indicators/room.db
organisation = Made-up County
poll_ms = 1000
CONF

# People. The passwords are made up here and shown to whoever runs this.
password() { "$candour" user add "$2" "$3" --db "$1" | tail -n 1; }
commissioner=$(password "$dir/centre/pages.db" commissioner commissioner)
analyst=$(password "$dir/indicators/room.db" analyst analyst)

# Each box enrols as a box does: invitation, provisional certificate, fingerprint compared, approval.
"$bin/candour-aggregator" -c "$dir/centre/aggregator.conf" 2>> "$dir/setup.log" &
pids+=($!)
healthy() { for _ in $(seq 200); do curl -fs -m 2 "http://127.0.0.1:$1/healthz" > /dev/null && return; sleep 0.1; done; echo "port $1 does not answer" >&2; return 1; }
healthy $((base + 1))
for ((i = 0; i < sites; i++)); do
	site=$dir/sites/${names[$i]}
	port=$((i == 0 ? base : base + 3 + i))
	"$candour" site init "$site" --kiosk "127.0.0.1:$port" --forms "$dir/forms" --send-every "${SEND_EVERY:-5}" > /dev/null
	text=$("$candour" site invite "${names[$i]}" --host localhost --port $((base + 2)) --centre "$dir/centre" --label "${labels[$i]}" 2>> "$dir/setup.log" | tail -n 1)
	"$candour" site enrol "$site" "$text" > "$site/enrol.log" 2>&1 &
	enrol=$!
	for _ in $(seq 300); do
		print=$(grep -oE '\b[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}\b' "$site/enrol.log" | head -n 1 || true)
		[ -n "$print" ] && break
		kill -0 $enrol 2>/dev/null || { cat "$site/enrol.log" >&2; exit 1; }
		sleep 0.1
	done
	"$candour" device approve "${names[$i]}" --centre "$dir/centre" --fingerprint "$print" >> "$dir/setup.log" 2>&1
	wait $enrol || { cat "$site/enrol.log" >&2; exit 1; }
done
stop
pids=()

quote() { printf '"%s"' "$1"; }
{
	printf '{\n "kiosk_port": %d, "pages_port": %d, "devices_port": %d, "room_port": %d,\n' "$base" $((base + 1)) $((base + 2)) $((base + 3))
	printf ' "commissioner": %s, "analyst": %s,\n' "$(quote "$commissioner")" "$(quote "$analyst")"
	printf ' "store": %s, "facts": %s,\n' "$(quote "$dir/centre/aggregator.db")" "$(quote "$dir/indicators/facts.db")"
	printf ' "response_key": %s, "publish_key": %s, "form": %s,\n' "$(quote "$dir/lead/response.key")" "$(quote "$dir/lead/publish.key")" "$(quote "$dir/forms/satisfaction.xml")"
	printf ' "sites": ['
	for ((i = 0; i < sites; i++)); do [ $i -gt 0 ] && printf ', '; quote "$dir/sites/${names[$i]}"; done
	printf '],\n "daemons": [\n'
	printf '  {"name": "aggregator", "command": ["%s/candour-aggregator", "-c", "%s/centre/aggregator.conf"]},\n' "$bin" "$dir"
	printf '  {"name": "indicators", "command": ["%s/candour-indicators", "-c", "%s/indicators/indicators.conf"]},\n' "$bin" "$dir"
	printf '  {"name": "sync", "command": ["%s/candour-sync", "-c", "%s/sites/%s/sync.conf"]},\n' "$bin" "$dir" "${names[0]}"
	printf '  {"name": "kiosk", "command": ["%s/candour-kiosk", "-c", "%s/sites/%s/kiosk.conf"]}\n ]\n}\n' "$bin" "$dir" "${names[0]}"
} > "$dir/stack.json.new"
mv "$dir/stack.json.new" "$dir/stack.json"
