/*
 * From host to host: see walk.h. RFC 8461, 4.1 and 5.1; RFC 5321, 5.1; RFC
 * 7505. Knows no policy but through policy_match, and leaves judging to
 * verdict.c.
 *
 * Test: tests/scenario.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/walk.h"
#include "discovery/report.h"
#include "eval/hosts.h"
#include "eval/recall.h"

struct walk {
	const struct walk_env *env;
	struct walk **self;
	walk_done_fn *done;
	void *arg;
	char domain[DOMAIN_SIZE];
	const struct policy *policy;
	struct dns_query *query;
	struct probe_run *run;
	struct eval_host *host; /* being probed */
	bool stepping; /* walk_step is active below us */
	bool finished;
	int64_t step_began;
	struct cache_buffer bytes;
	struct mxset mx; /* as DNS answered */
	struct evaluation evaluation;
};

static void walk_step(struct walk *walk);

/* Each step's time counts from the end of the one before. */
static int64_t
lap(struct walk *walk)
{
	int64_t now = clock_monotonic(walk->env->ports->clock);
	int64_t elapsed = now - walk->step_began;

	walk->step_began = now;
	return elapsed;
}

#define TRACE(walk, stage, subject, ...)                                \
	report_step(&(walk)->env->ports->trace, stage, subject,   \
	    lap(walk), __VA_ARGS__)

static void
walk_free(struct walk *walk)
{
	dns_cancel(&walk->env->ports->dns, &walk->query);
	probe_cancel(&walk->env->probe, &walk->run);
	cache_buffer_free(&walk->bytes);
	free(walk);
}

static struct recall
memory_of(struct walk *walk)
{
	const struct lookup_env *ports = walk->env->ports;

	return (struct recall) { &ports->cache, ports->reader, &walk->bytes,
		clock_wall(ports->clock) };
}

/* Whom DNS named is remembered with a pass, which alone is given by it. Any
 * other verdict on what DNS says now speaks against what it said before. */
static void
note_mx(struct walk *walk)
{
	struct recall memory = memory_of(walk);

	if (walk->mx.asked_at == 0)
		return;
	if (walk->evaluation.verdict != MTASTS_VERDICT_PASS)
		walk->mx.count = 0;
	recall_note_mx(&memory, walk->domain, &walk->mx);
}

static void
finish(struct walk *walk)
{
	note_mx(walk);
	TRACE(walk, MTASTS_STAGE_VERDICT, walk->domain, "%s: %s",
	    mtasts_verdict_name(walk->evaluation.verdict),
	    walk->evaluation.sentence);
	*walk->self = NULL;
	walk->done(walk->arg, &walk->evaluation);
	walk_free(walk);
}

