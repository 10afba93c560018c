/*
 * response: may an HTTP answer serve as a policy (RFC 8461, 3.2 and 3.3)?
 *
 * Sees the status and two header values, nothing of the transfer: size and
 * time are bounded by whoever reads it, certificates are checked there.
 *
 * Test: tests/unit/test_response.c
 */
#include "rules/response.h"

#include "base/span.h"
#include "base/text.h"

/* The value without its parameters and the blanks around it. */
static struct span
first_word(const char *value)
{
	struct span rest = span_str(value);
	struct span word = span_until(&rest, ';', NULL);

	span_while(&word, span_is_blank);
	while (word.len > 0 &&
	    span_is_blank((unsigned char)word.data[word.len - 1]))
		word.len--;
	return word;
}

/* Parameters do not matter: the parser of the body knows ASCII and UTF-8. */
static bool
is_text_plain(const char *content_type)
{
	return content_type != NULL &&
	    span_is_nocase(first_word(content_type), "text/plain");
}

/* We never ask for a coding; one that comes all the same is not undone. */
static bool
is_uncoded(const char *content_encoding)
{
	struct span word;

	if (content_encoding == NULL)
		return true;
	word = first_word(content_encoding);
	return span_empty(word) || span_is_nocase(word, "identity");
}

static bool
is_redirect(int code)
{
	return code == 301 || code == 302 || code == 303 || code == 307 ||
	    code == 308;
}

enum mtasts_reason
response_check(const struct response *response,
    char detail[RESPONSE_DETAIL_SIZE])
{
	struct text text;

	text_init(&text, detail, RESPONSE_DETAIL_SIZE);
	if (is_redirect(response->code)) {
		text_put(&text, "redirect");
		return MTASTS_REASON_FETCH_ERROR;
	}
	if (response->code != 200) {
		text_printf(&text, "http-%d", response->code);
		return MTASTS_REASON_FETCH_ERROR;
	}
	if (!is_text_plain(response->content_type)) {
		text_put(&text, "media-type");
		return MTASTS_REASON_POLICY_INVALID;
	}
	if (!is_uncoded(response->content_encoding)) {
		text_put(&text, "content-encoding");
		return MTASTS_REASON_POLICY_INVALID;
	}
	return MTASTS_REASON_POLICY;
}
