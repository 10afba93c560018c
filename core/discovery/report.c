/*
 * What becomes known of a lookup beside its result: steps of a trace, one log
 * line where a cached policy stays in force against the odds, the counters.
 * Decides nothing.
 *
 * Test: tests/scenario (LOG), tests/lab.
 */
#include <stdarg.h>

#include "discovery/report.h"
#include "base/text.h"
#include "rules/domain.h"

/* ---- Trace ------------------------------------------------------------- */

void
report_step(const struct lookup_trace *to, enum mtasts_stage stage,
    const char *subject, int64_t elapsed, const char *fmt, ...)
{
	char buf[512];
	struct text text;
	va_list ap;

	if (to->fn == NULL)
		return;
	text_init(&text, buf, sizeof(buf));
	va_start(ap, fmt);
	text_vprintf(&text, fmt, ap);
	va_end(ap);
	to->fn(to->arg, &(struct mtasts_step) { stage, subject, buf, elapsed });
}

#define STEP(stage, subject, ...) \
	report_step(&env->trace, stage, subject, elapsed, __VA_ARGS__)

void
report_txt(const struct lookup_env *env, const struct discovery *d,
    const struct dns_answer *dns, int64_t elapsed)
{
	char name[DOMAIN_SIZE];

	domain_record_name(d->domain, name);
	if (d->id[0] != '\0')
		STEP(MTASTS_STAGE_DNS, name, "TXT: id %s, TTL %u s",
		    d->id, (unsigned)dns->ttl);
	else if (d->temporary)
		STEP(MTASTS_STAGE_DNS, name, "TXT: no answer (%s%s%s)",
		    dns_status_name(dns->status),
		    dns->detail[0] != '\0' ? ": " : "", dns->detail);
	else
		STEP(MTASTS_STAGE_DNS, name, "TXT: no record (%s)",
		    d->detail[0] != '\0' ? d->detail :
			mtasts_reason_name(MTASTS_REASON_NO_RECORD));
}

void
report_fetch(const struct lookup_env *env, const struct discovery *d,
    const struct https_answer *https, int64_t elapsed)
{
	char host[DOMAIN_SIZE];

	domain_policy_host(d->domain, host);
	STEP(MTASTS_STAGE_HTTPS, host, "GET: %s, status %d, %zu octets%s%s%s%s",
	    https_status_name(https->status), https->code, https->len,
	    https->address[0] != '\0' ? " from " : "", https->address,
	    https->detail[0] != '\0' ? ": " : "", https->detail);
	if (d->fetch_failed)
		STEP(MTASTS_STAGE_POLICY, host, "not usable: %s %s",
		    mtasts_reason_name(d->answer.reason), d->answer.detail);
	else
		STEP(MTASTS_STAGE_POLICY, host,
		    "mode %s, max_age %u s, %zu mx",
		    mtasts_mode_name(d->answer.policy.mode),
		    (unsigned)d->answer.policy.max_age,
		    d->answer.policy.mx_count);
}

/* ---- Log and counters --------------------------------------------------- */

/* The first failure is a warning, every so many in a row an error (RFC 8461,
 * 3.3 and 10.2). */
static enum mtasts_log_level
failure_level(const struct lookup_env *env, unsigned failures)
{
	if (failures % (unsigned)env->refresh_warnings == 0)
		return MTASTS_LOG_ERROR;
	return failures == 1 ? MTASTS_LOG_WARNING : MTASTS_LOG_INFO;
}

/* What a return value cannot carry: a cached policy stays in force although
 * discovery ran into trouble. Nobody needs to know of mode none (8.3). */
static void
log_trouble(const struct lookup_env *env, const struct discovery *d)
{
	const struct answer *answer = &d->answer;
	const struct log *log = env->log;
	char detail[2 * ANSWER_DETAIL_SIZE];

	if (d->from_answers || !answer_binds(answer) ||
	    answer->reason == MTASTS_REASON_POLICY)
		return;
	text_quoted(detail, sizeof(detail), answer->detail);
	if (d->fetch_failed)
		log_line(log, failure_level(env, d->entry.refresh_failures),
		    "domain=%s event=policy-refresh-failed failures=%u policy=%s id=%s expires_in=%llds reason=\"%s: %s\"",
		    d->domain, (unsigned)d->entry.refresh_failures,
		    mtasts_mode_name(answer->policy.mode), answer->id,
		    (long long)(answer->expires_at - answer->asked_at),
		    mtasts_reason_name(answer->reason), detail);
	else
		log_line(log, MTASTS_LOG_NOTICE,
		    "domain=%s event=cached-policy-kept policy=%s id=%s reason=\"%s: %s\"",
		    d->domain, mtasts_mode_name(answer->policy.mode),
		    answer->id, mtasts_reason_name(answer->reason),
		    detail);
}

/* Every lookup is counted once, here or where a session ends it by a hit. */
static void
count(const struct lookup_env *env, const struct discovery *d)
{
	struct counters *counters = env->counters;

	counters_add(counters, COUNTER_LOOKUPS);
	counters_add(counters,
	    d->from_answers ? COUNTER_HITS : COUNTER_MISSES);
	if (d->from_answers)
		return;
	if (d->temporary)
		counters_add(counters, COUNTER_DNS_FAILURES);
	if (d->fetched)
		counters_add(counters, COUNTER_FETCHES);
	else if (d->answer.outcome == MTASTS_OUTCOME_POLICY)
		counters_add(counters, COUNTER_UNCHANGED);
	if (d->fetch_failed)
		counters_add(counters, COUNTER_FETCH_FAILURES);
	if (d->fetched && (d->flags & MTASTS_REFRESH))
		counters_add(counters, COUNTER_REFRESHES);
}

void
report_discovery(const struct lookup_env *env,
    const struct discovery *discovery)
{
	log_trouble(env, discovery);
	count(env, discovery);
}
