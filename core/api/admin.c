/*
 * The whole cache, for mtasts-cachectl: every policy shown, and removed.
 * Records are decoded here; what a policy is, rules/ decides.
 *
 * Test: tests/unit/test_admin.c, tests/cachectl.
 */
#include <stdlib.h>
#include <string.h>

#include "api/admin.h"
#include "base/error.h"
#include "discovery/sweep.h"
#include "eval/recall.h"
#include "io/cache_lmdb.h"

enum mtasts_status
admin_cache_error(struct mtasts_error *err, enum cache_status status)
{
	switch (status) {
	case CACHE_OK:
		return MTASTS_OK;
	case CACHE_NOTFOUND:
		return error_set(err, MTASTS_NOTFOUND, MTASTS_STAGE_CACHE, 0,
		    "not cached");
	case CACHE_BUSY:
		return error_set(err, MTASTS_CACHE, MTASTS_STAGE_CACHE, 0,
		    "the cache has too many readers");
	case CACHE_FULL:
		return error_set(err, MTASTS_CACHE, MTASTS_STAGE_CACHE, 0,
		    "the cache is full");
	case CACHE_NOMEM:
		return error_nomem(err, "cache");
	case CACHE_UNAVAILABLE:
		break;
	}
	return error_set(err, MTASTS_CACHE, MTASTS_STAGE_CACHE, 0,
	    "the cache cannot be read or written");
}

enum mtasts_status
admin_take_domain(const char *name, char domain[DOMAIN_SIZE],
    struct mtasts_error *err)
{
	enum domain_status status = domain_normalise(name, strlen(name),
	    domain);

	if (status == DOMAIN_OK)
		return MTASTS_OK;
	if (status == DOMAIN_NOMEM)
		return error_nomem(err, "domain");
	return error_set(err, MTASTS_INVALID, MTASTS_STAGE_POLICY, 0, "%s",
	    domain_status_text(status));
}

/* ---- Show and list --------------------------------------------------------- */

static struct mtasts_policy_view
policy_view(const struct policy *policy)
{
	return (struct mtasts_policy_view) { policy->mode, policy->max_age,
		policy->mx_count, policy->mx };
}

/* When DNS was asked last, by the answers environment. */
static int64_t
checked_at(const struct mtasts *ctx, struct cache_reader *reader,
    struct span domain)
{
	struct cache_buffer buffer = { 0 };
	struct answer answer;
	int64_t when = 0;

	if (cache_get(&ctx->cache, reader, CACHE_ANSWERS, domain, &buffer) ==
		CACHE_OK &&
	    answer_decode(buffer.data, buffer.len, &answer))
		when = answer.asked_at;
	cache_buffer_free(&buffer);
	return when;
}

struct show {
	struct mtasts *ctx;
	struct cache_reader *reader;
	mtasts_cached_fn *fn;
	void *arg;
	int64_t now;
};

/* A record that is none is passed over: verify reports it. */
static bool
show_record(void *arg, struct span key, struct span value)
{
	struct show *show = arg;
	struct mtasts_cached cached = { 0 };
	char domain[DOMAIN_SIZE];
	struct entry entry;

	if (key.len > DOMAIN_MAX || !entry_decode(value.data, value.len, &entry))
		return true;
	memcpy(domain, key.data, key.len);
	domain[key.len] = '\0';
	cached.domain = domain;
	cached.id = entry.id;
	cached.policy = policy_view(&entry.policy);
	cached.raw = entry.raw.len > 0 ? entry.raw.data : NULL;
	cached.raw_len = entry.raw.len;
	cached.fetched_at = entry.fetched_at;
	cached.expires_at = entry_expires_at(&entry, show->now);
	cached.refresh_at = entry.refresh_at;
	cached.used_at = entry.used_at;
	cached.checked_at = checked_at(show->ctx, show->reader, key);
	cached.refresh_failures = entry.refresh_failures;
	cached.live = entry_is_live(&entry, show->now);
	return show->fn(show->arg, &cached);
}

