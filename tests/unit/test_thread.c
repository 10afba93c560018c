/* api/thread: lookups of many threads on one background thread (DESIGN 4, 5:
 * a caller's deadline ends the caller's wait, not the work). */
#include <config.h>

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "api/context.h"
#include "rules/answer.h"
#include "support/host.h"
#include "support/table.h"

/* A child that starts a thread is what one of these tests is about. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
const char *__tsan_default_options(void);

__attribute__((visibility("default"))) const char *
__tsan_default_options(void)
{
	return "die_after_fork=0";
}
#endif
#endif

static void
start(struct host *host, unsigned flags)
{
	assert_int_equal(mtasts_start_thread(host->ctx, flags, NULL),
	    MTASTS_OK);
}

static void
pause_ms(long milliseconds)
{
	const struct timespec ts = { milliseconds / 1000,
		milliseconds % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static void
a_second_thread_is_refused(void **state)
{
	struct host *host = *state;
	struct mtasts_error err;

	start(host, 0);
	assert_int_equal(mtasts_start_thread(host->ctx, 0, &err),
	    MTASTS_INVALID);
	assert_string_equal(err.text, "the background thread runs already");
}

static void
a_lookup_is_done_by_the_thread(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;

	start(host, 0);
	r = host_lookup(host, "a.example", 0, -1);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_NO_RECORD);
	r = host_lookup(host, "promise.example", 0, -1);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_FETCH_ERROR);
	r = host_lookup(host, "fail.example", 0, -1);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_DNS_TEMPERROR);
}

static void
an_evaluation_is_done_by_the_thread(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;

	assert_int_equal(host_store(host, "mx.a.example"), MTASTS_OK);
	start(host, 0);
	r = host_evaluate(host, "mx.a.example", 0, -1);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_TEMPERROR);
	assert_int_equal(mtasts_result_host_count(r), 1);
	assert_string_equal(mtasts_result_host(r, 0)->name, "mx.host.example");
	assert_int_equal(mtasts_result_host(r, 0)->finding,
	    MTASTS_FINDING_CONNECT_FAILED);
}

static void
the_deadline_passes_and_the_work_goes_on(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;
	int64_t began = host_milliseconds();

	start(host, 0);
	r = host_lookup(host, "slow.example", 0, 50);
	assert_int_equal(mtasts_result_outcome(r),
	    MTASTS_OUTCOME_UNAVAILABLE);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_DEADLINE);
	assert_in_range(host_milliseconds() - began, 50, HOST_SLOW - 50);
	pause_ms(HOST_SLOW + 200);
	r = host_lookup(host, "slow.example", 0, 0);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_NO_RECORD);
}

static void
at_the_deadline_a_cached_policy_applies(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;

	assert_int_equal(host_store(host, "silent.example"), MTASTS_OK);
	start(host, 0);
	r = host_lookup(host, "silent.example", 0, 50);
	assert_int_equal(mtasts_result_mode(r), MTASTS_MODE_ENFORCE);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_DEADLINE);
	assert_int_equal(mtasts_result_source(r), MTASTS_SOURCE_CACHE);
	r = host_evaluate(host, "silent.example", 0, 50);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_TEMPERROR);
	assert_string_equal(mtasts_result_enhanced_code(r), "4.4.1");
}

static void
at_the_deadline_strict_first_use_holds_what_is_unknown(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;

	host_set(host, "policy.strict_first_use", "yes");
	host_again(host);
	assert_int_equal(host_store(host, "silent.a.example"), MTASTS_OK);
	start(host, 0);
	r = host_lookup(host, "silent.example", 0, 50);
	assert_int_equal(mtasts_result_outcome(r), MTASTS_OUTCOME_DEFER);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_DEADLINE);
	r = host_evaluate(host, "silent.example", 0, 50);
	assert_int_equal(mtasts_result_outcome(r), MTASTS_OUTCOME_DEFER);
	assert_int_equal(mtasts_result_verdict(r), MTASTS_VERDICT_TEMPERROR);
	assert_string_equal(mtasts_result_enhanced_code(r), "4.7.0");
	r = host_lookup(host, "silent.example", 0, 0); /* nobody is asked */
	assert_int_equal(mtasts_result_outcome(r), MTASTS_OUTCOME_UNAVAILABLE);
	r = host_lookup(host, "silent.a.example", 0, 50);
	assert_int_equal(mtasts_result_outcome(r), MTASTS_OUTCOME_POLICY);
	r = host_lookup(host, "slow.example", 0, 50);
	assert_int_equal(mtasts_result_outcome(r), MTASTS_OUTCOME_DEFER);
	r = host_lookup(host, "slow.example", 0, -1);
	assert_int_equal(mtasts_result_outcome(r), MTASTS_OUTCOME_NONE);
}

