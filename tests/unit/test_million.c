/*
 * A million cached policies: what was stored is found, walks go on streaming,
 * and nothing is counted wrong. The environment is filled as io/cache_env.c lays
 * it out, by one transaction of LMDB's own. Nothing asserts a time; what was
 * measured is printed, a lookup beside a get of LMDB alone.
 */
#include <config.h>

#include "base/clock.h"
#include "mtasts_admin.h"
#include "rules/entry.h"
#include "support/scratch.h"
#include "support/table.h"

#include <errno.h>
#include <inttypes.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#define MILLION 1000000u
#define GETS 200000u
#define MAP_SIZE ((size_t)1 << 30) /* cache.size by default */
#define SPACE_MIN ((uint64_t)1 << 30)
#define ANON_MAX 8192 /* KiB a walk may take beyond what is there */

/* Sanitizers keep what was freed, and memory says nothing then. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define MEMORY_SAYS_NOTHING 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_SAYS_NOTHING 1
#endif

struct world {
	char path[SCRATCH_PATH];
	struct mtasts *ctx;
	int64_t now;
	double raw; /* nanoseconds of a get of LMDB alone */
};

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The same order of names each time: xorshift from a fixed seed. */
static unsigned
random_index(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % MILLION;
}

/* KiB of memory that is not the file's. */
static long
anonymous(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[200];
	long kib = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib;
}

/* ---- Policy i ------------------------------------------------------------- */

static enum mtasts_mode
mode_of(unsigned i)
{
	return i % 10 == 0 ? MTASTS_MODE_NONE :
	    i % 10 < 4	   ? MTASTS_MODE_TESTING :
			     MTASTS_MODE_ENFORCE;
}

/* Every hundredth has expired. */
static uint32_t
max_age_of(unsigned i)
{
	return i % 100 == 99 ? 60 : 86400 + i;
}

static void
name_of(unsigned i, char *buf, size_t size)
{
	snprintf(buf, size, "d%07u.example", i);
}

static size_t
encode(unsigned i, int64_t now, char *buf, size_t size)
{
	char mx[64], raw[200];
	struct entry entry = { .fetched_at = now - 3600,
		.refresh_at = now + 43200, .used_at = now - 3600 };
	int len = snprintf(mx, sizeof(mx), "mx%u.example.net", i);

	entry.policy.mode = mode_of(i);
	entry.policy.max_age = max_age_of(i);
	entry.policy.mx = mx;
	entry.policy.mx_size = (size_t)len + 1;
	entry.policy.mx_count = 1;
	snprintf(entry.id, sizeof(entry.id), "id%u", i);
	len = snprintf(raw, sizeof(raw),
	    "version: STSv1\nmode: %s\nmax_age: %" PRIu32 "\nmx: %s\n",
	    mtasts_mode_name(entry.policy.mode), entry.policy.max_age, mx);
	entry.raw = span_of(raw, (size_t)len);
	return entry_encode(&entry, buf, size);
}

/* ---- Made by LMDB alone ---------------------------------------------------- */

static MDB_env *
open_alone(const char *path)
{
	char directory[SCRATCH_PATH];
	MDB_env *env;

	scratch_join(directory, path, "policies");
	if (mkdir(directory, 0750) != 0 || mdb_env_create(&env) != 0)
		return NULL;
	if (mdb_env_set_mapsize(env, MAP_SIZE) == 0 &&
	    mdb_env_open(env, directory, MDB_NOTLS | MDB_NOSYNC, 0660) == 0)
		return env;
	mdb_env_close(env);
	return NULL;
}

static int
append_all(MDB_txn *txn, MDB_dbi dbi, int64_t now)
{
	char name[32], octets[512];
	int rc = 0;

	for (unsigned i = 0; i < MILLION && rc == 0; i++) {
		MDB_val key, val = { 0, octets };

		name_of(i, name, sizeof(name));
		key = (MDB_val){ strlen(name), name };
		val.mv_size = encode(i, now, octets, sizeof(octets));
		rc = val.mv_size == 0 ? EINVAL :
		    mdb_put(txn, dbi, &key, &val, MDB_APPEND);
	}
	return rc;
}

static bool
fill(MDB_env *env, int64_t now)
{
	MDB_txn *txn;
	MDB_dbi dbi;

	if (mdb_txn_begin(env, NULL, 0, &txn) != 0)
		return false;
	if (mdb_dbi_open(txn, NULL, 0, &dbi) == 0 &&
	    append_all(txn, dbi, now) == 0)
		return mdb_txn_commit(txn) == 0;
	mdb_txn_abort(txn);
	return false;
}

