#!/bin/sh
# make coverage: how many of the lines of core/rules and core/discovery the tests named
# in COVERAGE_TESTS run, in a build of its own below the present one. TAP, with the
# figures by file; a folder below COVERAGE_LEAST percent fails.
# shellcheck disable=SC2154 # tap.sh sets work

. "${abs_top_srcdir:?}/tests/lint/tap.sh"

least=${COVERAGE_LEAST:-95}
build=${abs_top_builddir:?}/coverage
# What make was told here is not meant for that build.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

# Run what must work and says too much.
quietly()
{
	"$@" > "$work/said" 2>&1 || {
		tail -n 60 "$work/said" > "$work/bad"
		check "$1 works" "$work/bad"
		finish
		exit
	}
}

# folder DIRECTORY: the share of its lines.
folder()
{
	quietly lcov --extract all.info "*/$1/*.c" --output-file folder.info
	lcov --list folder.info | sed -n '/|/s/^/# /p'
	lcov --summary folder.info 2>&1 | awk -v least="$least" '
		/lines/ { sub(/.*: */, ""); print > "/dev/stderr"; share = $0 + 0 }
		END { if (share < least) print "less than " least " %" }' \
		> "$work/bad" 2> "$work/share"
	check "lines of $1 that tests run: $(cat "$work/share")" "$work/bad"
}

mkdir -p "$build"
cd "$build" || exit 1
test -e config.status ||
	quietly "$abs_top_srcdir/configure" -q CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage
quietly make -s -j"$(nproc)" all
# Of an earlier run.
find . -name '*.gcda' -exec rm -f {} +
quietly make -s -j"$(nproc)" check TESTS="${COVERAGE_TESTS:?}"
quietly lcov --capture --directory core/rules --directory core/discovery \
	--output-file all.info
folder core/rules
folder core/discovery
finish
