/*
 * text: bounded text, and the one place where hostile octets become harmless.
 *
 * What is written here ends up in logs, headers and terminals. Knows UTF-8
 * (RFC 3629) and which characters act on a terminal instead of showing; knows
 * no locale.
 *
 * Test: tests/unit/test_text.c
 */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void
text_init(struct text *text, char *buf, size_t size)
{
	*text = (struct text){ .buf = buf, .size = size };
	buf[0] = '\0';
}

/* Room left for octets other than the NUL. */
static size_t
room(const struct text *text)
{
	return text->size - text->len - 1;
}

/* Append all of it or nothing: half of a character is worse than none. */
static void
put_whole(struct text *text, const char *data, size_t len)
{
	if (text->cut || len > room(text)) {
		text->cut = true;
		return;
	}
	memcpy(text->buf + text->len, data, len);
	text->len += len;
	text->buf[text->len] = '\0';
}

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The length a first octet announces; 0 if it is none. */
static size_t
utf8_width(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	if (c >= 0xf0 && c <= 0xf4)
		return 4;
	return 0;
}

/* The code point of a sequence whose octets have the right shape. */
static uint32_t
utf8_decode(const char *data, size_t width)
{
	static const unsigned char first_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t cp = (unsigned char)data[0] & first_mask[width];
	size_t i;

	for (i = 1; i < width; i++)
		cp = cp << 6 | ((unsigned char)data[i] & 0x3f);
	return cp;
}

size_t
text_utf8(const char *data, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t i, width;
	uint32_t cp;

	if (len == 0)
		return 0;
	width = utf8_width((unsigned char)data[0]);
	if (width == 0 || width > len)
		return 0;
	for (i = 1; i < width; i++)
		if (!is_continuation(data[i]))
			return 0;
	cp = utf8_decode(data, width);
	/* Overlong forms, surrogates, and what lies beyond Unicode. */
	if (cp < least[width] || (cp >= 0xd800 && cp <= 0xdfff) ||
	    cp > 0x10ffff)
		return 0;
	return width;
}

/* Characters that act: C0, DEL, C1, line separators, bidirectional controls. */
static bool
is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x061c ||
	    cp == 0x200e || cp == 0x200f || cp == 0x2028 || cp == 0x2029 ||
	    (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

/* Octets at data that may be shown as they are, 0 if the first may not. */
static size_t
showable(const char *data, size_t len)
{
	size_t width = text_utf8(data, len);

	if (width == 0 || is_control(utf8_decode(data, width)))
		return 0;
	return width;
}

static void
put_hex(struct text *text, unsigned char c)
{
	static const char digit[] = "0123456789abcdef";
	char escape[] = { '\\', 'x', digit[c >> 4], digit[c & 0xf] };

	put_whole(text, escape, sizeof(escape));
}

/* quoted: also escape what would end, or begin, an escape of the reader's. */
static void
put_safe(struct text *text, const char *data, size_t len, bool quoted)
{
	size_t i, width;

	for (i = 0; i < len && !text->cut; i += width) {
		width = showable(data + i, len - i);
		if (width == 0) {
			put_hex(text, (unsigned char)data[i]);
			width = 1;
		} else if (quoted && (data[i] == '\\' || data[i] == '"')) {
			char escape[] = { '\\', data[i] };

			put_whole(text, escape, sizeof(escape));
		} else {
			put_whole(text, data + i, width);
		}
	}
}

void
text_escape(struct text *text, const char *data, size_t len)
{
	put_safe(text, data, len, true);
}

void
text_clean(struct text *text, const char *data, size_t len)
{
	put_safe(text, data, len, false);
}

bool
text_is_clean(const char *data, size_t len)
{
	size_t i, width;

	for (i = 0; i < len; i += width) {
		width = showable(data + i, len - i);
		if (width == 0)
			return false;
	}
	return true;
}

char *
text_escaped(char *buf, size_t size, const char *data, size_t len)
{
	struct text text;

	text_init(&text, buf, size);
	text_escape(&text, data, len);
	return buf;
}

/* Octets of what a reader of a quoted string takes as one escape, 0 if none. */
static size_t
escape_width(const char *s)
{
	return s[0] == '\\' && s[1] > ' ' && s[1] < 0x7f ? 2 : 0;
}

char *
text_quoted(char *buf, size_t size, const char *s)
{
	size_t len = strlen(s), i, width;
	struct text text;

	text_init(&text, buf, size);
	for (i = 0; i < len && !text.cut; i += width) {
		width = escape_width(s + i);
		if (width != 0) {
			put_whole(&text, s + i, width);
		} else {
			width = showable(s + i, len - i);
			width = width == 0 ? 1 : width;
			put_safe(&text, s + i, width, true);
		}
	}
	return buf;
}

/* How many octets at the end are the torn beginning of a UTF-8 sequence. */
static size_t
torn_utf8(const char *s, size_t len)
{
	size_t n = 1;

	while (n < 4 && n < len && is_continuation(s[len - n]))
		n++;
	if (n > len || utf8_width((unsigned char)s[len - n]) <= n)
		return 0;
	return n;
}

/* And how many are the torn beginning of an escape of text_escape's. */
static size_t
torn_escape(const char *s, size_t len)
{
	size_t i, slashes = 0, tail = 0;

	for (i = len > 3 ? len - 3 : 0; i < len; i++)
		if (s[i] == '\\' && (i + 1 == len || s[i + 1] == 'x'))
			tail = len - i;
	if (tail == 0)
		return 0;
	/* A slash that is itself escaped begins nothing. */
	for (i = len - tail + 1; i > 0 && s[i - 1] == '\\'; i--)
		slashes++;
	return slashes % 2 == 1 ? tail : 0;
}

static void
drop_torn_end(struct text *text)
{
	text->len -= torn_utf8(text->buf, text->len);
	text->len -= torn_escape(text->buf, text->len);
	text->buf[text->len] = '\0';
}

/* What text_printf would do with "%s", for a fraction of the price. */
void
text_put(struct text *text, const char *s)
{
	size_t len = strlen(s), left = room(text);

	if (text->cut)
		return;
	text->cut = len > left;
	if (text->cut)
		len = left;
	memcpy(text->buf + text->len, s, len);
	text->len += len;
	text->buf[text->len] = '\0';
	if (text->cut)
		drop_torn_end(text);
}

void
text_printf(struct text *text, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vprintf(text, fmt, ap);
	va_end(ap);
}

void
text_vprintf(struct text *text, const char *fmt, va_list ap)
{
	size_t space = room(text) + 1;
	int n;

	/* A gap in the middle would change the meaning: once cut, for good. */
	if (text->cut)
		return;
	n = vsnprintf(text->buf + text->len, space, fmt, ap);
	if (n >= 0 && (size_t)n < space) {
		text->len += (size_t)n;
		return;
	}
	text->cut = true;
	text->len += strlen(text->buf + text->len);
	drop_torn_end(text);
}
