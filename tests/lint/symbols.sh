#!/bin/sh
# The library exports what its headers declare: the map names each function, one
# by one, under the node its header belongs to.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

map=$srcdir/core/libmtasts.map
include=$srcdir/core/include
library=$builddir/.libs/libmtasts.so

# declared HEADER NODE: "function NODE"
declared() {
	awk -f "$srcdir/tests/lint/exports.awk" "$include/$1" |
		sed "s/\$/ $2/"
}

# mapped: "function NODE" for each name in the map
mapped() {
	awk '/{$/ { node = $1 }
	     /;$/ && $1 !~ /[*}]/ { sub(/;/, ""); print $1, node }' "$map"
}

# exported: "function NODE" for each symbol of the built library
exported() {
	nm -D --defined-only "$library" |
		awk '$2 != "A" { sub(/@+/, " ", $3); print $3 }'
}

{
	declared mtasts.h MTASTS_0.1
	declared mtasts_admin.h MTASTS_PRIVATE
} | sort > "$work/declared"
mapped | sort > "$work/mapped"

sort "$work/mapped" | uniq -d > "$work/bad"
check 'the map names nothing twice' "$work/bad"

comm -3 "$work/declared" "$work/mapped" > "$work/bad"
check 'the map names what the headers declare' "$work/bad"

grep -n 'mtasts_\*' "$map" > "$work/bad"
check 'the map has no patterns' "$work/bad"

if test -e "$library" && grep -q MTASTS_PRIVATE "$map"; then
	exported | sort > "$work/exported"
	comm -3 "$work/mapped" "$work/exported" > "$work/bad"
	check 'the library exports what the map names' "$work/bad"
	readelf -rW "$library" | grep 'JUMP.* mtasts_' > "$work/bad"
	check 'the library calls its own functions without a search' "$work/bad"
else
	skip 'the library exports what the map names' 'no shared library built'
	skip 'the library calls its own functions without a search' \
		'no shared library built'
fi

finish
