#!/bin/sh
# The scripts of the tree, as shellcheck sees them: nothing to say.

. "${abs_top_srcdir:-.}/tests/lint/tap.sh"
cd "$srcdir" || exit 99

# Scripts by their first line or their name; not what autotools made.
find . \( -name .git -o -name build-aux -o -name m4 -o -name autom4te.cache \
	-o -name '_build*' -o -name 'build*' -o -name 'mtasts-[0-9]*' \) -prune -o \
	-type f ! -name 'configure*' ! -name libtool ! -name config.status -print |
	sort > "$work/files"
while read -r file; do
	case $file in
	*.sh) echo "$file" ;;
	*) head -c 64 "$file" | tr -d '\0' | head -n 1 |
		grep -Eq '^#! *(/usr)?/bin/(env )?(ba|da)?sh' && echo "$file" ;;
	esac
done < "$work/files" > "$work/scripts"

while read -r script; do
	if command -v shellcheck > /dev/null; then
		shellcheck -x -P SCRIPTDIR "$script" > "$work/bad" 2>&1
		check "$script" "$work/bad"
	else
		skip "$script" 'shellcheck is missing'
	fi
done < "$work/scripts"

finish
