#!/bin/sh
# Debian's packages, built from the release by dpkg-buildpackage, and a minimal
# Debian to install them in.  Both are kept below tests/debian/work in the build
# directory; the packages are built again each time, the Debian is not.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8

folder=$builddir/tests/debian/work
packages=$folder/packages
root=$folder/root

missing=
for program in debootstrap dpkg-buildpackage dh lintian; do
	command -v "$program" > /dev/null || missing="$missing $program"
done
if test -n "$missing"; then
	skip "Debian's packages" "not installed:$missing (see tests/packages)"
	finish
	exit
fi

# the_end COMMAND...: the end of what a command said, if it failed
the_end() {
	"$@" > "$work/said" 2>&1 < /dev/null || tail -n 40 "$work/said"
}

# A make of its own, whatever make runs this.
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR

release() {
	the_end make -C "$builddir" -s dist
}

build() {
	rm -rf "$packages" && mkdir -p "$packages" && cd "$packages" || return
	set -- "$builddir"/mtasts-*.tar.xz
	version=$(basename "$1" .tar.xz)
	version=${version#mtasts-}
	cp "$1" "mtasts_$version.orig.tar.xz"
	tar -xf "$1" && cd "mtasts-$version" && cp -r contrib/debian debian || return
	the_end env DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" \
		dpkg-buildpackage -us -uc
	cd .. && rm -rf "mtasts-$version"
}

complaints() {
	the_end lintian --allow-root --fail-on error,warning \
		--tag-display-limit 0 "$packages"/*.changes
}

# Where this machine has its Debian from.
mirror() {
	# shellcheck disable=SC2016	# apt's own
	apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' \
		'Codename: bookworm' 'Component: main' | head -n 1
}

bootstrap() {
	test ! -e "$root/bootstrapped" || return
	rm -rf --one-file-system "$root"
	the_end debootstrap --variant=minbase bookworm "$root" "$(mirror)"
	touch "$root/bootstrapped"
}

release > "$work/bad"
check 'make dist makes the release' "$work/bad"

(build) > "$work/bad"
check 'dpkg-buildpackage builds packages from it' "$work/bad"

complaints > "$work/bad"
check 'lintian has no errors and no warnings' "$work/bad"

sed -n '1s/^mtasts (\(.*\)-.*/\1/p' "$srcdir/contrib/debian/changelog" > "$work/debian"
sed -n 's/^AC_INIT(\[mtasts\], \[\(.*\)\])$/\1/p' "$srcdir/configure.ac" |
	diff - "$work/debian" > "$work/bad"
check 'their version is that of the release' "$work/bad"

if test "$(id -u)" -eq 0; then
	bootstrap > "$work/bad"
	check 'debootstrap makes a Debian' "$work/bad"
fi

finish
