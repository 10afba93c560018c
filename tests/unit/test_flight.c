/* io/flight and io/fork: one process at a time. */
#include <config.h>

#include "io/flight.h"

#include "io/fork.h"
#include "support/scratch.h"
#include "support/table.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[SCRATCH_PATH];

static int
make(void **state)
{
	(void)state;
	scratch_make(path);
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	scratch_remove(path);
	return 0;
}

/* In a child: may it have example.com? Through the parent's handle. */
static bool
takes(void *arg)
{
	return flight_take(arg, "example.com");
}

static bool
takes_anew(void *arg)
{
	struct flight flight;

	(void)arg;
	return flight_lock_new(path, &flight) == MTASTS_OK &&
	    flight_take(&flight, "example.com");
}

static bool
takes_another(void *arg)
{
	return flight_take(arg, "example.org");
}

static void
one_process_has_it_until_it_gives(void **state)
{
	struct flight flight;

	(void)state;
	assert_int_equal(flight_lock_new(path, &flight), MTASTS_OK);
	assert_true(flight_take(&flight, "example.com"));
	assert_int_equal(scratch_child(takes_anew, NULL), 1);
	assert_int_equal(scratch_child(takes, &flight), 1);
	assert_int_equal(scratch_child(takes_another, &flight), 0);
	/* None of those children took anything away from us. */
	assert_int_equal(scratch_child(takes_anew, NULL), 1);
	flight_give(&flight, "example.com");
	assert_int_equal(scratch_child(takes_anew, NULL), 0);
	assert_int_equal(scratch_child(takes, &flight), 0);
	flight_lock_free(&flight);
}

static bool
gives(void *arg)
{
	flight_give(arg, "example.com");
	return true;
}

static void
a_child_cannot_give_what_its_parent_took(void **state)
{
	struct flight flight;

	(void)state;
	assert_int_equal(flight_lock_new(path, &flight), MTASTS_OK);
	assert_true(flight_take(&flight, "example.com"));
	assert_int_equal(scratch_child(gives, &flight), 0);
	assert_int_equal(scratch_child(takes_anew, NULL), 1);
	flight_lock_free(&flight);
	assert_int_equal(scratch_child(takes_anew, NULL), 0);
}

static bool
takes_and_dies(void *arg)
{
	(void)arg;
	if (!takes_anew(NULL))
		return false;
	return raise(SIGKILL) != 0;
}

static void
the_dead_hold_nothing(void **state)
{
	(void)state;
	assert_int_equal(scratch_child(takes_and_dies, NULL), 128 + SIGKILL);
	assert_int_equal(scratch_child(takes_anew, NULL), 0);
}

static void
without_a_directory_everybody_may(void **state)
{
	struct flight flight;
	char missing[SCRATCH_PATH];

	(void)state;
	scratch_join(missing, path, "missing");
	assert_int_equal(flight_lock_new(missing, &flight), MTASTS_OK);
	assert_true(flight_take(&flight, "example.com"));
	assert_int_equal(scratch_child(takes, &flight), 0);
	flight_give(&flight, "example.com");
	flight_lock_free(&flight);
	flight_lock_free(&flight);
}

static void
a_planted_file_is_not_touched(void **state)
{
	char file[SCRATCH_PATH], other[SCRATCH_PATH];
	struct flight flight;
	struct stat sb;

	(void)state;
	scratch_join(file, path, "fetch.lock");
	scratch_join(other, path, "other");
	assert_int_equal(symlink(other, file), 0);
	assert_int_equal(flight_lock_new(path, &flight), MTASTS_OK);
	assert_true(flight_take(&flight, "example.com"));
	assert_int_not_equal(lstat(other, &sb), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0666), 0);
	assert_true(flight_take(&flight, "example.com"));
	flight_lock_free(&flight);
}

static void
names_do_not_collide(void **state)
{
	enum { NAMES = 2000 };
	struct flight flight;
	char name[32];

	(void)state;
	/* Two handles are two descriptions: what one has the other has not. */
	assert_int_equal(flight_lock_new(path, &flight), MTASTS_OK);
	for (int i = 0; i < NAMES; i++) {
		struct flight rival;

		snprintf(name, sizeof(name), "d%d.example", i);
		assert_true(flight_take(&flight, name));
		if (i % 100 != 0)
			continue;
		assert_int_equal(flight_lock_new(path, &rival), MTASTS_OK);
		assert_false(flight_take(&rival, name));
		assert_true(flight_take(&rival, "free.example"));
		flight_lock_free(&rival);
	}
	flight_lock_free(&flight);
}

static bool
is_generation(void *arg)
{
	const unsigned *expected = arg;

	return fork_generation() == *expected;
}

static void
a_child_is_of_another_generation(void **state)
{
	unsigned ours, next;

	(void)state;
	fork_watch();
	fork_watch();
	ours = fork_generation();
	next = ours + 1;
	assert_int_equal(scratch_child(is_generation, &next), 0);
	assert_int_equal(fork_generation(), ours);
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(one_process_has_it_until_it_gives),
		in_scratch(a_child_cannot_give_what_its_parent_took),
		in_scratch(the_dead_hold_nothing),
		in_scratch(without_a_directory_everybody_may),
		in_scratch(a_planted_file_is_not_touched),
		in_scratch(names_do_not_collide),
		cmocka_unit_test(a_child_is_of_another_generation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
