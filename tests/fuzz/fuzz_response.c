/* rules/response: any status, media type and coding (RFC 8461, 3.3). */
#include "rules/response.h"

#include "base/span.h"
#include "base/text.h"
#include "fuzz/fuzz.h"

/* A string of a line, NULL for a line that is not there. */
static char *
next_value(struct span *rest)
{
	struct span line;
	char *value;

	if (span_empty(*rest))
		return NULL;
	line = span_until(rest, '\n', NULL);
	value = malloc(line.len + 1);
	assert_non_null(value);
	memcpy(value, line.data, line.len);
	value[line.len] = '\0';
	return value;
}

/* An input is a status, a media type and a coding, a line each. */
static void
check_response(const char *data, size_t len)
{
	struct span rest = span_of(data, len);
	char *code = next_value(&rest);
	char *type = next_value(&rest);
	char *coding = next_value(&rest);
	char detail[RESPONSE_DETAIL_SIZE];
	struct response response = {
		.code = code == NULL ? 0 : (int)strtol(code, NULL, 10),
		.content_type = type,
		.content_encoding = coding,
	};
	enum mtasts_reason reason;

	memset(detail, 'z', sizeof(detail));
	reason = response_check(&response, detail);
	assert_non_null(memchr(detail, '\0', sizeof(detail)));
	assert_true(text_is_clean(detail, strlen(detail)));
	/* Each of the three says all there is to say. */
	assert_int_equal(reason == MTASTS_REASON_POLICY, detail[0] == '\0');
	assert_int_equal(reason == MTASTS_REASON_FETCH_ERROR,
	    response.code != 200);
	if (response.code == 200 && reason != MTASTS_REASON_POLICY)
		assert_int_equal(reason, MTASTS_REASON_POLICY_INVALID);
	if (reason == MTASTS_REASON_POLICY)
		assert_non_null(type);
	free(code);
	free(type);
	free(coding);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_response((const char *)data, size);
	return 0;
}
