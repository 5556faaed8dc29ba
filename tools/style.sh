#!/bin/bash
# The few rules of style that a machine can hold.
set -uo pipefail
bad=0
rule() { # MESSAGE PATTERN FILES...
	local message=$1 pattern=$2 found
	shift 2
	found=$(git grep -nE "$pattern" -- "$@" || true)
	[ -z "$found" ] || { echo "$found" | sed "s|\$|   <- $message|"; bad=1; }
}
rule "libsodium is called in collector/seal.c, collector/chain.c and base/buf.c only" \
	'#include <sodium' '*.c' '*.h' ':!collector/seal.c' ':!collector/chain.c' ':!base/buf.c' ':!tests'
rule "mbedTLS's TLS is called in sync/tls.c only" '#include <mbedtls/(ssl|x509|net)' '*.c' '*.h' ':!sync/tls.c' ':!tests'
rule "no HTML in C files" '"<(html|div|p|h1|form|table)[ >]' '*.c' ':!tests' ':!tools' ':!base'
rule "no unsafe string functions" '\b(strcpy|strcat|sprintf|gets|strtok|alloca)\(' 'kiosk/*.c' 'sync/*.c' 'collector/*.c' 'aggregator/*.c' 'indicators/*.c' 'forms/*.c' 'admin/*.c'
rule "no path of a developer's machine" '/(work|farm)/[a-z]' ':!*.jsonl' ':!tools/style.sh'
rule "a struct is named struct S, not typedefed" '^typedef struct' '*.c' '*.h'
[ $bad = 0 ] && echo "style: ok"
exit $bad
