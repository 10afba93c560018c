#!/bin/sh
# The README's picture is what its source draws, well formed, and shows what there is.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

folder=$srcdir/contrib/picture
picture=$folder/architecture.svg
python=${PYTHON3:-/usr/bin/python3}

"$python" -B "$folder/architecture.py" > "$work/drawn" 2> "$work/bad"
diff "$picture" "$work/drawn" > "$work/differences"
head -n 20 "$work/differences" >> "$work/bad"
check 'the picture is drawn by its source (make picture)' "$work/bad"

"$python" -c 'import sys, xml.dom.minidom as dom; dom.parse(sys.argv[1])' \
	"$picture" > "$work/bad" 2>&1
check 'it is well formed' "$work/bad"

for name in Exim Sendmail Postfix mtasts.so mtasts-milter mtasts-cachectl \
	libmtasts; do
	grep -q ">$name<" "$picture" || echo "$name is missing"
done > "$work/bad"
check 'the pieces are in it' "$work/bad"

grep -q '(contrib/picture/architecture.svg)' "$srcdir/README.md" ||
	echo 'no link' > "$work/bad"
check 'the README shows it' "$work/bad"

finish
