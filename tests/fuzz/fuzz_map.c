/*
 * milter/map_protocol and map_dialect: any octets as what a client of the
 * socket map sends, and what it is answered.
 */
#include <config.h>

#include "milter/map_dialect.h"
#include "milter/map_protocol.h"

#include "api/result.h"
#include "fuzz/fuzz.h"

#define ANSWER_SIZE MAP_ANSWER_MAX

static char answer[ANSWER_SIZE];

/* ---- Netstrings ---------------------------------------------------------- */

static enum netstring_status
status_of(const char *data, size_t len)
{
	char *copy = exact_copy(data, len);
	const char *payload;
	size_t n, used;
	enum netstring_status status =
	    netstring_parse(copy, len, &payload, &n, &used);

	free(copy);
	return status;
}

/* However it arrives: a request is the beginning of one until it is there. */
static void
check_prefixes(const char *data, size_t used)
{
	size_t step = 1 + used / 16, cut;

	for (cut = 0; cut < used; cut += step)
		assert_int_equal(status_of(data, cut), NETSTRING_MORE);
	assert_int_equal(status_of(data, used - 1), NETSTRING_MORE);
	assert_int_equal(status_of(data, used), NETSTRING_OK);
}

static void
check_printed(const char *data, const char *payload, size_t len)
{
	char header[16];
	size_t n = netstring_header(len, header);

	assert_int_equal(n, payload - data);
	assert_memory_equal(header, data, n);
	assert_in_range(n, 2, MAP_HEADER_MAX);
	assert_in_range(len, 0, MAP_REQUEST_MAX);
}

/* ---- Answers ------------------------------------------------------------- */

static struct mtasts_result *
result_make(enum mtasts_mode mode)
{
	static const char mx[] = "mx.good.test\0*.wild.test";
	static struct mtasts_result result;

	result = (struct mtasts_result){ .domain = "good.test" };
	result.answer.outcome = MTASTS_OUTCOME_POLICY;
	result.answer.policy = (struct policy){ .mode = mode,
		.max_age = 86400,
		.mx = mx,
		.mx_count = 2,
		.mx_size = sizeof(mx) };
	return &result;
}

/* One line, and never PERM: it fails open. */
static void
check_answer(void)
{
	size_t len = strnlen(answer, ANSWER_SIZE), i;

	assert_in_range(len, 1, ANSWER_SIZE - 1);
	assert_true(strncmp(answer, "OK ", 3) == 0 ||
		    strncmp(answer, "NOTFOUND ", 9) == 0 ||
		    strncmp(answer, "TEMP ", 5) == 0);
	for (i = 0; i < len; i++)
		assert_in_range((unsigned char)answer[i], 0x20, 0x7e);
}

/* "OK secure" alone lets Sendmail go on: only to a server of the policy. */
static void
check_enforced(const struct map_question *question)
{
	const struct mtasts_result *result = result_make(MTASTS_MODE_ENFORCE);
	enum map_answer_kind kind =
	    map_dialect_answer(question, result, answer, sizeof(answer));

	check_answer();
	assert_int_not_equal(kind, MAP_ANSWER_NONE);
	if (strcmp(answer, "OK secure") == 0)
		assert_true(mtasts_result_match(result, question->server));
	if (kind == MAP_ANSWER_REFUSED)
		assert_false(mtasts_result_match(result, question->server));
}

static void
check_question(const char *name, const char *key)
{
	struct map_question question;
	bool ask =
	    map_dialect_ask(name, key, &question, answer, sizeof(answer));

	check_answer();
	assert_true(!ask || map_dialect_knows(name));
	if (!ask)
		return;
	assert_in_range(
	    strnlen(question.domain, MAP_DOMAIN_SIZE), 1, MAP_DOMAIN_SIZE - 1);
	assert_in_range(
	    strnlen(question.server, MAP_DOMAIN_SIZE), 0, MAP_DOMAIN_SIZE - 1);
	assert_non_null(strstr(key, question.domain));
	assert_int_equal(
	    map_dialect_answer(&question, NULL, answer, sizeof(answer)),
	    MAP_ANSWER_NONE);
	check_answer();
	assert_int_equal(
	    map_dialect_answer(&question, result_make(MTASTS_MODE_TESTING),
		answer, sizeof(answer)),
	    MAP_ANSWER_NONE);
	check_enforced(&question);
}

static void
check_request(const char *payload, size_t len)
{
	char *request = malloc(len + 1);
	const char *name, *key;

	assert_non_null(request);
	memcpy(request, payload, len);
	request[len] = '\0';
	map_request_split(request, &name, &key);
	assert_true(name == request && strlen(name) <= len);
	assert_true(*key == '\0' || strlen(name) + 1 + strlen(key) == len);
	check_question(name, key);
	free(request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *payload;
	enum netstring_status status;
	size_t len, used;

	while ((status = netstring_parse(at, size, &payload, &len, &used)) ==
	       NETSTRING_OK) {
		assert_in_range(used, len + 3, size);
		assert_ptr_equal(payload + len + 1, at + used);
		check_prefixes(at, used);
		check_printed(at, payload, len);
		check_request(payload, len);
		at += used;
		size -= used;
	}
	/* Nobody waits for the rest of what has no bounds. */
	if (size > MAP_HEADER_MAX + MAP_REQUEST_MAX + 1)
		assert_int_equal(status, NETSTRING_BAD);
	return 0;
}
