/* api/admin and api/batch: the whole cache, for mtasts-cachectl (issue 2; every
 * refused field with its sentence). */
#include <config.h>

#include <sys/stat.h>
#include <time.h>

#include "io/cache_lmdb.h"
#include "support/host.h"
#include "support/table.h"

static struct mtasts_cached
cached(const char *domain)
{
	int64_t now = time(NULL);

	return (struct mtasts_cached) { .domain = domain, .id = "one",
		.policy = { MTASTS_MODE_ENFORCE, 864000, 2,
		    "*.a.example\0mx.b.example" },
		.fetched_at = now - 100, .refresh_at = now + 3600,
		.used_at = now - 50, .refresh_failures = 2 };
}

static enum mtasts_status
store(struct host *host, const struct mtasts_cached *c,
    struct mtasts_error *err)
{
	return mtasts_admin_store(host->ctx, c, err);
}

static void
put(struct host *host, const char *domain)
{
	struct mtasts_cached c = cached(domain);

	assert_int_equal(store(host, &c, NULL), MTASTS_OK);
}

static bool
count_one(void *arg, const struct mtasts_cached *c)
{
	(void)c;
	(*(size_t *)arg)++;
	return true;
}

static size_t
count(struct host *host)
{
	size_t n = 0;

	assert_int_equal(mtasts_admin_list(host->ctx, count_one, &n, NULL),
	    MTASTS_OK);
	return n;
}

/* ---- Store -------------------------------------------------------------------------- */

static const char raw_good[] = "version: STSv1\r\nmode: enforce\r\n"
			       "max_age: 864000\r\nmx: *.a.example\r\n"
			       "mx: mx.b.example\r\n";
static const char raw_other[] = "version: STSv1\r\nmode: testing\r\n"
				"max_age: 864000\r\nmx: *.a.example\r\n"
				"mx: mx.b.example\r\n";
static const char long_id[] = "123456789012345678901234567890123";

static void
set_raw(struct mtasts_cached *c, const char *raw)
{
	c->raw = raw;
	c->raw_len = strlen(raw);
}


static void
bad_domain(struct mtasts_cached *c)
{
	c->domain = "localhost";
}

static void
bad_literal(struct mtasts_cached *c)
{
	c->domain = "[192.0.2.1]";
}

static void
no_id(struct mtasts_cached *c)
{
	c->id = "";
}

static void
odd_id(struct mtasts_cached *c)
{
	c->id = "a-b";
}

static void
too_long_id(struct mtasts_cached *c)
{
	c->id = long_id;
}

static void
no_mode(struct mtasts_cached *c)
{
	c->policy.mode = MTASTS_NO_POLICY;
}

static void
odd_mode(struct mtasts_cached *c)
{
	c->policy.mode = (enum mtasts_mode)9;
}

static void
large_age(struct mtasts_cached *c)
{
	c->policy.max_age = 31557601;
}

static void
no_mx(struct mtasts_cached *c)
{
	c->policy.mx_count = 0;
}

static void
odd_mx(struct mtasts_cached *c)
{
	c->policy.mx = "*.a.example\0*.*";
}

static void
empty_mx(struct mtasts_cached *c)
{
	c->policy.mx = "*.a.example\0";
}

static void
future(struct mtasts_cached *c)
{
	c->fetched_at = time(NULL) + 1000;
}

static void
before_time(struct mtasts_cached *c)
{
	c->fetched_at = -1;
}

static void
not_a_policy(struct mtasts_cached *c)
{
	set_raw(c, "hello\n");
}

static void
empty_raw(struct mtasts_cached *c)
{
	set_raw(c, "");
}

static void
other_raw(struct mtasts_cached *c)
{
	set_raw(c, raw_other);
}

static void
long_raw(struct mtasts_cached *c)
{
	set_raw(c, raw_good);
	c->raw_len = 8193;
}

