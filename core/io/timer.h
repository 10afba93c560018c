/*
 * Port: timers. A timer fires once, never from within timer_start, unless it is
 * stopped before. Production: the loop. Tests: a clock moved by hand.
 */
#ifndef IO_TIMER_H
#define IO_TIMER_H

#include <stdint.h>

typedef void timer_fn(void *arg);

/* Embedded in its user, who need not look inside. Zeroed means stopped. */
struct timer {
	timer_fn *fn;
	void *arg;
	int64_t at; /* monotonic milliseconds */
	struct timer *next, *prev;
};

struct timer_ops {
	void (*start)(void *self, struct timer *timer);
	void (*stop)(void *self, struct timer *timer);
};

struct timers {
	const struct timer_ops *ops;
	void *self;
};

/* Fire fn(arg) at this monotonic time; a running timer is moved. */
void timer_start(const struct timers *timers, struct timer *timer, int64_t at,
    timer_fn *fn, void *arg);
/* Stopping a stopped timer is fine. */
void timer_stop(const struct timers *timers, struct timer *timer);

#endif
