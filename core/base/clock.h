/*
 * Time, injected. Wall time decides about policies (max_age, TTL); monotonic
 * time about deadlines. Read once an event and kept through it.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock_ops {
	int64_t (*wall)(void *self);	  /* seconds since 1970 */
	int64_t (*monotonic)(void *self); /* milliseconds */
};

struct clock {
	const struct clock_ops *ops;
	void *self;
};

extern const struct clock clock_system;

int64_t clock_wall(const struct clock *clock);
int64_t clock_monotonic(const struct clock *clock);

#endif