static const struct {
	const char *row;
	void (*spoil)(struct mtasts_cached *c);
	const char *sentence; /* begins so */
} refused[] = {
	{ "a single label", bad_domain, "" },
	{ "a literal", bad_literal, "" },
	{ "no id", no_id, "id is not 1 to 32 letters and digits" },
	{ "an odd id", odd_id, "id is not 1 to 32 letters and digits" },
	{ "a long id", too_long_id, "id is not 1 to 32 letters and digits" },
	{ "no mode", no_mode, "mode is missing" },
	{ "an odd mode", odd_mode, "mode is not enforce, testing or none" },
	{ "a large max_age", large_age, "max_age is above 31557600" },
	{ "no mx", no_mx, "mx is missing" },
	{ "an odd mx", odd_mx, "mx is not a host name or pattern" },
	{ "an empty mx", empty_mx, "mx is not a host name or pattern" },
	{ "fetched in the future", future, "fetched_at is not in the past" },
	{ "fetched before time", before_time,
	    "fetched_at is not in the past" },
	{ "a body that is no policy", not_a_policy, "" },
	{ "an empty body", empty_raw, "" },
	{ "a body that says otherwise", other_raw,
	    "raw and fields disagree" },
	{ "a long body", long_raw, "raw is too long" },
};

static void
what_is_imported_is_validated(void **state)
{
	struct host *host = *state;
	struct mtasts_error err;
	struct mtasts_cached c;
	size_t i;

	for (i = 0; i < COUNT(refused); i++) {
		c = cached("a.example");
		refused[i].spoil(&c);
		ROW_INT(refused[i].row, store(host, &c, &err), MTASTS_INVALID);
		ROW_INT(refused[i].row, store(host, &c, NULL), MTASTS_INVALID);
		ROW_TRUE(refused[i].row, err.text[0] != '\0' &&
		    strncmp(err.text, refused[i].sentence,
			strlen(refused[i].sentence)) == 0);
		ROW_INT(refused[i].row, err.stage, MTASTS_STAGE_POLICY);
	}
	assert_int_equal(count(host), 0);
}

static void
too_many_patterns_are_refused(void **state)
{
	struct host *host = *state;
	struct mtasts_cached c = cached("a.example");
	struct mtasts_error err;
	size_t n = 7000, i;
	char *mx = malloc(n * sizeof("mx.a.example"));

	for (i = 0; i < n; i++)
		memcpy(mx + i * sizeof("mx.a.example"), "mx.a.example",
		    sizeof("mx.a.example"));
	c.policy.mx = mx;
	c.policy.mx_count = n;
	assert_int_equal(store(host, &c, &err), MTASTS_INVALID);
	assert_string_equal(err.text, "mx is too long");
	free(mx);
}

static void
mode_none_needs_no_mx(void **state)
{
	struct mtasts_cached c = cached("a.example");

	c.policy.mode = MTASTS_MODE_NONE;
	c.policy.mx_count = 0;
	c.policy.mx = NULL;
	assert_int_equal(store(*state, &c, NULL), MTASTS_OK);
	assert_int_equal(count(*state), 1);
}

static void
an_older_policy_does_not_replace_a_newer_one(void **state)
{
	struct host *host = *state;
	struct mtasts_cached c = cached("a.example");
	const struct mtasts_result *r;

	assert_int_equal(store(host, &c, NULL), MTASTS_OK);
	c.id = "zero";
	c.fetched_at -= 50;
	assert_int_equal(store(host, &c, NULL), MTASTS_OK);
	r = host_lookup(host, "a.example", 0, 0);
	assert_string_equal(mtasts_result_id(r), "one");
}

static void
an_import_counts_what_is_stored(void **state)
{
	struct host *host = *state;
	struct mtasts_cached c;
	struct mtasts_import *import;
	struct mtasts_error err;
	char domain[32];
	size_t stored;
	unsigned i;

	host_lookup(host, "d00003.example", 0, -1); /* that there is none */
	assert_int_equal(mtasts_admin_import_new(host->ctx, &import, NULL),
	    MTASTS_OK);
	for (i = 0; i < 1000; i++) {
		snprintf(domain, sizeof(domain), "d%05u.example", i);
		c = cached(domain);
		set_raw(&c, raw_good);
		assert_int_equal(mtasts_admin_import_add(import, &c, &err),
		    MTASTS_OK);
		no_id(&c);
		assert_int_equal(mtasts_admin_import_add(import, &c, &err),
		    MTASTS_INVALID);
	}
	assert_int_equal(mtasts_admin_import_end(&import, &stored, &err),
	    MTASTS_OK);
	assert_null(import);
	assert_int_equal(stored, 1000);
	assert_int_equal(count(host), 1000);
	assert_int_equal(mtasts_result_mode(host_lookup(host,
	    "d00003.example", 0, 0)), MTASTS_MODE_ENFORCE);
	assert_int_equal(mtasts_admin_import_end(&import, &stored, &err),
	    MTASTS_OK);
	assert_int_equal(stored, 0);
}

