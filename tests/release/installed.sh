#!/bin/sh
# What make install left behind works from where it is: run by make installcheck,
# which tells where things are by DESTDIR, CC, BINDIR, SBINDIR, LIBDIR, MANDIR,
# PKGCONFIGDIR, MODULE (or nothing), VERSION, PKG_CONFIG and MANUALS.
# Exits 1 if something does not.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

LD_LIBRARY_PATH=$DESTDIR$LIBDIR${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
PKG_CONFIG_PATH=$DESTDIR$PKGCONFIGDIR
PKG_CONFIG_SYSROOT_DIR=$DESTDIR
export LD_LIBRARY_PATH PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR

# complains COMMAND...: what a command that should be silent and succeed says
complains() {
	"$@" > "$work/bad" 2>&1 && test ! -s "$work/bad" ||
		echo "exit $?: $*" >> "$work/bad"
}

# tells VERSION COMMAND...: complain if it does not print its version
tells() {
	want=$1
	shift
	"$@" > "$work/said" 2>&1
	grep -q "$want" "$work/said" || cp "$work/said" "$work/bad"
}

{
	: > "$work/bad"
	tells "$VERSION" "$DESTDIR$BINDIR/mtasts-cachectl" --version
	check 'mtasts-cachectl tells its version' "$work/bad"

	if test -e "$DESTDIR$SBINDIR/mtasts-milter"; then
		: > "$work/bad"
		tells "$VERSION" "$DESTDIR$SBINDIR/mtasts-milter" -V
		check 'mtasts-milter tells its version' "$work/bad"
	fi

	flags=$($PKG_CONFIG --cflags --libs libmtasts) || flags=
	# shellcheck disable=SC2086	# words
	complains $CC -o "$work/program" "$srcdir/tests/release/program.c" $flags
	check 'a program is compiled by what pkg-config says' "$work/bad"
	complains "$work/program"
	check 'and runs' "$work/bad"

	if test -n "$MODULE"; then
		# shellcheck disable=SC2086
		complains $CC -rdynamic -o "$work/module" \
			"$srcdir/tests/release/module.c" -ldl
		check 'a host for the module is compiled' "$work/bad"
		# shellcheck disable=SC2046
		complains "$work/module" "$DESTDIR$MODULE" \
			$(cat "$srcdir/exim-dlfunc/mtasts.sym")
		check 'the module is loaded and has its functions' "$work/bad"
	fi

	for manual in $MANUALS; do
		page=$(basename "$manual")
		test -s "$DESTDIR$MANDIR/man${page##*.}/$page" ||
			echo "$page is not installed"
	done > "$work/bad"
	check 'the manuals are there' "$work/bad"
	finish
} | tee "$work/report"
! grep -q '^not ok' "$work/report"
