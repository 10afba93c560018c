/* api/request: lookups whose answer is brought by a call, on the background
 * thread (mtasts_lookup_start). */
#include <config.h>

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "support/host.h"
#include "support/table.h"

/* What calls have brought: one for each request, in the order of the calls. */
#define CALLS_MAX 4096

struct calls {
	pthread_mutex_t mutex;
	pthread_cond_t more;
	size_t count;
	struct call {
		char domain[80];
		bool has_result;
		enum mtasts_outcome outcome;
		enum mtasts_mode mode;
		enum mtasts_reason reason;
		enum mtasts_source source;
		pthread_t thread;
	} list[CALLS_MAX];
};

static struct calls calls = { .mutex = PTHREAD_MUTEX_INITIALIZER,
	.more = PTHREAD_COND_INITIALIZER };

static void
note(void *arg, const struct mtasts_result *result)
{
	struct calls *to = arg;
	struct call *call;

	pthread_mutex_lock(&to->mutex);
	call = &to->list[to->count++ % CALLS_MAX];
	*call = (struct call) { .has_result = result != NULL,
		.thread = pthread_self() };
	if (result != NULL) {
		snprintf(call->domain, sizeof(call->domain), "%s",
		    mtasts_result_domain(result));
		call->outcome = mtasts_result_outcome(result);
		call->mode = mtasts_result_mode(result);
		call->reason = mtasts_result_reason(result);
		call->source = mtasts_result_source(result);
	}
	pthread_cond_signal(&to->more);
	pthread_mutex_unlock(&to->mutex);
}

/* Wait until so many have come; give the last. */
static const struct call *
wait_calls(size_t count)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 60;
	pthread_mutex_lock(&calls.mutex);
	while (calls.count < count) {
		if (pthread_cond_timedwait(&calls.more, &calls.mutex,
			&until) != 0)
			fail_msg("%zu of %zu calls", calls.count, count);
	}
	pthread_mutex_unlock(&calls.mutex);
	return &calls.list[count - 1];
}

static void
begin(struct host *host, const char *domain, unsigned flags, int deadline)
{
	struct mtasts_error err;

	if (mtasts_lookup_start(host->ctx, domain, flags, deadline, note,
		&calls, &err) != MTASTS_OK)
		fail_msg("%s: %s", domain, err.text);
}

/* One request, and its answer. */
static const struct call *
ask(struct host *host, const char *domain, unsigned flags, int deadline)
{
	size_t count = calls.count;

	begin(host, domain, flags, deadline);
	return wait_calls(count + 1);
}

static int
make(void **state)
{
	calls.count = 0;
	return host_make(state);
}

static void
start(struct host *host)
{
	assert_int_equal(mtasts_start_thread(host->ctx, 0, NULL), MTASTS_OK);
}

/* ---- Answers ------------------------------------------------------------------------ */

static void
the_answer_comes_by_a_call_on_another_thread(void **state)
{
	struct host *host = *state;
	const struct call *call;

	start(host);
	call = ask(host, "A.example", 0, -1);
	assert_string_equal(call->domain, "a.example");
	assert_int_equal(call->outcome, MTASTS_OUTCOME_NONE);
	assert_int_equal(call->reason, MTASTS_REASON_NO_RECORD);
	assert_false(pthread_equal(call->thread, pthread_self()));
	call = ask(host, "promise.example", 0, 60000);
	assert_int_equal(call->reason, MTASTS_REASON_FETCH_ERROR);
	call = ask(host, "fail.example", 0, 60000);
	assert_int_equal(call->reason, MTASTS_REASON_DNS_TEMPERROR);
}

static void
what_needs_no_network_is_answered_too(void **state)
{
	struct host *host = *state;
	const struct call *call;
	char file[SCRATCH_PATH];
	FILE *f;

	scratch_join(file, host->path, "overrides");
	f = fopen(file, "w");
	assert_non_null(f);
	fputs("ours.example enforce mx=mx.a.example\n", f);
	fclose(f);
	host_set(host, "policy.overrides", file);
	host_again(host);
	start(host);
	call = ask(host, "[192.0.2.1]", 0, -1);
	assert_int_equal(call->reason, MTASTS_REASON_NOT_A_DOMAIN);
	assert_string_equal(call->domain, "[192.0.2.1]");
	call = ask(host, "ours.example", 0, -1);
	assert_int_equal(call->mode, MTASTS_MODE_ENFORCE);
	assert_int_equal(call->source, MTASTS_SOURCE_OVERRIDE);
	host_lookup(host, "plain.example", 0, -1);
	call = ask(host, "plain.example", 0, 0);
	assert_int_equal(call->reason, MTASTS_REASON_NO_RECORD);
}