static void
an_import_into_nothing_stores_nothing(void **state)
{
	struct host *host = *state;
	struct mtasts_cached c = cached("a.example");
	struct mtasts_import *import;
	struct mtasts_error err;
	size_t stored = 99;

	host_set(host, "cache.directory", "/nonexistent/cache");
	host_again(host);
	assert_int_equal(mtasts_admin_import_new(host->ctx, &import, NULL),
	    MTASTS_OK);
	assert_int_equal(mtasts_admin_import_add(import, &c, &err), MTASTS_OK);
	assert_int_equal(mtasts_admin_import_end(&import, &stored, &err),
	    MTASTS_CACHE);
	assert_int_equal(stored, 0);
}

/* ---- Show and list ------------------------------------------------------------------- */

struct copy {
	struct mtasts_cached c;
	char domain[256], id[33], mx[64];
	char raw[256];
};

static bool
keep_copy(void *arg, const struct mtasts_cached *c)
{
	struct copy *copy = arg;

	copy->c = *c;
	snprintf(copy->domain, sizeof(copy->domain), "%s", c->domain);
	snprintf(copy->id, sizeof(copy->id), "%s", c->id);
	memcpy(copy->mx, c->policy.mx, sizeof("*.a.example\0mx.b.example"));
	if (c->raw != NULL)
		memcpy(copy->raw, c->raw, c->raw_len);
	return true;
}

static void
what_was_stored_is_shown(void **state)
{
	struct host *host = *state;
	struct mtasts_cached c = cached("A.Example");
	struct copy copy = { 0 };

	set_raw(&c, raw_good);
	assert_int_equal(store(host, &c, NULL), MTASTS_OK);
	assert_int_equal(mtasts_admin_show(host->ctx, "a.EXAMPLE.", keep_copy,
	    &copy, NULL), MTASTS_OK);
	assert_string_equal(copy.domain, "a.example");
	assert_string_equal(copy.id, "one");
	assert_int_equal(copy.c.policy.mode, MTASTS_MODE_ENFORCE);
	assert_int_equal(copy.c.policy.max_age, 864000);
	assert_int_equal(copy.c.policy.mx_count, 2);
	assert_memory_equal(copy.mx, "*.a.example\0mx.b.example",
	    sizeof("*.a.example\0mx.b.example"));
	assert_int_equal(copy.c.raw_len, strlen(raw_good));
	assert_memory_equal(copy.raw, raw_good, strlen(raw_good));
	assert_int_equal(copy.c.fetched_at, c.fetched_at);
	assert_int_equal(copy.c.expires_at, c.fetched_at + 864000);
	assert_int_equal(copy.c.refresh_at, c.refresh_at);
	assert_int_equal(copy.c.used_at, c.used_at);
	assert_int_equal(copy.c.checked_at, 0);
	assert_int_equal(copy.c.refresh_failures, 2);
	assert_true(copy.c.live);
	host_lookup(host, "a.example", 0, -1);
	assert_int_equal(mtasts_admin_show(host->ctx, "a.example", keep_copy,
	    &copy, NULL), MTASTS_OK);
	assert_in_range(copy.c.checked_at, c.fetched_at, time(NULL));
}

static void
times_of_an_import_can_only_shorten(void **state)
{
	struct host *host = *state;
	struct mtasts_cached c = cached("a.example");
	struct copy copy = { 0 };

	c.refresh_at = INT64_MAX;
	c.used_at = INT64_MAX;
	assert_int_equal(store(host, &c, NULL), MTASTS_OK);
	assert_int_equal(mtasts_admin_show(host->ctx, "a.example", keep_copy,
	    &copy, NULL), MTASTS_OK);
	assert_int_equal(copy.c.refresh_at, c.fetched_at + 864000);
	assert_in_range(copy.c.used_at, c.fetched_at, time(NULL));
}

static void
what_is_not_cached_is_not_shown(void **state)
{
	struct host *host = *state;
	struct mtasts_error err;
	size_t n = 0;

	assert_int_equal(mtasts_admin_show(host->ctx, "a.example", count_one,
	    &n, &err), MTASTS_NOTFOUND);
	assert_string_equal(err.text, "not cached");
	assert_int_equal(mtasts_admin_show(host->ctx, "[::1]", count_one, &n,
	    &err), MTASTS_INVALID);
	assert_int_equal(n, 0);
}

