#!/bin/sh
# The manuals are complete: each exported function and constant, each key of the
# configuration, each command, option and JSON member of mtasts-cachectl; and
# mandoc has nothing to say.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

man=$srcdir/core/man
api=$man/mtasts.3
conf=$man/mtasts.conf.5
command=$man/mtasts-cachectl.8
milter=$man/mtasts-milter.8
exim=$man/mtasts-exim.7
overview=$man/mtasts.7

# complain PAGE PATTERN-PREFIX PATTERN-SUFFIX: names on stdin not in the page
missing() {
	while read -r name; do
		grep -Eq -- "$2$name$3" "$1" || echo "not in ${1##*/}: $name"
	done
}

for page in "$api" "$conf" "$command" "$exim" "$milter" "$overview"; do
	name="mandoc -Tlint ${page##*/}"
	if command -v mandoc > /dev/null; then
		# A page that is not installed yet cannot be referred to.
		mandoc -Tlint "$page" 2>&1 |
			grep -v -e 'referenced manual not found' \
				-e 'outdated mandoc.db' > "$work/bad"
		check "$name" "$work/bad"
	else
		skip "$name" 'mandoc is missing'
	fi
done

awk -f "$srcdir/tests/lint/exports.awk" "$srcdir/core/include/mtasts.h" |
	missing "$api" '^\.(Fo|Fn) ' '($| )' > "$work/bad"
check 'each exported function is in mtasts(3)' "$work/bad"

sed '/MTASTS_H/d' "$srcdir/core/include/mtasts.h" |
	grep -o '^[	#define ]*MTASTS_[A-Z_]*' | grep -o 'MTASTS_[A-Z_]*' |
	sort -u | missing "$api" '(Dv|Er) ' '($| )' > "$work/bad"
check 'each public constant is in mtasts(3)' "$work/bad"

tr '\n' ' ' < "$srcdir/core/api/options.c" |
	grep -Eo '\{ (OPTION|NAMED)\([a-z]+,[[:space:]]+[a-z_]+' |
	sed 's/.*(\([a-z]*\),[[:space:]]*/\1./' > "$work/keys"
missing "$conf" '^\.It Ic ' '($| )' < "$work/keys" > "$work/bad"
test -s "$work/keys" || echo 'no keys found' >> "$work/bad"
check 'each key is in mtasts.conf(5)' "$work/bad"

grep -Eo '^\.It Ic [a-z]+\.[a-z_]+' "$conf" | sed 's/.*Ic //' | sort |
	comm -13 "$(sort "$work/keys" > "$work/sorted" && echo "$work/sorted")" \
		- > "$work/bad"
check 'mtasts.conf(5) has no key that is none' "$work/bad"

missing "$exim" '^\.It (Xo )?Ic ' '($| )' \
	< "$srcdir/exim-dlfunc/mtasts.sym" > "$work/bad"
check "each function for Exim is in mtasts-exim(7)" "$work/bad"

main=$srcdir/core/cachectl/main.c
sed -n '/^static const struct command commands/,/^};/p' "$main" |
	grep -o '^	{ "[a-z]*"' | grep -o '[a-z]*' |
	missing "$command" '^\.It (Xo )?(Ic|Cm) ' '($| )' > "$work/bad"
check 'each command is in mtasts-cachectl(8)' "$work/bad"

sed -n '/^static const struct option long_options/,/^};/p' "$main" |
	grep -o '{ "[a-z]*"' | grep -o '[a-z]*' |
	missing "$command" 'Fl .*-' '($| )' > "$work/bad"
check 'each option is in mtasts-cachectl(8)' "$work/bad"

# letters FILE PATTERN: the options in what the pattern matches, one a line.
letters() {
	grep -Eo "$2" "$1" | sed 's/.*[^A-Za-z]\([A-Za-z]\)$/\1/' | sort -u
}

daemon=$srcdir/milter/main.c
sed -n 's/.*getopt(argc, argv, "\([A-Za-z:]*\)").*/\1/p' "$daemon" | tr -d ':' |
	grep -o . | sort > "$work/options"
test -s "$work/options" || echo 'no options found' > "$work/bad"
{
	letters "$milter" '^\.It Fl [A-Za-z]' | diff "$work/options" -
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/s/^\.Op Fl \([A-Za-z]*\).*/\1/p' \
		"$milter" | grep -o . | sort | diff "$work/options" -
	letters "$daemon" "case '[A-Za-z]" | diff "$work/options" -
	letters "$daemon" '"  -[A-Za-z]' | diff "$work/options" -
} > "$work/bad"
check 'mtasts-milter(8), its help and its code have the same options' "$work/bad"

grep -oh '"\(milter\|socketmap\|daemon\)\.[a-z_]*"' "$srcdir"/milter/*.c |
	tr -d '"' | grep -v '\.h$' | sort -u > "$work/read"
grep -E '^(milter|socketmap|daemon)\.' "$work/keys" | sort |
	diff "$work/read" - > "$work/bad"
check 'the daemon reads each key of its sections, and no other' "$work/bad"

grep -o '^\.Ic [a-z]*\.[a-z_]*' "$milter" | sed 's/^\.Ic //' | sort -u |
	comm -23 - "$work/sorted" > "$work/bad"
check 'mtasts-milter(8) names no key that is none' "$work/bad"

grep -ho 'json_put([a-z]*, "[a-z_0-9]*"' "$srcdir"/core/cachectl/*.c |
	grep -o '"[a-z_0-9]*"' | tr -d '"' | sort -u |
	missing "$command" '^\.It Va ' '($| )' > "$work/bad"
check 'each JSON member is in mtasts-cachectl(8)' "$work/bad"

finish
