# shellcheck shell=sh
# What the lint scripts share: TAP, one line a check, comments before it.

tap_count=0

# check NAME FILE: ok if FILE, which holds complaints, is empty.
check() {
	tap_count=$((tap_count + 1))
	if test -s "$2"; then
		sed 's/^/# /' "$2"
		echo "not ok $tap_count - $1"
	else
		echo "ok $tap_count - $1"
	fi
}

# skip NAME WHY
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

finish() {
	echo "1..$tap_count"
}

srcdir=${abs_top_srcdir:-$(pwd)}
# shellcheck disable=SC2034 # for those who ask about what was built
builddir=${abs_top_builddir:-$srcdir}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