/* A record of another version, as a newer release may have left it. */
static void
put_noise(struct host *host, const char *domain)
{
	const struct cache_lmdb_options options = { .directory = host->path,
		.run_directory = host->path, .size = 8 << 20 };
	struct cache cache;

	assert_int_equal(cache_lmdb_new(&options, &cache, NULL), MTASTS_OK);
	assert_int_equal(cache_put(&cache, CACHE_POLICIES, span_str(domain),
	    span_str("\xff noise"), 0), CACHE_OK);
	cache_lmdb_free(&cache);
}

static void
a_record_of_another_version_is_not_cached(void **state)
{
	struct host *host = *state;
	size_t n = 0;

	put_noise(host, "a.example");
	put(host, "b.example");
	assert_int_equal(mtasts_admin_show(host->ctx, "a.example", count_one,
	    &n, NULL), MTASTS_NOTFOUND);
	assert_int_equal(count(host), 1);
}

static bool
stop_at_two(void *arg, const struct mtasts_cached *c)
{
	(void)c;
	return ++*(size_t *)arg < 2;
}

struct names {
	char last[256];
	bool sorted;
};

static bool
check_order(void *arg, const struct mtasts_cached *c)
{
	struct names *names = arg;

	names->sorted &= strcmp(names->last, c->domain) < 0;
	snprintf(names->last, sizeof(names->last), "%s", c->domain);
	return true;
}

static void
a_list_is_in_order_and_can_be_stopped(void **state)
{
	struct host *host = *state;
	struct names names = { "", true };
	size_t n = 0;

	put(host, "c.example");
	put(host, "a.example");
	put(host, "b.example");
	assert_int_equal(mtasts_admin_list(host->ctx, check_order, &names,
	    NULL), MTASTS_OK);
	assert_true(names.sorted);
	assert_string_equal(names.last, "c.example");
	assert_int_equal(mtasts_admin_list(host->ctx, stop_at_two, &n, NULL),
	    MTASTS_OK);
	assert_int_equal(n, 2);
}

static bool
store_elsewhere(void *arg, const struct mtasts_cached *c)
{
	assert_int_equal(store(arg, c, NULL), MTASTS_OK);
	return true;
}

static void
a_list_can_be_stored_again(void **state)
{
	struct host *host = *state, *other;
	struct mtasts_cached c = cached("raw.example");
	struct copy copy = { 0 };
	void *made;

	host_make(&made);
	other = made;
	set_raw(&c, raw_good);
	assert_int_equal(store(host, &c, NULL), MTASTS_OK);
	put(host, "a.example");
	assert_int_equal(mtasts_admin_list(host->ctx, store_elsewhere, other,
	    NULL), MTASTS_OK);
	assert_int_equal(count(other), 2);
	assert_int_equal(mtasts_admin_show(other->ctx, "raw.example",
	    keep_copy, &copy, NULL), MTASTS_OK);
	assert_int_equal(copy.c.refresh_at, c.refresh_at);
	assert_int_equal(copy.c.refresh_failures, 2);
	assert_memory_equal(copy.raw, raw_good, strlen(raw_good));
	host_unmake(&made);
}

/* ---- Remove, purge, clear ---------------------------------------------------------------- */

static void
removal_takes_policy_and_answer(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;
	struct mtasts_error err;

	put(host, "a.example");
	host_lookup(host, "a.example", 0, -1);
	assert_int_equal(mtasts_admin_remove(host->ctx, "A.example", &err),
	    MTASTS_OK);
	r = host_lookup(host, "a.example", 0, 0);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_NOT_CACHED);
	assert_int_equal(mtasts_admin_remove(host->ctx, "a.example", &err),
	    MTASTS_NOTFOUND);
	host_lookup(host, "a.example", 0, -1); /* an answer alone */
	assert_int_equal(mtasts_admin_remove(host->ctx, "a.example", &err),
	    MTASTS_OK);
	assert_int_equal(mtasts_admin_remove(host->ctx, "a", &err),
	    MTASTS_INVALID);
}

