#!/bin/sh
# Pages lead somewhere: each file that a page links to is there.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"
cd "$srcdir" || exit 99

# targets PAGE: the relative links of a page, without what stands behind #
targets() {
	grep -o '](<*[^)>]*' "$1" | sed 's/^](<*//; s/#.*//' |
		grep -v -e '^[a-z]*:' -e '^$' | sort -u
}

for page in *.md contrib/*/*.md contrib/*/*/*.md core/*.md exim-dlfunc/*.md \
	milter/*.md tests/*/*.md; do
	test -f "$page" || continue
	targets "$page" | while read -r target; do
		test -e "$(dirname "$page")/$target" ||
			echo "$page: no $target"
	done > "$work/bad"
	check "links of $page" "$work/bad"
done

finish