static enum mtasts_status
show_begin(struct show *show, struct mtasts *ctx, mtasts_cached_fn *fn,
    void *arg, struct mtasts_error *err)
{
	*show = (struct show) { ctx, cache_reader_new(&ctx->cache), fn, arg,
		clock_wall(&clock_system) };
	return show->reader == NULL ? error_nomem(err, "cache reader") :
				      MTASTS_OK;
}

enum mtasts_status
mtasts_admin_show(struct mtasts *ctx, const char *name, mtasts_cached_fn *fn,
    void *arg, struct mtasts_error *err)
{
	struct cache_buffer buffer = { 0 };
	char domain[DOMAIN_SIZE];
	struct show show;
	struct entry entry;
	enum cache_status found;
	enum mtasts_status status = admin_take_domain(name, domain, err);

	if (status == MTASTS_OK)
		status = show_begin(&show, ctx, fn, arg, err);
	if (status != MTASTS_OK)
		return status;
	found = cache_get(&ctx->cache, show.reader, CACHE_POLICIES,
	    span_str(domain), &buffer);
	if (found == CACHE_OK &&
	    !entry_decode(buffer.data, buffer.len, &entry))
		found = CACHE_NOTFOUND;
	if (found == CACHE_OK)
		show_record(&show, span_str(domain),
		    span_of(buffer.data, buffer.len));
	cache_reader_free(&ctx->cache, &show.reader);
	cache_buffer_free(&buffer);
	return admin_cache_error(err, found);
}

enum mtasts_status
mtasts_admin_list(struct mtasts *ctx, mtasts_cached_fn *fn, void *arg,
    struct mtasts_error *err)
{
	struct show show;
	enum cache_status visited;

	if (show_begin(&show, ctx, fn, arg, err) != MTASTS_OK)
		return MTASTS_NOMEM;
	visited = cache_visit(&ctx->cache, CACHE_POLICIES, span_of("", 0),
	    show_record, &show);
	cache_reader_free(&ctx->cache, &show.reader);
	return admin_cache_error(err, visited);
}

/* ---- Remove ------------------------------------------------------------------ */

enum mtasts_status
mtasts_admin_remove(struct mtasts *ctx, const char *name,
    struct mtasts_error *err)
{
	char domain[DOMAIN_SIZE];
	enum mtasts_status status = admin_take_domain(name, domain, err);
	enum cache_status policy, answer, hosts;

	if (status != MTASTS_OK)
		return status;
	policy = cache_delete(&ctx->cache, CACHE_POLICIES, span_str(domain));
	answer = cache_delete(&ctx->cache, CACHE_ANSWERS, span_str(domain));
	hosts = recall_forget_mx(&ctx->cache, domain);
	if (policy == CACHE_NOTFOUND &&
	    (answer == CACHE_OK || hosts == CACHE_OK))
		policy = CACHE_OK;
	return admin_cache_error(err, policy);
}

static bool
remove_record(void *arg, struct span key, struct span value)
{
	sweep_take(arg, key, value);
	return true;
}

static enum cache_status
remove_from(struct sweep *sweep, enum cache_store store)
{
	enum cache_status status;

	sweep->store = store;
	status = cache_visit(sweep->cache, store, span_of("", 0), remove_record,
	    sweep);
	sweep_flush(sweep);
	return status;
}

/* Policies first, so that no answer can outlive what it was made from. */
static enum mtasts_status
remove_all(struct mtasts *ctx, bool all, size_t *removed,
    struct mtasts_error *err)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	enum cache_status status;

	*removed = 0;
	if (sweep == NULL)
		return error_nomem(err, "cache");
	sweep->cache = &ctx->cache;
	sweep->all = all;
	sweep->now = clock_wall(&clock_system);
	status = remove_from(sweep, CACHE_POLICIES);
	*removed = sweep->removed;
	remove_from(sweep, CACHE_ANSWERS);
	free(sweep);
	cache_lmdb_reap(&ctx->cache);
	return admin_cache_error(err, status);
}

enum mtasts_status
mtasts_admin_purge(struct mtasts *ctx, size_t *removed,
    struct mtasts_error *err)
{
	return remove_all(ctx, false, removed, err);
}

enum mtasts_status
mtasts_admin_clear(struct mtasts *ctx, size_t *removed,
    struct mtasts_error *err)
{
	return remove_all(ctx, true, removed, err);
}