static void
without_a_run_directory_removal_works_from_the_policies(void **state)
{
	struct host *host = *state;
	struct mtasts_error err;

	host_set(host, "cache.run_directory", "/nonexistent/run");
	host_again(host);
	put(host, "a.example");
	assert_int_equal(mtasts_admin_remove(host->ctx, "a.example", &err),
	    MTASTS_OK);
	assert_int_equal(mtasts_admin_remove(host->ctx, "a.example", &err),
	    MTASTS_NOTFOUND);
	assert_string_equal(err.text, "not cached");
}

static void
purge_takes_the_expired_and_clear_the_rest(void **state)
{
	struct host *host = *state;
	struct mtasts_cached c = cached("old.example");
	size_t removed = 99;

	c.policy.max_age = 10;
	assert_int_equal(store(host, &c, NULL), MTASTS_OK);
	put(host, "a.example");
	put(host, "b.example");
	host_lookup(host, "plain.example", 0, -1);
	assert_int_equal(mtasts_admin_purge(host->ctx, &removed, NULL),
	    MTASTS_OK);
	assert_int_equal(removed, 1);
	assert_int_equal(mtasts_result_reason(host_lookup(host,
	    "plain.example", 0, 0)), MTASTS_REASON_NO_RECORD);
	assert_int_equal(mtasts_admin_clear(host->ctx, &removed, NULL),
	    MTASTS_OK);
	assert_int_equal(removed, 2);
	assert_int_equal(mtasts_result_reason(host_lookup(host,
	    "plain.example", 0, 0)), MTASTS_REASON_NOT_CACHED);
	assert_int_equal(mtasts_admin_clear(host->ctx, &removed, NULL),
	    MTASTS_OK);
	assert_int_equal(removed, 0);
}

/* ---- Statistics, verify, compact --------------------------------------------------------- */

struct stat_row {
	const char *name;
	uint64_t value;
};

static void
find_stat(void *arg, const char *name, uint64_t value)
{
	struct stat_row *row = arg;

	if (strcmp(name, row->name) == 0)
		row->value = value;
}

static uint64_t
stat_of(struct host *host, const char *name)
{
	struct stat_row row = { name, UINT64_MAX };

	assert_int_equal(mtasts_admin_stats(host->ctx, find_stat, &row, NULL),
	    MTASTS_OK);
	return row.value;
}

static void
statistics_count(void **state)
{
	struct host *host = *state;
	struct mtasts_cached c = cached("testing.example");

	c.policy.mode = MTASTS_MODE_TESTING;
	assert_int_equal(store(host, &c, NULL), MTASTS_OK);
	put(host, "a.example");
	c = cached("old.example");
	c.policy.max_age = 10;
	assert_int_equal(store(host, &c, NULL), MTASTS_OK);
	assert_int_equal(stat_of(host, "enforce"), 1);
	assert_int_equal(stat_of(host, "testing"), 1);
	assert_int_equal(stat_of(host, "none"), 0);
	assert_int_equal(stat_of(host, "expired"), 1);
	assert_int_equal(stat_of(host, "policies"), 3);
	assert_int_equal(stat_of(host, "lookups"), 0);
	host_lookup(host, "promise.example", 0, -1);
	host_lookup(host, "promise.example", 0, -1);
	host_evaluate(host, "promise.example", 0, -1);
	assert_int_equal(stat_of(host, "lookups"), 3);
	assert_int_equal(stat_of(host, "hits"), 2);
	assert_int_equal(stat_of(host, "misses"), 1);
	assert_int_equal(stat_of(host, "evaluations"), 1);
	assert_int_equal(stat_of(host, "answers"), 1);
	assert_true(stat_of(host, "policies_capacity") >= 8 << 20);
}

static void
on_damage(void *arg, const char *text)
{
	(*(size_t *)arg)++;
	assert_true(text[0] != '\0');
}

static void
verify_finds_what_cannot_be_read(void **state)
{
	struct host *host = *state;
	size_t damage = 99, told = 0;

	put(host, "a.example");
	host_evaluate(host, "a.example", 0, -1);
	assert_int_equal(mtasts_admin_verify(host->ctx, on_damage, &told,
	    &damage, NULL), MTASTS_OK);
	assert_int_equal(damage, 0);
	put_noise(host, "b.example");
	assert_int_equal(mtasts_admin_verify(host->ctx, on_damage, &told,
	    &damage, NULL), MTASTS_OK);
	assert_int_equal(damage, 1);
	assert_int_equal(told, 1);
}

