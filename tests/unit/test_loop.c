/* The loop and its timers. */
#include <config.h>

#include "io/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE 60000 /* milliseconds; who waits so long was not woken */

static struct loop *loop;
static struct timers timers;

static int
make_loop(void **state)
{
	(void)state;
	if (loop_new(&clock_system, &loop, NULL) != MTASTS_OK)
		return -1;
	timers = loop_timers(loop);
	return 0;
}

static int
free_loop(void **state)
{
	(void)state;
	loop_free(&loop);
	return 0;
}

static int64_t
now(void)
{
	return clock_monotonic(&clock_system);
}

/* Run for this long, or until *stop is true. What is due by then has its turn,
 * however seldom this process has one. */
static void
run(int64_t ms, const bool *stop)
{
	int64_t until = now() + ms;

	while (now() < until && (stop == NULL || !*stop))
		loop_run_once(loop, until);
	if (stop == NULL)
		loop_run_once(loop, until);
}

static char order[16];

static void
note(void *arg)
{
	strcat(order, arg);
}

static char text_a[] = "a", text_b[] = "b", text_c[] = "c";

static void
timers_fire_in_the_order_of_their_times(void **state)
{
	struct timer a = { 0 }, b = { 0 }, c = { 0 };
	int64_t t = now();

	(void)state;
	order[0] = '\0';
	timer_start(&timers, &c, t + 30, note, text_c);
	timer_start(&timers, &a, t + 10, note, text_a);
	timer_start(&timers, &b, t + 20, note, text_b);
	assert_string_equal(order, "");
	run(60, NULL);
	assert_string_equal(order, "abc");
}

static void
timer_due_already_fires_but_not_from_within(void **state)
{
	struct timer a = { 0 };

	(void)state;
	order[0] = '\0';
	timer_start(&timers, &a, now() - 1000, note, text_a);
	assert_string_equal(order, "");
	loop_run_once(loop, now() + 1000);
	assert_string_equal(order, "a");
}

static void
timer_is_moved_and_stopped(void **state)
{
	struct timer a = { 0 }, b = { 0 };
	int64_t t = now();

	(void)state;
	order[0] = '\0';
	timer_start(&timers, &a, t + 5, note, text_a);
	timer_start(&timers, &b, t + 20, note, text_b);
	timer_start(&timers, &a, t + 3600000, note, text_a);
	timer_stop(&timers, &b);
	timer_stop(&timers, &b);
	run(30, NULL);
	assert_string_equal(order, "");
	timer_start(&timers, &a, now() + 5, note, text_a);
	run(30, NULL);
	assert_string_equal(order, "a");
	timer_stop(&timers, &a);
}

static struct timer first, second, third;
static unsigned fired;

static void
stop_second_restart_self(void *arg)
{
	(void)arg;
	fired++;
	timer_stop(&timers, &second);
	/* Due at once, and yet not in this round. */
	if (fired < 3)
		timer_start(&timers, &first, now() - 1,
		    stop_second_restart_self, NULL);
}

static void
callback_may_stop_and_start_timers(void **state)
{
	int64_t t = now() - 1;

	(void)state;
	order[0] = '\0';
	fired = 0;
	timer_start(&timers, &first, t, stop_second_restart_self, NULL);
	timer_start(&timers, &second, t, note, text_b);
	timer_start(&timers, &third, t, note, text_c);
	loop_run_once(loop, now());
	assert_int_equal(fired, 1);
	assert_string_equal(order, "c");
	run(10, NULL);
	assert_int_equal(fired, 3);
	assert_string_equal(order, "c");
}

static void
many_timers(void **state)
{
	static struct timer many[500];
	static char dot[] = "";
	size_t i;

	(void)state;
	for (i = 0; i < 500; i++)
		timer_start(&timers, &many[i],
		    now() + (int64_t)(i * 7919 % 40), note, dot);
	run(60, NULL);
	for (i = 0; i < 500; i++)
		assert_null(many[i].fn);
}

static void
limit_is_kept(void **state)
{
	int64_t t = now();

	(void)state;
	loop_run_once(loop, t + 30);
	assert_true(now() - t >= 29);
	loop_run_once(loop, now());
}

static int pipe_a[2], pipe_b[2];
static unsigned ready_a, ready_b;

static void
close_other(void *arg, int fd, unsigned events)
{
	int *other = arg;

	(void)fd;
	assert_int_equal(events, LOOP_READ);
	ready_a++;
	loop_watch(loop, other[0], 0, NULL, NULL);
	close(other[0]);
	close(other[1]);
	/* The number is likely to be somebody else's now. */
	assert_int_equal(pipe(other), 0);
	loop_watch(loop, other[0], LOOP_READ, close_other, other);
	loop_watch(loop, fd, 0, NULL, NULL);
}

