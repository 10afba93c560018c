#!/bin/sh
# make coverage: how many of the lines of core/rules and core/discovery the unit,
# property and scenario tests run, in a build of its own below the present one.
# Prints the figures by file; fails below LEAST percent.
#
#	coverage.sh TEST...
set -eu

least=${LEAST:-95}
build=$PWD/coverage
mkdir -p "$build"
cd "$build"
"${abs_top_srcdir:?}/configure" -q CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage
make -s all
make -s check TESTS="$*" > check.log 2>&1 || {
	tail -n 40 check.log
	exit 1
}
lcov -q --capture --directory core/rules --directory core/discovery \
	--output-file all.info 2> lcov.log
lcov -q --extract all.info '*/core/rules/*.c' '*/core/discovery/*.c' \
	--output-file ours.info 2>> lcov.log
lcov --list ours.info
lcov --summary ours.info 2>&1 | awk -v least="$least" '
	{ print }
	/lines/ { sub(/%.*/, ""); sub(/.*: */, ""); low = $0 + 0 < least }
	END { exit low }'
