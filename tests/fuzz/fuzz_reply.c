/*
 * milter/reply, decision and header: what hosts and domains wrote, in a reply
 * and a header field. An input is a domain, a sentence, an MX host and an id, a
 * line each.
 */
#include <config.h>

#include "milter/decision.h"
#include "milter/header.h"
#include "milter/reply.h"

#include "api/result.h"
#include "base/text.h"
#include "fuzz/fuzz.h"

static char *
next_string(struct span *rest)
{
	struct span line = span_until(rest, '\n', NULL);
	char *copy = malloc(line.len + 1);

	assert_non_null(copy);
	if (line.len > 0)
		memcpy(copy, line.data, line.len);
	copy[line.len] = '\0';
	return copy;
}

static void
check_printable(const char *text)
{
	for (; *text != '\0'; text++)
		assert_in_range((unsigned char)*text, 0x20, 0x7e);
}

/* ---- Escapes ------------------------------------------------------------- */

static void
check_escaped(const char *text, size_t size, bool percent)
{
	char *buf = malloc(size);
	size_t len, i;

	assert_non_null(buf);
	len = reply_escape(buf, size, text, percent);
	assert_int_equal(strlen(buf), len);
	assert_true(len < size);
	check_printable(buf);
	for (i = 0; percent && i < len; i++)
		if (buf[i] == '%')
			assert_int_equal(buf[++i], '%');
	/* The end alone may be missing. */
	if (size > 4 * strlen(text))
		assert_true(len >= strlen(text));
	free(buf);
}

static void
check_escape(const char *text)
{
	static const size_t sizes[] = { 1, 2, 4, 5, REPLY_SIZE };
	size_t i;

	for (i = 0; i < COUNT(sizes); i++) {
		check_escaped(text, sizes[i], false);
		check_escaped(text, sizes[i], true);
	}
	check_escaped(text, 4 * strlen(text) + 1, true);
}

/* ---- Decisions ----------------------------------------------------------- */

/* One host at most, which passed if the verdict says so. */
static void
evaluate(struct mtasts_result *result, const char *sentence, const char *host)
{
	struct evaluation *evaluation = result->evaluation;
	enum mtasts_finding finding = MTASTS_FINDING_CERTIFICATE_EXPIRED;
	struct text text;

	evaluation->verdict = (enum mtasts_verdict)(strlen(sentence) % 4);
	evaluation->code = "4.7.5";
	text_init(&text, evaluation->sentence, sizeof(evaluation->sentence));
	text_clean(&text, sentence, strlen(sentence));
	if (!domain_host(host, strlen(host), evaluation->hosts[0].name))
		return;
	if (evaluation->verdict == MTASTS_VERDICT_PASS)
		finding = MTASTS_FINDING_OK;
	evaluation->host_count = 1;
	result->hosts[0] = (struct mtasts_host){ evaluation->hosts[0].name, 10,
		true, finding, "" };
}

static void
check_reply(const struct decision *decision)
{
	const char *at;

	check_printable(decision->text);
	for (at = decision->text; (at = strchr(at, '%')) != NULL; at += 2)
		assert_int_equal(at[1], '%');
	assert_true(strlen(decision->rcode) == 3);
	assert_int_equal(decision->rcode[0], decision->xcode[0]);
}

/* The value of one field: up to ';' or the end, in quotation marks if it holds
 * anything else than a word. */
static const char *
skip_value(const char *at)
{
	if (*at != '"')
		return at + strcspn(at, "; \t\n\"");
	for (at++; *at != '"'; at++) {
		if (*at == '\\')
			at++;
		assert_true(*at != '\0');
	}
	return at + 1;
}

/* name=value; name=value: nobody's words make a field of their own. */
static void
check_header(const char *value)
{
	static const char *const names[] = {
		"mode=", "result=", "domain=", "id=", "mx=", "reason="
	};
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		if (strncmp(value, names[i], strlen(names[i])) != 0)
			continue;
		value = skip_value(value + strlen(names[i]));
		if (*value != ';')
			break;
		value += strncmp(value, ";\n\t", 3) == 0 ? 3 : 2;
	}
	assert_string_equal(value, "");
}

static void
check_decision(const struct mtasts_result *result, const char *address)
{
	const struct conf conf = { .milter = { .on_fail = ON_FAIL_REJECT } };
	struct header_summary summary;
	struct decision decision;
	char value[HEADER_SIZE];

	decision_make(&conf, result, &decision);
	check_reply(&decision);
	header_begin(&summary);
	header_add(&summary, address, &decision);
	assert_true(header_is_due(&summary, TAG_ALL));
	header_format(&summary, value, sizeof(value));
	check_header(value);
}

static void
check_result(struct span rest)
{
	char *domain = next_string(&rest), *sentence = next_string(&rest);
	char *host = next_string(&rest), *id = next_string(&rest);
	struct mtasts_result *result = calloc(1, sizeof(*result));

	assert_non_null(result);
	result->evaluation = &result->room;
	result_name(result, domain);
	result->answer.outcome = MTASTS_OUTCOME_POLICY;
	result->answer.policy.mode = MTASTS_MODE_ENFORCE;
	if (record_id_is_valid(span_str(id)))
		memcpy(result->answer.id, id, strlen(id) + 1);
	evaluate(result, sentence, host);
	check_decision(result, domain);
	result_clear(result);
	free(result);
	free(domain);
	free(sentence);
	free(host);
	free(id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	char *text = next_string(&rest);

	check_escape(text);
	check_result(span_of(data, size));
	free(text);
	return 0;
}