/* As a lookup does at least: renew, get, copy, reset. */
static double
measure_raw(MDB_env *env)
{
	char name[32], copy[512];
	uint32_t seed = 1;
	unsigned found = 0;
	double start;
	MDB_txn *txn;
	MDB_dbi dbi;

	if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 ||
	    mdb_dbi_open(txn, NULL, 0, &dbi) != 0)
		return 0;
	mdb_txn_reset(txn);
	start = seconds();
	for (unsigned i = 0; i < GETS; i++) {
		MDB_val key, val;

		name_of(random_index(&seed), name, sizeof(name));
		key = (MDB_val){ strlen(name), name };
		if (mdb_txn_renew(txn) != 0)
			break;
		if (mdb_get(txn, dbi, &key, &val) == 0 &&
		    val.mv_size <= sizeof(copy)) {
			memcpy(copy, val.mv_data, val.mv_size);
			found++;
		}
		mdb_txn_reset(txn);
	}
	start = seconds() - start;
	mdb_txn_abort(txn);
	return found == GETS ? start * 1e9 / GETS : 0;
}

static bool
use_cache(struct world *w)
{
	struct mtasts_options *options;
	bool done;

	if (mtasts_options_new(&options) != MTASTS_OK)
		return false;
	done = mtasts_options_set(options, "cache.directory", w->path, NULL) ==
		MTASTS_OK &&
	    mtasts_options_set(options, "cache.run_directory", w->path,
		NULL) == MTASTS_OK &&
	    mtasts_new(options, &w->ctx, NULL) == MTASTS_OK;
	mtasts_options_free(&options);
	return done;
}

static int
unmake(void **state)
{
	struct world *w = *state;

	mtasts_free(&w->ctx);
	scratch_remove(w->path);
	free(w);
	return 0;
}

static int
make(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	double start = seconds();
	MDB_env *env;

	if ((*state = w) == NULL)
		return -1;
	scratch_make(w->path);
	w->now = clock_wall(&clock_system);
	if ((env = open_alone(w->path)) == NULL)
		return -1;
	if (fill(env, w->now)) {
		printf("# %u policies filled in: %.1f s\n", MILLION,
		    seconds() - start);
		w->raw = measure_raw(env);
	}
	mdb_env_close(env);
	if (w->raw > 0 && use_cache(w))
		return 0;
	unmake(state);
	return -1;
}

/* ---- Lookups --------------------------------------------------------------- */

static void
expect_found(const struct mtasts_result *result, unsigned i, const char *name,
    int64_t now)
{
	char id[33], mx[64];

	if (max_age_of(i) == 60) {
		ROW_INT(name, mtasts_result_outcome(result),
		    MTASTS_OUTCOME_UNAVAILABLE);
		ROW_INT(name, mtasts_result_reason(result),
		    MTASTS_REASON_NOT_CACHED);
		return;
	}
	snprintf(id, sizeof(id), "id%u", i);
	snprintf(mx, sizeof(mx), "mx%u.example.net", i);
	ROW_INT(name, mtasts_result_outcome(result), MTASTS_OUTCOME_POLICY);
	ROW_INT(name, mtasts_result_source(result), MTASTS_SOURCE_CACHE);
	ROW_INT(name, mtasts_result_mode(result), mode_of(i));
	ROW_INT(name, mtasts_result_max_age(result), max_age_of(i));
	ROW_INT(name, mtasts_result_fetched_at(result), now - 3600);
	ROW_STR(name, mtasts_result_id(result), id);
	ROW_INT(name, mtasts_result_mx_count(result), 1);
	ROW_STR(name, mtasts_result_mx(result, 0), mx);
}