/* Date what is remembered of a domain so many seconds back; out of its TTL. */
static enum cache_change
age(void *arg, struct span old, struct span *replacement)
{
	static char buf[ANSWER_SIZE_MAX];
	struct answer answer;

	if (!answer_decode(old.data, old.len, &answer))
		return CACHE_KEEP;
	answer.first_seen -= *(int *)arg;
	answer.fresh_until = time(NULL) - 1;
	*replacement = span_of(buf,
	    answer_encode(&answer, buf, sizeof(buf)));
	return CACHE_REPLACE;
}

static void
wait_until_given_up(struct host *host, const char *domain)
{
	int tries;

	for (tries = 0; tries < 600; tries++) {
		if (mtasts_result_reason(host_lookup(host, domain, 0, 0)) ==
		    MTASTS_REASON_DNS_TEMPERROR)
			return;
		pause_ms(50);
	}
	fail_msg("%s: not given up", domain);
}

/* Nobody's deadline reaches as far as DNS's patience: the bound of a day begins
 * all the same. */
static void
strict_first_use_ends_where_no_name_server_answers(void **state)
{
	static const struct {
		int age;
		enum mtasts_outcome outcome;
	} rows[] = {
		{ 0, MTASTS_OUTCOME_DEFER },
		{ 80000, MTASTS_OUTCOME_DEFER },
		{ 7000, MTASTS_OUTCOME_UNAVAILABLE },
	};
	struct host *host = *state;
	size_t i;
	int age_by;

	host_set(host, "policy.strict_first_use", "yes");
	host_set(host, "dns.timeout", "100ms");
	host_again(host);
	start(host, 0);
	host_lookup(host, "silent.example", 0, 20);
	for (i = 0; i < COUNT(rows); i++) {
		wait_until_given_up(host, "silent.example");
		age_by = rows[i].age;
		assert_int_equal(cache_change(&host->ctx->cache, CACHE_ANSWERS,
				     span_str("silent.example"), age, &age_by,
				     time(NULL)),
		    CACHE_OK);
		assert_int_equal(mtasts_result_outcome(host_lookup(host,
				     "silent.example", 0, 20)),
		    rows[i].outcome);
	}
}

/* A leak of what was in flight shows in a sanitizer build. */
static void
freed_while_lookups_are_in_flight(void **state)
{
	struct host *host = *state;

	start(host, MTASTS_THREAD_REFRESH);
	host_lookup(host, "silent1.example", 0, 1);
	host_lookup(host, "silent2.example", 0, 1);
	host_lookup(host, "silent2.example", MTASTS_RECHECK, 1);
}

static void
freed_while_evaluations_are_in_flight(void **state)
{
	struct host *host = *state;
	char file[SCRATCH_PATH];
	FILE *f;

	scratch_join(file, host->path, "overrides");
	f = fopen(file, "w");
	assert_non_null(f);
	fputs(".silent.example enforce mx=mx.a.example\n", f);
	fclose(f);
	host_set(host, "policy.overrides", file);
	host_again(host);
	start(host, 0);
	/* An override needs no lookup: the walk waits for the MX records. */
	host_evaluate(host, "a.silent.example", 0, 30);
	host_evaluate(host, "b.silent.example", 0, 30);
	host_evaluate(host, "a.silent.example", 0, 30);
}

static void
freed_at_once(void **state)
{
	struct host *host = *state;
	int i;

	for (i = 0; i < 20; i++) {
		start(host, i % 2 ? MTASTS_THREAD_REFRESH : 0);
		host_lookup(host, "silent.example", MTASTS_RECHECK, i % 3);
		host_again(host);
	}
}

/* ---- Eight at once ------------------------------------------------------------------ */

#define THREADS 8
#define ROUNDS 60

struct caller {
	struct host *host;
	unsigned number;
	bool same;  /* the domains of all */
	bool alone; /* no background thread: a deadline ends the work, which
		     * all remember for a while */
	unsigned wrong;
};

static void *
call_often(void *arg)
{
	struct caller *caller = arg;
	const struct mtasts_result *r;
	struct mtasts_session *session;
	char domain[64];
	unsigned i;

	if (mtasts_session_new(caller->host->ctx, &session, NULL) != MTASTS_OK)
		return NULL;
	for (i = 0; i < ROUNDS; i++) {
		snprintf(domain, sizeof(domain), "%s%u.c%u.example",
		    i % 3 == 0 ? "promise" : "plain", i / 4,
		    caller->same ? 0 : caller->number);
		if (mtasts_lookup(session, domain,
			i % 5 == 0 ? MTASTS_RECHECK : 0, i % 7 == 0 ? 1 : -1,
			&r, NULL) != MTASTS_OK) {
			caller->wrong++;
			continue;
		}
		if (mtasts_result_reason(r) == MTASTS_REASON_DEADLINE &&
		    (i % 7 == 0 || caller->alone))
			continue;
		if (strcmp(mtasts_result_domain(r), domain) != 0 ||
		    mtasts_result_reason(r) != (i % 3 == 0 ?
			MTASTS_REASON_FETCH_ERROR : MTASTS_REASON_NO_RECORD))
			caller->wrong++;
	}
	mtasts_session_free(&session);
	return caller;
}

