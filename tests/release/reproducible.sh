#!/bin/sh
# make dist twice, from clones that differ in all that should not matter, and once
# more from the release itself: the same bytes.
#
# Needs the git repository around the sources, and the network for nothing.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

# made_in FOLDER [COMMAND...]: make a release of the sources there, with a command
# before each step; its path
made_in() {
	folder=$1
	shift
	(
		cd "$folder" || exit 99
		test -e configure || "$@" autoreconf -i
		mkdir -p _build && cd _build || exit 99
		"$@" ../configure -q
		"$@" make -s dist
	) > "$folder.log" 2>&1 || tail -n 20 "$folder.log" >&2
	echo "$folder"/_build/mtasts-*.tar.xz
}

# same FILE FILE: complain of what differs
same() {
	cmp "$1" "$2" || {
		for file in "$1" "$2"; do
			xz -dc "$file" | tar -tvf - --full-time > "$file.list"
		done
		diff "$1.list" "$2.list" | head -n 20
	}
}

if ! git -C "$srcdir" rev-parse --verify -q HEAD > /dev/null 2>&1; then
	skip 'make dist twice' 'not a git repository'
	finish
	exit
fi

(umask 022 && git clone -q "$srcdir" "$work/one") 2>&1 | cat >&2
(umask 077 && mkdir "$work/deeper" && git clone -q "$srcdir" "$work/deeper/two") 2>&1 |
	cat >&2
find "$work/deeper/two" -path '*/.git' -prune -o -exec touch -h -d 2001-02-03 {} +

one=$(umask 022 && made_in "$work/one" env TZ=UTC LC_ALL=C.UTF-8) &&
two=$(umask 077 &&
	made_in "$work/deeper/two" env TZ=Asia/Tokyo LC_ALL=C HOME=/nonexistent)
same "$one" "$two" > "$work/bad" 2>&1
check 'two clones make the same release' "$work/bad"

mkdir "$work/unpacked" && xz -dc "$one" | tar -C "$work/unpacked" -xf -
three=$(umask 077 && made_in "$(echo "$work"/unpacked/*)" env TZ=UTC)
same "$one" "$three" > "$work/bad" 2>&1
check 'a release makes itself' "$work/bad"

xz -dc "$one" | tar -tf - | grep -E '(^|/)\.git(/|$)|~$|\.o$|/autom4te' > "$work/bad"
check 'it has nothing that was left lying about' "$work/bad"

version=$(sed -n 's/^AC_INIT(\[mtasts\], \[\(.*\)\])$/\1/p' "$srcdir/configure.ac")
test "$(basename "$one")" = "mtasts-$version.tar.xz" || basename "$one" > "$work/bad"
check 'it is named by the version in configure.ac' "$work/bad"

finish
