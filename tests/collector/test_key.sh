#!/bin/bash
# candour key and candour verify, as people and scripts use them.
set -uo pipefail
bin=${BUILD:-build/release}/candour
passed=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
ok() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" > "$tmp/out" 2> "$tmp/err"; then passed=$((passed + 1)); else
		failed=$((failed + 1)); echo "FAIL $name"; cat "$tmp/out" "$tmp/err"
	fi
}
refused() { # NAME STATUS TEXT COMMAND...
	local name=$1 status=$2 text=$3 rc
	shift 3
	"$@" > "$tmp/out" 2> "$tmp/err"
	rc=$?
	if [ $rc = "$status" ] && grep -qF -- "$text" "$tmp/err"; then passed=$((passed + 1)); else
		failed=$((failed + 1)); echo "FAIL $name: exit $rc"; cat "$tmp/out" "$tmp/err"
	fi
}
check() { # NAME CONDITION...
	local name=$1
	shift
	if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $name"; fi
}
k=$tmp/k
mkdir "$k"
for use in root response escrow concern publish receipt; do
	ok "new $use" "$bin" key new --use $use --credential "$k/$use"
done
check "credentials are 0600" [ "$(stat -c %a "$k/root")" = 600 ]
refused "new refuses to overwrite" 1 "there already" "$bin" key new --use root --credential "$k/root"
refused "unknown use" 2 "is no use of a key" "$bin" key new --use passport --credential "$k/x"
refused "no terminal, no passphrase" 1 "on the terminal, and there is none" setsid "$bin" key new --use root --file "$k/locked"
check "nothing half-made stays" [ ! -e "$k/locked" ]
# A passphrase typed on a terminal that python provides.
cat > "$tmp/type.py" <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
words, text, sent = sys.argv[-1], b"", 0
want = [b"New passphrase", b"Once more"]
os.environ["X"] = ""
while True:
    try:
        got = os.read(fd, 4096)
    except OSError:
        break
    if not got:
        break
    text += got
    if sent < 2 and want[sent] in text:
        os.write(fd, b"a long test passphrase\n")
        sent += 1
_, status = os.waitpid(pid, 0)
assert b"a long test passphrase" not in text, "the passphrase was echoed"
sys.exit(os.waitstatus_to_exitcode(status))
PY
ok "new with a passphrase" python3 "$tmp/type.py" "$bin" key new --use root --file "$k/locked"
check "a locked key holds no secret line" bash -c "! grep -q '^secret' '$k/locked'"
ok "show" "$bin" key show "$k/root" "$k/locked"
openssl ecparam -name prime256v1 -genkey -noout -out "$tmp/ca.key" 2> /dev/null
openssl req -x509 -new -key "$tmp/ca.key" -subj /CN=test -days 2 -out "$tmp/ca.pem" 2> /dev/null
keys=("$k/response" "$k/escrow" "$k/concern" "$k/publish" "$k/receipt" "$tmp/ca.pem")
ok "ring" "$bin" key ring --root "$k/root" --out "$tmp/ring" "${keys[@]}"
ok "show ring" "$bin" key show "$tmp/ring"
check "six keys" [ "$(grep -c '^\[key\]' "$tmp/ring")" = 6 ]
# Outside check of the signature: OpenSSL, over the label and all bytes above the last line.
python3 - "$k/root" "$tmp" <<'PY'
import base64, sys
public = dict(l.split(" = ") for l in open(sys.argv[1]).read().split("\n")[1:] if l)["public"]
ring = open(sys.argv[2] + "/ring", "rb").read()
at = ring.rindex(b"signature = ")
open(sys.argv[2] + "/m", "wb").write(b"candour/1 keyring\0" + ring[:at])
open(sys.argv[2] + "/s", "wb").write(base64.b64decode(ring[at + 12:]))
open(sys.argv[2] + "/p.der", "wb").write(bytes.fromhex("302a300506032b6570032100") + base64.b64decode(public))
PY
ok "openssl verifies the ring" openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$tmp/p.der" -in "$tmp/m" -sigfile "$tmp/s"
refused "a ring needs every use" 1 "no active escrow key" "$bin" key ring --root "$k/root" --out "$tmp/bad" "$k/response" "$k/concern" "$k/publish" "$k/receipt" "$tmp/ca.pem"
check "and none is left" [ ! -e "$tmp/bad" ]
"$bin" key new --use response --credential "$k/response2" > /dev/null
id=$("$bin" key show "$k/response" | cut -d' ' -f2)
ok "next ring: new response key, old one stopped" "$bin" key ring --root "$k/root" --from "$tmp/ring" --out "$tmp/ring2" --stop "$id" "$k/response2"
check "serial goes up" grep -qx 'serial = 2' "$tmp/ring2"
check "old one is stopped" grep -qx 'state = stop' "$tmp/ring2"
refused "unknown id" 1 "no key of the earlier ring" "$bin" key ring --root "$k/root" --from "$tmp/ring" --out "$tmp/x" --stop 0011223344556677
refused "root key does not sign as itself" 1 "does not belong into a ring" "$bin" key ring --root "$k/root" --out "$tmp/x" "$k/root"
refused "wrong signer" 1 "a response key, not a root key" "$bin" key ring --root "$k/response" --out "$tmp/x" "${keys[@]}"
mkdir "$tmp/shares"
ok "split" "$bin" key split --to "$tmp/shares" "$k/escrow"
for pair in "1 2" "2 3" "3 1" "2 1" "3 2" "1 3"; do
	set -- $pair
	rm -f "$tmp/back"
	ok "join $pair" "$bin" key join --of "$tmp/ring" --credential "$tmp/back" "$tmp/shares/share-$1.txt" "$tmp/shares/share-$2.txt"
	check "join $pair gives the key back" cmp -s "$tmp/back" "$k/escrow"
