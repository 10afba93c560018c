#!/bin/sh
# What configure says of itself: nothing about the folder that it must not remove.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

# Autoconf's own checks remove "core", before what is of no more use.
mkdir "$work/tree" "$work/tree/core" && touch "$work/tree/conftest.c" \
	"$work/tree/core/keep" "$work/tree/a b"
sed -n '/^rm ()/,/^}/p' "$srcdir/configure" > "$work/function"
test -s "$work/function" || echo 'no function' > "$work/bad"
cat >> "$work/function" << 'EOF'
cd "$1" || exit 99
rm -f core *.core conftest.c "a b" && echo done
EOF
sh "$work/function" "$work/tree" > "$work/said" 2>&1
{
	cat "$work/bad" 2> /dev/null
	test "$(cat "$work/said")" = 'done' || cat "$work/said"
	test -f "$work/tree/core/keep" || echo 'core is gone'
	for file in conftest.c 'a b'; do
		test ! -e "$work/tree/$file" || echo "$file is still there"
	done
} > "$work/complaints"
check 'configure leaves the folder core alone, and says nothing of it' \
	"$work/complaints"

finish
