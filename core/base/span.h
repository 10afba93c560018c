/*
 * A bounded cursor over octets: the only way our parsers walk over input. Every
 * function checks what is left, and none knows what the octets mean.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *data; /* borrowed */
	size_t len;
};

/* The small ones stand here, so that a cached answer is read without a call for
 * each octet. */

static inline struct span
span_of(const void *data, size_t len)
{
	return (struct span){ .data = data, .len = len };
}

static inline struct span
span_str(const char *s)
{
	return span_of(s, strlen(s));
}

static inline bool
span_empty(struct span span)
{
	return span.len == 0;
}

/* The first octet, or -1 at the end. */
static inline int
span_peek(struct span span)
{
	return span.len == 0 ? -1 : (unsigned char)span.data[0];
}

bool span_is(struct span span, const char *literal); /* equal, exact case */
bool span_is_nocase(struct span span, const char *literal); /* ASCII case */
bool span_starts(struct span span, const char *literal);

/* Take from the front; false or an empty span takes nothing. */
bool span_skip(struct span *span, const char *literal);

/* Take octets that are known to be there. */
static inline struct span
span_advance(struct span *span, size_t len)
{
	struct span front = span_of(span->data, len);

	/* An empty span may have no data to step over. */
	if (len != 0) {
		span->data += len;
		span->len -= len;
	}
	return front;
}

static inline bool
span_take(struct span *span, size_t len, struct span *out)
{
	if (len > span->len)
		return false;
	*out = span_advance(span, len);
	return true;
}

/* The longest prefix whose octets all satisfy is(). */
static inline struct span
span_while(struct span *span, bool (*is)(unsigned char))
{
	size_t n = 0;

	while (n < span->len && is((unsigned char)span->data[n]))
		n++;
	return span_advance(span, n);
}

/* Up to and without the first octet c, or all; c itself is taken too. *found,
 * if not NULL, tells whether there was one. */
struct span span_until(struct span *span, char c, bool *found);

/* Little-endian integers of stored records. */

static inline bool
span_octets(struct span *span, void *out, size_t len)
{
	struct span octets;

	if (!span_take(span, len, &octets))
		return false;
	memcpy(out, octets.data, len);
	return true;
}

static inline bool
span_u8(struct span *span, uint8_t *out)
{
	return span_octets(span, out, sizeof(*out));
}

static inline bool
span_u16(struct span *span, uint16_t *out)
{
	uint16_t v;

	if (!span_octets(span, &v, sizeof(v)))
		return false;
	*out = le16toh(v);
	return true;
}

static inline bool
span_u32(struct span *span, uint32_t *out)
{
	uint32_t v;

	if (!span_octets(span, &v, sizeof(v)))
		return false;
	*out = le32toh(v);
	return true;
}

static inline bool
span_i64(struct span *span, int64_t *out)
{
	uint64_t v;

	if (!span_octets(span, &v, sizeof(v)))
		return false;
	v = le64toh(v);
	/* Two's complement on every compiler; memcpy spares the argument. */
	memcpy(out, &v, sizeof(*out));
	return true;
}

/* A string stored behind its 16-bit length. */
static inline bool
span_string(struct span *span, struct span *out)
{
	struct span rest = *span;
	uint16_t len;

	if (!span_u16(&rest, &len) || !span_take(&rest, len, out))
		return false;
	*span = rest;
	return true;
}

/* ASCII classes, independent of the locale. */

static inline bool
span_is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
span_is_alnum(unsigned char c)
{
	return span_is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static inline bool
span_is_blank(unsigned char c) /* SP and HTAB */
{
	return c == ' ' || c == '\t';
}

static inline char
span_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

#endif
