/*
 * answer: see answer.h. Knows neither Exim nor MTA-STS.
 *
 * Test: tests/unit/test_exim.c
 */
#include "answer.h"

#include <stdio.h>
#include <string.h>

void
answer_init(struct answer *answer, char *buf, size_t size)
{
	*answer = (struct answer){ .buf = buf, .size = size };
	buf[0] = '\0';
}

void
answer_text(struct answer *answer, const char *text)
{
	int n = snprintf(answer->buf, answer->size, "%s", text);

	answer->cut = n < 0 || (size_t)n >= answer->size;
	answer->len = answer->cut ? 0 : (size_t)n;
}

/* All of the pair or nothing, and nothing behind a gap. */
static void
put(struct answer *answer, const char *key, const char *quote,
    const char *value)
{
	size_t room = answer->size - answer->len;
	int n;

	if (answer->cut)
		return;
	n = snprintf(answer->buf + answer->len, room, "%s%s=%s%s%s",
	    answer->len == 0 ? "" : " ", key, quote, value, quote);
	answer->cut = n < 0 || (size_t)n >= room;
	if (answer->cut)
		answer->buf[answer->len] = '\0';
	else
		answer->len += (size_t)n;
}

void
answer_word(struct answer *answer, const char *key, const char *value)
{
	put(answer, key, "", value);
}

void
answer_quoted(struct answer *answer, const char *key, const char *value)
{
	put(answer, key, "\"", value);
}

static char
clean(char c)
{
	if (c == '"')
		return '\'';
	return c >= ' ' && c <= '~' && strchr("\\${}`", c) == NULL ? c : '?';
}

void
answer_clean(char *buf, size_t size, const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < size; i++)
		buf[i] = clean(text[i]);
	buf[i] = '\0';
	if (text[i] != '\0' && i >= 3)
		memcpy(buf + i - 3, "...", 3);
}

void
answer_reason(struct answer *answer, const char *text, const char *detail)
{
	char joined[2 * ANSWER_REASON_MAX], value[ANSWER_REASON_MAX + 1];

	snprintf(joined, sizeof(joined), "%s%s%s", text,
	    detail[0] != '\0' ? ": " : "", detail);
	answer_clean(value, sizeof(value), joined);
	answer_quoted(answer, "reason", value);
}
