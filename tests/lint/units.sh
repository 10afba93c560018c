#!/bin/sh
# The units for systemd: correct as systemd sees them, and what little they leave a
# service that was broken into.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"
PATH=$PATH:/usr/sbin:/sbin

# systemd's own figure, in tenths: 15 is an exposure of 1.5
DAEMON_EXPOSURE=15
REFRESH_EXPOSURE=30

if ! systemd-analyze security --offline=yes \
    "$srcdir/contrib/systemd/mtasts-refresh.service" > /dev/null 2>&1; then
	skip 'the units' 'systemd-analyze (package systemd) is missing, or may not read'
	finish
	exit
fi

# The units with the programs just built, as they need not be installed.
mkdir "$work/units"
for unit in "$srcdir"/contrib/systemd/*; do
	sed -e "s|=/usr/sbin/mtasts-milter|=$builddir/milter/mtasts-milter|" \
	    -e "s|=mtasts-cachectl|=$builddir/core/cachectl/mtasts-cachectl|" \
	    "$unit" > "$work/units/$(basename "$unit")"
done

# a_program_for UNIT: is there one?
a_program_for() {
	case $1 in
	mtasts-milter*) test -x "$builddir/milter/mtasts-milter" ;;
	esac
}

# exposed UNIT MOST: complain if systemd finds it more exposed than that
exposed() {
	systemd-analyze security --offline=yes --threshold="$2" \
		"$srcdir/contrib/systemd/$1" > "$work/said" 2>&1 ||
		grep -E '✗|xposure|rror' "$work/said" > "$work/bad"
	grep -q 'Overall exposure level' "$work/said" ||
		cat "$work/said" >> "$work/bad"
}

for unit in "$work"/units/*; do
	name=$(basename "$unit")
	a_program_for "$name" || continue
	# Of units that are not installed here it says nothing to us.
	systemd-analyze verify --man=no "$unit" 2>&1 | grep "$name" > "$work/bad"
	check "$name is correct" "$work/bad"
done

: > "$work/bad"
exposed mtasts-milter.service $DAEMON_EXPOSURE
check 'the daemon is exposed by 1.5 at most' "$work/bad"

: > "$work/bad"
exposed mtasts-refresh.service $REFRESH_EXPOSURE
check 'the refresh is exposed by 3.0 at most' "$work/bad"

grep -qx 'CapabilityBoundingSet=' "$srcdir/contrib/systemd/mtasts-milter.service" ||
	echo 'it is left a capability' > "$work/bad"
check 'the daemon has no capabilities' "$work/bad"

if test "$(id -u)" -ne 0; then		# who else could chown?
	finish
	exit
fi
mkdir -p "$work/root/etc"
: > "$work/bad"
{
	systemd-sysusers --root="$work/root" \
		"$srcdir/contrib/sysusers.d/mtasts.conf" &&
	systemd-tmpfiles --root="$work/root" --create \
		"$srcdir/contrib/tmpfiles.d/mtasts.conf"
} > "$work/said" 2>&1 || cp "$work/said" "$work/bad"
for directory in var/lib/mtasts run/mtasts; do
	case $(stat -c %a "$work/root/$directory" 2>&1) in
	2750) ;;
	*) ls -ld "$work/root/$directory" ;;
	esac
done >> "$work/bad" 2>&1
check 'the user and the directories are made' "$work/bad"

finish