/* There is nothing to probe: an answer without a policy's verdict. */
static void
conclude(struct walk *walk, enum mtasts_verdict verdict,
    enum mtasts_reason reason, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

static void
conclude(struct walk *walk, enum mtasts_verdict verdict,
    enum mtasts_reason reason, const char *code, const char *fmt, ...)
{
	struct evaluation *evaluation = &walk->evaluation;
	va_list ap;

	evaluation->verdict = verdict;
	evaluation->reason = reason;
	evaluation->code = code;
	va_start(ap, fmt);
	vsnprintf(evaluation->sentence, sizeof(evaluation->sentence), fmt, ap);
	va_end(ap);
	walk->finished = true;
}

/* ---- MX ----------------------------------------------------------------- */

static void
add_host(struct walk *walk, const char *given, uint16_t preference)
{
	char name[DOMAIN_SIZE];
	bool matched;

	if (!domain_host(given, strlen(given), name))
		return;
	mxset_add(&walk->mx, name, preference);
	matched = hosts_add(&walk->evaluation, walk->policy, name, preference);
	TRACE(walk, MTASTS_STAGE_MX, name, "preference %u, %s",
	    (unsigned)preference,
	    matched ? "named by the policy" : "NOT named by the policy");
}

static bool
is_null_mx(const struct dns_answer *dns)
{
	return dns->count == 1 && dns->mx[0].preference == 0 &&
	    dns->mx[0].host[0] == '\0';
}

static void
take_mx(struct walk *walk, const struct dns_answer *dns)
{
	size_t i;

	if (is_null_mx(dns)) {
		conclude(walk, MTASTS_VERDICT_NONE, MTASTS_REASON_NULL_MX, "",
		    "%s accepts no mail (null MX)", walk->domain);
		return;
	}
	for (i = 0; i < dns->count; i++)
		add_host(walk, dns->mx[i].host, dns->mx[i].preference);
}

/* DNS has answered. An absence is not kept. */
static void
begin_mx(struct walk *walk, uint32_t ttl)
{
	mxset_begin(&walk->mx, ttl, clock_wall(walk->env->ports->clock));
}

static void
on_mx(void *arg, const struct dns_answer *dns)
{
	struct walk *walk = arg;

	switch (dns->status) {
	case DNS_OK:
		begin_mx(walk, dns->ttl);
		take_mx(walk, dns);
		break;
	case DNS_NODATA: /* the implicit MX, RFC 5321, 5.1 */
		begin_mx(walk, 0);
		add_host(walk, walk->domain, 0);
		break;
	case DNS_NXDOMAIN:
		begin_mx(walk, 0);
		conclude(walk, MTASTS_VERDICT_NONE,
		    MTASTS_REASON_NO_SUCH_DOMAIN, "", "%s does not exist",
		    walk->domain);
		break;
	case DNS_TIMEOUT:
	case DNS_SERVFAIL:
	case DNS_NOMEM:
		conclude(walk, MTASTS_VERDICT_TEMPERROR,
		    MTASTS_REASON_DNS_TEMPERROR, "4.4.3",
		    "the MX records of %s could not be had (%s)", walk->domain,
		    dns_status_name(dns->status));
		break;
	}
	walk_step(walk);
}

/* ---- Probes -------------------------------------------------------------- */

static bool
recall_probe(struct walk *walk, struct eval_host *host)
{
	struct recall memory = memory_of(walk);

	if (!recall_finding(&memory, host))
		return false;
	TRACE(walk, MTASTS_STAGE_PROBE, host->name, "%s (remembered)",
	    probe_status_name(host->probe));
	return true;
}

static void
note_probe(struct walk *walk, const struct eval_host *host)
{
	struct recall memory = memory_of(walk);

	recall_note_finding(&memory, host,
	    host->probe == PROBE_OK ? walk->env->ttl : walk->env->failure_ttl);
}

static void
on_finding(void *arg, const struct probe_finding *finding)
{
	struct walk *walk = arg;
	struct eval_host *host = walk->host;

	host->probed = true;
	host->probe = finding->status;
	snprintf(host->detail, sizeof(host->detail), "%s", finding->detail);
	note_probe(walk, host);
	TRACE(walk, MTASTS_STAGE_PROBE, host->name, "%s%s%s%s%s",
	    probe_status_name(finding->status),
	    finding->address[0] != '\0' ? " at " : "", finding->address,
	    finding->detail[0] != '\0' ? ": " : "", finding->detail);
	walk_step(walk);
}

static enum mtasts_status
probe_next(struct walk *walk)
{
	struct eval_host *host = hosts_next(&walk->evaluation,
	    walk->env->probing);

	if (host == NULL) {
		verdict_decide(&walk->evaluation, walk->domain,
		    walk->env->probing);
		walk->finished = true;
		return MTASTS_OK;
	}
	if (recall_probe(walk, host))
		return MTASTS_OK;
	walk->host = host;
	counters_add(walk->env->ports->counters, COUNTER_PROBES);
	return probe_start(&walk->env->probe, host->name, on_finding, walk,
	    &walk->run);
}

/* As lookup_step: ports that complete at once are dealt with by the outermost
 * call. */
static void
walk_step(struct walk *walk)
{
	enum mtasts_status status = MTASTS_OK;

	if (walk->stepping)
		return;
	walk->stepping = true;
	while (status == MTASTS_OK && !walk->finished && walk->query == NULL &&
	    walk->run == NULL)
		status = probe_next(walk);
	walk->stepping = false;
	if (status != MTASTS_OK) {
		*walk->self = NULL;
		walk->done(walk->arg, NULL);
		walk_free(walk);
	} else if (walk->finished) {
		finish(walk);
	}
}

enum mtasts_status
walk_start(const struct walk_env *env, const char *domain,
    const struct policy *policy, walk_done_fn *done, void *arg,
    struct walk **out)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	enum mtasts_status status;

	*out = walk;
	if (walk == NULL)
		return MTASTS_NOMEM;
	walk->env = env;
	walk->self = out;
	walk->done = done;
	walk->arg = arg;
	walk->policy = policy;
	memcpy(walk->domain, domain, strlen(domain) + 1);
	walk->step_began = clock_monotonic(env->ports->clock);
	walk->stepping = true;
	status = dns_start(&env->ports->dns, domain, DNS_MX, on_mx, walk,
	    &walk->query);
	walk->stepping = false;
	if (status != MTASTS_OK) {
		*out = NULL;
		walk_free(walk);
		return status;
	}
	walk_step(walk);
	return MTASTS_OK;
}

void
walk_expire(struct walk **out)
{
	struct walk *walk = *out;

	if (walk == NULL)
		return;
	dns_cancel(&walk->env->ports->dns, &walk->query);
	probe_cancel(&walk->env->probe, &walk->run);
	conclude(walk, MTASTS_VERDICT_TEMPERROR, MTASTS_REASON_DEADLINE,
	    "4.4.1", "the MX hosts of %s did not answer in time",
	    walk->domain);
	finish(walk);
}

void
walk_cancel(struct walk **out)
{
	if (*out != NULL)
		walk_free(*out);
	*out = NULL;
}
