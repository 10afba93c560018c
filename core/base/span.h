/*
 * A bounded cursor over octets: the only way our parsers walk over input. Every
 * function checks what is left, and none knows what the octets mean.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const char *data; /* borrowed */
	size_t len;
};

struct span span_of(const void *data, size_t len);
struct span span_str(const char *s);
bool span_empty(struct span span);
/* The first octet, or -1 at the end. */
int span_peek(struct span span);
bool span_is(struct span span, const char *literal); /* equal, exact case */
bool span_is_nocase(struct span span, const char *literal); /* ASCII case */
bool span_starts(struct span span, const char *literal);

/* Take from the front; false or an empty span takes nothing. */
bool span_skip(struct span *span, const char *literal);
bool span_take(struct span *span, size_t len, struct span *out);
/* The longest prefix whose octets all satisfy is(). */
struct span span_while(struct span *span, bool (*is)(unsigned char));
/* Up to and without the first octet c, or all; c itself is taken too. *found,
 * if not NULL, tells whether there was one. */
struct span span_until(struct span *span, char c, bool *found);

/* Little-endian integers of stored records. */
bool span_u8(struct span *span, uint8_t *out);
bool span_u16(struct span *span, uint16_t *out);
bool span_u32(struct span *span, uint32_t *out);
bool span_i64(struct span *span, int64_t *out);
/* A string stored behind its 16-bit length. */
bool span_string(struct span *span, struct span *out);

/* ASCII classes, independent of the locale. */
bool span_is_digit(unsigned char c);
bool span_is_alnum(unsigned char c);
bool span_is_blank(unsigned char c); /* SP and HTAB */
char span_lower(char c);

#endif
