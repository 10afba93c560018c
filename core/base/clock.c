/*
 * clock: the system's two clocks behind a table that tests replace.
 *
 * Test: tests/unit/test_clock.c
 */
#include <config.h>

#include "base/clock.h"

#include <time.h>

static int64_t
system_wall(void *self)
{
	(void)self;
	return time(NULL);
}

static int64_t
system_monotonic(void *self)
{
	struct timespec ts;

	(void)self;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static const struct clock_ops system_ops = {
	.wall = system_wall,
	.monotonic = system_monotonic,
};

const struct clock clock_system = { .ops = &system_ops, .self = NULL };

int64_t
clock_wall(const struct clock *clock)
{
	return clock->ops->wall(clock->self);
}

int64_t
clock_monotonic(const struct clock *clock)
{
	return clock->ops->monotonic(clock->self);
}
