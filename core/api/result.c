/*
 * Reading a result, and the one log line of a decision (DESIGN: every decision
 * can be explained from one line).
 *
 * Test: tests/unit/test_result.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/result.h"
#include "base/text.h"
#include "rules/domain.h"
#include "rules/ignore.h"

void
result_clear(struct mtasts_result *result)
{
	result->evaluation = NULL;
	result->source = MTASTS_SOURCE_NONE;
	memset(&result->answer, 0, sizeof(result->answer));
}

void
result_name(struct mtasts_result *result, const char *name)
{
	text_escaped(result->domain, sizeof(result->domain), name,
	    strlen(name));
}

void
result_evaluated(struct mtasts_result *result)
{
	const struct evaluation *evaluation = &result->room;
	size_t i;

	result->evaluation = &result->room;
	for (i = 0; i < evaluation->host_count; i++) {
		const struct eval_host *host = &evaluation->hosts[i];

		result->hosts[i] = (struct mtasts_host) { host->name,
			host->preference, host->matched,
			verdict_finding(host), host->detail };
	}
}

void
result_take(struct mtasts_result *result, struct job *job, char **bytes)
{
	result_clear(result);
	memcpy(result->domain, job->domain, strlen(job->domain) + 1);
	result->answer = job->answer;
	result->source = job->source;
	*bytes = job->bytes;
	job->bytes = NULL;
	if (job->evaluation != NULL) {
		result->room = *job->evaluation;
		result_evaluated(result);
	}
}

static bool
has_policy(const struct mtasts_result *result)
{
	return result->answer.outcome == MTASTS_OUTCOME_POLICY;
}

bool
mtasts_result_match(const struct mtasts_result *result, const char *host)
{
	const struct policy *policy = &result->answer.policy;
	char name[DOMAIN_SIZE];

	if (!answer_binds(&result->answer))
		return true;
	return domain_host(host, strlen(host), name) &&
	    policy_match(policy, name);
}

const char *
mtasts_result_domain(const struct mtasts_result *result)
{
	return result->domain;
}

enum mtasts_outcome
mtasts_result_outcome(const struct mtasts_result *result)
{
	return result->answer.outcome;
}

enum mtasts_mode
mtasts_result_mode(const struct mtasts_result *result)
{
	return has_policy(result) ? result->answer.policy.mode :
				    MTASTS_NO_POLICY;
}

enum mtasts_source
mtasts_result_source(const struct mtasts_result *result)
{
	return result->source;
}

/* What evaluation ran into comes before what discovery did. */
enum mtasts_reason
mtasts_result_reason(const struct mtasts_result *result)
{
	if (result->evaluation != NULL &&
	    result->evaluation->reason != MTASTS_REASON_POLICY)
		return result->evaluation->reason;
	return result->answer.reason;
}

const char *
mtasts_result_detail(const struct mtasts_result *result)
{
	return result->answer.detail;
}

const char *
mtasts_result_id(const struct mtasts_result *result)
{
	return result->answer.id;
}

uint32_t
mtasts_result_max_age(const struct mtasts_result *result)
{
	return result->answer.policy.max_age;
}

int64_t
mtasts_result_fetched_at(const struct mtasts_result *result)
{
	return result->answer.fetched_at;
}

int64_t
mtasts_result_expires_at(const struct mtasts_result *result)
{
	return result->answer.expires_at;
}

size_t
mtasts_result_mx_count(const struct mtasts_result *result)
{
	return result->answer.policy.mx_count;
}

const char *
mtasts_result_mx(const struct mtasts_result *result, size_t i)
{
	const struct policy *policy = &result->answer.policy;
	const char *mx = policy_next_mx(policy, NULL);

	while (mx != NULL && i-- > 0)
		mx = policy_next_mx(policy, mx);
	return mx;
}

enum mtasts_verdict
mtasts_result_verdict(const struct mtasts_result *result)
{
	return result->evaluation == NULL ? MTASTS_VERDICT_NONE :
					    result->evaluation->verdict;
}

const char *
mtasts_result_enhanced_code(const struct mtasts_result *result)
{
	return result->evaluation == NULL ? "" : result->evaluation->code;
}

const char *
mtasts_result_sentence(const struct mtasts_result *result)
{
	return result->evaluation == NULL ? "" : result->evaluation->sentence;
}

size_t
mtasts_result_host_count(const struct mtasts_result *result)
{
	return result->evaluation == NULL ? 0 :
					    result->evaluation->host_count;
}

const struct mtasts_host *
mtasts_result_host(const struct mtasts_result *result, size_t i)
{
	return i < mtasts_result_host_count(result) ? &result->hosts[i] : NULL;
}

/* The host a reader of the log wants to know of: the one that passed, or the
 * first that was probed. */
static const struct mtasts_host *
decisive_host(const struct mtasts_result *result)
{
	const struct mtasts_host *first = NULL;
	size_t i;

	for (i = 0; i < mtasts_result_host_count(result); i++) {
		const struct mtasts_host *host = &result->hosts[i];

		if (host->finding == MTASTS_FINDING_OK)
			return host;
		if (first == NULL && host->finding != MTASTS_FINDING_NOT_PROBED)
			first = host;
	}
	return first;
}

static void
put_quoted(struct text *text, const char *name, const char *sentence)
{
	char quoted[2 * EVAL_SENTENCE_SIZE];

	text_printf(text, " %s=\"%s\"", name,
	    text_quoted(quoted, sizeof(quoted), sentence));
}