static void
without_a_background_thread_there_is_none(void **state)
{
	struct host *host = *state;
	struct mtasts_error err;

	assert_int_equal(mtasts_lookup_start(host->ctx, "a.example", 0, -1,
			     note, &calls, &err),
	    MTASTS_INVALID);
	assert_string_equal(err.text, "there is no background thread");
	assert_int_equal(calls.count, 0);
}

/* ---- Deadlines ---------------------------------------------------------------------- */

static void
the_deadline_passes_and_the_work_goes_on(void **state)
{
	struct host *host = *state;
	const struct call *call;

	start(host);
	call = ask(host, "slow.example", 0, 50);
	assert_int_equal(call->outcome, MTASTS_OUTCOME_UNAVAILABLE);
	assert_int_equal(call->reason, MTASTS_REASON_DEADLINE);
	/* Whoever asks now shares that work, and sees what comes of it. */
	call = ask(host, "slow.example", 0, -1);
	assert_int_equal(call->reason, MTASTS_REASON_NO_RECORD);
	call = ask(host, "slow.example", 0, 0);
	assert_int_equal(call->reason, MTASTS_REASON_NO_RECORD);
	assert_int_equal(calls.count, 3);
}

static void
a_deadline_of_0_asks_the_cache_alone(void **state)
{
	struct host *host = *state;
	const struct call *call;

	assert_int_equal(host_store(host, "silent.a.example"), MTASTS_OK);
	start(host);
	call = ask(host, "silent.example", 0, 0);
	assert_int_equal(call->reason, MTASTS_REASON_NOT_CACHED);
	call = ask(host, "silent.a.example", 0, 0);
	assert_int_equal(call->mode, MTASTS_MODE_ENFORCE);
}

static void
at_the_deadline_a_cached_policy_applies(void **state)
{
	struct host *host = *state;
	const struct call *call;

	assert_int_equal(host_store(host, "silent.example"), MTASTS_OK);
	start(host);
	call = ask(host, "silent.example", 0, 50);
	assert_int_equal(call->mode, MTASTS_MODE_ENFORCE);
	assert_int_equal(call->reason, MTASTS_REASON_DEADLINE);
	assert_int_equal(call->source, MTASTS_SOURCE_CACHE);
}

static void
at_the_deadline_strict_first_use_holds_what_is_unknown(void **state)
{
	struct host *host = *state;

	host_set(host, "policy.strict_first_use", "yes");
	host_again(host);
	start(host);
	assert_int_equal(ask(host, "silent.example", 0, 50)->outcome,
	    MTASTS_OUTCOME_DEFER);
	assert_int_equal(ask(host, "silent.example", 0, 0)->outcome,
	    MTASTS_OUTCOME_UNAVAILABLE);
}

/* Timers fire in the order of their times, however busy the machine is. */
static void
prefer_cached_waits_half_as_long_where_a_policy_is_cached(void **state)
{
	struct host *host = *state;

	host_set(host, "dns.timeout", "10s");
	host_again(host);
	assert_int_equal(host_store(host, "silent.a.example"), MTASTS_OK);
	start(host);
	begin(host, "silent.a.example", MTASTS_PREFER_CACHED, 1000);
	begin(host, "silent.b.example", 0, 600);
	begin(host, "silent.c.example", MTASTS_PREFER_CACHED, 1000);
	wait_calls(3);
	assert_string_equal(calls.list[0].domain, "silent.a.example");
	assert_int_equal(calls.list[0].mode, MTASTS_MODE_ENFORCE);
	assert_string_equal(calls.list[1].domain, "silent.b.example");
	assert_string_equal(calls.list[2].domain, "silent.c.example");
}

/* ---- Many --------------------------------------------------------------------------- */

static void
thousands_at_once_are_answered_once_each(void **state)
{
	struct host *host = *state;
	char domain[64];
	size_t i;

	start(host);
	for (i = 0; i < 3000; i++) {
		snprintf(domain, sizeof(domain), "%s%zu.example",
		    i % 3 == 0 ? "silent" : "plain", i % 1000);
		begin(host, domain, i % 2 == 0 ? 0 : MTASTS_RECHECK,
		    (int)(i % 50) * 10);
	}
	wait_calls(3000);
	mtasts_session_free(&host->session);
	mtasts_free(&host->ctx);
	assert_int_equal(calls.count, 3000);
}

static void *
begin_often(void *arg)
{
	char domain[64];
	size_t i;

	for (i = 0; i < 100; i++) {
		snprintf(domain, sizeof(domain), "plain%zu.example", i / 5);
		begin(arg, domain, i % 5 == 0 ? MTASTS_RECHECK : 0, -1);
	}
	return arg;
}

