#!/bin/bash
# candour form: convert and check as commands, and preview serves a form and leaves nothing behind.
set -uo pipefail
candour=${BUILD:-build/asan}/candour
passed=0 failed=0
tmp=$(mktemp -d)
pid=
trap '[ -n "$pid" ] && kill "$pid" 2> /dev/null; rm -rf "$tmp"' EXIT
ok() { # NAME STATUS
	if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1"; fi
}

"$candour" form convert forms/library/visit.csv > "$tmp/visit.xml" 2> "$tmp/err"
ok "convert prints the XForm" $?
[ ! -s "$tmp/err" ] && grep -q '<visit\|<data id="visit"' "$tmp/visit.xml"
ok "and nothing else" $?
printf 'survey\n,type,name,label,,\n,text,q,\n' > "$tmp/bad.csv"
"$candour" form convert "$tmp/bad.csv" > "$tmp/out" 2> "$tmp/err"
[ $? = 1 ] && [ ! -s "$tmp/out" ] && grep -q 'sheet survey, row 2' "$tmp/err"
ok "a form with an error gives its place, no XForm and exit 1" $?
"$candour" form convert 2> /dev/null
[ $? = 2 ]
ok "usage is exit 2" $?
printf 'survey\n,type,name,label,,constriant\n,text,q,Q,,x\n' > "$tmp/warn.csv"
"$candour" form check "$tmp/warn.csv" > "$tmp/out" && ! "$candour" form check --strict "$tmp/warn.csv" > "$tmp/out"
ok "check --strict fails on a warning" $?
"$candour" form preview "$tmp/bad.csv" > "$tmp/out" 2>&1
[ $? = 1 ]
ok "what does not check is not shown" $?

: > "$tmp/log"
"$candour" form preview forms/library/satisfaction.csv > "$tmp/log" 2> "$tmp/err" &
pid=$!
for _ in $(seq 200); do
	grep -q '^http' "$tmp/log" && break
	kill -0 "$pid" 2> /dev/null || break
	python3 -c 'import time; time.sleep(0.1)'
done
url=$(grep -o 'http://127.0.0.1:[0-9]*/' "$tmp/log")
folder=$(grep -o 'folder=[^ ]*' "$tmp/err" | cut -d= -f2)
python3 - "$url" <<'P'
import sys, urllib.request
page = urllib.request.urlopen(sys.argv[1], timeout=20).read().decode()
sys.exit(0 if "<h1" in page and 'name="go"' in page or "<form" in page else 1)
P
ok "preview serves the kiosk's page" $?
[ -n "$folder" ] && [ -d "$folder" ]
ok "while it runs there is a folder" $?
kill -INT "$pid"
wait "$pid"
ok "it ends on SIGINT with exit 0" $?
pid=
[ -n "$folder" ] && [ ! -e "$folder" ] && [ ! -e "$(dirname "$folder")" ]
ok "and nothing is left of it" $?
# what lies beside the form is shown; a link to elsewhere is not
mkdir "$tmp/f"
printf 'survey\n,type,name,label,image,\n,select_one c,q,Q,a.png,\n,note,n,N,b.png,\n,text,t,T,,\nchoices\n,list_name,name,label\n,c,y,Yes\n,c,n,No\n' \
    | sed 's/,label,image,/,label,image,kiosk::alt/; s/a.png,/a.png,A shape/; s/b.png,/b.png,A shape/' > "$tmp/f/p.csv"
python3 - "$tmp/f/a.png" "$tmp/out.png" <<'P'
import struct, sys, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(n):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", n, n, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress((b"\0" + b"\x80" * n) * n)) + chunk(b"IEND", b""))
open(sys.argv[1], "wb").write(png(8))
open(sys.argv[2], "wb").write(png(16))
P
ln -s "$tmp/out.png" "$tmp/f/b.png"
: > "$tmp/log2"
"$candour" form preview "$tmp/f/p.csv" > "$tmp/log2" 2> "$tmp/err2" &
pid=$!
for _ in $(seq 200); do
	grep -q '^http' "$tmp/log2" && break
	kill -0 "$pid" 2> /dev/null || break
	python3 -c 'import time; time.sleep(0.1)'
done
url=$(grep -o 'http://127.0.0.1:[0-9]*/' "$tmp/log2")
folder=$(grep -o 'folder=[^ ]*' "$tmp/err2" | cut -d= -f2)
cmp -s "$tmp/f/a.png" "$folder/preview-media/a.png"
ok "the picture beside the form is brought" $?
[ ! -e "$folder/preview-media/b.png" ] && grep -q 'preview: b.png: no such file' "$tmp/err2"
ok "a link is not followed, which is said" $?
python3 - "$url" "$tmp/f/a.png" "$folder/.." <<'P'
import glob, os, sys, urllib.request
kept = [f for f in glob.glob(sys.argv[3] + "/**/media/*", recursive=True) if os.path.isfile(f)]
page = urllib.request.urlopen(sys.argv[1] + "m/" + os.path.basename(kept[0]), timeout=20).read() if kept else b""
sys.exit(0 if len(kept) == 1 and page == open(sys.argv[2], "rb").read() else 1)
P
ok "and served as the kiosk serves it" $?
kill -INT "$pid"
wait "$pid"
pid=
[ -n "$folder" ] && [ ! -e "$folder" ] && [ ! -e "$(dirname "$folder")" ]
ok "and nothing is left of the pictures" $?
echo "$passed passed, $failed failed"
[ $failed = 0 ]
