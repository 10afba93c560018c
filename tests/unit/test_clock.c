/* base/clock: the system's clocks, and others in their place. */
#include "base/clock.h"

#include "support/table.h"

#include <time.h>

static void
the_system_has_both_clocks(void **state)
{
	int64_t before = clock_monotonic(&clock_system);
	int64_t wall = clock_wall(&clock_system);

	(void)state;
	assert_true(wall >= (int64_t)time(NULL) - 2);
	assert_true(wall <= (int64_t)time(NULL) + 2);
	assert_true(clock_monotonic(&clock_system) >= before);
}

static int64_t
read_self(void *self)
{
	return *(int64_t *)self;
}

static int64_t
read_twice(void *self)
{
	return 2 * *(int64_t *)self;
}

static void
another_clock_is_asked_instead(void **state)
{
	static const struct clock_ops ops = { read_self, read_twice };
	int64_t now = 1000;
	struct clock clock = { &ops, &now };

	(void)state;
	assert_int_equal(clock_wall(&clock), 1000);
	assert_int_equal(clock_monotonic(&clock), 2000);
	now = 5;
	assert_int_equal(clock_wall(&clock), 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_system_has_both_clocks),
		cmocka_unit_test(another_clock_is_asked_instead),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