static void
format_evaluation(const struct mtasts_result *result, struct text *text)
{
	const struct mtasts_host *host = decisive_host(result);

	text_printf(text, " verdict=%s",
	    mtasts_verdict_name(mtasts_result_verdict(result)));
	if (host != NULL)
		text_printf(text, " host=%s result=%s", host->name,
		    mtasts_finding_name(host->finding));
	put_quoted(text, "reason", mtasts_result_sentence(result));
}

static void
format_reason(const struct mtasts_result *result, struct text *text)
{
	const char *detail = mtasts_result_detail(result);
	char reason[64 + ANSWER_DETAIL_SIZE];

	(void)snprintf(reason, sizeof(reason), "%s%s%s",
	    mtasts_reason_name(mtasts_result_reason(result)),
	    detail[0] != '\0' ? ": " : "", detail);
	put_quoted(text, "reason", reason);
}

/* A name that is no domain may hold anything: only what cannot be taken for
 * another field stands without quotation marks. */
static void
format_domain(const struct mtasts_result *result, struct text *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._:[]";
	const char *name = result->domain;

	if (name[0] != '\0' && name[strspn(name, plain)] == '\0')
		text_printf(text, "domain=%s", name);
	else
		text_printf(text, "domain=\"%s\"", name);
}

/* "..." at the end, in place of whole characters. */
static size_t
mark_cut(char *buf, size_t len, size_t size)
{
	if (size < sizeof("..."))
		return len;
	if (len > size - sizeof("..."))
		len = size - sizeof("...");
	while (len > 0 && ((unsigned char)buf[len] & 0xc0) == 0x80)
		len--;
	memcpy(buf + len, "...", sizeof("..."));
	return len + sizeof("...") - 1;
}

size_t
mtasts_result_format(const struct mtasts_result *result, char *buf,
    size_t size)
{
	struct text text;

	if (size == 0)
		return 0;
	text_init(&text, buf, size);
	format_domain(result, &text);
	text_printf(&text, " policy=%s",
	    mtasts_mode_name(mtasts_result_mode(result)));
	if (result->answer.id[0] != '\0')
		text_printf(&text, " id=%s", result->answer.id);
	text_printf(&text, " source=%s", mtasts_source_name(result->source));
	if (result->evaluation != NULL)
		format_evaluation(result, &text);
	else
		format_reason(result, &text);
	return text.cut ? mark_cut(buf, text.len, size) : text.len;
}

/* A pattern with a wildcard is the parent's name with a dot in front. */
bool
mtasts_result_match_list(const struct mtasts_result *result, char *buf,
    size_t size)
{
	const struct policy *policy = &result->answer.policy;
	const char *mx = policy_next_mx(policy, NULL);
	struct text text;

	if (size == 0)
		return false;
	text_init(&text, buf, size);
	for (; mx != NULL; mx = policy_next_mx(policy, mx)) {
		if (text.len > 0)
			text_put(&text, ":");
		text_put(&text, mx[0] == '*' ? mx + 1 : mx);
	}
	if (text.cut)
		buf[0] = '\0';
	return !text.cut;
}

bool
mtasts_result_enforces(const struct mtasts_result *result)
{
	return mtasts_result_mode(result) == MTASTS_MODE_ENFORCE;
}

enum mtasts_advice
mtasts_result_advice(const struct mtasts_result *result)
{
	if (result->answer.outcome == MTASTS_OUTCOME_DEFER)
		return MTASTS_ADVICE_HOLD;
	switch (mtasts_result_verdict(result)) {
	case MTASTS_VERDICT_NONE:
	case MTASTS_VERDICT_PASS:
		break;
	case MTASTS_VERDICT_FAIL:
		return mtasts_result_enforces(result) ? MTASTS_ADVICE_WITHHOLD :
							MTASTS_ADVICE_REPORT;
	case MTASTS_VERDICT_TEMPERROR:
		if (mtasts_result_enforces(result))
			return MTASTS_ADVICE_UNKNOWN;
		break;
	}
	return MTASTS_ADVICE_DELIVER;
}

bool
mtasts_same_domain(const char *a, const char *b)
{
	char name_a[DOMAIN_SIZE], name_b[DOMAIN_SIZE];

	return domain_normalise(a, strlen(a), name_a) == DOMAIN_OK &&
	    domain_normalise(b, strlen(b), name_b) == DOMAIN_OK &&
	    strcmp(name_a, name_b) == 0;
}

bool
mtasts_result_ignore_list(const struct mtasts_result *result, char *buf,
    size_t size)
{
	if (size == 0)
		return false;
	buf[0] = '\0';
	return !answer_binds(&result->answer) ||
	    ignore_list(&result->answer.policy, buf, size);
}

static bool
accepts_a_host(const struct mtasts_result *result)
{
	size_t i;

	for (i = 0; i < mtasts_result_host_count(result); i++) {
		if (result->hosts[i].matched)
			return true;
	}
	return false;
}

bool
mtasts_result_match_target(const struct mtasts_result *result,
    const char *host)
{
	char name[DOMAIN_SIZE];
	size_t i;

	if (!answer_binds(&result->answer) ||
	    mtasts_result_host_count(result) == 0)
		return mtasts_result_match(result, host);
	if (!domain_host(host, strlen(host), name))
		return false;
	for (i = 0; i < mtasts_result_host_count(result); i++) {
		if (strcmp(result->hosts[i].name, name) == 0)
			return result->hosts[i].matched;
	}
	return accepts_a_host(result);
}
