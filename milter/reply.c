/*
 * reply: text that may stand in an SMTP reply.
 *
 * Sendmail hands a milter's text to a printf of its own: a lone % turns a
 * deferral into a permanent rejection. CR or LF make smfi_setreply fail, which
 * would let the recipient pass.
 *
 * Test: tests/unit/test_milter.c
 */
#include <config.h>

#include "reply.h"

#include <stdio.h>
#include <string.h>

static size_t
escape_octet(char *out, unsigned char c, bool percent)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '%' && percent) {
		memcpy(out, "%%", 2);
		return 2;
	}
	if (c >= 0x20 && c < 0x7f) {
		out[0] = (char)c;
		return 1;
	}
	memcpy(out, "\\x", 2);
	out[2] = hex[c >> 4];
	out[3] = hex[c & 0xf];
	return 4;
}

size_t
reply_escape(char *buf, size_t size, const char *text, bool percent)
{
	size_t len = 0;
	char octet[4];

	for (; *text != '\0'; text++) {
		size_t n = escape_octet(octet, (unsigned char)*text, percent);

		if (len + n >= size)
			break;
		memcpy(buf + len, octet, n);
		len += n;
	}
	if (size > 0)
		buf[len] = '\0';
	return len;
}
