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

bool
span_skip(struct span *span, const char *literal)
{
	if (!span_starts(*span, literal))
		return false;
	span_advance(span, strlen(literal));
	return true;
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
		return span_advance(span, span->len);
	out = span_advance(span, (size_t)(end - span->data));
	span_advance(span, 1);
	return out;
}