done
refused "one share twice" 1 "two holders are needed" "$bin" key join --of "$tmp/ring" --credential "$tmp/x" "$tmp/shares/share-1.txt" "$tmp/shares/share-1.txt"
sed -E 's/(.{40})(.)/\1#/; s/#/Z/' "$tmp/shares/share-1.txt" > "$tmp/misread"
cmp -s "$tmp/misread" "$tmp/shares/share-1.txt" && sed -E 's/^(.{40})./\1Y/' "$tmp/shares/share-1.txt" > "$tmp/misread"
refused "a misread share" 1 "misread" "$bin" key join --of "$tmp/ring" --credential "$tmp/x" "$tmp/misread" "$tmp/shares/share-2.txt"
"$bin" key new --use escrow --credential "$k/escrow2" > /dev/null
mkdir "$tmp/other"
"$bin" key split --to "$tmp/other" "$k/escrow2" > /dev/null
refused "shares of two splits" 1 "two different splits" "$bin" key join --of "$tmp/ring" --credential "$tmp/x" "$tmp/shares/share-1.txt" "$tmp/other/share-2.txt"
refused "not the ring's key" 1 "another key than the escrow key" "$bin" key join --of "$tmp/ring" --credential "$tmp/x" "$tmp/other/share-1.txt" "$tmp/other/share-2.txt"
# The same as pages: the code is read by another library, and what it gives brings the key back.
chmod 600 "$k/escrow"
mkdir "$tmp/pages"
export TMPDIR=$tmp/tmpdir
mkdir "$TMPDIR"
ok "split into pages" bash -c "umask 0; exec '$bin' key split --qr --to '$tmp/pages' '$k/escrow'"
check "three pages, for their owner alone" [ "$(stat -c '%a %n' "$tmp"/pages/* | sed "s|$tmp/pages/||" | tr '\n' ' ')" = "600 share-1.html 600 share-2.html 600 share-3.html " ]
check "nothing is left in the folder of temporary files" [ -z "$(ls -A "$TMPDIR")" ]
unset TMPDIR
check "each says what to do" [ "$(grep -l 'Never send it' "$tmp"/pages/*.html | wc -l)" = 3 ]
check "the text is on the page" grep -q '^candour-share 2$' "$tmp/pages/share-2.html"
python3 tests/collector/qr.py "$tmp"/pages/share-{1,2,3}.html > "$tmp/scanned"
if [ $? = 77 ]; then skipped=1; echo "SKIP: no libzbar to read the codes with"; else
	skipped=0
	for pair in "1 2" "2 3" "3 1"; do
		set -- $pair
		rm -f "$tmp/back"
		sed -n "$1p" "$tmp/scanned" > "$tmp/one"
		sed -n "$2p" "$tmp/scanned" | tr 'A-Z' 'a-z' | sed 's/$/\r/' > "$tmp/two"
		ok "scanned $pair" "$bin" key join --of "$tmp/ring" --credential "$tmp/back" "$tmp/one" "$tmp/two"
		check "scanned $pair gives the key back" cmp -s "$tmp/back" "$k/escrow"
	done
	rm -f "$tmp/back"
	ok "scanned into standard input" bash -c "sed -n '1p;3p' '$tmp/scanned' | '$bin' key join --of '$tmp/ring' --credential '$tmp/back' - -"
	check "gives the key back" cmp -s "$tmp/back" "$k/escrow"
fi
# Typed from the sheet, line by line.
rm -f "$tmp/back"
sheet() { sed -n '/<pre>/,/<\/pre>/p' "$1" | sed '/pre>/d'; }
ok "typed line by line" bash -c "$(declare -f sheet); { sheet '$tmp/pages/share-2.html'; sheet '$tmp/pages/share-3.html'; } | '$bin' key join --of '$tmp/ring' --credential '$tmp/back' - -"
check "gives the key back, too" cmp -s "$tmp/back" "$k/escrow"
refused "nothing typed" 1 "no share of the first holder" "$bin" key join --of "$tmp/ring" --credential "$tmp/x" - - < /dev/null
refused "pages are not written over" 1 "there already" "$bin" key split --qr --to "$tmp/pages" "$k/escrow"
rm "$tmp/pages/share-1.html" "$tmp/pages/share-2.html"
refused "a set that cannot be finished" 1 "there already" "$bin" key split --qr --to "$tmp/pages" "$k/escrow"
check "leaves no share of it" [ "$(ls "$tmp/pages")" = share-3.html ]
chmod 644 "$k/escrow"
refused "a folder that is not there" 1 "is no folder" "$bin" key split --to "$tmp/stick" "$k/escrow"
refused "a readable credential" 1 "make it 0600" "$bin" key split --to "$tmp/shares" "$k/escrow"
refused "verify without a file" 1 "No such file" "$bin" verify "$tmp/none.db"
refused "verify no site.db" 1 "not a database" "$bin" verify "$tmp/ring"
refused "usage" 2 "usage: candour key" "$bin" key
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
