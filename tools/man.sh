#!/bin/bash
# man.sh BUILD PAGE: a manual page on standard output, out of docs/man/PAGE and what the program itself says of its
# options, keys and commands, so that the two cannot differ.
set -euo pipefail
build=$1 page=$2
program=${page%.*}
escape() { sed -e 's/\\/\\e/g' -e "s/^\([.']\)/\\\\\&\1/" -e 's/-/\\-/g'; }
options() {
	"$build/$program" -h | awk '/^  -/ { o = $1; if ($2 ~ /^[A-Z]+$/) o = o " " $2; sub(/^ *-[a-zA-Z]( [A-Z]+)? +/, "");
		gsub(/-/, "\\-", o); gsub(/-/, "\\-"); print ".TP\n.B " o "\n" $0 }'
}
keys() {
	echo 'Lines of the form'
	echo '.IR "key = value" ,'
	echo 'in the sections named here; # begins a comment. In brackets: the value if none is given.'
	"$build/$program" -h | sed '1,/^Keys of FILE/d' | escape | awk '
		/^\[/ { print ".SS " $0; next }
		/^# / { help = substr($0, 3); next }
		{ set = $0; sub(/^#/, "", set); name = set; sub(/ = .*/, "", name); value = set; sub(/^[^=]*= ?/, "", value)
		  print ".TP\n.B " name; print help (value == "" ? "" : value ~ /^\(must/ ? "; must be set" : " [" value "]") }'
}
commands() {
	"$build/candour" help | awk '/^  [a-z]/ { print $1 }' | while read -r c; do
		echo ".SS $c"
		echo .nf
		"$build/candour" "$c" -h | escape
		echo .fi
	done
}
version=$("$build/candour" -V | cut -d' ' -f2)
sed "s/@VERSION@/$version/" "docs/man/$page" | while IFS= read -r line; do
	case $line in
	@OPTIONS@) options ;;
	@KEYS@) keys ;;
	@COMMANDS@) commands ;;
	*) printf '%s\n' "$line" ;;
	esac
done