static void
run_callers(struct host *host, bool same, bool alone)
{
	struct caller callers[THREADS];
	pthread_t ids[THREADS];
	unsigned i, wrong = 0;
	void *done;

	for (i = 0; i < THREADS; i++) {
		callers[i] = (struct caller) { host, i, same, alone, 0 };
		assert_int_equal(
		    pthread_create(&ids[i], NULL, call_often, &callers[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(ids[i], &done);
		wrong += done == NULL ? ROUNDS : callers[i].wrong;
	}
	assert_int_equal(wrong, 0);
}

static void
eight_threads_look_up_the_same_domains(void **state)
{
	start(*state, MTASTS_THREAD_REFRESH);
	run_callers(*state, true, false);
}

static void
eight_threads_look_up_domains_of_their_own(void **state)
{
	start(*state, 0);
	run_callers(*state, false, false);
}

static void
eight_threads_need_no_background_thread(void **state)
{
	run_callers(*state, true, true);
}

/* ---- Refresh ------------------------------------------------------------------------ */

static bool
count_checked(void *arg, const struct mtasts_cached *cached)
{
	*(unsigned *)arg = cached->refresh_failures;
	return true;
}

/* A due policy is fetched anew: that its host does not exist is counted. */
static unsigned
refresh_failures(struct host *host, unsigned flags)
{
	const struct mtasts_cached cached = { .domain = "promise.a.example",
		.id = "one", .policy = { MTASTS_MODE_ENFORCE, 864000, 1,
		    "mx.host.example" }, .fetched_at = time(NULL) - 3600,
		.used_at = time(NULL), .refresh_at = time(NULL) - 60 };
	unsigned failures = 0;
	int tries;

	assert_int_equal(mtasts_admin_store(host->ctx, &cached, NULL),
	    MTASTS_OK);
	start(host, flags);
	for (tries = 0; tries < 20 && failures == 0; tries++) {
		pause_ms(50);
		assert_int_equal(mtasts_admin_show(host->ctx,
		    "promise.a.example", count_checked, &failures, NULL),
		    MTASTS_OK);
	}
	return failures;
}

static void
the_refresh_flag_refreshes(void **state)
{
	assert_int_equal(refresh_failures(*state, MTASTS_THREAD_REFRESH), 1);
}

static void
without_the_flag_nothing_is_refreshed(void **state)
{
	assert_int_equal(refresh_failures(*state, 0), 0);
}

/* ---- Fork --------------------------------------------------------------------------- */

static bool
use_parents_session(void *arg)
{
	struct host *host = arg;
	const struct mtasts_result *r;

	if (mtasts_lookup(host->session, "promise.example", 0, -1, &r, NULL) !=
		MTASTS_OK ||
	    mtasts_result_reason(r) != MTASTS_REASON_FETCH_ERROR)
		return false;
	/* The thread stayed with the parent: this process may have its own. */
	if (mtasts_start_thread(host->ctx, 0, NULL) != MTASTS_OK ||
	    mtasts_lookup(host->session, "other.example", 0, -1, &r, NULL) !=
		MTASTS_OK ||
	    mtasts_result_reason(r) != MTASTS_REASON_NO_RECORD)
		return false;
	mtasts_session_free(&host->session);
	mtasts_free(&host->ctx);
	return true;
}

static bool
free_at_once(void *arg)
{
	struct host *host = arg;

	mtasts_session_free(&host->session);
	mtasts_free(&host->ctx);
	return true;
}

static void
a_child_of_a_process_with_a_thread_goes_its_own_way(void **state)
{
	struct host *host = *state;
	const struct mtasts_result *r;

	start(host, MTASTS_THREAD_REFRESH);
	host_lookup(host, "silent.example", 0, 1); /* in flight */
	assert_int_equal(scratch_child(use_parents_session, host), 0);
	assert_int_equal(scratch_child(free_at_once, host), 0);
	r = host_lookup(host, "after.example", 0, -1);
	assert_int_equal(mtasts_result_reason(r), MTASTS_REASON_NO_RECORD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, host_make, host_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_second_thread_is_refused),
		TEST(a_lookup_is_done_by_the_thread),
		TEST(an_evaluation_is_done_by_the_thread),
		TEST(the_deadline_passes_and_the_work_goes_on),
		TEST(at_the_deadline_a_cached_policy_applies),
		TEST(at_the_deadline_strict_first_use_holds_what_is_unknown),
		TEST(strict_first_use_ends_where_no_name_server_answers),
		TEST(freed_while_lookups_are_in_flight),
		TEST(freed_while_evaluations_are_in_flight),
		TEST(freed_at_once),
		TEST(eight_threads_look_up_the_same_domains),
		TEST(eight_threads_look_up_domains_of_their_own),
		TEST(eight_threads_need_no_background_thread),
		TEST(the_refresh_flag_refreshes),
		TEST(without_the_flag_nothing_is_refreshed),
		TEST(a_child_of_a_process_with_a_thread_goes_its_own_way),
	};
	int failed;

	if (!host_enter())
		return host_skip();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	host_leave();
	return failed;
}
