#!/bin/bash
# Hold layers.txt: every #include "FOLDER/..." must be of a folder that the including folder may use.
set -euo pipefail
bad=0
while IFS=: read -r folder may; do
	case "$folder" in ''|\#*) continue ;; esac
	[ -d "$folder" ] || continue
	while IFS=: read -r file line text; do
		used=$(sed -E 's/.*"([a-z]+)\/.*/\1/' <<< "$text")
		case " $folder $may " in
		*" $used "*) ;;
		*) echo "$file:$line: $folder may not include $used (layers.txt)"; bad=1 ;;
		esac
	done < <(grep -rnE --include='*.[ch]' '^#include "[a-z]+/' "$folder" || true)
	while IFS=: read -r file line text; do
		echo "$file:$line: write includes from the root"; bad=1
	done < <(grep -rnE --include='*.[ch]' '^#include "[^/"]+"' "$folder" || true)
	while IFS=: read -r file line text; do
		used=$(sed -E 's/.* from ([a-z]+)\/.*/\1/' <<< "$text")
		case " $folder $may " in
		*" $used "*) ;;
		*) echo "$file:$line: $folder may not show a view of $used (layers.txt)"; bad=1 ;;
		esac
	done < <(grep -rnE --include='*.html' '^\{\{! view ' "$folder" || true)
done < layers.txt
[ $bad = 0 ] && echo "layers: ok"
exit $bad
