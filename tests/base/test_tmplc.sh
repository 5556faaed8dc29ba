#!/bin/bash
# tools/tmplc: what it prints is escaped, and each mistake in a template is an error at its line.
set -uo pipefail
passed=0 failed=0
build=$(cd "${BUILD:-build/asan}" && pwd)
root=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/x/templates"
cd "$tmp" || exit 1
cat > x/views.h <<'C'
#include "base/buf.h"
struct item { const char *name; int n; };
struct words { const char *hello; };
struct framed { const struct words *w; };
struct view { const struct words *w; struct framed f; const char *text, *empty; size_t n_list; struct item *list; struct item one; struct buf *svg; bool on; };
C
ok() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1: got [$2], expected [$3]"; fi; }
has() { case "$2" in *"$3"*) passed=$((passed + 1)) ;; *) failed=$((failed + 1)); echo "FAIL $1: [$3] is not in [$2]" ;; esac; }
cat > x/main.c <<'C'
#include <stdio.h>
#include "x/views.h"
#include "x/templates.h"
int main(void)
{
	struct item list[] = { { "<b>", 1 }, { "c", 0 } };
	struct buf out, svg;
	struct words w = { "hi" };
	struct view v = { &w, { &w }, "a\"&'<", "", 2, list, { "one", -3 }, &svg, true };
	buf_init(&out, 1 << 16);
	buf_init(&svg, 100);
	buf_puts(&svg, "<svg/>");
	page_x_t(&out, &v);
	fputs(buf_str(&out), stdout);
	buf_free(&out);
	buf_free(&svg);
	return 0;
}
C
compile() { # prints what went wrong, or the page
	rm -f ./*.c; local f n
	for f in x/templates/*.html; do n=$(basename "$f" .html); "$build/tools/tmplc" "$f" "$n.c" 2>&1 || return; done
	"$build/tools/tmplc" -h x x/templates/*.html > x/templates.h || return
	gcc -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -I. -I"$root" -o page x/main.c ./*.c "$root"/base/{buf,html,err,codec,num}.c -lsodium -lm 2>&1 || return
	./page
}
page() { printf '{{! view struct view from x/views.h }}\n%s' "$1" > x/templates/t.html; compile; }

ok "escapes in text and attributes" "$(page '<p title="{{text}}">{{text}}</p>')" '<p title="a&quot;&amp;&#39;&lt;">a&quot;&amp;&#39;&lt;</p>'
ok "raw is not escaped" "$(page '{{raw svg}}')" '<svg/>'
ok "if, else, not" "$(page '{{#if text}}1{{else}}2{{/if}}{{#if empty}}3{{else}}4{{/if}}{{#if not on}}5{{/if}}{{#if n_list}}6{{/if}}')" '146'
ok "a field called w is a pointer" "$(page '{{w.hello}} {{f.w.hello}}{{#if f.w.hello}}!{{/if}}')" 'hi hi!'
has "a misspelt word" "$(page '{{f.w.helo}}')" 'x/templates/t.html:2:'
ok "each" "$(page '{{#each list as o}}[{{o.name}} {{o.n}}{{#if o.n}}!{{/if}}]{{/each}}')" '[&lt;b&gt; 1!][c 0]'
ok "a tag alone on its line prints no line" "$(page $'a\n{{#if on}}\nb\n{{/if}}\nc')" $'a\nb\nc'
printf '{{! view struct item from x/views.h }}\n({{name}}{{n}})' > x/templates/sub.html
ok "partial" "$(page '{{> sub one}}')" '(one-3)'
ok "trigraphs, backslashes, quotes, UTF-8 stay" "$(page '??/ \ "x" é %d')" '??/ \ "x" é %d'
has "a misspelt field" "$(page $'\n\n{{texd}}')" 'x/templates/t.html:4:'
has "an open block" "$(page $'\n{{#if on}}x')" 't.html:3: a block is never closed'
has "a stray end" "$(page '{{/each}}')" 't.html:2: /each closes nothing'
has "an unknown tag" "$(page '{{#unless x}}')" 'unknown tag'
has "no end of a tag" "$(page '{{text')" '{{ without }}'
has "no view" "$(printf 'x' > x/templates/t.html; compile)" 'the first line must be'
echo "$passed passed, $failed failed"
[ $failed = 0 ]
