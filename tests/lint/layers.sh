#!/bin/sh
# Folders of core/ include only what stands below them, and each backend's
# header stays in the one place that knows it.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"
cd "$srcdir/core" || exit 99

# includes FOLDER: "file:line: header" for each #include in it.
includes() {
	find "$1" -name '*.[ch]' | sort | xargs grep -n '#include' /dev/null |
		sed 's/#include *[<"]\([^>"]*\)[>"].*/ \1/'
}

# may_include FOLDER OTHER...: of our own headers, only those below OTHERs.
may_include() {
	folder=$1
	shift
	allowed='mtasts\.h\|mtasts_admin\.h\|mtasts_version\.h\|config\.h'
	for other; do
		allowed="$allowed\\|$other/.*"
	done
	includes "$folder" |
		grep ' \(mtasts.*\.h\|[a-z]*/[a-z_]*\.h\)$' |
		grep -v ' \(sys\|netinet\|arpa\|openssl\|curl\|net\)/' |
		grep -v " \\($allowed\\)\$" > "$work/bad"
	check "$folder includes only $*" "$work/bad"
}

# only_in NAME PATTERN FILES: headers matching PATTERN in files matching FILES.
only_in() {
	includes . | grep -E " ($2)\$" | grep -v "^\./$3" > "$work/bad"
	check "$1 only in $3" "$work/bad"
}

# without FILES PATTERN: no such header in them.
without() {
	includes . | grep "^\./$1" | grep -E " ($2)\$" > "$work/bad"
	check "$1 includes no socket, clock or backend" "$work/bad"
}

may_include base base
may_include rules base rules
may_include io base io
may_include discovery base rules io discovery
may_include eval base rules io discovery eval
may_include api base rules io discovery eval api
may_include cachectl cachectl
may_include include include

only_in 'c-ares' 'ares.*\.h' 'io/'
only_in 'libcurl' 'curl/.*' 'io/'
only_in 'OpenSSL' 'openssl/.*' 'io/'
only_in 'LMDB' 'lmdb\.h' 'io/'
only_in 'libidn2' 'idn2\.h' 'rules/domain\.c'
only_in 'libconfuse' 'confuse\.h' 'api/options_file\.c'
only_in 'jansson' 'jansson\.h' 'cachectl/json'
only_in 'sockets' 'sys/socket\.h|netinet/.*|arpa/.*|netdb\.h|resolv\.h' 'io/'

{
	grep -n '#include "' "$srcdir"/exim-dlfunc/*.[ch] |
		grep -Ev '"(answer|child|event|exim_abi|library|query|mtasts)\.h"'
	grep -n 'local_scan\.h>' "$srcdir"/exim-dlfunc/*.[ch] |
		grep -v '/exim_abi\.h:'
} > "$work/bad"
check 'exim-dlfunc includes its own, mtasts.h, and local_scan.h once' "$work/bad"

# Of ours: what stands beside it, and mtasts.h alone of the library.
beside=$(cd "$srcdir/milter" && echo *.h | tr ' ' '|' | sed 's/\./\\./g')
grep -n '#include ["<]' "$srcdir"/milter/*.[ch] |
	grep -E '"|<[a-z_]*mtasts[a-z_]*\.h>|<(api|base|io|rules|eval)/' |
	grep -Ev "\"($beside)\"|<mtasts\\.h>" > "$work/bad"
check 'milter includes its own and mtasts.h' "$work/bad"

impure='time\.h|sys/time\.h|sys/socket\.h|poll\.h|unistd\.h|fcntl\.h'
impure="$impure|ares.*|curl/.*|openssl/.*|lmdb\\.h|pthread\\.h"
without rules/ "$impure"
without 'discovery/discovery\.[ch]' "$impure|base/clock\\.h"
without 'eval/verdict\.[ch]' "$impure|base/clock\\.h"

finish
