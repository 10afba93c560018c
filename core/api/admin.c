/*
 * The whole cache, for mtasts-cachectl: every policy shown, stored, removed.
 * Records are decoded and checked here; what a policy is, rules/ decides.
 *
 * Test: tests/unit/test_admin.c, tests/cachectl.
 */
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "base/error.h"
#include "discovery/store.h"
#include "discovery/sweep.h"
#include "io/cache_lmdb.h"
#include "rules/domain.h"

static enum mtasts_status
cache_error(struct mtasts_error *err, enum cache_status status)
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

/* A name from the command line or an import file. */
static enum mtasts_status
take_domain(const char *name, char domain[DOMAIN_SIZE],
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
	enum mtasts_status status = take_domain(name, domain, err);

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
	return cache_error(err, found);
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
	return cache_error(err, visited);
}

/* ---- Store ------------------------------------------------------------------ */

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
	return cache_error(err, status);
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
	status = take_domain(cached->domain, pending->domain, err);
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

/* ---- Remove ------------------------------------------------------------------ */

enum mtasts_status
mtasts_admin_remove(struct mtasts *ctx, const char *name,
    struct mtasts_error *err)
{
	char domain[DOMAIN_SIZE];
	enum mtasts_status status = take_domain(name, domain, err);
	enum cache_status policy, answer;

	if (status != MTASTS_OK)
		return status;
	policy = cache_delete(&ctx->cache, CACHE_POLICIES, span_str(domain));
	answer = cache_delete(&ctx->cache, CACHE_ANSWERS, span_str(domain));
	if (policy == CACHE_NOTFOUND && answer == CACHE_OK)
		policy = CACHE_OK;
	return cache_error(err, policy);
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
	return cache_error(err, status);
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

/* ---- Statistics, verify, compact ---------------------------------------------- */

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
	return cache_error(err, status);
}

/* Can this record be read? For verify. */
static bool
check_record(enum cache_store store, struct span key, struct span value)
{
	struct finding_record finding;
	struct answer answer;
	struct entry entry;

	(void)key;
	if (store == CACHE_POLICIES)
		return entry_decode(value.data, value.len, &entry);
	return answer_decode(value.data, value.len, &answer) ||
	    finding_decode(value.data, value.len, &finding);
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
