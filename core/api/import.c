/*
 * Policies stored by hand, one or many, for mtasts-cachectl. A record is
 * checked as one that was fetched; changes go to the cache in batches.
 *
 * Test: tests/unit/test_admin.c, tests/cachectl.
 */
#include <stdlib.h>
#include <string.h>

#include "api/admin.h"
#include "base/error.h"
#include "discovery/store.h"

static enum mtasts_status
refuse(struct mtasts_error *err, const char *why)
{
	return error_set(err, MTASTS_INVALID, MTASTS_STAGE_POLICY, 0, "%s",
	    why);
}

/* Each pattern as the parser would take it; out has room for all. */
static bool
take_patterns(const struct mtasts_policy_view *view, char *out,
    struct policy *policy)
{
	const char *mx = view->mx;
	size_t i, len;

	policy->mx = out;
	for (i = 0; i < view->mx_count; i++, mx += strlen(mx) + 1) {
		len = policy_pattern(span_str(mx), out + policy->mx_size);
		if (len == 0)
			return false;
		policy->mx_size += len + 1;
	}
	policy->mx_count = view->mx_count;
	return true;
}

static size_t
patterns_size(const struct mtasts_policy_view *view)
{
	const char *mx = view->mx;
	size_t i;

	for (i = 0; i < view->mx_count; i++)
		mx += strlen(mx) + 1;
	return view->mx_count == 0 ? 0 : (size_t)(mx - view->mx);
}

static bool
same_policy(const struct policy *a, const struct policy *b)
{
	return a->mode == b->mode && a->max_age == b->max_age &&
	    a->mx_count == b->mx_count && a->mx_size == b->mx_size &&
	    (a->mx_size == 0 || memcmp(a->mx, b->mx, a->mx_size) == 0);
}

/* The body, where it was kept, must say the same as the fields. */
static enum mtasts_status
check_raw(const struct mtasts_cached *cached, const struct policy *policy,
    struct mtasts_error *err)
{
	struct mtasts_lint lint = { 0 };
	struct policy parsed;
	char *storage;
	bool valid, same;

	if (cached->raw == NULL)
		return MTASTS_OK;
	if (cached->raw_len > ENTRY_RAW_MAX)
		return refuse(err, "raw is too long");
	storage = malloc(cached->raw_len + 1);
	if (storage == NULL)
		return error_nomem(err, "policy");
	valid = policy_parse(span_of(cached->raw, cached->raw_len), storage,
	    &parsed, &lint);
	same = valid && same_policy(&parsed, policy);
	free(storage);
	if (!valid)
		return refuse(err, lint.error.message);
	return same ? MTASTS_OK : refuse(err, "raw and fields disagree");
}

static enum mtasts_status
check_fields(const struct mtasts_cached *cached, int64_t now,
    struct mtasts_error *err)
{
	const struct mtasts_policy_view *policy = &cached->policy;

	if (!record_id_is_valid(span_str(cached->id)))
		return refuse(err, "id is not 1 to 32 letters and digits");
	if (policy->mode == MTASTS_NO_POLICY)
		return refuse(err, "mode is missing");
	if (policy->mode > MTASTS_MODE_ENFORCE)
		return refuse(err, "mode is not enforce, testing or none");
	if (policy->max_age > POLICY_MAX_AGE_MAX)
		return refuse(err, "max_age is above 31557600");
	if (policy->mx_count == 0 && policy->mode != MTASTS_MODE_NONE)
		return refuse(err, "mx is missing");
	if (cached->fetched_at < 0 || cached->fetched_at > now)
		return refuse(err, "fetched_at is not in the past");
	return MTASTS_OK;
}

/* What the file says of schedule and use may shorten, not lengthen. */
static int64_t
not_after(int64_t when, int64_t limit)
{
	return when < 0 || when > limit ? limit : when;
}

static enum mtasts_status
make_entry(const struct mtasts_cached *cached, char *patterns, int64_t now,
    struct entry *entry, struct mtasts_error *err)
{
	enum mtasts_status status = check_fields(cached, now, err);

	if (status != MTASTS_OK)
		return status;
	*entry = (struct entry) { .fetched_at = cached->fetched_at,
		.used_at = not_after(cached->used_at, now),
		.refresh_failures = cached->refresh_failures };
	memcpy(entry->id, cached->id, strlen(cached->id) + 1);
	entry->policy.mode = cached->policy.mode;
	entry->policy.max_age = cached->policy.max_age;
	entry->refresh_at = not_after(cached->refresh_at,
	    cached->fetched_at + cached->policy.max_age);
	if (!take_patterns(&cached->policy, patterns, &entry->policy))
		return refuse(err, "mx is not a host name or pattern");
	if (cached->raw != NULL)
		entry->raw = span_of(cached->raw, cached->raw_len);
	return check_raw(cached, &entry->policy, err);
}