/* The MX hosts of a pass are a record beside its answer. */
static void
remembered_mx_hosts_are_kept_and_removed_like_an_answer(void **state)
{
	struct host *host = *state;
	struct mtasts_cached c = cached("promise.mx.example");
	size_t damage = 99, told = 0, removed;

	host_set(host, "probe.enabled", "no");
	host_again(host);
	assert_int_equal(host_store(host, "promise.mx.example"), MTASTS_OK);
	host_evaluate(host, "promise.mx.example", 0, -1);
	assert_int_equal(stat_of(host, "answers"), 2);
	assert_int_equal(mtasts_admin_verify(host->ctx, on_damage, &told,
	    &damage, NULL), MTASTS_OK);
	assert_int_equal(damage, 0);
	assert_int_equal(mtasts_admin_purge(host->ctx, &removed, NULL),
	    MTASTS_OK);
	assert_int_equal(stat_of(host, "answers"), 2);
	assert_int_equal(mtasts_admin_remove(host->ctx, "promise.mx.example",
	    NULL), MTASTS_OK);
	assert_int_equal(stat_of(host, "answers"), 0);

	host_evaluate(host, "promise.mx.example", 0, -1);
	assert_int_equal(host_store(host, "promise.mx.example"), MTASTS_OK);
	host_evaluate(host, "promise.mx.example", 0, -1);
	assert_int_equal(stat_of(host, "answers"), 2);
	assert_int_equal(mtasts_admin_clear(host->ctx, &removed, NULL),
	    MTASTS_OK);
	assert_int_equal(stat_of(host, "answers"), 0);

	c.policy.mx_count = 1;
	c.policy.mx = "mx.other.example";
	assert_int_equal(store(host, &c, NULL), MTASTS_OK);
	assert_int_equal(mtasts_result_verdict(host_evaluate(host,
	    "promise.mx.example", 0, -1)), MTASTS_VERDICT_FAIL);
	assert_int_equal(stat_of(host, "answers"), 1);
}

static void
compact_writes_a_copy(void **state)
{
	struct host *host = *state;
	char file[SCRATCH_PATH];
	struct stat st;

	put(host, "a.example");
	scratch_join(file, host->path, "copy.mdb");
	assert_int_equal(mtasts_admin_compact(host->ctx, file, NULL),
	    MTASTS_OK);
	assert_int_equal(stat(file, &st), 0);
	assert_true(st.st_size > 0);
	assert_int_not_equal(mtasts_admin_compact(host->ctx, file, NULL),
	    MTASTS_OK);
}

static void
without_a_cache_every_call_says_so(void **state)
{
	struct host *host = *state;
	struct mtasts_cached c = cached("a.example");
	struct mtasts_error err;
	size_t n = 0;

	host_set(host, "cache.directory", "/nonexistent/policies");
	host_set(host, "cache.run_directory", "/nonexistent/run");
	host_again(host);
	assert_int_equal(store(host, &c, &err), MTASTS_CACHE);
	assert_string_equal(err.text, "the cache cannot be read or written");
	assert_int_equal(mtasts_admin_show(host->ctx, "a.example", count_one,
	    &n, &err), MTASTS_CACHE);
	assert_int_equal(mtasts_admin_list(host->ctx, count_one, &n, &err),
	    MTASTS_CACHE);
	assert_int_equal(mtasts_admin_remove(host->ctx, "a.example", &err),
	    MTASTS_CACHE);
	assert_int_equal(mtasts_admin_purge(host->ctx, &n, &err),
	    MTASTS_CACHE);
	assert_int_equal(mtasts_admin_clear(host->ctx, &n, &err),
	    MTASTS_CACHE);
}

/* ---- Batch --------------------------------------------------------------------------------- */

struct list {
	unsigned at, end;
	bool odd; /* every other is no domain */
	char name[64];
	unsigned done, none, wrong;
};

static const char *
next_name(void *arg)
{
	struct list *list = arg;

	if (list->at == list->end)
		return NULL;
	snprintf(list->name, sizeof(list->name),
	    list->odd && list->at % 2 ? "not%u" : "a%u.example", list->at);
	list->at++;
	return list->name;
}

static void
on_result(void *arg, const struct mtasts_result *r)
{
	struct list *list = arg;

	list->done++;
	if (mtasts_result_reason(r) == MTASTS_REASON_NOT_A_DOMAIN)
		list->none++;
	else if (mtasts_result_reason(r) != MTASTS_REASON_NO_RECORD)
		list->wrong++;
}

