#!/bin/sh
# See mtasts at work: install what is missing, build in build/, start the lab's
# servers in namespaces of their own, and ask about four domains in it.  Nothing
# outside build/ is changed but for the packages; run it as often as you like.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
lab=$top/tests/lab
log=$top/build/demo.log

step()
{
	printf '\n==> %s\n' "$1"
}

# Run what must work and is of no interest if it does.
quietly()
{
	if ! "$@" >>"$log" 2>&1; then
		tail -n 30 "$log" >&2
		echo "demo: failed: $*" >&2
		exit 1
	fi
}

build()
{
	mkdir -p "$top/build"
	: >"$log"
	cd "$top"
	[ -x configure ] || quietly autoreconf --install
	cd build
	[ -f Makefile ] || quietly ../configure
	quietly make -j"$(nproc)"
}

# Explain, show the command as one would type it, run it.  A verdict of fail
# is an exit status of 1, and is what is to be shown.
show()
{
	printf '\n--- %s\n$ mtasts-cachectl %s\n' "$1" "$2"
	# shellcheck disable=SC2086	# a command line
	"$MTASTS_CACHECTL" -c "$LAB_CONF" --cache "$LAB_DIR/demo" $2 || [ $? -eq 1 ]
}

tour()
{
	show "good.test promises TLS for its two MX hosts, and they keep the promise." \
	    "-v check good.test"
	show "downgraded.test promises it, too, but somebody removes STARTTLS from what its MX host says." \
	    "check downgraded.test"
	show "hijacked.test: somebody answers the MX question with a host that the policy does not list." \
	    "check hijacked.test"
	show "plain.test promises nothing: mail goes there as ever." \
	    "check plain.test"
	show "What has been remembered, so that nobody can make it forgotten." \
	    "list"
	show "All that is known about one domain." \
	    "show good.test"
}

if [ -n "${LAB_DIR:-}" ]; then
	tour
	exit
fi
step "Installing what is missing"
"$lab/install.sh"
step "Building in build/ (what make says is in build/demo.log)"
build
step "Starting name servers, policy hosts and MX hosts, reachable from this demo alone"
export MTASTS_CACHECTL="$top/build/core/cachectl/mtasts-cachectl"
exec "$lab/lab.py" run -- "$lab/demo.sh"
