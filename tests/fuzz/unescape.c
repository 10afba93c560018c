/* What text_escape did, undone. */
#include "fuzz/unescape.h"

#include "support/table.h"

static int
hex(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

size_t
unescape(const char *s, char *out)
{
	size_t len = 0;

	while (*s != '\0') {
		if (*s != '\\') {
			out[len++] = *s++;
		} else if (s[1] == 'x') {
			assert_true(s[2] != '\0' && s[3] != '\0');
			out[len++] = (char)(hex(s[2]) << 4 | hex(s[3]));
			s += 4;
		} else {
			assert_true(s[1] == '\\' || s[1] == '"');
			out[len++] = s[1];
			s += 2;
		}
	}
	return len;
}