static void
any_of_a_million_is_found(void **state)
{
	struct world *w = *state;
	const struct mtasts_result *result;
	struct mtasts_session *session;
	uint32_t seed = 1;
	double start, each;
	char name[32];

	assert_int_equal(mtasts_session_new(w->ctx, &session, NULL),
	    MTASTS_OK);
	start = seconds();
	for (unsigned i = 0; i < GETS; i++) {
		name_of(random_index(&seed), name, sizeof(name));
		if (mtasts_lookup(session, name, 0, 0, &result, NULL) !=
		    MTASTS_OK)
			fail_msg("%s: no result", name);
	}
	each = (seconds() - start) * 1e9 / GETS;
	printf("# a lookup: %.0f ns; a get of LMDB alone: %.0f ns;"
	       " ratio %.1f\n", each, w->raw, each / w->raw);

	seed = 1;
	for (unsigned i = 0; i < GETS; i++) {
		unsigned which = random_index(&seed);

		name_of(which, name, sizeof(name));
		assert_int_equal(mtasts_lookup(session, name, 0, 0, &result,
				     NULL), MTASTS_OK);
		expect_found(result, which, name, w->now);
	}
	assert_int_equal(mtasts_lookup(session, "d1000000.example", 0, 0,
			     &result, NULL), MTASTS_OK);
	assert_int_equal(mtasts_result_reason(result),
	    MTASTS_REASON_NOT_CACHED);
	mtasts_session_free(&session);
}

/* ---- Walks ----------------------------------------------------------------- */

struct listing {
	unsigned count;
	long most; /* KiB */
};

static bool
see(void *arg, const struct mtasts_cached *cached)
{
	struct listing *listing = arg;
	char name[32];

	name_of(listing->count, name, sizeof(name));
	ROW_STR(name, cached->domain, name);
	ROW_INT(name, cached->live, max_age_of(listing->count) != 60);
	if (listing->count++ % 50000 == 0) {
		long kib = anonymous();

		if (kib > listing->most)
			listing->most = kib;
	}
	return true;
}

static void
a_list_streams_all_of_them_in_order(void **state)
{
	struct world *w = *state;
	struct listing listing = { 0, 0 };
	long before = anonymous();
	double start = seconds();

	assert_int_equal(mtasts_admin_list(w->ctx, see, &listing, NULL),
	    MTASTS_OK);
	printf("# a list: %.1f s, %ld KiB more\n", seconds() - start,
	    listing.most - before);
	assert_int_equal(listing.count, MILLION);
#ifndef MEMORY_SAYS_NOTHING
	assert_true(listing.most - before < ANON_MAX);
#endif
}

struct figures {
	uint64_t enforce, testing, none, expired, policies;
};

static void
note(void *arg, const char *name, uint64_t value)
{
	struct figures *figures = arg;
	const struct {
		const char *name;
		uint64_t *value;
	} known[] = {
		{ "enforce", &figures->enforce },
		{ "testing", &figures->testing },
		{ "none", &figures->none },
		{ "expired", &figures->expired },
		{ "policies", &figures->policies },
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (strcmp(known[i].name, name) == 0)
			*known[i].value = value;
}

static void
statistics_count_them(void **state)
{
	struct world *w = *state;
	struct figures figures = { 0 };
	double start = seconds();

	assert_int_equal(mtasts_admin_stats(w->ctx, note, &figures, NULL),
	    MTASTS_OK);
	printf("# statistics: %.1f s\n", seconds() - start);
	assert_int_equal(figures.policies, MILLION);
	assert_int_equal(figures.none, MILLION / 10);
	assert_int_equal(figures.testing, 3 * (MILLION / 10));
	assert_int_equal(figures.enforce, 6 * (MILLION / 10) - MILLION / 100);
	assert_int_equal(figures.expired, MILLION / 100);
}

static void
print_damage(void *arg, const char *text)
{
	(void)arg;
	printf("# %s\n", text);
}

static void
verify_finds_no_damage(void **state)
{
	struct world *w = *state;
	double start = seconds();
	size_t damage = 1;

	assert_int_equal(mtasts_admin_verify(w->ctx, print_damage, NULL,
			     &damage, NULL), MTASTS_OK);
	printf("# verify: %.1f s\n", seconds() - start);
	assert_int_equal(damage, 0);
}

/* ---- If there is room ------------------------------------------------------ */

static bool
has_space(void)
{
	char path[SCRATCH_PATH];
	struct statvfs fs;
	bool known;

	scratch_make(path);
	known = statvfs(path, &fs) == 0;
	scratch_remove(path);
	return known && (uint64_t)fs.f_bavail * fs.f_frsize >= SPACE_MIN;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_of_a_million_is_found),
		cmocka_unit_test(a_list_streams_all_of_them_in_order),
		cmocka_unit_test(statistics_count_them),
		cmocka_unit_test(verify_finds_no_damage),
	};

	if (!has_space()) {
		printf("1..0 # SKIP less than 1 GiB is free\n");
		return 0;
	}
	return cmocka_run_group_tests_name("million", tests, make, unmake);
}
