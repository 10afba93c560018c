/*
 * hosts: see hosts.h. RFC 8461, 4.1; RFC 5321, 5.1.
 *
 * Test: tests/scenario/evaluate.scn
 */
#include "eval/hosts.h"

#include <string.h>

/* In their order. Where there are too many, one that the policy names takes the
 * place of the last that it does not name: a domain must not seem to fail by
 * the number of its hosts. */
static void
keep(struct evaluation *evaluation, const struct eval_host *host)
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

bool
hosts_add(struct evaluation *evaluation, const struct policy *policy,
    const char *name, uint16_t preference)
{
	struct eval_host host = { .preference = preference,
		.matched = policy_match(policy, name) };

	memcpy(host.name, name, strlen(name) + 1);
	keep(evaluation, &host);
	return host.matched;
}

struct eval_host *
hosts_next(struct evaluation *evaluation, bool probing)
{
	struct eval_host *host = evaluation->hosts;
	struct eval_host *end = host + evaluation->host_count;
	size_t probed = 0;

	if (!probing || verdict_is_settled(evaluation))
		return NULL;
	for (; host < end && probed < EVAL_PROBES_MAX; host++) {
		if (host->matched && !host->probed)
			return host;
		probed += host->probed;
	}
	return NULL;
}
