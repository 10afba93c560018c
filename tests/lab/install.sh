#!/bin/sh
# Install those of the packages in tests/packages that are missing, without a
# question, and say which.  Without root: say which are missing, and exit 1.
# No daemon of theirs is started: the lab starts its own, inside itself.
set -eu

list=$(dirname "$0")/../packages
policy=/usr/sbin/policy-rc.d

missing=
while read -r package; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
	[ "$state" = installed ] || missing="$missing $package"
done <"$list"
if [ -z "$missing" ]; then
	echo "All packages of tests/packages are installed."
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "These packages are missing:$missing" >&2
	echo "Install them as root: apt-get install --no-install-recommends$missing" >&2
	exit 1
fi

echo "Installing:$missing"
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	trap 'exit 130' INT TERM
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086	# a list of words
apt-get -qq install --yes --no-install-recommends $missing >/dev/null