static void
a_batch_does_them_all(void **state)
{
	static const unsigned jobs[] = { 1, 7, 64, 1024 };
	struct host *host = *state;
	size_t i;

	for (i = 0; i < COUNT(jobs); i++) {
		struct list list = { .end = 300, .odd = i % 2 == 1 };

		assert_int_equal(mtasts_admin_batch(host->ctx, 0, jobs[i],
		    next_name, on_result, &list, NULL), MTASTS_OK);
		assert_int_equal(list.done, 300);
		assert_int_equal(list.none, list.odd ? 150 : 0);
		assert_int_equal(list.wrong, 0);
	}
}

static void
on_overridden(void *arg, const struct mtasts_result *r)
{
	const char *domain = mtasts_result_domain(r);
	bool enforced = strcmp(domain, "a1.example") == 0;
	bool skipped = strcmp(domain, "a2.example") == 0;

	((struct list *)arg)->done++;
	ROW_INT(domain, mtasts_result_source(r), enforced || skipped ?
	    MTASTS_SOURCE_OVERRIDE : MTASTS_SOURCE_NONE);
	ROW_INT(domain, mtasts_result_mode(r), enforced ?
	    MTASTS_MODE_ENFORCE : MTASTS_NO_POLICY);
	ROW_INT(domain, mtasts_result_reason(r), enforced ?
	    MTASTS_REASON_POLICY : skipped ? MTASTS_REASON_OVERRIDE_SKIP :
	    MTASTS_REASON_NO_RECORD);
}

static void
in_a_batch_the_administrator_has_the_last_word_as_well(void **state)
{
	struct host *host = *state;
	struct list list = { .end = 4 };
	char file[SCRATCH_PATH];
	FILE *f;

	scratch_join(file, host->path, "overrides");
	f = fopen(file, "w");
	assert_non_null(f);
	fputs("a1.example enforce mx=mx.a.example\na2.example skip\n", f);
	fclose(f);
	host_set(host, "policy.overrides", file);
	host_again(host);
	assert_int_equal(mtasts_admin_batch(host->ctx, 0, 2, next_name,
	    on_overridden, &list, NULL), MTASTS_OK);
	assert_int_equal(list.done, 4);
}

static void
a_batch_of_none_and_a_batch_of_too_many(void **state)
{
	struct host *host = *state;
	struct list list = { 0 };
	struct mtasts_error err;

	assert_int_equal(mtasts_admin_batch(host->ctx, 0, 4, next_name,
	    on_result, &list, NULL), MTASTS_OK);
	assert_int_equal(list.done, 0);
	assert_int_equal(mtasts_admin_batch(host->ctx, 0, 0, next_name,
	    on_result, &list, &err), MTASTS_INVALID);
	assert_int_equal(mtasts_admin_batch(host->ctx, 0, 1025, next_name,
	    on_result, &list, &err), MTASTS_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, host_make, host_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_imported_is_validated),
		TEST(too_many_patterns_are_refused),
		TEST(mode_none_needs_no_mx),
		TEST(an_older_policy_does_not_replace_a_newer_one),
		TEST(an_import_counts_what_is_stored),
		TEST(an_import_into_nothing_stores_nothing),
		TEST(what_was_stored_is_shown),
		TEST(times_of_an_import_can_only_shorten),
		TEST(what_is_not_cached_is_not_shown),
		TEST(a_record_of_another_version_is_not_cached),
		TEST(a_list_is_in_order_and_can_be_stopped),
		TEST(a_list_can_be_stored_again),
		TEST(removal_takes_policy_and_answer),
		TEST(without_a_run_directory_removal_works_from_the_policies),
		TEST(purge_takes_the_expired_and_clear_the_rest),
		TEST(statistics_count),
		TEST(verify_finds_what_cannot_be_read),
		TEST(remembered_mx_hosts_are_kept_and_removed_like_an_answer),
		TEST(compact_writes_a_copy),
		TEST(without_a_cache_every_call_says_so),
		TEST(a_batch_does_them_all),
		TEST(in_a_batch_the_administrator_has_the_last_word_as_well),
		TEST(a_batch_of_none_and_a_batch_of_too_many),
	};
	int failed;

	if (!host_enter())
		return host_skip();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	host_leave();
	return failed;
}
