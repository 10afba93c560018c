/*
 * span: a bounded cursor over octets.
 *
 * Every read checks what is left and takes nothing when it is too little, so
 * that a parser built from these functions cannot run past its input. Knows no
 * format, no locale, and no NUL: an octet is an octet.
 *
 * Test: tests/unit/test_span.c
 */
#include "base/span.h"

#include <string.h>

struct span
span_of(const void *data, size_t len)
{
	return (struct span){ .data = data, .len = len };
}

struct span
span_str(const char *s)
{
	return span_of(s, strlen(s));
}

bool
span_empty(struct span span)
{
	return span.len == 0;
}

int
span_peek(struct span span)
{
	return span.len == 0 ? -1 : (unsigned char)span.data[0];
}

bool
span_starts(struct span span, const char *literal)
{
	size_t len = strlen(literal);

	/* An empty span may have no data to compare. */
	if (len == 0)
		return true;
	return span.len >= len && memcmp(span.data, literal, len) == 0;
}

bool
span_is(struct span span, const char *literal)
{
	return span.len == strlen(literal) && span_starts(span, literal);
}

bool
span_is_nocase(struct span span, const char *literal)
{
	size_t i;

	if (span.len != strlen(literal))
		return false;
	for (i = 0; i < span.len; i++)
		if (span_lower(span.data[i]) != span_lower(literal[i]))
			return false;
	return true;
}

/* Step over len octets that are known to be there. */
static struct span
advance(struct span *span, size_t len)
{
	struct span front = span_of(span->data, len);

	if (len != 0) {
		span->data += len;
		span->len -= len;
	}
	return front;
}

bool
span_skip(struct span *span, const char *literal)
{
	if (!span_starts(*span, literal))
		return false;
	advance(span, strlen(literal));
	return true;
}

bool
span_take(struct span *span, size_t len, struct span *out)
{
	if (len > span->len)
		return false;
	*out = advance(span, len);
	return true;
}

struct span
span_while(struct span *span, bool (*is)(unsigned char))
{
	size_t n = 0;

	while (n < span->len && is((unsigned char)span->data[n]))
		n++;
	return advance(span, n);
}

struct span
span_until(struct span *span, char c, bool *found)
{
	const char *end = NULL;
	struct span out;

	if (span->len != 0)
		end = memchr(span->data, c, span->len);
	if (found != NULL)
		*found = end != NULL;
	if (end == NULL)
		return advance(span, span->len);
	out = advance(span, (size_t)(end - span->data));
	advance(span, 1);
	return out;
}

/* A little-endian integer of width octets, at most 8. */
static bool
take_le(struct span *span, size_t width, uint64_t *out)
{
	struct span octets;
	uint64_t v = 0;

	if (!span_take(span, width, &octets))
		return false;
	while (width-- > 0)
		v = v << 8 | (unsigned char)octets.data[width];
	*out = v;
	return true;
}

bool
span_u8(struct span *span, uint8_t *out)
{
	uint64_t v;

	if (!take_le(span, 1, &v))
		return false;
	*out = (uint8_t)v;
	return true;
}

bool
span_u16(struct span *span, uint16_t *out)
{
	uint64_t v;

	if (!take_le(span, 2, &v))
		return false;
	*out = (uint16_t)v;
	return true;
}

bool
span_u32(struct span *span, uint32_t *out)
{
	uint64_t v;

	if (!take_le(span, 4, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

bool
span_i64(struct span *span, int64_t *out)
{
	uint64_t v;

	if (!take_le(span, 8, &v))
		return false;
	/* Two's complement on every compiler; memcpy spares the argument. */
	memcpy(out, &v, sizeof(*out));
	return true;
}

bool
span_string(struct span *span, struct span *out)
{
	struct span rest = *span;
	uint16_t len;

	if (!span_u16(&rest, &len) || !span_take(&rest, len, out))
		return false;
	*span = rest;
	return true;
}

bool
span_is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

bool
span_is_alnum(unsigned char c)
{
	return span_is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

bool
span_is_blank(unsigned char c)
{
	return c == ' ' || c == '\t';
}

char
span_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}
