/* io/cache_lmdb across fork(): the parent's things are left alone. */
#include <config.h>

#include "support/sanitizer.h"
#include "support/store.h"
#include "support/table.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static bool
use_what_was_inherited(void *arg)
{
	struct store *s = arg;

	return store_has(s, CACHE_POLICIES, "parent", "1") &&
	    store_has(s, CACHE_ANSWERS, "parent", "1") &&
	    store_put(s, CACHE_POLICIES, "child", "1") == CACHE_OK &&
	    store_put(s, CACHE_ANSWERS, "child", "1") == CACHE_OK &&
	    store_has(s, CACHE_POLICIES, "child", "1");
}

static bool
free_what_was_inherited(void *arg)
{
	store_close(arg);
	return true;
}

static bool
use_and_free_what_was_inherited(void *arg)
{
	return use_what_was_inherited(arg) && free_what_was_inherited(arg);
}

static bool
have_a_child_use_it(void *arg)
{
	return use_what_was_inherited(arg) &&
	    scratch_child(use_and_free_what_was_inherited, arg) == 0 &&
	    use_what_was_inherited(arg);
}

static bool
finds_nobody_dead(void *arg)
{
	struct store *s = arg;

	return cache_lmdb_reap(&s->cache) == 0;
}

/* Nobody may take our places in the table of readers: what a reader of ours
 * sees would be overwritten. The dead children's are cleared first. */
static void
assert_untouched(struct store *s)
{
	assert_true(store_has(s, CACHE_POLICIES, "parent", "1"));
	assert_true(store_has(s, CACHE_ANSWERS, "parent", "1"));
	(void)cache_lmdb_reap(&s->cache);
	assert_int_equal(scratch_child(finds_nobody_dead, s), 0);
	assert_int_equal(store_put(s, CACHE_POLICIES, "parent", "1"),
	    CACHE_OK);
	assert_true(store_has(s, CACHE_POLICIES, "parent", "1"));
}

static void
begin(struct store *s)
{
	assert_int_equal(store_put(s, CACHE_POLICIES, "parent", "1"),
	    CACHE_OK);
	assert_int_equal(store_put(s, CACHE_ANSWERS, "parent", "1"), CACHE_OK);
	assert_true(store_has(s, CACHE_POLICIES, "parent", "1"));
	assert_true(store_has(s, CACHE_ANSWERS, "parent", "1"));
}

static void
a_child_uses_handle_and_reader_of_its_parent(void **state)
{
	struct store *s = *state;

	begin(s);
	assert_int_equal(scratch_child(use_what_was_inherited, s), 0);
	assert_untouched(s);
	assert_true(store_has(s, CACHE_POLICIES, "child", "1"));
}

static void
a_child_frees_what_it_inherited(void **state)
{
	struct store *s = *state;

	begin(s);
	assert_int_equal(scratch_child(free_what_was_inherited, s), 0);
	assert_untouched(s);
	assert_int_equal(scratch_child(use_and_free_what_was_inherited, s), 0);
	assert_untouched(s);
}

static void
a_grandchild_does_the_same(void **state)
{
	struct store *s = *state;

	begin(s);
	assert_int_equal(scratch_child(have_a_child_use_it, s), 0);
	assert_untouched(s);
}

static bool
fork_while_visiting(void *arg, struct span key, struct span value)
{
	(void)key;
	(void)value;
	assert_int_equal(scratch_child(use_and_free_what_was_inherited, arg),
	    0);
	return true;
}

static void
a_visitor_may_fork(void **state)
{
	struct store *s = *state;

	begin(s);
	assert_int_equal(cache_visit(&s->cache, CACHE_POLICIES,
	    span_of("", 0), fork_while_visiting, s), CACHE_OK);
	assert_untouched(s);
}

/* ---- Fork in the middle of what other threads do ------------------------ */

#define THREADS 3
#define FORKS 150

struct busy {
	struct cache_lmdb_options options;
	atomic_bool stop;
	atomic_uint rounds;
};

/* Opens, reads, writes and closes all the time. */
static void *
be_busy(void *arg)
{
	struct busy *busy = arg;
	bool ok = true;

	while (!atomic_load(&busy->stop)) {
		struct store own = { .options = busy->options };

		store_open(&own);
		ok = ok && store_put(&own, CACHE_ANSWERS, "a", "1") ==
		    CACHE_OK &&
		    store_has(&own, CACHE_ANSWERS, "a", "1") &&
		    store_has(&own, CACHE_POLICIES, "parent", "1");
		store_close(&own);
		atomic_fetch_add(&busy->rounds, 1);
	}
	return ok ? arg : NULL;
}

static void
fork_in_the_middle_of_everything(void **state)
{
	struct store *s = *state;
	struct busy busy = { .options = s->options };
	pthread_t threads[THREADS];
	void *result;

	if (WITH_ADDRESS_SANITIZER || WITH_THREAD_SANITIZER)
		SCRATCH_SKIP("a sanitizer's allocator does not survive it");
	busy.options.log = NULL;
	begin(s);
	store_close(s); /* so that the threads open and close */
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, be_busy,
		    &busy), 0);
	while (atomic_load(&busy.rounds) < THREADS)
		usleep(1000);
	store_open(s);
	for (int i = 0; i < FORKS; i++)
		assert_int_equal(scratch_child(
		    i % 2 ? use_what_was_inherited :
			    use_and_free_what_was_inherited, s), 0);
	atomic_store(&busy.stop, true);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		assert_non_null(result);
	}
	assert_untouched(s);
}

#define with_store(test) \
	cmocka_unit_test_setup_teardown(test, store_make, store_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(a_child_uses_handle_and_reader_of_its_parent),
		with_store(a_child_frees_what_it_inherited),
		with_store(a_grandchild_does_the_same),
		with_store(a_visitor_may_fork),
		with_store(fork_in_the_middle_of_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