static void
count_b(void *arg, int fd, unsigned events)
{
	(void)arg;
	(void)events;
	ready_b++;
	loop_watch(loop, fd, 0, NULL, NULL);
}

static void
callback_may_end_other_watches(void **state)
{
	(void)state;
	ready_a = ready_b = 0;
	assert_int_equal(pipe(pipe_a), 0);
	assert_int_equal(pipe(pipe_b), 0);
	assert_int_equal(write(pipe_a[1], "x", 1), 1);
	assert_int_equal(write(pipe_b[1], "x", 1), 1);
	loop_watch(loop, pipe_a[0], LOOP_READ, close_other, pipe_b);
	loop_watch(loop, pipe_b[0], LOOP_READ, count_b, NULL);
	run(20, NULL);
	assert_int_equal(ready_a, 1);
	assert_int_equal(ready_b, 0);
	loop_watch(loop, pipe_b[0], 0, NULL, NULL);
	close(pipe_a[0]);
	close(pipe_a[1]);
	close(pipe_b[0]);
	close(pipe_b[1]);
}

static unsigned seen_events;

static void
see(void *arg, int fd, unsigned events)
{
	(void)arg;
	seen_events = events;
	loop_watch(loop, fd, 0, NULL, NULL);
}

static void
hang_up_is_reported_as_what_was_asked_for(void **state)
{
	(void)state;
	assert_int_equal(pipe(pipe_a), 0);
	close(pipe_a[0]);
	seen_events = 0;
	loop_watch(loop, pipe_a[1], LOOP_WRITE, see, NULL);
	run(20, NULL);
	assert_int_equal(seen_events, LOOP_WRITE);
	close(pipe_a[1]);

	assert_int_equal(pipe(pipe_a), 0);
	close(pipe_a[1]);
	loop_watch(loop, pipe_a[0], LOOP_READ, see, NULL);
	run(20, NULL);
	assert_int_equal(seen_events, LOOP_READ);
	close(pipe_a[0]);
}

static void
many_watches(void **state)
{
	int fds[60][2];
	size_t i;

	(void)state;
	ready_b = 0;
	for (i = 0; i < 60; i++) {
		assert_int_equal(pipe(fds[i]), 0);
		assert_int_equal(write(fds[i][1], "x", 1), 1);
		assert_int_equal(loop_watch(loop, fds[i][0], LOOP_READ,
				     count_b, NULL), MTASTS_OK);
	}
	run(20, NULL);
	assert_int_equal(ready_b, 60);
	for (i = 0; i < 60; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
}

static bool posted;
static pthread_t ran_on;

static void
on_post(void *arg)
{
	(void)arg;
	posted = true;
	ran_on = pthread_self();
}

static void *
post(void *arg)
{
	usleep(20000);
	loop_post(loop, arg);
	return NULL;
}

static void
post_from_another_thread_wakes_the_loop(void **state)
{
	struct loop_call call = { .fn = on_post };
	pthread_t thread;
	int64_t t = now();

	(void)state;
	posted = false;
	pthread_create(&thread, NULL, post, &call);
	run(PATIENCE, &posted);
	pthread_join(thread, NULL);
	assert_true(posted);
	assert_true(pthread_equal(ran_on, pthread_self()));
	assert_true(now() - t < PATIENCE);
}

static void
post_before_the_wait_is_not_lost(void **state)
{
	struct loop_call call = { .fn = on_post };
	int64_t t = now();

	(void)state;
	posted = false;
	loop_post(loop, &call);
	run(PATIENCE, &posted);
	assert_true(posted);
	assert_true(now() - t < PATIENCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_in_the_order_of_their_times),
		cmocka_unit_test(timer_due_already_fires_but_not_from_within),
		cmocka_unit_test(timer_is_moved_and_stopped),
		cmocka_unit_test(callback_may_stop_and_start_timers),
		cmocka_unit_test(many_timers),
		cmocka_unit_test(limit_is_kept),
		cmocka_unit_test(callback_may_end_other_watches),
		cmocka_unit_test(hang_up_is_reported_as_what_was_asked_for),
		cmocka_unit_test(many_watches),
		cmocka_unit_test(post_from_another_thread_wakes_the_loop),
		cmocka_unit_test(post_before_the_wait_is_not_lost),
	};

	return cmocka_run_group_tests(tests, make_loop, free_loop);
}
