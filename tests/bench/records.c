/*
 * records: see records.h.
 */
#include "records.h"

#include <stdio.h>

#define DAY 86400
#define WEEK (7 * DAY)
#define ID "20261122T000000"

static struct policy
policy_of(unsigned i, struct records_memory *memory)
{
	char *mx = memory->mx;
	size_t size = sizeof(memory->mx);
	int len = snprintf(mx, size, "mx.d%07u.bench.test", i);

	len += 1 + snprintf(mx + len + 1, size - (size_t)len - 1,
		       "*.mail.bench.test");
	return (struct policy){ .mode = MTASTS_MODE_ENFORCE,
		.max_age = WEEK,
		.mx = mx,
		.mx_count = 2,
		.mx_size = (size_t)len + 1 };
}

struct entry
records_entry(
    unsigned i, int64_t now, int64_t age, struct records_memory *memory)
{
	int len = snprintf(memory->raw, sizeof(memory->raw),
	    "version: STSv1\nmode: enforce\nmx: mx.d%07u.bench.test\n"
	    "mx: *.mail.bench.test\nmax_age: %d\n",
	    i, WEEK);

	return (struct entry){ .id = ID,
		.policy = policy_of(i, memory),
		.raw = span_of(memory->raw, (size_t)len),
		.fetched_at = now - age,
		.refresh_at = now + DAY,
		.used_at = now - age };
}

struct answer
records_answer(unsigned i, int64_t now, struct records_memory *memory)
{
	return (struct answer){ .outcome = MTASTS_OUTCOME_POLICY,
		.reason = MTASTS_REASON_POLICY,
		.asked_at = now - 60,
		.fresh_until = now + DAY,
		.id = ID,
		.fetched_at = now - 3600,
		.expires_at = now - 3600 + WEEK,
		.policy = policy_of(i, memory) };
}
