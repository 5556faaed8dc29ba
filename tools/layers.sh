#!/bin/bash
# Hold layers.txt: every #include "FOLDER/..." (and every view a template shows) must be of a folder that the
# including folder may use.
set -uo pipefail
{ cat layers.txt; echo '--'; git grep -nE '^#include "|^\{\{! view ' -- '*.c' '*.h' '*.html' ':!tools'; } | awk '
	!seen && $0 == "--" { seen = 1; next }
	!seen && /^[a-z]+:/ { f = $1; sub(":", "", f); may[f, f] = 1; known[f] = 1; for (i = 2; i <= NF; i++) may[f, $i] = 1; next }
	!seen { next }
	{
		place = $0; sub(/:[#{].*/, "", place)
		folder = $0; sub(/\/.*/, "", folder)
		if (!(folder in known)) next
		used = $0
		if (used ~ /#include "/) sub(/.*#include "/, "", used); else sub(/.* from /, "", used)
		if (used !~ /^[a-z]+\//) { print place ": write includes from the root"; bad = 1; next }
		sub(/\/.*/, "", used)
		if (!((folder, used) in may)) { print place ": " folder " may not use " used " (layers.txt)"; bad = 1 }
	}
	END { if (!bad) print "layers: ok"; exit bad }'
