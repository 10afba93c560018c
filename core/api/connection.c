/*
 * What an MTA tells of its connections: judged by the policy, counted, and put in a line that looks
 * like the line of a decision (mtasts_result_format).
 *
 * Test: tests/unit/test_connection.c.
 */
#include <string.h>

#include "api/context.h"
#include "base/text.h"

/* A name is a word, unless somebody made it more than one. */
static void
put_escaped(struct text *text, const char *key, const char *value)
{
	const char *quote = strchr(value, ' ') != NULL ? "\"" : "";

	text_printf(text, "%s%s=%s", text->len == 0 ? "" : " ", key, quote);
	text_escape(text, value, strlen(value));
	text_put(text, quote);
}

void
mtasts_judge_connection(const struct mtasts_result *result,
    struct mtasts_connection *connection)
{
	if (mtasts_result_match_target(result, connection->host))
		return;
	connection->finding = MTASTS_FINDING_VALIDATION_FAILURE;
	connection->detail = "the policy does not name this host";
}

size_t
mtasts_note_connection(struct mtasts *ctx,
    const struct mtasts_connection *connection, char *buf, size_t size)
{
	struct text text;

	counters_add(ctx->counters, COUNTER_CONNECTIONS);
	if (connection->finding != MTASTS_FINDING_OK)
		counters_add(ctx->counters, COUNTER_CONNECTION_FAILURES);
	if (size == 0)
		return 0;
	text_init(&text, buf, size);
	put_escaped(&text, "domain", connection->domain);
	text_printf(&text, " policy=%s", mtasts_mode_name(connection->mode));
	put_escaped(&text, "host", connection->host);
	if (connection->address[0] != '\0')
		put_escaped(&text, "address", connection->address);
	text_printf(&text, " result=%s",
	    mtasts_finding_name(connection->finding));
	if (connection->detail[0] != '\0') {
		text_put(&text, " reason=\"");
		text_escape(&text, connection->detail,
		    strlen(connection->detail));
		text_put(&text, "\"");
	}
	return text.len;
}