static void
any_thread_may_begin_one(void **state)
{
	struct host *host = *state;
	pthread_t ids[8];
	size_t i;

	start(host);
	for (i = 0; i < COUNT(ids); i++)
		assert_int_equal(
		    pthread_create(&ids[i], NULL, begin_often, host), 0);
	for (i = 0; i < COUNT(ids); i++)
		pthread_join(ids[i], NULL);
	wait_calls(800);
	for (i = 0; i < 800; i++)
		assert_int_equal(calls.list[i].reason,
		    MTASTS_REASON_NO_RECORD);
}

/* ---- The end ------------------------------------------------------------------------ */

static void
what_is_in_flight_is_answered_from_the_cache_before_the_end(void **state)
{
	struct host *host = *state;
	size_t i;

	assert_int_equal(host_store(host, "silent.a.example"), MTASTS_OK);
	start(host);
	begin(host, "silent.a.example", 0, -1);
	begin(host, "silent.b.example", 0, 60000);
	begin(host, "silent.c.example", 0, 0);
	begin(host, "[192.0.2.1]", 0, -1);
	mtasts_session_free(&host->session);
	mtasts_free(&host->ctx);
	assert_int_equal(calls.count, 4);
	for (i = 0; i < 4; i++) {
		const struct call *call = &calls.list[i];

		assert_true(call->has_result);
		assert_false(pthread_equal(call->thread, pthread_self()));
		if (strcmp(call->domain, "silent.a.example") == 0)
			assert_int_equal(call->mode, MTASTS_MODE_ENFORCE);
		else if (strcmp(call->domain, "silent.b.example") == 0)
			assert_int_equal(call->reason, MTASTS_REASON_DEADLINE);
		else if (strcmp(call->domain, "silent.c.example") == 0)
			assert_int_equal(call->reason,
			    MTASTS_REASON_NOT_CACHED);
		else
			assert_int_equal(call->reason,
			    MTASTS_REASON_NOT_A_DOMAIN);
	}
}

static void
begin_another(void *arg, const struct mtasts_result *result)
{
	struct host *host = arg;

	note(&calls, result);
	if (calls.count <= 3)
		mtasts_lookup_start(host->ctx, "silent.more.example", 0, -1,
		    begin_another, host, NULL);
}

static void
a_call_may_begin_another_lookup_even_at_the_end(void **state)
{
	struct host *host = *state;
	struct mtasts *ctx = host->ctx; /* begin_another goes by host->ctx */

	start(host);
	assert_int_equal(mtasts_lookup_start(ctx, "silent.example", 0, -1,
			     begin_another, host, NULL),
	    MTASTS_OK);
	mtasts_session_free(&host->session);
	mtasts_free(&ctx);
	host->ctx = NULL;
	assert_int_equal(calls.count, 4);
}

/* A leak of what was in flight shows in a sanitizer build. */
static void
freed_at_once(void **state)
{
	struct host *host = *state;
	size_t i;

	for (i = 0; i < 20; i++) {
		start(host);
		begin(host, "silent.example", MTASTS_RECHECK,
		    (int)(i % 3) - 1);
		begin(host, "plain.example", MTASTS_RECHECK, -1);
		host_again(host);
		assert_int_equal(calls.count, 2 * (i + 1));
	}
}

static bool
hear_nothing(void *arg)
{
	struct host *host = arg;
	bool refused = mtasts_lookup_start(host->ctx, "a.example", 0, -1, note,
	    &calls, NULL) == MTASTS_INVALID;

	mtasts_session_free(&host->session);
	mtasts_free(&host->ctx);
	return refused && calls.count == 0;
}

static void
a_child_is_not_told_what_its_parent_asked(void **state)
{
	struct host *host = *state;

	start(host);
	begin(host, "silent.example", 0, -1);
	assert_int_equal(scratch_child(hear_nothing, host), 0);
	assert_int_equal(calls.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, host_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_answer_comes_by_a_call_on_another_thread),
		TEST(what_needs_no_network_is_answered_too),
		TEST(without_a_background_thread_there_is_none),
		TEST(the_deadline_passes_and_the_work_goes_on),
		TEST(a_deadline_of_0_asks_the_cache_alone),
		TEST(at_the_deadline_a_cached_policy_applies),
		TEST(at_the_deadline_strict_first_use_holds_what_is_unknown),
		TEST(prefer_cached_waits_half_as_long_where_a_policy_is_cached),
		TEST(thousands_at_once_are_answered_once_each),
		TEST(any_thread_may_begin_one),
		TEST(
		    what_is_in_flight_is_answered_from_the_cache_before_the_end),
		TEST(a_call_may_begin_another_lookup_even_at_the_end),
		TEST(freed_at_once),
		TEST(a_child_is_not_told_what_its_parent_asked),
	};
	int failed;

	if (!host_enter())
		return host_skip();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	host_leave();
	return failed;
}
