/* api: memory runs out at the first allocation, the second, the third... until
 * there were enough: every call says so or does its work, and leaks nothing (a
 * sanitizer build sees that). */
#include <config.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "support/host.h"
#include "support/table.h"

/* ---- The allocator, wrapped by the linker ---------------------------------------- */

static atomic_long left = -1; /* allocations that succeed; negative: all */
static atomic_bool failed;    /* one did not */
static bool forever;   /* and none after it */

static bool
fails(void)
{
	if (left < 0)
		return false;
	if (left > 0) {
		left--;
		return false;
	}
	failed = true;
	if (!forever)
		left = -1;
	return true;
}

#define WRAP(type, name, params, args)                              \
	type __real_##name params;                                  \
	type __wrap_##name params;                                  \
	type __wrap_##name params                                   \
	{                                                           \
		return fails() ? NULL : __real_##name args;         \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(char *, strdup, (const char *s), (s))
WRAP(char *, strndup, (const char *s, size_t n), (s, n))

/* ---- One call, again and again ---------------------------------------------------- */

/* Makes one call, with check for what it says, and undoes it. */
typedef enum mtasts_status attempt_fn(struct host *host);

#define ATTEMPTS_MAX 3000

static void
attempt_all(struct host *host, attempt_fn *fn, const char *row)
{
	enum mtasts_status status;
	long n;

	for (n = 0; n < ATTEMPTS_MAX; n++) {
		failed = false;
		left = n;
		status = fn(host);
		left = -1;
		if (status != MTASTS_OK && status != MTASTS_NOMEM)
			fail_msg("row %s: allocation %ld: %s", row, n,
			    mtasts_status_name(status));
		if (!failed)
			break;
	}
	ROW_TRUE(row, n < ATTEMPTS_MAX);
	ROW_INT(row, status, MTASTS_OK);
}

static void
attempt(struct host *host, attempt_fn *fn, const char *row)
{
	forever = false;
	attempt_all(host, fn, row);
	forever = true;
	attempt_all(host, fn, row);
	forever = false;
}

#define ATTEMPT(host, fn) attempt(host, fn, #fn)

/* ---- Options and context ----------------------------------------------------------- */

static enum mtasts_status
make_options(struct host *host)
{
	struct mtasts_options *options;
	enum mtasts_status status = mtasts_options_new(&options);

	(void)host;
	if (status == MTASTS_OK)
		status = mtasts_options_set(options, "dns.servers",
		    "192.0.2.1, 192.0.2.2", NULL);
	if (status == MTASTS_OK)
		status = mtasts_options_set(options, "https.allow_addresses",
		    "192.0.2.0/24", NULL);
	if (status == MTASTS_OK)
		status = mtasts_options_set(options, "probe.helo", "a.example",
		    NULL);
	mtasts_options_free(&options);
	assert_null(options);
	return status;
}

static enum mtasts_status
make_context(struct host *host)
{
	struct mtasts *ctx;
	struct mtasts_session *session = NULL;
	struct mtasts_error err;
	enum mtasts_status status = mtasts_new(host->options, &ctx, &err);

	if (status == MTASTS_OK)
		status = mtasts_session_new(ctx, &session, &err);
	if (status != MTASTS_OK && err.status != MTASTS_NOMEM)
		status = MTASTS_INVALID; /* the error was not filled in */
	mtasts_session_free(&session);
	mtasts_free(&ctx);
	return status;
}

static void
write_file(struct host *host, const char *name, const char *text,
    char file[SCRATCH_PATH])
{
	FILE *f;

	scratch_join(file, host->path, name);
	f = fopen(file, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static enum mtasts_status
load_options(struct host *host)
{
	struct mtasts_options *options;
	struct mtasts_error err;
	char file[SCRATCH_PATH];
	enum mtasts_status status = mtasts_options_new(&options);

	scratch_join(file, host->path, "conf");
	if (status == MTASTS_OK)
		status = mtasts_options_load(options, file, &err);
	mtasts_options_free(&options);
	return status;
}

static enum mtasts_status
make_directories(struct host *host)
{
	return mtasts_make_directories(host->options, NULL);
}

static void
options_and_contexts(void **state)
{
	struct host *host = *state;
	char file[SCRATCH_PATH];

	write_file(host, "overrides",
	    "a.example skip\n.b.example enforce mx=*.a.example\n", file);
	host_set(host, "policy.overrides", file);
	write_file(host, "conf",
	    "dns { servers = {\"192.0.2.1\", \"192.0.2.2\"} }\n"
	    "https { allow_addresses = {\"192.0.2.0/24\"} }\n", file);
	ATTEMPT(host, make_options);
	ATTEMPT(host, load_options);
	ATTEMPT(host, make_directories);
	ATTEMPT(host, make_context);
}

/* ---- The cache ----------------------------------------------------------------------- */

static bool
pass_over(void *arg, const struct mtasts_cached *cached)
{
	(void)arg;
	(void)cached;
	return true;
}

static enum mtasts_status
store(struct host *host)
{
	return host_store(host, "a.example");
}

static enum mtasts_status
show(struct host *host)
{
	return mtasts_admin_show(host->ctx, "a.example", pass_over, NULL,
	    NULL);
}

static enum mtasts_status
list(struct host *host)
{
	return mtasts_admin_list(host->ctx, pass_over, NULL, NULL);
}

static enum mtasts_status
remove_and_store(struct host *host)
{
	enum mtasts_status status = mtasts_admin_remove(host->ctx, "a.example",
	    NULL);

	return status == MTASTS_NOTFOUND || status == MTASTS_OK ? store(host) :
								  status;
}

static enum mtasts_status
purge(struct host *host)
{
	size_t removed;

	return mtasts_admin_purge(host->ctx, &removed, NULL);
}

struct importing {
	struct mtasts_import *import;
	enum mtasts_status status;
};

static bool
add_to_import(void *arg, const struct mtasts_cached *cached)
{
	struct importing *importing = arg;

	importing->status = mtasts_admin_import_add(importing->import, cached,
	    NULL);
	return true;
}

static enum mtasts_status
import(struct host *host)
{
	struct importing importing = { .status = MTASTS_OK };
	size_t stored;
	enum mtasts_status status = mtasts_admin_import_new(host->ctx,
			       &importing.import, NULL),
			   ended;

	if (status == MTASTS_OK)
		status = mtasts_admin_show(host->ctx, "a.example",
		    add_to_import, &importing, NULL);
	if (status == MTASTS_OK)
		status = importing.status;
	ended = mtasts_admin_import_end(&importing.import, &stored, NULL);
	if (status == MTASTS_OK && ended == MTASTS_OK)
		assert_int_equal(stored, 1);
	return status == MTASTS_OK ? ended : status;
}

static void
ignore_statistic(void *arg, const char *name, uint64_t value)
{
	(void)arg;
	(void)name;
	(void)value;
}

static enum mtasts_status
statistics(struct host *host)
{
	return mtasts_admin_stats(host->ctx, ignore_statistic, NULL, NULL);
}

static void
no_damage(void *arg, const char *text)
{
	(void)arg;
	if (!failed)
		fail_msg("%s", text);
}

static enum mtasts_status
verify(struct host *host)
{
	size_t damage;

	return mtasts_admin_verify(host->ctx, no_damage, NULL, &damage, NULL);
}

static enum mtasts_status
compact(struct host *host)
{
	char file[SCRATCH_PATH];

	scratch_join(file, host->path, "copy");
	unlink(file);
	return mtasts_admin_compact(host->ctx, file, NULL);
}

static enum mtasts_status
clear_and_store(struct host *host)
{
	size_t removed;
	enum mtasts_status status = mtasts_admin_clear(host->ctx, &removed,
	    NULL);

	return status == MTASTS_OK ? store(host) : status;
}

static enum mtasts_status
lint(struct host *host)
{
	static const char body[] = "version: STSv1\nmode: none\nmax_age: 1\n";
	const char *const records[] = { "v=STSv1; id=one" };
	struct mtasts_policy_view view;
	struct mtasts_lint said;
	char id[33], *storage;
	bool policy = mtasts_admin_lint_policy(body, sizeof(body) - 1, &view,
	    &storage, &said);
	bool record = mtasts_admin_lint_records(records, 1, id, &said);

	(void)host;
	free(storage);
	return policy && record ? MTASTS_OK : MTASTS_NOMEM;
}

static void
the_cache(void **state)
{
	struct host *host = *state;

	assert_int_equal(store(host), MTASTS_OK);
	ATTEMPT(host, store);
	ATTEMPT(host, show);
	ATTEMPT(host, list);
	ATTEMPT(host, remove_and_store);
	ATTEMPT(host, import);
	ATTEMPT(host, statistics);
	ATTEMPT(host, verify);
	ATTEMPT(host, compact);
	ATTEMPT(host, purge);
	ATTEMPT(host, clear_and_store);
	ATTEMPT(host, lint);
}

/* ---- Lookups ----------------------------------------------------------------------------- */

/* Of a policy that is stored: there is no other right answer. */
static enum mtasts_status
look_up(struct host *host, const char *domain, unsigned flags, int deadline)
{
	const struct mtasts_result *r;
	enum mtasts_status status = mtasts_lookup(host->session, domain, flags,
	    deadline, &r, NULL);

	if (status != MTASTS_OK) {
		assert_null(r);
		return status;
	}
	if (mtasts_result_mode(r) != MTASTS_MODE_ENFORCE && !failed)
		return MTASTS_INVALID;
	assert_true(mtasts_result_outcome(r) != MTASTS_OUTCOME_NONE);
	return status;
}

static enum mtasts_status
hit(struct host *host)
{
	return look_up(host, "a.example", 0, -1);
}

static enum mtasts_status
cached_only(struct host *host)
{
	return look_up(host, "a.example", 0, 0);
}

static enum mtasts_status
miss(struct host *host)
{
	return look_up(host, "a.example", MTASTS_RECHECK, -1);
}

/* With a context of its own, so that everything is made anew. */
static enum mtasts_status
first_miss(struct host *host)
{
	struct host own = { .options = host->options };
	enum mtasts_status status = mtasts_new(own.options, &own.ctx, NULL);

	if (status == MTASTS_OK)
		status = mtasts_session_new(own.ctx, &own.session, NULL);
	if (status == MTASTS_OK)
		status = look_up(&own, "fail.example", 0, 2000);
	mtasts_session_free(&own.session);
	mtasts_free(&own.ctx);
	return status;
}

static enum mtasts_status
evaluate(struct host *host)
{
	const struct mtasts_result *r;
	enum mtasts_status status = mtasts_evaluate(host->session,
	    "plain.mx.example", 0, 2000, &r, NULL);

	if (status == MTASTS_OK && !failed)
		assert_int_equal(mtasts_result_verdict(r),
		    MTASTS_VERDICT_TEMPERROR);
	if (status == MTASTS_OK)
		assert_int_not_equal(mtasts_result_verdict(r),
		    MTASTS_VERDICT_FAIL);
	return status;
}

static void
on_step(void *arg, const struct mtasts_step *step)
{
	(void)arg;
	(void)step;
}

static enum mtasts_status
traced(struct host *host)
{
	enum mtasts_status status;

	mtasts_admin_set_trace(host->ctx, on_step, NULL);
	status = miss(host);
	mtasts_admin_set_trace(host->ctx, NULL, NULL);
	return status;
}

static enum mtasts_status
lint_domain(struct host *host)
{
	const struct mtasts_result *r;
	struct mtasts_lint said;

	return mtasts_admin_lint_domain(host->session, "promise.mx.example", &r,
	    &said, NULL);
}

static void
a_hit_and_a_miss(void **state)
{
	struct host *host = *state;

	assert_int_equal(store(host), MTASTS_OK);
	assert_int_equal(host_store(host, "fail.example"), MTASTS_OK);
	ATTEMPT(host, cached_only);
	ATTEMPT(host, miss);
	ATTEMPT(host, traced);
	ATTEMPT(host, hit);
	ATTEMPT(host, first_miss);
}

static void
an_evaluation(void **state)
{
	struct host *host = *state;

	assert_int_equal(host_store(host, "plain.mx.example"), MTASTS_OK);
	ATTEMPT(host, evaluate);
	ATTEMPT(host, lint_domain);
}

/* ---- Batch and thread ------------------------------------------------------------------------ */

static unsigned at;

static const char *
next_name(void *arg)
{
	static const char *const names[] = { "a.example", "b", "c.example" };

	(void)arg;
	return at < COUNT(names) ? names[at++] : NULL;
}

static void
on_result(void *arg, const struct mtasts_result *r)
{
	(void)arg;
	(void)r;
}

static enum mtasts_status
batch(struct host *host)
{
	struct mtasts_error err = { .status = MTASTS_OK };
	enum mtasts_status status;

	at = 0;
	status = mtasts_admin_batch(host->ctx, MTASTS_RECHECK, 2, next_name,
	    on_result, NULL, &err);
	return err.status == status ? status : MTASTS_INVALID;
}

static void
a_batch(void **state)
{
	ATTEMPT(*state, batch);
}

static enum mtasts_status
start_thread(struct host *host)
{
	struct mtasts *ctx;
	struct mtasts_error err;
	enum mtasts_status status = mtasts_new(host->options, &ctx, &err);

	if (status == MTASTS_OK)
		status = mtasts_start_thread(ctx, MTASTS_THREAD_REFRESH, &err);
	if (status != MTASTS_OK && err.status != MTASTS_NOMEM)
		status = MTASTS_INVALID;
	left = -1; /* what the thread does is another's test */
	mtasts_free(&ctx);
	return status;
}

static void
a_thread(void **state)
{
	ATTEMPT(*state, start_thread);
}

struct told {
	sem_t ready;
	enum mtasts_status status;
};

static void
on_told(void *arg, const struct mtasts_result *r)
{
	struct told *told = arg;

	told->status = r == NULL ? MTASTS_NOMEM : MTASTS_OK;
	if (r != NULL && mtasts_result_mode(r) != MTASTS_MODE_ENFORCE &&
	    !failed)
		told->status = MTASTS_INVALID;
	sem_post(&told->ready);
}

static enum mtasts_status
request(struct host *host)
{
	struct told told;
	enum mtasts_status status;

	sem_init(&told.ready, 0, 0);
	status = mtasts_lookup_start(host->ctx, "a.example", MTASTS_RECHECK,
	    -1, on_told, &told, NULL);
	if (status == MTASTS_OK) {
		while (sem_wait(&told.ready) != 0)
			;
		status = told.status;
	}
	sem_destroy(&told.ready);
	return status;
}

static void
a_request(void **state)
{
	struct host *host = *state;

	assert_int_equal(host_store(host, "a.example"), MTASTS_OK);
	assert_int_equal(mtasts_start_thread(host->ctx, 0, NULL), MTASTS_OK);
	ATTEMPT(host, request);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, host_make, host_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(options_and_contexts),
		TEST(the_cache),
		TEST(a_hit_and_a_miss),
		TEST(an_evaluation),
		TEST(a_batch),
		TEST(a_thread),
		TEST(a_request),
	};
	int wrong;

	if (!host_enter())
		return host_skip();
	wrong = cmocka_run_group_tests(tests, NULL, NULL);
	host_leave();
	return wrong;
}
