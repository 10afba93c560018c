/*
 * The policy of a result as its host published it, for those who report on it
 * (RFC 8460, 4.4). Answers do without; it is read from the stored policy.
 *
 * Test: tests/unit/test_api.c.
 */
#include <string.h>

#include "api/session.h"
#include "base/text.h"

/* Is it the policy that the result is about? */
static bool
is_same(const struct entry *entry, const struct answer *answer)
{
	return strcmp(entry->id, answer->id) == 0 &&
	    entry->fetched_at == answer->fetched_at;
}

static bool
put_lines(struct span raw, char *buf, size_t size)
{
	struct text text;

	text_init(&text, buf, size);
	while (!span_empty(raw)) {
		struct span line = span_until(&raw, '\n', NULL);

		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		if (span_empty(line))
			continue;
		text_clean(&text, line.data, line.len);
		text_put(&text, "\n");
	}
	if (text.cut)
		buf[0] = '\0';
	return !text.cut;
}

bool
mtasts_result_published(const struct mtasts_result *result, char *buf,
    size_t size)
{
	struct mtasts_session *session = result->session;
	struct cache_buffer bytes = { 0 };
	struct entry entry;
	bool is_kept;

	if (size == 0)
		return false;
	buf[0] = '\0';
	if (session == NULL || mtasts_result_mode(result) == MTASTS_NO_POLICY)
		return false;
	is_kept = lookup_entry(&session->ctx->cache, session->reader,
		      result->domain, &bytes, &entry) &&
	    is_same(&entry, &result->answer) && entry.raw.len > 0 &&
	    put_lines(entry.raw, buf, size);
	cache_buffer_free(&bytes);
	return is_kept;
}
