#!/bin/sh
# The README shows the table of attacks as tests/adversary has it, and the table breaks
# no promise.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

"${PYTHON3:-python3}" -B "$srcdir/tests/adversary/table.py" --check > "$work/bad" 2>&1
check "the README's table of attacks is that of the tests" "$work/bad"
finish
