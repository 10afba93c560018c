#!/bin/sh
# tests/lint/rfc8461.md keeps its word: each id has its row, and each test that a
# row names is there.
# shellcheck disable=SC2016 # the page marks tests with back quotes

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

page=$srcdir/tests/lint/rfc8461.md
id='[A-Z][A-Z][A-Z]-[0-9][0-9.-]*'

# section NAME: the lines below this heading.
section() {
	awk -v name="## $1" '/^## / { here = $0 == name; next } here' "$page"
}

# is_there FILE NAME: does FILE hold a test of this name?
is_there() {
	name=$(printf '%s' "$2" | sed 's/[][\.*^$+?(){}|]/\\&/g')
	case $1 in
	*.c) name="^$name\\(void \\*\\*state\\)" ;;
	*.scn) name="^TEST (.*[^A-Za-z0-9-])?$name([^A-Za-z0-9]|\$)" ;;
	*) name="\"(.*[^A-Za-z0-9-])?$name([^A-Za-z0-9]|\$)" ;;
	esac
	grep -Eq -- "$name" "$srcdir/tests/$1"
}

section Ids | grep -o "$id" > "$work/ids"
section Tests | sed -n "s/^| \\($id\\) |.*/\\1/p" > "$work/rows"

sort "$work/ids" | uniq -d | sed 's/$/ is listed twice/' > "$work/bad"
sort "$work/rows" | uniq -d | sed 's/$/ has two rows/' >> "$work/bad"
test -s "$work/ids" || echo 'no ids found' >> "$work/bad"
check 'no id stands twice' "$work/bad"

diff "$work/ids" "$work/rows" > "$work/bad"
check 'each id has a row, in the order of the list' "$work/bad"

grep '^|' "$page" |
	grep -Ev '^\|---|shown by \|$|`[^`]+: [^`]+`|\. \|$' > "$work/bad"
check 'each row names a test, or says why there is none' "$work/bad"

grep '^|' "$page" | grep -o '`[a-z0-9_/.]*: [^`]*`' | tr -d '`' |
	sort -u > "$work/named"
while IFS= read -r test; do
	is_there "${test%%: *}" "${test#*: }" || echo "no such test: $test"
done < "$work/named" > "$work/bad" 2>&1
test -s "$work/named" || echo 'no tests found' >> "$work/bad"
check 'each test that is named is there' "$work/bad"

finish