/* One to be stored, with what its views lead into behind it. */
struct pending {
	struct pending *next;
	char domain[DOMAIN_SIZE];
	struct entry entry;
	char octets[]; /* patterns, raw */
};

struct mtasts_import {
	struct mtasts *ctx;
	struct pending *first, **last;
	size_t count, size; /* that wait */
	size_t stored;
};

enum mtasts_status
mtasts_admin_import_new(struct mtasts *ctx, struct mtasts_import **out,
    struct mtasts_error *err)
{
	struct mtasts_import *import = calloc(1, sizeof(*import));

	*out = import;
	if (import == NULL)
		return error_nomem(err, "import");
	import->ctx = ctx;
	import->last = &import->first;
	return MTASTS_OK;
}

static void
import_clear(struct mtasts_import *import)
{
	struct pending *pending;

	while ((pending = import->first) != NULL) {
		import->first = pending->next;
		free(pending);
	}
	import->last = &import->first;
	import->count = import->size = 0;
}

/* What was found before, "no policy" perhaps, is out of date. */
static void
forget_answers(struct mtasts *ctx, const struct store_item *items,
    size_t count)
{
	struct cache_item gone[CACHE_ITEMS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (items[i].status == CACHE_OK)
			gone[n++] = (struct cache_item) {
				.key = span_str(items[i].domain) };
	cache_delete_all(&ctx->cache, CACHE_ANSWERS, gone, n);
}

static enum mtasts_status
import_flush(struct mtasts_import *import, struct mtasts_error *err)
{
	struct store_item items[CACHE_ITEMS_MAX];
	const struct pending *pending;
	enum cache_status status;
	size_t count = 0;

	for (pending = import->first; pending != NULL; pending = pending->next)
		items[count++] = (struct store_item) { pending->domain,
			&pending->entry, CACHE_OK };
	status = store_entries(&import->ctx->cache, items, count,
	    clock_wall(&clock_system));
	forget_answers(import->ctx, items, count);
	for (size_t i = 0; i < count; i++)
		import->stored += items[i].status == CACHE_OK;
	import_clear(import);
	return admin_cache_error(err, status);
}

enum mtasts_status
mtasts_admin_import_add(struct mtasts_import *import,
    const struct mtasts_cached *cached, struct mtasts_error *err)
{
	size_t patterns = patterns_size(&cached->policy), raw;
	enum mtasts_status status;
	struct pending *pending;

	if (patterns > POLICY_BODY_MAX)
		return refuse(err, "mx is too long");
	raw = cached->raw == NULL || cached->raw_len > ENTRY_RAW_MAX ?
	    0 : cached->raw_len;
	pending = malloc(sizeof(*pending) + patterns + raw + 1);
	if (pending == NULL)
		return error_nomem(err, "policy");
	pending->next = NULL;
	status = admin_take_domain(cached->domain, pending->domain, err);
	if (status == MTASTS_OK)
		status = make_entry(cached, pending->octets,
		    clock_wall(&clock_system), &pending->entry, err);
	if (status != MTASTS_OK) {
		free(pending);
		return status;
	}
	if (raw > 0)
		pending->entry.raw = span_of(memcpy(pending->octets + patterns,
		    cached->raw, raw), raw);
	*import->last = pending;
	import->last = &pending->next;
	import->size += patterns + raw;
	if (++import->count < CACHE_ITEMS_MAX &&
	    import->size < CACHE_ITEMS_OCTETS)
		return MTASTS_OK;
	return import_flush(import, err);
}

enum mtasts_status
mtasts_admin_import_end(struct mtasts_import **import_p, size_t *stored,
    struct mtasts_error *err)
{
	struct mtasts_import *import = *import_p;
	enum mtasts_status status = MTASTS_OK;

	*stored = 0;
	if (import == NULL)
		return MTASTS_OK;
	if (import->count > 0)
		status = import_flush(import, err);
	*stored = import->stored;
	free(import);
	*import_p = NULL;
	return status;
}

enum mtasts_status
mtasts_admin_store(struct mtasts *ctx, const struct mtasts_cached *cached,
    struct mtasts_error *err)
{
	struct mtasts_import *import;
	enum mtasts_status status = mtasts_admin_import_new(ctx, &import, err),
	    end;
	size_t stored;

	if (status == MTASTS_OK)
		status = mtasts_admin_import_add(import, cached, err);
	end = mtasts_admin_import_end(&import, &stored, err);
	return status != MTASTS_OK ? status : end;
}
