/*
 * The cache as a whole, for mtasts-cachectl: counted, verified, copied.
 *
 * Test: tests/unit/test_admin.c, tests/cachectl.
 */
#include "api/admin.h"
#include "io/cache_lmdb.h"
#include "rules/mxset.h"

struct census {
	int64_t now;
	uint64_t modes[MTASTS_MODE_ENFORCE + 1];
	uint64_t expired;
};

static bool
count_record(void *arg, struct span key, struct span value)
{
	struct census *census = arg;
	struct entry entry;

	(void)key;
	if (!entry_decode(value.data, value.len, &entry))
		return true;
	if (!entry_is_live(&entry, census->now))
		census->expired++;
	else
		census->modes[entry.policy.mode]++;
	return true;
}

static void
tell_sizes(struct mtasts *ctx, mtasts_stat_fn *fn, void *arg)
{
	struct cache_size policies = { 0 }, answers = { 0 };

	cache_size(&ctx->cache, CACHE_POLICIES, &policies);
	cache_size(&ctx->cache, CACHE_ANSWERS, &answers);
	fn(arg, "policies", policies.entries);
	fn(arg, "policies_bytes", policies.used);
	fn(arg, "policies_capacity", policies.capacity);
	fn(arg, "answers", answers.entries);
	fn(arg, "answers_bytes", answers.used);
	fn(arg, "answers_capacity", answers.capacity);
}

enum mtasts_status
mtasts_admin_stats(struct mtasts *ctx, mtasts_stat_fn *fn, void *arg,
    struct mtasts_error *err)
{
	struct census census = { .now = clock_wall(&clock_system) };
	enum cache_status status = cache_visit(&ctx->cache, CACHE_POLICIES,
	    span_of("", 0), count_record, &census);
	unsigned i;

	fn(arg, "enforce", census.modes[MTASTS_MODE_ENFORCE]);
	fn(arg, "testing", census.modes[MTASTS_MODE_TESTING]);
	fn(arg, "none", census.modes[MTASTS_MODE_NONE]);
	fn(arg, "expired", census.expired);
	for (i = 0; i < COUNTER_COUNT; i++)
		fn(arg, counter_name((enum counter)i),
		    counters_read(ctx->counters, (enum counter)i));
	tell_sizes(ctx, fn, arg);
	return admin_cache_error(err, status);
}

/* Can this record be read? For verify. */
static bool
check_record(enum cache_store store, struct span key, struct span value)
{
	struct finding_record finding;
	struct answer answer;
	struct entry entry;
	struct mxset set;

	(void)key;
	if (store == CACHE_POLICIES)
		return entry_decode(value.data, value.len, &entry);
	return answer_decode(value.data, value.len, &answer) ||
	    finding_decode(value.data, value.len, &finding) ||
	    mxset_decode(value.data, value.len, &set);
}

enum mtasts_status
mtasts_admin_verify(struct mtasts *ctx, mtasts_report_fn *fn, void *arg,
    size_t *damage, struct mtasts_error *err)
{
	return cache_lmdb_verify(&ctx->cache, check_record, fn, arg, damage,
	    err);
}

enum mtasts_status
mtasts_admin_compact(struct mtasts *ctx, const char *file,
    struct mtasts_error *err)
{
	return cache_lmdb_compact(&ctx->cache, file, err);
}
