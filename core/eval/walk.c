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
#include "base/text.h"
#include "discovery/report.h"

struct walk {
	const struct walk_env *env;
	struct walk **self;
	walk_done_fn *done;
	void *arg;
	char domain[DOMAIN_SIZE];
	const struct policy *policy;
	struct dns_query *query;
	struct probe_run *run;
	size_t at;     /* the host being probed */
	size_t probes; /* so far */
	bool stepping; /* walk_step is active below us */
	bool finished;
	int64_t step_began;
	struct cache_buffer bytes;
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

static void
finish(struct walk *walk)
{
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

/* In their order. Where there are too many, one that the policy names takes the
 * place of the last that it does not name: a domain must not seem to fail by
 * the number of its hosts. */
static void
keep_host(struct evaluation *evaluation, const struct eval_host *host)
{
	struct eval_host *hosts = evaluation->hosts;
	size_t count = evaluation->host_count, i;

	if (count < EVAL_HOSTS_MAX) {
		hosts[evaluation->host_count++] = *host;
		return;
	}
	for (i = count; host->matched && i > 0; i--) {
		if (hosts[i - 1].matched)
			continue;
		memmove(&hosts[i - 1], &hosts[i], (count - i) * sizeof(*hosts));
		hosts[count - 1] = *host;
		return;
	}
}

static void
add_host(struct walk *walk, const char *name, uint16_t preference)
{
	struct eval_host host = { .preference = preference };

	if (!domain_host(name, strlen(name), host.name))
		return;
	host.matched = policy_match(walk->policy, host.name);
	keep_host(&walk->evaluation, &host);
	TRACE(walk, MTASTS_STAGE_MX, host.name, "preference %u, %s",
	    (unsigned)preference,
	    host.matched ? "named by the policy" : "NOT named by the policy");
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

static void
on_mx(void *arg, const struct dns_answer *dns)
{
	struct walk *walk = arg;

	switch (dns->status) {
	case DNS_OK:
		take_mx(walk, dns);
		break;
	case DNS_NODATA: /* the implicit MX, RFC 5321, 5.1 */
		add_host(walk, walk->domain, 0);
		break;
	case DNS_NXDOMAIN:
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

/* "mx" and NUL before the name: no policy domain has a NUL in it. */
struct finding_key {
	char octets[3 + DOMAIN_SIZE];
};

static struct span
finding_key(const char *host, struct finding_key *key)
{
	size_t len = strlen(host);

	memcpy(key->octets, "mx", 3);
	memcpy(key->octets + 3, host, len);
	return span_of(key->octets, 3 + len);
}

static bool
recall_finding(struct walk *walk, struct eval_host *host)
{
	const struct lookup_env *ports = walk->env->ports;
	struct finding_record record;
	struct finding_key key;

	if (cache_get(&ports->cache, ports->reader, CACHE_ANSWERS,
		finding_key(host->name, &key), &walk->bytes) != CACHE_OK ||
	    !finding_decode(walk->bytes.data, walk->bytes.len, &record) ||
	    !finding_is_fresh(&record, clock_wall(ports->clock)))
		return false;
	host->probed = true;
	host->probe = (enum probe_status)record.status;
	snprintf(host->detail, sizeof(host->detail), "%s", record.detail);
	TRACE(walk, MTASTS_STAGE_PROBE, host->name, "%s (remembered)",
	    probe_status_name(host->probe));
	return true;
}

static void
remember_finding(struct walk *walk, const struct eval_host *host)
{
	const struct lookup_env *ports = walk->env->ports;
	int64_t now = clock_wall(ports->clock);
	int64_t ttl = host->probe == PROBE_OK ? walk->env->ttl :
						walk->env->failure_ttl;
	struct finding_record record = { (uint8_t)host->probe, "", now,
		now + ttl };
	struct finding_key key;
	char buf[512];
	size_t len;

	snprintf(record.detail, sizeof(record.detail), "%s", host->detail);
	len = finding_encode(&record, buf, sizeof(buf));
	if (len > 0 && host->probe != PROBE_NOMEM)
		cache_put(&ports->cache, CACHE_ANSWERS,
		    finding_key(host->name, &key), span_of(buf, len), now);
}

static void
on_finding(void *arg, const struct probe_finding *finding)
{
	struct walk *walk = arg;
	struct eval_host *host = &walk->evaluation.hosts[walk->at];

	host->probed = true;
	host->probe = finding->status;
	snprintf(host->detail, sizeof(host->detail), "%s", finding->detail);
	remember_finding(walk, host);
	TRACE(walk, MTASTS_STAGE_PROBE, host->name, "%s%s%s%s%s",
	    probe_status_name(finding->status),
	    finding->address[0] != '\0' ? " at " : "", finding->address,
	    finding->detail[0] != '\0' ? ": " : "", finding->detail);
	walk_step(walk);
}

/* The next host to probe, or NULL when the verdict can be given. */
static struct eval_host *
next_host(struct walk *walk)
{
	struct evaluation *evaluation = &walk->evaluation;

	if (!walk->env->probing || verdict_is_settled(evaluation) ||
	    walk->probes == EVAL_PROBES_MAX)
		return NULL;
	for (walk->at = 0; walk->at < evaluation->host_count; walk->at++) {
		struct eval_host *host = &evaluation->hosts[walk->at];

		if (host->matched && !host->probed)
			return host;
	}
	return NULL;
}

static enum mtasts_status
probe_next(struct walk *walk)
{
	struct eval_host *host = next_host(walk);

	if (host == NULL) {
		verdict_decide(&walk->evaluation, walk->domain,
		    walk->env->probing);
		walk->finished = true;
		return MTASTS_OK;
	}
	walk->probes++;
	if (recall_finding(walk, host))
		return MTASTS_OK;
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
