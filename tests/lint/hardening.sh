#!/bin/sh
# What configure says of hardening is true of what was built, and on the machines
# that most of us have it says all there is.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

# made VARIABLE: its value in the Makefile
made() {
	sed -n "s/^$1 = *//p" "$builddir/Makefile"
}

# real FILE: the file, which libtool may keep behind a script
real() {
	folder=$(dirname "$1")/.libs
	name=$(basename "$1")
	if test -e "$builddir/$folder/$name"; then
		echo "$builddir/$folder/$name"
	elif test -e "$builddir/$1"; then
		echo "$builddir/$1"
	fi
}

# shows PATTERN COMMAND...: one line at least
shows() {
	pattern=$1
	shift
	"$@" 2>/dev/null | grep -Eq -e "$pattern"
}

# want FLAG FILE: complain if a flag is told of and does not show
want() {
	case $1 in
	-D_FORTIFY_SOURCE=2) shows '_chk(@|$)' nm -D "$2" ;;
	-fstack-protector-strong) shows __stack_chk_fail nm -D "$2" ;;
	-fcf-protection) shows endbr objdump -d "$2" ;;
	-Wl,-z,relro) shows GNU_RELRO readelf -lW "$2" ;;
	-Wl,-z,now) shows BIND_NOW readelf -dW "$2" ;;
	-Wl,-z,noexecstack) shows 'GNU_STACK.* RW ' readelf -lW "$2" ;;
	*) true ;;		# leaves no trace
	esac || echo "$(basename "$2"): no trace of $1"
}

flags="$(made HARDENING_CFLAGS) $(made HARDENING_LDFLAGS)"

: > "$work/bad"
case $(uname -sm):$(made CFLAGS) in
*-O0*) ;;
'Linux x86_64:'*)
	for flag in -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	    -fstack-clash-protection -fcf-protection -Wl,-z,relro -Wl,-z,now; do
		case " $flags " in
		*" $flag "*) ;;
		*) echo "$flag is not used" ;;
		esac
	done > "$work/bad"
	;;
esac
check 'configure finds every flag that there is' "$work/bad"

for file in .libs/libmtasts.so .libs/mtasts.so core/cachectl/mtasts-cachectl \
    milter/mtasts-milter; do
	built=$(real "$file")
	test -n "$built" || continue
	for flag in $flags; do
		want "$flag" "$built"
	done > "$work/bad"
	case $file in
	*.so) ;;
	*) shows 'Type: *DYN' readelf -hW "$built" ||
		echo "$(basename "$built"): not position-independent" ;;
	esac >> "$work/bad"
	check "$(basename "$built") is built so" "$work/bad"
done

finish
